"""Publishing beside live traffic: one publisher at a time, short locks, nothing half done."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import ValidationFailed
from crm_platform.tenancy.context import tenant_context
from metadata import services
from metadata.compiler.current import current_snapshot, current_version
from metadata.ddl.catalog import read_tables
from metadata.inputs import FieldInput, ObjectInput

ACTOR = system_actor("test")


def in_thread(schema: str, work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """Start `work` in a thread with a connection of its own; its result or exception lands in the list."""
    outcome: list[Any] = []

    def run() -> None:
        try:
            with tenant_context(schema):
                outcome.append(work())
        except Exception as error:
            outcome.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, outcome


@pytest.fixture
def ticket(fresh_organization: Any) -> Any:
    services.create_object(ACTOR, ObjectInput("ticket__c", "工单"))
    return fresh_organization


def insert_rows(count: int) -> None:
    table = current_snapshot().object("ticket__c").table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (id, currency) SELECT gen_random_uuid(), 'CNY' FROM generate_series(1, {count})"
        )


def test_a_reader_of_three_seconds_stalls_nobody(ticket: Any) -> None:
    insert_rows(100)
    schema, table = ticket.schema_name, current_snapshot().object("ticket__c").table
    holding = threading.Event()

    def long_reader() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {table}")
            holding.set()
            cursor.execute("SELECT pg_sleep(3)")

    waits: list[float] = []
    done = threading.Event()

    def traffic() -> None:
        """Ask the server itself how long a statement took: waits for locks count, a busy machine does not."""
        while not done.is_set():
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT extract(epoch FROM clock_timestamp() - statement_timestamp()) FROM"
                    f" (SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT 1) one) counted"
                )
                waits.append(float(cursor.fetchone()[0]))
            time.sleep(0.005)

    reader, _ = in_thread(schema, long_reader)
    holding.wait(5)
    rider, _ = in_thread(schema, traffic)
    services.add_field(ACTOR, "ticket__c", FieldInput("late__c", "text", "late"))
    done.set()
    rider.join()
    reader.join()
    assert "late__c" in current_snapshot().object("ticket__c").fields
    assert len(waits) > 50
    assert max(waits) < 0.3


def test_of_two_publishers_of_one_name_exactly_one_wins(ticket: Any) -> None:
    barrier = threading.Barrier(2)

    def add() -> Any:
        barrier.wait()
        return services.add_field(ACTOR, "ticket__c", FieldInput("same__c", "text", "same"))

    threads = [in_thread(ticket.schema_name, add) for _ in range(2)]
    for thread, _ in threads:
        thread.join()
    outcomes = [outcome[0] for _, outcome in threads]
    assert sum(isinstance(outcome, ValidationFailed) for outcome in outcomes) == 1
    assert sum(getattr(outcome, "api_name", "") == "same__c" for outcome in outcomes) == 1


def test_publishers_of_different_fields_all_get_through(ticket: Any) -> None:
    def add(number: int) -> Callable[[], Any]:
        return lambda: services.add_field(ACTOR, "ticket__c", FieldInput(f"f{number}__c", "text", "f"))

    threads = [in_thread(ticket.schema_name, add(number)) for number in range(4)]
    for thread, _ in threads:
        thread.join()
    assert not [o for _, o in threads if isinstance(o[0], Exception)], [o for _, o in threads]
    assert {f"f{n}__c" for n in range(4)} <= set(current_snapshot().object("ticket__c").fields)


def test_a_publish_that_fails_leaves_neither_rows_nor_columns(ticket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before, table = current_version(), current_snapshot().object("ticket__c").table
    columns = set(read_tables([table])[table].columns)

    def explode(*_args: Any, **_kwargs: Any) -> None:
        raise DatabaseError("the server went away")

    monkeypatch.setattr("metadata.publishing.SchemaVersion.objects.create", explode)
    with pytest.raises(DatabaseError):
        services.add_field(ACTOR, "ticket__c", FieldInput("lost__c", "text", "lost"))
    monkeypatch.undo()
    assert current_version() == before
    assert set(read_tables([table])[table].columns) == columns
    services.add_field(ACTOR, "ticket__c", FieldInput("lost__c", "text", "found"))


def test_an_index_of_a_large_table_is_left_to_a_job(ticket: Any) -> None:
    from crm_platform.jobs.models import Job

    insert_rows(10_500)
    services.add_field(ACTOR, "ticket__c", FieldInput("code__c", "text", "code", is_indexed=True))
    kinds = list(Job.objects.filter(kind="metadata.build_index").values_list("args__name", flat=True))
    field_id = current_snapshot().object("ticket__c").field("code__c").spec.id
    assert sorted(kinds) == [f"i_c_{field_id}", f"t_c_{field_id}"]


def test_a_lookup_on_a_large_table_is_checked_by_a_job_but_binds_new_rows_at_once(ticket: Any) -> None:
    insert_rows(10_500)
    services.add_field(
        ACTOR, "ticket__c", FieldInput("parent__c", "lookup", "parent", settings={"target": "ticket__c"})
    )
    compiled = current_snapshot().object("ticket__c")
    column = compiled.field("parent__c").main.column
    assert f"fk_{column}" in read_tables([compiled.table])[compiled.table].unvalidated
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {compiled.table} SET {column} = gen_random_uuid()")
