"""Working out formulas anew where the record itself was not saved: below its roll-ups, and by jobs."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from crm_platform.kit.context import Actor
from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.expressions import blank_environment
from objects.records import rollup_sql
from objects.records.computed import compute
from objects.records.dependents import request_recalculation
from objects.records.drafts import Batch, Draft
from objects.records.formulas import work_out
from objects.records.programs import FieldProgram, programs
from objects.records.rollup_plans import rollups_of, rollups_over
from objects.records.rollups import Changed, moved_as_a_whole
from objects.records.table import record_table

Fields = Mapping[uuid.UUID, set[str]]


def derive(batch: Batch) -> None:
    """Carry a batch's changes on: to the formulas of parents whose roll-ups moved, and to whoever reads them."""
    written = [draft for draft in batch.sound if draft.columns and draft.changes]
    changed = {draft.id: set(draft.changes) for draft in written if draft.id is not None}
    if changed:
        request_recalculation(batch.snapshot, batch.object, changed)
    carry_on(batch.actor, batch.snapshot, batch.derived, batch.now)


def carry_on(actor: Actor, snapshot: SchemaSnapshot, changed: Changed, now: datetime) -> None:
    """Work out what follows from changed roll-ups, object by object, until nothing changes any more.

    It ends, since no version of the data model with a circle is ever published.
    """
    waiting = {name: dict(items) for name, items in changed.items()}
    while waiting:
        name = next(iter(waiting))
        obj, fields = snapshot.object(name), waiting.pop(name)
        for record, names in recalculate(actor, snapshot, obj, fields, now).items():
            fields.setdefault(record, set()).update(names)
        request_recalculation(snapshot, obj, fields)
        for above, items in _summarise_above(actor, snapshot, obj, fields, now).items():
            for record, names in items.items():
                waiting.setdefault(above, {}).setdefault(record, set()).update(names)


def recalculate(
    actor: Actor, snapshot: SchemaSnapshot, obj: CompiledObject, fields: Fields, now: datetime
) -> dict[uuid.UUID, set[str]]:
    """Work out the formulas of records anew and store those that differ; returns the fields that changed.

    Neither version nor history take part: what a formula says is no change that somebody made.
    """
    found = _affected(programs(snapshot, obj).formulas, {name for names in fields.values() for name in names})
    if not found or not fields:
        return {}
    batch = Batch(actor, snapshot, obj, "recalculate", _locked(snapshot, obj, list(fields)), now, is_many=True)
    for draft in batch.drafts:
        work_out(batch, draft, found)
        draft.errors.clear()  # a result that does not fit any more stays as it was
    compute(batch)
    changed = [draft for draft in batch.drafts if draft.columns]
    _store(batch, changed)
    return {draft.id: set(draft.changes) for draft in changed if draft.id is not None}


def _affected(formulas: Sequence[FieldProgram], names: set[str]) -> tuple[FieldProgram, ...]:
    """Return the formulas that read any of the names, directly or through other formulas; all for the empty name."""
    reached, found = set(names), []
    for program in formulas:
        if "" in names or not reached.isdisjoint(program.expression.paths):
            reached.add(program.field.name)
            found.append(program)
    return tuple(found)


def _locked(snapshot: SchemaSnapshot, obj: CompiledObject, ids: list[uuid.UUID]) -> list[Draft]:
    table = record_table(snapshot, obj)
    sql = f"SELECT {table.select} FROM {table.name} t WHERE t.id = ANY(%s) ORDER BY t.id FOR NO KEY UPDATE OF t"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [sorted(ids)])
        records = {row[0]: table.load(row) for row in cursor.fetchall()}
    table.load_second(records)
    return [
        Draft(index, {}, record_id, record=record, version=record.version)
        for index, (record_id, record) in enumerate(records.items())
    ]


def _store(batch: Batch, drafts: Sequence[Draft]) -> None:
    names = [name for name in batch.table.columns if any(name in draft.columns for draft in drafts)]
    if not names:
        return
    row = f"({', '.join(['%s::uuid', *(f'%s::{batch.table.columns[name].cast}' for name in names)])})"
    sql = (
        f"UPDATE {batch.table.name} AS t SET {', '.join(f'{quote(name)} = v.{quote(name)}' for name in names)}"  # noqa: S608
        f" FROM (VALUES {', '.join([row] * len(drafts))}) AS v (key, {', '.join(map(quote, names))}) WHERE t.id = v.key"
    )
    values: list[Any] = []
    for draft in drafts:
        kept = {name: getattr(draft.record, batch.table.columns[name].attr) for name in names}
        values += [draft.id, *batch.table.adapted(names, {**kept, **draft.columns})]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def _summarise_above(
    actor: Actor, snapshot: SchemaSnapshot, obj: CompiledObject, fields: Fields, now: datetime
) -> Changed:
    """Bring roll-ups over records up to date whose values were worked out, not written: each parent as a whole."""
    changed: Changed = {}
    for rollup in rollups_over(snapshot, obj):
        records = [record for record, names in fields.items() if not rollup.reads.isdisjoint(names)]
        parents = rollup_sql.parents_of(rollup, records) if records else []
        if not parents:
            continue
        rollup_sql.lock_parents(rollup, parents)
        for parent in rollup_sql.recompute(rollup, blank_environment(actor, now), parents):
            changed.setdefault(rollup.parent.name, {}).setdefault(parent, set()).add(rollup.field.name)
    return changed


def move_whole_records(
    actor: Actor, snapshot: SchemaSnapshot, records: Mapping[int, Sequence[uuid.UUID]], sign: int, now: datetime
) -> None:
    """Take deleted records (-1), by object id, out of the roll-ups above them, or put restored ones (1) back in."""
    changed: Changed = {}
    for object_id, ids in records.items():
        if ids and object_id in snapshot.spec.object_by_id:
            found = moved_as_a_whole(actor, snapshot, snapshot.object_by_id(object_id), ids, sign, now)
            for name, items in found.items():
                for record, names in items.items():
                    changed.setdefault(name, {}).setdefault(record, set()).update(names)
    carry_on(actor, snapshot, changed, now)


def refresh(
    actor: Actor, snapshot: SchemaSnapshot, obj: CompiledObject, ids: Sequence[uuid.UUID], now: datetime
) -> None:
    """Work out all computed fields of records anew, roll-ups first: after their children were moved in bulk."""
    for rollup in rollups_of(snapshot, obj):
        rollup_sql.lock_parents(rollup, ids)
        rollup_sql.recompute(rollup, blank_environment(actor, now), ids)
    carry_on(actor, snapshot, {obj.name: everything(ids)}, now)


def everything(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, set[str]]:
    """Return the form of "whatever there is may have changed" for `recalculate`."""
    return {record: {""} for record in ids}
