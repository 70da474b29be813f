"""What a publish leaves to jobs: built beside traffic, resumable, honest when the data says no."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from crm_platform.jobs.drain import drain
from crm_platform.jobs.models import Job, Schedule
from crm_platform.kit.context import system_actor
from metadata import services
from metadata.compiler.current import current_snapshot
from metadata.ddl.catalog import TableFacts, read_tables
from metadata.ddl.contract import contract
from metadata.inputs import FieldInput, ObjectInput
from metadata.models import BusinessField, BusinessObject

ACTOR = system_actor("test")
ROWS = 10_500  # just more than what is indexed in line


@pytest.fixture
def ticket(fresh_organization: Any) -> Any:
    services.create_object(ACTOR, ObjectInput("ticket__c", "工单", fields=[FieldInput("code__c", "text", "编号")]))
    Schedule.objects.all().delete()
    return fresh_organization


def insert_rows(count: int, code: str = "'same'") -> None:
    compiled = current_snapshot().object("ticket__c")
    column = compiled.field("code__c").main.column
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {compiled.table} (id, currency, {column})"
            f" SELECT gen_random_uuid(), 'CNY', {code} FROM generate_series(1, {count}) n"
        )


def facts() -> TableFacts:
    table = current_snapshot().object("ticket__c").table
    return read_tables([table])[table]


def test_an_index_is_built_by_its_job(ticket: Any) -> None:
    insert_rows(ROWS)
    services.update_field(ACTOR, "ticket__c", "code__c", is_indexed=True)
    name = f"i_{current_snapshot().object('ticket__c').field('code__c').main.column}"
    assert name not in facts().indexes
    drain()
    assert name in facts().indexes
    assert set(Job.objects.values_list("state", flat=True)) == {Job.State.SUCCEEDED}


def test_a_half_built_index_is_replaced(ticket: Any) -> None:
    insert_rows(ROWS)
    compiled = current_snapshot().object("ticket__c")
    name = f"i_{compiled.field('code__c').main.column}"
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        # A failed concurrent build leaves an invalid index behind, as a killed one does.
        cursor.execute(f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {compiled.table} ({name[2:]})")
    assert name in facts().invalid_indexes
    services.update_field(ACTOR, "ticket__c", "code__c", is_indexed=True)
    drain()
    assert name in facts().indexes


def test_a_field_whose_values_repeat_does_not_become_unique(ticket: Any) -> None:
    insert_rows(ROWS)
    services.update_field(ACTOR, "ticket__c", "code__c", is_unique=True)
    drain()
    job = Job.objects.get(kind="metadata.build_index")
    assert job.state == Job.State.FAILED
    assert "same value" in job.error
    assert current_snapshot().object("ticket__c").field("code__c").spec.is_unique is False
    assert not facts().invalid_indexes


def test_a_field_with_distinct_values_becomes_unique(ticket: Any) -> None:
    insert_rows(ROWS, "'n' || n")
    services.update_field(ACTOR, "ticket__c", "code__c", is_unique=True)
    drain()
    assert f"u_{current_snapshot().object('ticket__c').field('code__c').main.column}" in facts().indexes


def test_old_rows_are_checked_against_a_new_lookup(ticket: Any) -> None:
    insert_rows(ROWS)
    lookup = FieldInput("parent__c", "lookup", "上级", settings={"target": "ticket__c"})
    services.add_field(ACTOR, "ticket__c", lookup)
    assert facts().unvalidated
    drain()
    assert not facts().unvalidated


def test_the_default_reaches_existing_records_once(ticket: Any) -> None:
    insert_rows(ROWS)
    services.add_field(ACTOR, "ticket__c", FieldInput("level__c", "integer", "级别", default=3, backfill=True))
    drain()
    compiled = current_snapshot().object("ticket__c")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {compiled.field('level__c').main.column}, max(version), count(*) FROM {compiled.table} GROUP BY 1"
        )
        assert cursor.fetchall() == [(3, 1, ROWS)]
    assert Job.objects.get(kind="metadata.backfill").result == {"updated": ROWS}


class Night:
    """A job context of the nightly contract."""

    now = timezone.now()


def test_hidden_fields_and_objects_are_dropped_after_thirty_days(ticket: Any) -> None:
    services.create_object(ACTOR, ObjectInput("old__c", "旧"))
    table = current_snapshot().object("old__c").table
    services.delete_object(ACTOR, "old__c")
    column = current_snapshot().object("ticket__c").field("code__c").main.column
    services.delete_field(ACTOR, "ticket__c", "code__c")
    assert contract(Night()) == {"dropped": 0}  # type: ignore[arg-type]
    long_ago = timezone.now() - timedelta(days=31)
    BusinessField.objects.filter(hidden_at__isnull=False).update(hidden_at=long_ago)
    BusinessObject.objects.filter(trashed_at__isnull=False).update(trashed_at=long_ago)
    assert contract(Night()) == {"dropped": 2}  # type: ignore[arg-type]
    assert column not in facts().columns
    assert table not in read_tables([table])
    services.add_field(ACTOR, "ticket__c", FieldInput("code__c", "text", "编号"))
