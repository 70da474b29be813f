"""Keeping roll-ups true in the transaction that changes what they summarise, by the difference that it makes."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from crm_platform.kit.context import Actor
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.record_base import Record
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.expressions import Environment, blank_environment
from metadata.field_types.rollup import COUNT, MIN
from objects.records import rollup_sql
from objects.records.drafts import Batch, Draft
from objects.records.environments import RecordValues
from objects.records.rollup_plans import Rollup, rollups_over
from objects.records.rollup_sql import Difference

Contribution = tuple[uuid.UUID, Any]  # parent, value (1 where records are counted)
Changed = dict[str, dict[uuid.UUID, set[str]]]  # parents whose roll-ups changed: object → id → fields


@dataclass
class Move:
    """What one batch changes for one roll-up."""

    came: list[Contribution] = field(default_factory=list)
    went: list[Contribution] = field(default_factory=list)

    @property
    def parents(self) -> list[uuid.UUID]:
        return sorted({parent for parent, _value in (*self.came, *self.went)})


def measure(batch: Batch) -> None:
    """Note what the records contribute before they are changed."""
    if batch.is_create:
        return
    for rollup in rollups_over(batch.snapshot, batch.object):
        for draft in _affected(batch, rollup):
            assert draft.record is not None
            found = contribution(rollup, draft.record, batch.actor, batch.now)
            if found is not None:
                batch.moves.setdefault(rollup, Move()).went.append(found)


def rollups(batch: Batch) -> None:
    """Bring the roll-ups of the parents up to date, those before the write and those after it."""
    for rollup in rollups_over(batch.snapshot, batch.object):
        for draft in _affected(batch, rollup):
            record = draft.record or batch.table.new(draft.columns)
            found = contribution(rollup, record, batch.actor, batch.now)
            if found is not None:
                batch.moves.setdefault(rollup, Move()).came.append(found)
    for rollup, move in batch.moves.items():
        _note(batch.derived, rollup, apply_move(rollup, move, batch.actor, batch.now))


def moved_as_a_whole(
    actor: Actor, snapshot: SchemaSnapshot, obj: CompiledObject, ids: Sequence[uuid.UUID], sign: int, now: datetime
) -> Changed:
    """Take records out of their parents' roll-ups (-1: they were deleted), or back in (1: restored)."""
    changed: Changed = {}
    for rollup in rollups_over(snapshot, obj):
        env = blank_environment(actor, now)
        found = rollup_sql.differences_of(rollup, env, ids, sign)
        if not found:
            continue
        rollup_sql.lock_parents(rollup, list(found))
        if rollup_sql.adds_up(rollup):
            parents = rollup_sql.add(rollup, found)
        else:
            parents = rollup_sql.recompute(rollup, env, sorted(found))
        _note(changed, rollup, parents)
    return changed


def contribution(rollup: Rollup, record: Record, actor: Actor, now: datetime) -> Contribution | None:
    """Return what a record adds to which parent's roll-up; None when it does not count."""
    parent = getattr(record, rollup.lookup.main.attr)
    if parent is None:
        return None
    if rollup.filter is not None:
        values = RecordValues(rollup.child, record, {})
        if not rollup.filter.evaluate(Environment(lambda path: values.get(path), actor, now)):
            return None
    if rollup.source is None:
        return parent, 1
    value = getattr(record, rollup.source.column(rollup.value_suffix).attr)
    return None if value is None else (parent, value)


def apply_move(rollup: Rollup, move: Move, actor: Actor, now: datetime) -> list[uuid.UUID]:
    """Write what a batch changes; returns the parents that may have another value now."""
    if rollup_sql.adds_up(rollup):
        differences = _differences(rollup, move)
        if not differences:
            return []
        rollup_sql.lock_parents(rollup, list(differences))
        return rollup_sql.add(rollup, differences)
    if not move.parents:
        return []
    rollup_sql.lock_parents(rollup, move.parents)
    changed = rollup_sql.extend(rollup, _extremes(rollup, move.came))
    losing = sorted(rollup_sql.losing(rollup, move.went))
    return [*changed, *(rollup_sql.recompute(rollup, blank_environment(actor, now), losing) if losing else ())]


def _differences(rollup: Rollup, move: Move) -> Mapping[uuid.UUID, Difference]:
    found: dict[uuid.UUID, Difference] = defaultdict(Difference)
    for sign, contributions in ((1, move.came), (-1, move.went)):
        for parent, value in contributions:
            found[parent].number += sign
            if rollup.operation != COUNT:
                found[parent].total += sign * Decimal(value)
    return {parent: item for parent, item in found.items() if item.number or item.total}


def _extremes(rollup: Rollup, came: Iterable[Contribution]) -> dict[uuid.UUID, Any]:
    choose = min if rollup.operation == MIN else max
    found: dict[uuid.UUID, Any] = {}
    for parent, value in came:
        found[parent] = choose(found[parent], value) if parent in found else value
    return found


def _affected(batch: Batch, rollup: Rollup) -> list[Draft]:
    return [
        draft
        for draft in batch.sound
        if draft.columns and (batch.is_create or not rollup.reads.isdisjoint(draft.changes))
    ]


def _note(changed: Changed, rollup: Rollup, parents: Iterable[uuid.UUID]) -> None:
    for parent in parents:
        changed.setdefault(rollup.parent.name, {}).setdefault(parent, set()).add(rollup.field.name)
