"""A new field is given to existing records while the workers are killed: all get it, once, within the time."""

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
from metadata.services.batch import SchemaChange, apply_changes
from metadata.services.fields import add_field
from tests.chaos.harness import FULL, RECOVERY, Stand, stand
from tests.kit.work import eventually

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("chaos")]

ROWS = 200_000 if FULL else 30_000
START_UP = 60


@pytest.fixture
def site(fresh_organization: Any) -> Iterator[Stand]:
    name = FieldInput("name", "text", "Name", is_custom=False)
    account = ObjectInput("account", "Account", is_custom=False, fields=[name])
    apply_changes(system_actor(), SchemaChange(objects=[account]), summary="Account")
    with pinned_snapshot():
        _fill(current_snapshot().object("account").table)
    Schedule.objects.all().delete()
    Job.objects.all().delete()
    with stand() as made:
        yield made


def _fill(table: str) -> None:
    """Insert the records, and make every batch of an update take a moment, so that a kill hits in the middle."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(
            f"INSERT INTO {table} (id, version, created_at, updated_at, currency) "
            "SELECT gen_random_uuid(), 1, now(), now(), 'CNY' FROM generate_series(1, %s)",
            [ROWS],
        )
        cursor.execute("RESET statement_timeout")
        cursor.execute(
            "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END $$"
        )
        cursor.execute(f"CREATE TRIGGER dawdle BEFORE UPDATE ON {table} EXECUTE FUNCTION dawdle()")


def _job() -> Job:
    return Job.objects.get(kind="metadata.backfill")


def test_a_backfill_survives_the_death_of_its_workers(site: Stand) -> None:
    add_field(system_actor(), "account", FieldInput("grade__c", "text", "Grade", default="A", backfill=True))
    site.beat()
    first = site.worker(2)
    eventually(lambda: _job().done > 0, seconds=START_UP)
    first.kill9()
    killed, reached = time.monotonic(), _job().done
    assert _job().state == "running"
    site.worker(2)
    eventually(lambda: _job().done > reached, seconds=RECOVERY + START_UP)
    recovery = time.monotonic() - killed
    eventually(lambda: _job().state == "succeeded", seconds=300)
    print(f"{ROWS} rows: went on {recovery:.1f} s after kill -9")
    assert recovery <= RECOVERY
    assert _job().result == {"updated": ROWS}, "rows were done twice, or not at all"
    with pinned_snapshot():
        obj = current_snapshot().object("account")
        graded = obj.model._base_manager.filter(**{obj.field("grade__c").main.attr: "A"})
        assert graded.count() == ROWS
