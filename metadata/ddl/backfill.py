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
    table, main = quote(compiled.table), quote(field.main.column)
    assignments = ", ".join(f"{quote(column)} = %s" for column in values)
    # Only physical names, made from ids by kit.sqlnames, are put into the text.
    sql = f"""
        WITH batch AS (
            SELECT id FROM {table} WHERE (%s::uuid IS NULL OR id > %s::uuid) ORDER BY id LIMIT {BATCH}
        ), changed AS (
            UPDATE {table} r SET {assignments} FROM batch WHERE r.id = batch.id AND r.{main} IS NULL RETURNING 1
        )
        SELECT (SELECT id FROM batch ORDER BY id DESC LIMIT 1), (SELECT count(*) FROM changed)
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [after, after, *values.values()])
        last, updated = cursor.fetchone()
    return last, updated


def _estimate(compiled: CompiledObject) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = %s::regclass", [compiled.table])
        return int(cursor.fetchone()[0])
