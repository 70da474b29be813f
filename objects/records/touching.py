"""Work on a record shows on it: what counts as an activity or a follow-up sets the times of the last ones.

A lookup says by its settings `touches` and `touches_when` that records which point somewhere count there. They do so
from the moment they are made; as a follow-up only once they are done, if it takes a value of a picklist for that.
What the platform itself writes down is an activity, but nobody's follow-up. The times only ever move on. Neither
version nor history of the touched record take part: nobody has changed it.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.errors import FieldError
from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledField, CompiledObject, UnknownObject
from metadata.compiler.spec import FieldSpec, ObjectSpec, SchemaSpec
from metadata.field_types.choices import find_choice
from metadata.field_types.touching import FOLLOW_UP, TOUCHES, TOUCHES_WHEN, TouchesWhen, moment_name, touches_when
from metadata.field_types.values import Reference
from objects.records.drafts import Batch, Draft
from objects.records.recalculation import carry_on

LAST_ACTIVITY, LAST_FOLLOWUP = "last_activity_at", "last_followup_at"


@dataclass(slots=True)
class Touch:
    """When a record was last worked on, by what one batch says of it; None: not at all."""

    activity: datetime | None = None
    followup: datetime | None = None

    def add(self, at: datetime, is_followup: bool) -> None:
        self.activity = max(at, self.activity or at)
        if is_followup:
            self.followup = max(at, self.followup or at)


@dataclass(frozen=True, slots=True)
class Source:
    """A reference whose records count for what it points at."""

    field: CompiledField
    is_followup: bool
    when: TouchesWhen | None
    moment: str | None

    @property
    def reads(self) -> frozenset[str]:
        """The fields of which any change counts anew."""
        return frozenset({self.field.name, *([self.when.field] if self.when else []), *filter(None, [self.moment])})


def touch(batch: Batch) -> None:
    """Set the times on the records that the batch's drafts point at, where they are later than those there."""
    found: dict[str, dict[uuid.UUID, Touch]] = defaultdict(dict)
    for source in _sources(batch.object):
        for draft in batch.sound:
            if draft.columns and (batch.is_create or not source.reads.isdisjoint(draft.changes)):
                _note(batch, source, draft, found)
    for name in sorted(found, key=lambda target: _lock_order(batch, target)):
        try:
            obj = batch.snapshot.object(name)
        except UnknownObject:
            continue
        changed = _store(obj, found[name])
        if changed:
            carry_on(batch.actor, batch.snapshot, {name: changed}, batch.now)


def when_errors(schema: SchemaSpec, changed: Sequence[ObjectSpec]) -> list[FieldError]:
    """Return what is wrong with the settings that say when work is done, in the objects that a publish changes."""
    return [
        FieldError(f"settings.{TOUCHES_WHEN}", "invalid_choice", message)
        for spec in changed
        for field in spec.business_fields
        if (message := _mistake(spec, field)) is not None
    ]


def _mistake(spec: ObjectSpec, field: FieldSpec) -> Any:
    when = touches_when(field)
    if when is None:
        return None
    named = spec.field_map.get(when.field)
    if named is None or named.type not in ("picklist", "stage"):
        return _("There is no such picklist: %(name)s") % {"name": when.field}
    unknown = [value for value in when.values if find_choice(named, value) is None]
    return _("There is no such value: %(name)s") % {"name": unknown[0]} if unknown else None


def _sources(obj: CompiledObject) -> Iterator[Source]:
    for field in obj:
        kind = field.spec.settings.get(TOUCHES)
        if kind:
            yield Source(field, kind == FOLLOW_UP, touches_when(field.spec), moment_name(obj.spec))


def _note(batch: Batch, source: Source, draft: Draft, found: dict[str, dict[uuid.UUID, Touch]]) -> None:
    link = _value(batch, draft, source.field.name)
    if not isinstance(link, Reference):
        return
    is_done = source.when is None or _value(batch, draft, source.when.field) in source.when.values
    if not (is_done or batch.is_create or source.field.name in draft.changes):
        return  # nothing that counts yet
    at = _value(batch, draft, source.moment) if source.moment else None
    moment = min(at, batch.now) if isinstance(at, datetime) else batch.now
    found[link.object].setdefault(link.id, Touch()).add(
        moment, source.is_followup and is_done and not batch.actor.is_system
    )


def _value(batch: Batch, draft: Draft, name: str) -> Any:
    if name in draft.values or draft.record is None:
        return draft.values.get(name)
    field = batch.object.fields.get(name)
    return field.value_of(draft.record) if field else None


def _lock_order(batch: Batch, target: str) -> int:
    spec = batch.snapshot.spec.object_map.get(target)
    return spec.id if spec else 0


def _store(obj: CompiledObject, touches: Mapping[uuid.UUID, Touch]) -> dict[uuid.UUID, set[str]]:
    """Write the later times, the rows locked in the order of their ids; returns the records that have moved on."""
    ids, table = sorted(touches), quote(obj.table)
    sql = (
        f"UPDATE {table} t SET last_activity_at = GREATEST(t.last_activity_at, v.activity),"  # noqa: S608
        " last_followup_at = GREATEST(t.last_followup_at, v.followup)"
        " FROM unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[]) v (id, activity, followup)"
        " WHERE t.id = v.id AND t.deleted_at IS NULL"
        " AND (t.last_activity_at IS NULL OR t.last_activity_at < v.activity"
        " OR v.followup IS NOT NULL AND (t.last_followup_at IS NULL OR t.last_followup_at < v.followup))"
        " RETURNING t.id"
    )
    times = [touches[key] for key in ids]
    with connection.cursor() as cursor:
        if len(ids) > 1:  # one row is locked by its update; several must be in the order of every writer
            cursor.execute(f"SELECT FROM {table} WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [ids])
        cursor.execute(sql, [ids, [item.activity for item in times], [item.followup for item in times]])
        moved = [row[0] for row in cursor.fetchall()]
    return {key: {LAST_ACTIVITY, *([LAST_FOLLOWUP] if touches[key].followup else [])} for key in moved}


def inherit_last(
    obj: CompiledObject, record_id: uuid.UUID, source: CompiledObject, ids: Sequence[uuid.UUID]
) -> dict[str, tuple[datetime | None, datetime | None]]:
    """Let a record know of the latest contacts of others, where these are later; that changes no version.

    The record is locked by the caller. Returns what it knew before and what it knows now, by field.
    """
    own, other = quote(obj.table), quote(source.table)
    sql = (
        f"UPDATE {own} t SET last_activity_at = GREATEST(t.last_activity_at, l.activity),"  # noqa: S608 (physical)
        " last_followup_at = GREATEST(t.last_followup_at, l.followup)"
        f" FROM (SELECT max(last_activity_at) AS activity, max(last_followup_at) AS followup FROM {other}"
        f" WHERE id = ANY(%s)) l, {own} b WHERE t.id = %s AND b.id = t.id"
        " RETURNING b.last_activity_at, t.last_activity_at, b.last_followup_at, t.last_followup_at"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(ids), record_id])
        row = cursor.fetchone()
    return {LAST_ACTIVITY: (row[0], row[1]), LAST_FOLLOWUP: (row[2], row[3])} if row else {}
