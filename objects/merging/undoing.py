"""Undoing a merge: values, losers and everything that was moved go back to where they were."""

from __future__ import annotations

import uuid
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_platform.events.services import EventInput, emit
from crm_platform.files.models import StoredFile
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import Forbidden, NotFound, StateConflict
from crm_platform.kit.ids import parse_uuid
from crm_platform.kit.json import dumps, loads
from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.compiler.snapshot import SchemaSnapshot
from objects.access.policy import AccessPolicy
from objects.duplicates.models import DuplicateKey, DuplicateSet
from objects.merging.models import Merge, MergeMove, Redirect
from objects.merging.moving import Listed, Touched, leave_traces, point, replaced, write_lists
from objects.merging.places import LIST, Place, places
from objects.merging.rights import require_merge
from objects.merging.service import EVENT
from objects.merging.sharing import return_shares
from objects.records import trash
from objects.records.dependents import request_recalculation
from objects.records.drafts import Consent
from objects.records.locking import FOR_DELETE, lock_live
from objects.records.recalculation import refresh
from objects.records.service import RecordService
from objects.records.table import record_table
from objects.records.touching import LAST_ACTIVITY, LAST_FOLLOWUP
from objects.records.unit import run_unit

UNDO_DAYS = 30
UNMERGED = "record.unmerged"


def undo(actor: Actor, merge_id: uuid.UUID | str, *, dry_run: bool = False) -> Merge:
    """Bring the losers of a merge back, with what was theirs; what others have changed since stays as it is now.

    Raises NotFound, Forbidden, and StateConflict when it is too late or a later merge stands in the way.
    """
    return run_unit(lambda: _undo(actor, parse_uuid(merge_id)), dry_run=dry_run)


def can_undo(row: Merge, now: datetime) -> bool:
    """Tell whether the time for an undo is not over."""
    return row.undone_at is None and row.before is not None and row.at > now - timedelta(days=UNDO_DAYS)


def _undo(actor: Actor, merge_id: uuid.UUID | None) -> Merge:
    snapshot, now, policy = current_snapshot(), timezone.now(), AccessPolicy.of(actor)
    row = Merge.objects.select_for_update().filter(pk=merge_id).first() if merge_id else None
    spec = snapshot.spec.object_by_id.get(row.object_id) if row else None
    if row is None or spec is None:
        raise NotFound
    require_merge(policy, spec.api_name)
    if not can_undo(row, now):
        raise StateConflict(_("This merge can no longer be undone."))
    obj = snapshot.object(spec.api_name)
    _lock(policy, snapshot, obj, row)
    _restore_values(actor, snapshot, obj, row)
    _restore_last(obj, row)
    _restore_losers(actor, row)
    touched = _restore_rows(actor, snapshot, obj, row, now)
    _restore_files(row)
    _forget(row)
    row.undone_at, row.undone_by_id = now, actor.user_id
    row.save(update_fields=["undone_at", "undone_by_id"])
    ids = [row.survivor_id, *map(uuid.UUID, row.losers)]
    refresh(actor, snapshot, obj, ids, now)
    touched.work_out(actor, snapshot, now)
    request_recalculation(snapshot, obj, {item: list(obj.fields) for item in ids})
    changed = {"merge": str(row.pk), "restored": row.losers}
    emit([EventInput(UNMERGED, spec.id, spec.api_name, row.survivor_id, None, changed, actor)])
    return row


def _lock(policy: AccessPolicy, snapshot: SchemaSnapshot, obj: CompiledObject, row: Merge) -> None:
    """Lock the survivor, which has to be alive and the actor's to change."""
    if Redirect.objects.filter(loser_id=row.survivor_id).exists():
        raise StateConflict(_("The record was merged again since. Undo that merge first."))
    found = lock_live(policy, obj, record_table(snapshot, obj), [row.survivor_id], "edit", FOR_DELETE)
    if not found:
        raise NotFound
    if not found[row.survivor_id][-1]:
        raise Forbidden


def _restore_values(actor: Actor, snapshot: SchemaSnapshot, obj: CompiledObject, row: Merge) -> None:
    """Give the survivor its own values again, except where somebody has entered another one since."""
    table = record_table(snapshot, obj)
    rows = lock_live(AccessPolicy.of(actor), obj, table, [row.survivor_id], "edit", FOR_DELETE)
    record = table.load(rows[row.survivor_id])
    table.load_second({row.survivor_id: record})
    values = {}
    for name, change in (row.before or {}).get("values", {}).items():
        field = obj.fields.get(name)
        if field is None:
            continue
        value = field.value_of(record)
        present = None if value is None else field.type.to_api(field.spec, value)
        if _plain(present) == change["new"]:
            values[name] = change["old"]
    consent = Consent(duplicates=True, warnings=True, reason=EVENT)
    RecordService(actor, consent=consent, event=EVENT).update(obj.name, row.survivor_id, values)


def _restore_last(obj: CompiledObject, row: Merge) -> None:
    """Forget the losers' latest contacts again, unless there was a later one since."""
    for name in (LAST_ACTIVITY, LAST_FOLLOWUP):
        said = (row.before or {}).get("last", {}).get(name)
        if said:
            sql = f"UPDATE {quote(obj.table)} SET {name} = %s WHERE id = %s AND {name} = %s"  # noqa: S608 (physical)
            with connection.cursor() as cursor:
                cursor.execute(sql, [said["old"], row.survivor_id, said["new"]])


def _plain(value: Any) -> Any:
    """Return a value as it reads after a way through JSON."""
    return loads(dumps(value))


def _restore_losers(actor: Actor, row: Merge) -> None:
    deletion = parse_uuid((row.before or {}).get("deletion"))
    if deletion is None:
        raise StateConflict(_("This merge can no longer be undone."))
    try:
        trash.restore(actor, deletion)
    except NotFound:
        raise StateConflict(_("The merged records are no longer in the trash.")) from None


def _restore_rows(actor: Actor, snapshot: SchemaSnapshot, obj: CompiledObject, row: Merge, now: datetime) -> Touched:
    touched = Touched()
    by_place: dict[tuple[int, int], list[MergeMove]] = defaultdict(list)
    for move in row.moves.all().iterator(chunk_size=5_000):
        by_place[move.object_id, move.field_id].append(move)
    for place in places(snapshot, obj.name):
        moves = by_place.get((place.child.id, place.field.id), [])
        if not moves:
            continue
        if place.kind == LIST:
            touched.add(place, _restore_lists(actor, place, moves, row, now))
        else:
            touched.add(place, _restore_keys(actor, snapshot, obj, place, moves, row, now))
    return touched


def _restore_keys(
    actor: Actor,
    snapshot: SchemaSnapshot,
    obj: CompiledObject,
    place: Place,
    moves: list[MergeMove],
    row: Merge,
    now: datetime,
) -> list[uuid.UUID]:
    """Point rows at their losers again, as far as they still point at the survivor; returns them."""
    losers = {move.record_id: move.loser_id for move in moves}
    sql = (
        f"SELECT m.id, m.deleted_at IS NULL FROM {place.main_table} m JOIN {place.table} t ON t.id = m.id"  # noqa: S608
        f" WHERE m.id = ANY(%s) AND t.{place.column} = %s ORDER BY m.id FOR NO KEY UPDATE OF m"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(losers), row.survivor_id])
        found = dict(cursor.fetchall())
    if not found:
        return []
    back = {record_id: losers[record_id] for record_id in found}
    alive = {item for item, is_alive in found.items() if is_alive}
    point(actor, snapshot, place, back, alive, now)
    changes = {record_id: (row.survivor_id, loser) for record_id, loser in back.items()}
    leave_traces(actor, snapshot, obj, place, changes, alive, now)
    return list(back)


def _restore_lists(actor: Actor, place: Place, moves: list[MergeMove], row: Merge, now: datetime) -> list[uuid.UUID]:
    """Write lists as they were, as far as they are as the merge has left them; returns the rows."""
    said = f"t.{place.said_column}" if place.said_column else "NULL::jsonb"
    sql = (
        f"SELECT t.id, t.{place.column}, {said} FROM {place.main_table} m JOIN {place.table} t ON t.id = m.id"  # noqa: S608
        " WHERE m.id = ANY(%s) ORDER BY m.id FOR NO KEY UPDATE OF m"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [[move.record_id for move in moves]])
        present = {record_id: (ids, links) for record_id, ids, links in cursor.fetchall()}
    losers = [uuid.UUID(item) for item in row.losers]
    changed: dict[uuid.UUID, Listed] = {}
    for move in moves:
        before = move.before or {}
        ids = [uuid.UUID(item) for item in before.get("ids", ())]
        after, _links = replaced(ids, before.get("said"), losers, row.survivor_id)
        if move.record_id in present and list(present[move.record_id][0] or ()) == after:
            changed[move.record_id] = (ids, before.get("said"))
    write_lists(actor, place, changed, now)
    return list(changed)


def _restore_files(row: Merge) -> None:
    for move in row.moves.filter(before__file=True):
        StoredFile.objects.filter(pk=move.record_id).update(record_id=move.loser_id, detached_at=None)


def _forget(row: Merge) -> None:
    """Take back the survivor's further keys, the redirects, and the end of the sets."""
    DuplicateKey.objects.filter(origin=row.pk).delete()
    return_shares((row.before or {}).get("shares", {}))
    Redirect.objects.filter(merge=row).delete()
    for loser, survivor in (row.before or {}).get("redirects", {}).items():
        Redirect.objects.filter(pk=loser).update(survivor_id=survivor)
    sets = DuplicateSet.objects.filter(state=DuplicateSet.State.MERGED, closed_at=row.at)
    sets.filter(members__record_id=row.survivor_id).update(
        state=DuplicateSet.State.OPEN, closed_at=None, closed_by_id=None
    )
