"""What goes along with a converted lead: its activities, and its team and those with whom it is shared."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from crm_platform.kit.context import Actor
from crm_platform.kit.sqlnames import column_name, quote
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.field_types.poly_lookup import OBJECT, PolyLookupType
from metadata.field_types.values import Reference
from objects.access.models import RecordShare
from objects.conversion.mapping import LEAD
from objects.merging.moving import ROWS, Touched, touch_rows, write_traces
from objects.merging.places import Place, places
from objects.merging.sharing import copied
from objects.records.rollups import moved_as_a_whole


def move_activities(
    actor: Actor, snapshot: SchemaSnapshot, lead_id: uuid.UUID, to: Reference, now: datetime
) -> dict[str, int]:
    """Lead the activities about a lead to another record; returns how many, by `<object>.<field>`."""
    moved, touched = {}, Touched()
    for place in activity_places(snapshot, to.object):
        rows = _about(place, lead_id)
        for start in range(0, len(rows), ROWS):
            _lead(actor, snapshot, place, rows[start : start + ROWS], lead_id, to, now)
        if rows:
            moved[f"{place.child.api_name}.{place.field.api_name}"] = len(rows)
            touched.add(place, (row for row, _is_alive in rows))
    touched.work_out(actor, snapshot, now)
    return moved


def activity_places(snapshot: SchemaSnapshot, target: str) -> list[Place]:
    """Return the fields by which activities are about leads and may be about the target instead."""
    found = (item for item in places(snapshot, LEAD) if item.child.is_activity)
    return [
        item for item in found if item.field.type == PolyLookupType.key and target in item.field.settings["targets"]
    ]


def _about(place: Place, lead_id: uuid.UUID) -> list[tuple[uuid.UUID, bool]]:
    """Return the activities about a lead, locked in the order of their ids, each with whether it is alive."""
    sql = (
        f"SELECT m.id, m.deleted_at IS NULL FROM {place.main_table} m JOIN {place.table} t ON t.id = m.id"  # noqa: S608
        f" WHERE t.{place.column} = %s ORDER BY m.id FOR NO KEY UPDATE OF m"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [lead_id])
        return list(cursor.fetchall())


def _lead(
    actor: Actor,
    snapshot: SchemaSnapshot,
    place: Place,
    rows: Sequence[tuple[uuid.UUID, bool]],
    lead_id: uuid.UUID,
    to: Reference,
    now: datetime,
) -> None:
    child, ids = snapshot.object(place.child.api_name), [row for row, _is_alive in rows]
    alive = {row for row, is_alive in rows if is_alive}
    moved_as_a_whole(actor, snapshot, child, sorted(alive), -1, now)
    of_object = quote(column_name(place.field.id, OBJECT))
    sql = f"UPDATE {place.table} SET {place.column} = %s, {of_object} = %s WHERE id = ANY(%s)"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [to.id, to.object, ids])
    touch_rows(actor, place, ids, now)
    moved_as_a_whole(actor, snapshot, child, sorted(alive), 1, now)
    field = child.fields[place.field.api_name]
    change = {
        "old": field.type.to_api(field.spec, Reference(LEAD, lead_id)),
        "new": field.type.to_api(field.spec, to),
    }
    write_traces(actor, place, dict.fromkeys(ids, change), alive, now)


def share_alike(
    lead: CompiledObject,
    lead_id: uuid.UUID,
    owners: tuple[uuid.UUID | None, uuid.UUID | None],
    made: Reference,
    to: int,
) -> int:
    """Share a new record with the lead's team and with those who were given the lead; returns how many.

    `owners` are the lead's and the record's: shares that go with an owner are only inherited by the same one.
    """
    rows = RecordShare.objects.filter(object_id=lead.spec.id, record_id=lead_id).order_by("id")
    kept = [row for row in rows if not row.ends_with_owner or owners[0] == owners[1]]
    RecordShare.objects.bulk_create([copied(row, to, made.id) for row in kept])
    return len(kept)
