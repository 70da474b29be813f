"""Giving existing records a new field's default: a resumable job in batches by primary key."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from crm_platform.jobs.services import JobContext, JobFailed
from crm_platform.kit.context import system_actor
from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.field_types.values import CleanContext

BATCH = 5_000


def backfill(job: JobContext) -> dict[str, Any]:
    """Write the default into every record whose field is still empty; returns {"updated": n}.

    A batch and the cursor behind it commit together, so that a killed worker's successor goes on after the
    last whole batch. The update is one of shape, not of content: it makes no history and no new version.
    """
    snapshot = current_snapshot()
    compiled = snapshot.object(job.args["object"])
    field = compiled.fields.get(job.args["field"])
    if field is None:
        raise JobFailed("the field is gone")
    values = _column_values(field)
    state = job.cursor or {"after": None, "updated": 0}
    total = _estimate(compiled)
    while True:
        with transaction.atomic():
            last, updated = _update_batch(compiled, field, values, state["after"])
            if last is None:
                break
            state = {"after": str(last), "updated": state["updated"] + updated}
            job.save_cursor(state)
        job.progress(state["updated"], max(total, state["updated"]))
    return {"updated": state["updated"]}


def _column_values(field: CompiledField) -> dict[str, Any]:
    ctx = CleanContext(actor=system_actor(), now=timezone.now())
    value = field.type.default(field.spec, ctx)
    parts = field.type.to_columns(field.spec, value, ctx)
    return {field.column(suffix).column: part for suffix, part in parts.items()}


def _update_batch(
    compiled: CompiledObject, field: CompiledField, values: dict[str, Any], after: str | None
) -> tuple[Any, int]:
    """Update the next batch behind `after`; returns the last id seen (None: no more) and the rows changed."""
    table = quote(compiled.table)
    # Only physical names, made from ids by kit.sqlnames, are put into the text.
    sql = f"""
        WITH batch AS (
            SELECT id FROM {table} WHERE (%s::uuid IS NULL OR id > %s::uuid) ORDER BY id LIMIT {BATCH}
        ), changed AS ({_change(compiled, field, list(values))} RETURNING 1)
        SELECT (SELECT id FROM batch ORDER BY id DESC LIMIT 1), (SELECT count(*) FROM changed)
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [after, after, *values.values()])
        last, updated = cursor.fetchone()
    return last, updated


def _change(compiled: CompiledObject, field: CompiledField, columns: list[str]) -> str:
    """Return the statement that fills the columns of the batch's records, with a placeholder for each column."""
    main = quote(field.main.column)
    if compiled.second is None or not field.is_second:
        assignments = ", ".join(f"{quote(column)} = %s" for column in columns)
        return (
            f"UPDATE {quote(compiled.table)} r SET {assignments}"  # noqa: S608
            f" FROM batch WHERE r.id = batch.id AND r.{main} IS NULL"
        )
    names = ", ".join(map(quote, columns))
    taken = ", ".join(f"{quote(column)} = excluded.{quote(column)}" for column in columns)
    return (
        f"INSERT INTO {quote(compiled.second.table)} AS r (id, {names})"  # noqa: S608
        f" SELECT batch.id, {', '.join(['%s'] * len(columns))} FROM batch"
        f" ON CONFLICT (id) DO UPDATE SET {taken} WHERE r.{main} IS NULL"
    )


def _estimate(compiled: CompiledObject) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = %s::regclass", [compiled.table])
        return int(cursor.fetchone()[0])
