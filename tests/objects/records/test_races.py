"""Writers that meet: what two of them do at the same moment must be what some order of the two would do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction

from crm_platform.kit.errors import MetadataStale, PlatformError, StateConflict
from metadata import services
from metadata.compiler.current import pinned_snapshot
from metadata.inputs import FieldInput
from objects.history.models import RecordChange
from objects.records.service import RecordService
from tests.objects import world as worlds
from tests.objects.records.shop import column
from tests.objects.world import World, compiled

Act = Callable[[RecordService], Any]


@pytest.fixture(autouse=True)
def _committing(the_world: World, django_db_blocker: Any) -> Iterator[None]:
    """These tests really commit, in an organisation that belongs to this module alone."""
    with django_db_blocker.unblock(), inside(the_world):
        yield


@contextmanager
def inside(world: World) -> Iterator[None]:
    with worlds.inside(world.schema_name), pinned_snapshot():
        yield


def service(world: World, name: str = "rep") -> RecordService:
    return RecordService(world.actor(name))


def together(world: World, *acts: Act) -> list[Any]:
    """Run the acts in threads that start at the same moment; returns results or errors, in order."""
    start, answers = threading.Barrier(len(acts)), [None] * len(acts)

    def run(place: int, act: Act) -> None:
        try:
            with inside(world):
                own = service(world)
                start.wait(timeout=10)
                answers[place] = act(own)
        except Exception as error:
            answers[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return answers


def test_many_upserts_of_few_keys_make_each_record_once(the_world: World) -> None:
    def act(own: RecordService) -> list[bool]:
        return [own.upsert("customer", "code", f"key{n % 5}", {"name": f"N{n}"})[1] for n in range(25)]

    answers = together(the_world, *[act] * 4)
    assert sum(sum(made) for made in answers) == 5
    manager = compiled("customer").model._base_manager
    codes = manager.filter(**{f"{compiled('customer').field('code').attr}__startswith": "key"})
    assert codes.count() == 5


def test_numbers_have_no_gap_and_no_double(the_world: World) -> None:
    def act(own: RecordService) -> list[str]:
        return [own.create("purchase", {}).record.value("name") for _ in range(10)]

    numbers = sorted(int(name[-4:]) for names in together(the_world, *[act] * 4) for name in names)
    assert numbers == list(range(numbers[0], numbers[0] + 40))


def test_no_child_stays_below_a_master_that_is_deleted_meanwhile(the_world: World) -> None:
    for _ in range(10):
        master = service(the_world).create("purchase", {}).id
        line: Act = lambda own, to=master: own.create("purchase_line", {"purchase_id": to}).id  # noqa: E731
        made, deleted = together(the_world, line, lambda own, to=master: own.delete("purchase", to))
        lines = compiled("purchase_line").model._base_manager.filter(deleted_at__isnull=True)
        field = compiled("purchase_line").field("purchase_id")
        assert not lines.filter(**{field.main.attr: master}).exists()
        assert not isinstance(deleted, Exception)
        assert not isinstance(made, Exception) or isinstance(made, PlatformError)


def test_opposite_batches_do_not_deadlock(the_world: World) -> None:
    ids = [service(the_world).create("customer", {"name": "x"}).id for _ in range(20)]

    def act(order: list[Any], name: str) -> Act:
        return lambda own: [
            own.bulk_update("customer", [{"id": i, "name": f"{name}{n}"} for i in order]) for n in range(5)
        ]

    answers = together(the_world, act(ids, "a"), act(ids[::-1], "b"))
    assert not any(isinstance(answer, Exception) for answer in answers)
    versions = RecordChange.objects.filter(record_id__in=ids, action="updated").values_list("record_id", "version")
    assert len(set(versions)) == len(versions) == 200


def test_a_record_that_stays_locked_is_a_conflict(the_world: World) -> None:
    saved = service(the_world).create("customer", {"name": "x"})
    locked, done = threading.Event(), threading.Event()

    def hold() -> None:
        with inside(the_world), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f'SELECT 1 FROM "{compiled("customer").table}" WHERE id = %s FOR UPDATE', [saved.id])
            locked.set()
            done.wait(timeout=30)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    locked.wait(timeout=10)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '100ms'")
        with pytest.raises(StateConflict):
            service(the_world).update("customer", saved.id, {"name": "y"})
    finally:
        done.set()
        holder.join(timeout=10)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
    assert service(the_world).update("customer", saved.id, {"name": "y"}).version == 2


def test_a_new_line_does_not_wait_for_a_change_of_its_master(the_world: World) -> None:
    master = service(the_world).create("purchase", {}).id
    with transaction.atomic():
        service(the_world).update("purchase", master, {"notes": "being changed"})
        (made,) = together(the_world, lambda own: own.create("purchase_line", {"purchase_id": master}))
    assert not isinstance(made, Exception)


def test_a_column_that_is_gone_is_found_out_and_the_write_repeated(the_world: World) -> None:
    """A worker pinned an old version; meanwhile a field was deleted and its column dropped."""
    from crm_platform.kit.context import system_actor

    services.add_field(system_actor(), "customer", FieldInput("doomed__c", "text", "Doomed"))
    saved = service(the_world).create("customer", {"name": "x", "doomed__c": "y"})
    doomed = column("customer", "doomed__c")

    def publish(own: RecordService) -> None:
        services.delete_field(system_actor(), "customer", "doomed__c")
        with connection.cursor() as cursor:
            cursor.execute(f'ALTER TABLE "{compiled("customer").table}" DROP COLUMN {doomed}')

    (answer,) = together(the_world, publish)
    assert answer is None
    assert "doomed__c" in compiled("customer").fields  # still pinned here
    with pytest.raises(MetadataStale), transaction.atomic():  # only who opened the transaction can start again
        service(the_world).update("customer", saved.id, {"name": "z"})
    assert service(the_world).update("customer", saved.id, {"name": "z"}).version == 2
    assert "doomed__c" not in compiled("customer").fields


def test_two_moves_never_make_a_circle(the_world: World) -> None:
    from crm_platform.kit.context import system_actor

    head = FieldInput("head__c", "hierarchy", "H", settings={"target": "customer"})
    services.add_field(system_actor(), "customer", head)
    for turn in range(6):
        first, second = (service(the_world).create("customer", {"name": f"{turn}{n}"}).id for n in "ab")

        def under(record: Any, head: Any) -> Act:
            return lambda own: own.update("customer", record, {"head__c": str(head)})

        answers = together(the_world, under(first, second), under(second, first))
        assert sum(isinstance(answer, PlatformError) for answer in answers) == 1, answers
