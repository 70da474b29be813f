"""The outbox: what is written, who reads it, and that nothing is missed or taken twice."""

from __future__ import annotations

import random
import time
import uuid
from datetime import timedelta

import pytest
from django.db import connection, transaction

from crm_platform.events.clock import database_now
from crm_platform.events.consumers import Consumer, consumers
from crm_platform.events.consumption import Outcome, consume_all, consume_batch, has_pending, replay_dead_letters
from crm_platform.events.models import ConsumerCursor, DeadLetter, OutboxMessage
from crm_platform.events.selectors import consumer_states, outbox_lag, pending_record_ids
from crm_platform.events.services import EventInput, emit, purge
from crm_platform.kit.context import Actor
from crm_platform.kit.ids import uuid7
from crm_platform.tenancy.models import WakeUp
from tests.kit.work import eventually, in_threads, registered


def happened(record: uuid.UUID | None = None, **values: object) -> EventInput:
    return EventInput("record.updated", 7, "lead", record or uuid7(), 1, **values)


def wakeups() -> int:
    return WakeUp.objects.filter(schema_name=connection.schema_name).count()


class Reader:
    """A consumer that keeps what it read in memory."""

    def __init__(self, key: str = "reader") -> None:
        self.seen: list[uuid.UUID] = []
        self.poison: set[uuid.UUID] = set()
        self.consumer = Consumer(key, self.take)

    def take(self, batch: list[OutboxMessage]) -> None:
        if bad := [message for message in batch if message.record_id in self.poison]:
            raise ValueError(f"can't digest {bad[0].record_id}")
        self.seen += [message.record_id for message in batch]

    def drain(self) -> None:
        eventually(lambda: consume_batch(self.consumer) is not Outcome.PROGRESS and not has_pending(self.consumer.key))


@pytest.fixture
def reader(fresh_organization: object):
    made = Reader()
    with registered(consumers, made.consumer, alone=True):
        yield made


def test_emit_keeps_who_did_what(db: None) -> None:
    actor = Actor(uuid7(), "Li Na", "api", request_id="r-1")
    event = happened(changed={"status": "won"}, actor=actor)
    emit([event])
    message = OutboxMessage.objects.get(record_id=event.record_id)
    assert (message.type, message.object_id, message.object_name, message.version) == ("record.updated", 7, "lead", 1)
    assert (message.actor_id, message.via, message.request_id) == (actor.user_id, "api", "r-1")
    assert message.changed == {"status": "won"}
    assert message.xid > 0


def test_emit_is_one_statement_however_many_events(db: None, django_assert_num_queries) -> None:
    wakeups()  # the first statement of a connection sets the search path
    with django_assert_num_queries(1):
        emit([happened() for _ in range(200)])


def test_a_transaction_wakes_once(db: None) -> None:
    before = wakeups()
    emit([happened()])
    emit([happened()])
    assert wakeups() == before + 1


def test_a_wakeup_that_was_rolled_back_is_written_again(db: None) -> None:
    before = wakeups()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        emit([happened()])
        raise ZeroDivisionError
    emit([happened()])
    assert wakeups() == before + 1


def test_nothing_is_emitted_when_the_change_is_rolled_back(db: None) -> None:
    event = happened()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        emit([event])
        raise ZeroDivisionError
    assert not OutboxMessage.objects.filter(record_id=event.record_id).exists()


def test_a_consumer_reads_everything_once_in_order(reader: Reader) -> None:
    records = [uuid7() for _ in range(12)]
    for record in records:
        emit([happened(record)])
    reader.drain()
    assert reader.seen == records
    reader.drain()
    assert reader.seen == records


def test_concurrent_writers_lose_no_event(reader: Reader) -> None:
    """Transactions commit in another order than they took their numbers; a reader by number would skip some."""
    written: list[uuid.UUID] = []
    done: list[int] = []

    def write(number: int) -> None:
        for turn in range(25):
            records = [uuid7() for _ in range(3)]
            with transaction.atomic():
                emit([happened(record) for record in records])
                time.sleep(random.random() * 0.01)
                if turn % 5 == 4:
                    transaction.set_rollback(True)
                else:
                    written.extend(records)
        done.append(number)

    def work(number: int) -> None:
        if number:
            write(number)
        else:
            while len(done) < 6:
                consume_batch(reader.consumer)

    in_threads(7, work)
    reader.drain()
    assert len(reader.seen) == len(set(reader.seen)), "an event came twice"
    assert set(reader.seen) == set(written)


def test_two_readers_of_one_consumer_do_not_meet(reader: Reader) -> None:
    emit([happened() for _ in range(40)])
    reader_limit(2)
    in_threads(3, lambda _: eventually(lambda: consume_batch(reader.consumer) and not has_pending("reader")))
    assert len(reader.seen) == len(set(reader.seen)) == 40


def reader_limit(limit: int) -> None:
    ConsumerCursor.objects.update_or_create(consumer="reader", defaults={"batch_limit": limit})


def test_effects_of_a_failed_batch_are_undone_with_it(fresh_organization: object) -> None:
    def write_and_fail(batch: list[OutboxMessage]) -> None:
        DeadLetter.objects.create(consumer="effect", message={}, error="")
        raise ValueError("no")

    consumer = Consumer("reader", write_and_fail)
    with registered(consumers, consumer, alone=True):
        emit([happened()])
        eventually(lambda: consume_batch(consumer) is Outcome.LATER and ConsumerCursor.objects.get().error)
        assert not DeadLetter.objects.exists()
        cursor = ConsumerCursor.objects.get(pk="reader")
        assert (cursor.xid, cursor.seq) == (0, 0)
        assert cursor.error == "ValueError: no"


def test_a_poisonous_message_is_set_aside_and_the_others_go_on(reader: Reader) -> None:
    records = [uuid7() for _ in range(30)]
    reader.poison = {records[11]}
    emit([happened(record) for record in records])

    def all_tried() -> bool:
        ConsumerCursor.objects.update(retry_at=None)  # the clock is not what is tested here
        consume_batch(reader.consumer)
        return not has_pending("reader")

    eventually(all_tried)
    assert sorted(reader.seen) == sorted(set(records) - reader.poison)
    letter = DeadLetter.objects.get()
    assert letter.message["record_id"] == str(records[11])
    assert "can't digest" in letter.error

    reader.poison = set()
    assert replay_dead_letters(reader.consumer) == (1, 0)
    assert reader.seen[-1] == records[11]
    assert not DeadLetter.objects.exists()


def test_pending_records_are_known_before_a_consumer_reads_them(reader: Reader) -> None:
    old, new = uuid7(), uuid7()
    emit([happened(old)])
    reader.drain()
    emit([happened(new)])
    emit([happened(new)])
    assert pending_record_ids("reader", [7], 10) == [(7, new)]
    assert pending_record_ids("reader", [8], 10) == []
    assert outbox_lag() > timedelta()
    assert [(state.key, state.pending) for state in consumer_states()] == [("reader", 2)]


def test_retention_deletes_only_what_everybody_has_read(reader: Reader) -> None:
    slow = Reader("slow")
    with registered(consumers, slow.consumer):
        emit([happened() for _ in range(5)])
        reader.drain()
        OutboxMessage.objects.update(at=database_now() - timedelta(days=8))
        assert purge() == 0
        slow.drain()
        emit([happened()])
        reader.drain()
        slow.drain()
        assert purge() == 5
        assert OutboxMessage.objects.count() == 1


def test_a_database_restored_into_another_cluster_serves_old_and_new_events(reader: Reader) -> None:
    """There the ids of transactions start lower: by number alone, new events would come before the cursor."""
    emit([happened() for _ in range(3)])
    reader.drain()
    read = list(reader.seen)
    unread, new = uuid7(), uuid7()
    emit([happened(unread)])
    far = 2**62
    ConsumerCursor.objects.update(xid=far, cluster=1)
    OutboxMessage.objects.filter(record_id=unread).update(xid=far, seq=10**6)
    OutboxMessage.objects.exclude(record_id=unread).update(xid=far - 1)
    emit([happened(new)])
    with registered(consumers, reader.consumer, alone=True):
        eventually(lambda: consume_all() or not has_pending("reader"))
    assert reader.seen == [*read, unread, new] or sorted(reader.seen) == sorted([*read, unread, new])
