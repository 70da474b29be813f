"""Hands the outbox to its consumers: batches in order, effects and cursor in one transaction.

A message is served only when its transaction is below the oldest one still running, so that none which
commits late is missed. A message that keeps failing is isolated by halving the batch and then set aside.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import Enum

from django.db import OperationalError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from crm_platform.events.clock import database_now
from crm_platform.events.cluster import settle_cluster
from crm_platform.events.consumers import Consumer, consumers
from crm_platform.events.models import ConsumerCursor, DeadLetter, OutboxMessage
from crm_platform.kit.db import RETRYABLE, advisory_xact_lock, sqlstate, try_advisory_xact_lock
from crm_platform.kit.json import dumps_str

log = logging.getLogger(__name__)

BATCH = 500
TRIES_OF_ONE = 5  # failures in a row of a single message before it is set aside
WATERMARK_RETRY = timedelta(seconds=0.25)


class Outcome(Enum):
    """What became of one attempt at a batch."""

    PROGRESS = "progress"
    NOTHING = "nothing"  # up to date
    LATER = "later"  # failed, or a running transaction holds messages back
    BUSY = "busy"  # another process has this consumer's lock and will see what we saw


def consume_all(budget: float = 30.0) -> None:
    """Let every consumer read what is there, for about `budget` seconds in all."""
    settle_cluster()
    end = time.monotonic() + budget
    for consumer in consumers:
        while time.monotonic() < end and consume_batch(consumer) is Outcome.PROGRESS:
            pass


def consume_batch(consumer: Consumer) -> Outcome:
    """Hand one batch to the consumer. Never raises for a consumer's failure: it is noted and tried again."""
    try:
        with transaction.atomic():
            if not try_advisory_xact_lock("outbox", consumer.key):
                return Outcome.BUSY
            cursor = _cursor(consumer.key)
            if cursor.retry_at and cursor.retry_at > database_now():
                return Outcome.LATER
            batch = _next_messages(cursor)
            if not batch:
                return Outcome.LATER if has_pending(consumer.key) else Outcome.NOTHING
            consumer.handle(batch)
            _advance(cursor, batch[-1])
            return Outcome.PROGRESS
    except Exception as error:  # a task boundary: recorded, logged, tried again
        log.exception("consumer %s failed", consumer.key)
        _note_failure(consumer, error)
        return Outcome.LATER


@contextmanager
def consumer_paused(key: str) -> Iterator[None]:
    """Keep a consumer from reading until the transaction around ends, so that its effects can be rebuilt."""
    advisory_xact_lock("outbox", key)
    yield


def has_pending(key: str) -> bool:
    """Tell whether there are committed messages that the consumer has not passed yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT EXISTS (SELECT FROM events_outboxmessage WHERE (xid, seq) > (
                coalesce((SELECT xid FROM events_consumercursor WHERE consumer = %(key)s), '0'),
                coalesce((SELECT seq FROM events_consumercursor WHERE consumer = %(key)s), 0)))
            """,
            {"key": key},
        )
        return bool(cursor.fetchone()[0])


def next_due() -> datetime | None:
    """Return when consumers want to be called again: now for unread messages, later after a failure."""
    due = []
    for consumer in consumers:
        if has_pending(consumer.key):
            retry_at = ConsumerCursor.objects.filter(pk=consumer.key).values_list("retry_at", flat=True).first()
            due.append(max(filter(None, [retry_at, database_now() + WATERMARK_RETRY])))
    return min(due, default=None)


def replay_dead_letters(consumer: Consumer, limit: int = BATCH) -> tuple[int, int]:
    """Offer messages that were set aside to the consumer once more; returns how many it took and refused."""
    taken = refused = 0
    for letter in DeadLetter.objects.filter(consumer=consumer.key).order_by("id")[:limit]:
        try:
            with transaction.atomic():
                consumer.handle([_message_of(letter)])
                letter.delete()
            taken += 1
        except Exception:  # stays set aside
            log.exception("consumer %s refused %s again", consumer.key, letter.event_id)
            refused += 1
    return taken, refused


def _cursor(key: str) -> ConsumerCursor:
    ConsumerCursor.objects.bulk_create([ConsumerCursor(consumer=key)], ignore_conflicts=True)
    return ConsumerCursor.objects.get(pk=key)


def _next_messages(cursor: ConsumerCursor) -> list[OutboxMessage]:
    return list(
        OutboxMessage.objects.raw(
            """
            SELECT * FROM events_outboxmessage
            WHERE (xid, seq) > (%s::xid8, %s) AND xid < pg_snapshot_xmin(pg_current_snapshot())
            ORDER BY xid, seq LIMIT %s
            """,
            [str(cursor.xid), cursor.seq, cursor.batch_limit],
        )
    )


def _advance(cursor: ConsumerCursor, last: OutboxMessage) -> None:
    ConsumerCursor.objects.filter(pk=cursor.pk).update(
        xid=last.xid,
        seq=last.seq,
        advanced_at=Now(),
        batch_limit=min(BATCH, cursor.batch_limit * 2),
        failures=0,
        retry_at=None,
        error="",
    )


def _note_failure(consumer: Consumer, error: Exception) -> None:
    with transaction.atomic():
        if not try_advisory_xact_lock("outbox", consumer.key):
            return
        cursor = _cursor(consumer.key)
        if _is_transient(error):
            _try_later(cursor, error, cursor.failures)
        elif cursor.batch_limit > 1:
            _try_later(cursor, error, 0, max(1, cursor.batch_limit // 4))
        elif cursor.failures + 1 < TRIES_OF_ONE:
            _try_later(cursor, error, cursor.failures + 1)
        else:
            for message in _next_messages(cursor)[:1]:
                _set_aside(consumer, message, error)
                _advance(cursor, message)


def _try_later(cursor: ConsumerCursor, error: Exception, failures: int, batch_limit: int | None = None) -> None:
    delay = 0.25 if batch_limit else min(2.0**failures, 60.0)
    ConsumerCursor.objects.filter(pk=cursor.pk).update(
        failures=failures,
        batch_limit=batch_limit or F("batch_limit"),
        retry_at=database_now() + timedelta(seconds=delay),
        error=f"{type(error).__name__}: {error}"[:2000],
    )


def _is_transient(error: Exception) -> bool:
    """Lost races and lost connections say nothing about the message."""
    return isinstance(error, OperationalError) or sqlstate(error) in RETRYABLE


def _set_aside(consumer: Consumer, message: OutboxMessage, error: Exception) -> None:
    plain = {field.attname: getattr(message, field.attname) for field in OutboxMessage._meta.concrete_fields}
    DeadLetter.objects.update_or_create(
        consumer=consumer.key,
        event_id=message.event_id,
        defaults={"message": json.loads(dumps_str(plain)), "error": f"{type(error).__name__}: {error}"[:2000]},
    )
    log.error("consumer %s: message %s was set aside", consumer.key, message.event_id)


def _message_of(letter: DeadLetter) -> OutboxMessage:
    fields = OutboxMessage._meta.concrete_fields
    return OutboxMessage(**{field.attname: field.to_python(letter.message[field.attname]) for field in fields})
