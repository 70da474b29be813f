"""The jobs that work computed fields out anew: after a change elsewhere, for a whole object, when the day changes."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from crm_platform.jobs.services import JobContext, enqueue, register_job, register_schedule
from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledObject, UnknownObject
from metadata.compiler.current import current_snapshot
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.expression_uses import has_formulas
from metadata.expressions import blank_environment
from objects.records import rollup_sql
from objects.records.dependents import RECALCULATE
from objects.records.models import Recalculation
from objects.records.programs import programs
from objects.records.recalculation import carry_on, everything
from objects.records.rollup_plans import rollups_of

RECALCULATE_OBJECT, RECALCULATE_CLOCK = "records.recalculate_object", "records.recalculate_clock"
NOTES, RECORDS = 200, 1_000


def recalculate_dependents(context: JobContext) -> dict[str, Any]:
    """Work off the notes of `request_recalculation`, some records at a time, until there are none."""
    done = 0
    while True:
        with transaction.atomic():
            count = _next_notes(system_actor(RECALCULATE), context.now)
        if count is None:
            return {"records": done}
        done += count
        context.progress(done)


def recalculate_object(context: JobContext) -> dict[str, Any]:
    """Work out every computed field of an object: roll-ups by one statement each, formulas in batches."""
    try:
        obj = current_snapshot().object(str(context.args["object"]))
    except UnknownObject:
        return {"records": 0}
    state = context.cursor or {"after": None, "done": 0}
    actor = system_actor(RECALCULATE_OBJECT)
    if state["after"] is None:
        with transaction.atomic():
            for rollup in rollups_of(current_snapshot(), obj):
                rollup_sql.recompute(rollup, blank_environment(actor, context.now))
    return _all_records(context, actor, obj, state)


def recalculate_clock(context: JobContext) -> dict[str, Any]:
    """Queue every object with formulas that read the clock; the schedule runs this when the day changes."""
    snapshot = current_snapshot()
    names = [
        spec.api_name
        for spec in snapshot.objects()
        if has_formulas(spec)
        and any(item.expression.uses_clock for item in programs(snapshot, snapshot.object(spec.api_name)).formulas)
    ]
    for name in names:
        request_object(None, name)
    return {"objects": names}


def request_object(actor: Actor | None, object_name: str) -> None:
    """Have all computed fields of an object worked out by a job."""
    enqueue(
        RECALCULATE_OBJECT,
        {"object": object_name},
        actor=actor,
        dedupe_key=f"{RECALCULATE_OBJECT}:{object_name}",
        label=object_name,
    )


def computed_changed(actor: Actor, object_names: Sequence[str]) -> None:
    """Called when a publish has added or changed computed fields of objects."""
    for name in object_names:
        request_object(actor, name)


def _all_records(context: JobContext, actor: Actor, obj: CompiledObject, state: dict[str, Any]) -> dict[str, Any]:
    total = obj.model._base_manager.count()
    while True:
        with transaction.atomic():
            ids = _ids_after(f"SELECT id FROM {quote(obj.table)} t WHERE TRUE", [], state["after"])  # noqa: S608
            carry_on(actor, current_snapshot(), {obj.name: everything(ids)}, context.now)
            if len(ids) < RECORDS:
                return {"records": state["done"] + len(ids)}
            state = {"after": str(ids[-1]), "done": state["done"] + len(ids)}
            context.save_cursor(state, done=state["done"], total=max(total, state["done"]))
        context.check_abort()


def _next_notes(actor: Actor, now: datetime) -> int | None:
    """Work off the first notes that nobody else has; returns how many records, None when there are no notes."""
    notes = list(Recalculation.objects.select_for_update(skip_locked=True).order_by("id")[:NOTES])
    if not notes:
        return None
    first = notes[0]
    alike = [n for n in notes if (n.object_id, n.via, n.after) == (first.object_id, first.via, first.after)]
    snapshot = current_snapshot()
    ids = _dependent_ids(snapshot, first, [note.source_id for note in alike])
    if ids is None or len(ids) < RECORDS:
        Recalculation.objects.filter(pk__in=[note.pk for note in alike]).delete()
    else:
        Recalculation.objects.filter(pk__in=[note.pk for note in alike]).update(after=ids[-1])
    if ids:
        obj = snapshot.object_by_id(first.object_id)
        carry_on(actor, snapshot, {obj.name: everything(ids)}, now)
    return len(ids or ())


def _dependent_ids(snapshot: SchemaSnapshot, note: Recalculation, sources: list[uuid.UUID]) -> list[uuid.UUID] | None:
    """Return the next records that lead to the sources; None when the object or a lookup is gone."""
    if note.object_id not in snapshot.spec.object_by_id:
        return None
    here, alias = snapshot.object_by_id(note.object_id), "t"
    joins, table = "", quote(here.table)
    hops = [None if here is None else here.field_by_id(field_id) for here, field_id in _walk(snapshot, note)]
    if None in hops:
        return None
    for number, hop in enumerate(hops[:-1]):
        assert hop is not None
        here = here.target(str(hop.main.references))
        joins += f" JOIN {quote(here.table)} j{number} ON j{number}.id = {alias}.{quote(hop.main.column)}"
        alias = f"j{number}"
    last = hops[-1]
    assert last is not None
    sql = f"SELECT t.id FROM {table} t{joins} WHERE {alias}.{quote(last.main.column)} = ANY(%s)"  # noqa: S608
    return _ids_after(sql, [sources], str(note.after) if note.after else None)


def _walk(snapshot: SchemaSnapshot, note: Recalculation) -> list[tuple[CompiledObject | None, int]]:
    found: list[tuple[CompiledObject | None, int]] = []
    here: CompiledObject | None = snapshot.object_by_id(note.object_id)
    for field_id in note.via:
        found.append((here, field_id))
        hop = here.field_by_id(field_id) if here else None
        here = here.target(str(hop.main.references)) if here and hop and hop.main.references else None
    return found


def _ids_after(sql: str, params: list[Any], after: str | None) -> list[uuid.UUID]:
    more = "" if after is None else " AND t.id > %s::uuid"
    with connection.cursor() as cursor:
        cursor.execute(f"{sql}{more} ORDER BY t.id LIMIT {RECORDS}", [*params, *([after] if after else [])])
        return [row[0] for row in cursor.fetchall()]


def register() -> None:
    """Register the jobs and their schedules; called once from AppConfig.ready()."""
    register_job(RECALCULATE, recalculate_dependents, _("Work out formulas that read changed records"))
    register_job(RECALCULATE_OBJECT, recalculate_object, _("Work out the computed fields of an object"))
    register_job(RECALCULATE_CLOCK, recalculate_clock, _("Work out formulas that depend on the day"))
    register_schedule(RECALCULATE, every_seconds=60)
    register_schedule(RECALCULATE_CLOCK, daily_at=time(0, 1))
