"""A field changes its type while workers are killed and people go on writing: nothing is lost, nothing done twice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from crm_platform.jobs.models import Job, Schedule
from crm_platform.kit.context import system_actor
from metadata.compiler.current import current_snapshot, pinned_snapshot
from metadata.inputs import FieldInput, ObjectInput
from metadata.retyping.requests import TypeChange
from metadata.retyping.service import change_type
from metadata.services.batch import SchemaChange, apply_changes
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.chaos.harness import FULL, RECOVERY, Stand, stand
from tests.kit.work import eventually

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("chaos")]

ROWS = 100_000 if FULL else 12_000
START_UP = 60
BEFORE = 6  # records changed before the kill, each as slow as a batch of the job
ACTOR = system_actor()


@pytest.fixture
def site(fresh_organization: Any) -> Iterator[Stand]:
    fields = [FieldInput("name", "text", "Name", is_custom=False), FieldInput("size__c", "text", "Size")]
    account = ObjectInput("account", "Account", is_custom=False, fields=fields)
    apply_changes(ACTOR, SchemaChange(objects=[account]), summary="Account")
    with pinned_snapshot():
        _fill()
    Schedule.objects.all().delete()
    Job.objects.all().delete()
    with stand() as made:
        yield made


def _fill() -> None:
    """Insert the records, and make every batch take a moment, so that a kill hits in the middle."""
    obj = current_snapshot().object("account")
    size = obj.field("size__c").main.column
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(
            f"INSERT INTO {obj.table} (id, version, created_at, updated_at, currency, {size}) "
            "SELECT gen_random_uuid(), 1, now(), now(), 'CNY', g::text FROM generate_series(1, %s) g",
            [ROWS],
        )
        cursor.execute("RESET statement_timeout")
        cursor.execute(
            "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN PERFORM pg_sleep(0.2); RETURN NULL; END $$"
        )
        cursor.execute(f"CREATE TRIGGER dawdle BEFORE UPDATE ON {obj.table} EXECUTE FUNCTION dawdle()")


def _job() -> Job:
    return Job.objects.get(kind="metadata.change_type")


def test_a_change_of_type_survives_the_death_of_its_workers(site: Stand) -> None:
    touched = RecordQuery(ACTOR, "account").ids(40)
    change_type(ACTOR, TypeChange("account", "size__c", "integer"))
    site.beat()
    first = site.worker(2)
    eventually(lambda: _job().done > 0, seconds=START_UP)
    service = RecordService(ACTOR)
    for number, record in enumerate(touched[:BEFORE]):
        service.update("account", record, {"size__c": str(1_000_000 + number)})
    first.kill9()
    killed, reached = time.monotonic(), _job().done
    assert _job().state == "running"
    site.worker(2)
    for number, record in enumerate(touched[BEFORE:], start=BEFORE):
        service.update("account", record, {"size__c": str(1_000_000 + number)})
    eventually(lambda: _job().done > reached or _job().is_finished, seconds=RECOVERY + START_UP)
    recovery = time.monotonic() - killed
    eventually(lambda: _job().is_finished, seconds=300)
    print(f"{ROWS} rows: went on {recovery:.1f} s after kill -9")
    assert (_job().state, recovery <= RECOVERY) == ("succeeded", True), _job().error
    assert {name: _job().result[name] for name in ("total", "failing")} == {"total": ROWS, "failing": 0}
    with pinned_snapshot():
        _check(touched)


def _check(touched: list[Any]) -> None:
    obj = current_snapshot().object("account")
    field = obj.field("size__c")
    assert field.spec.type == "integer"
    sizes = dict(obj.model._base_manager.values_list("pk", field.main.attr))
    written = {record: 1_000_000 + number for number, record in enumerate(touched)}
    assert {record: sizes[record] for record in touched} == written
    rest = [size for record, size in sizes.items() if record not in written]
    assert len(set(rest)) == len(rest) == ROWS - len(touched)
    assert all(size is not None and 1 <= size <= ROWS for size in rest)
