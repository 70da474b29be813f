"""Merging records: all of it in one transaction, undone by one call within thirty days."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_platform.events.services import EventInput, emit
from crm_platform.files.models import StoredFile
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import Forbidden, NotFound, ValidationFailed
from crm_platform.kit.ids import parse_uuid, uuid7
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.compiler.record_base import Record
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.field_types.attachments import AttachmentType
from metadata.match_methods import match_methods
from objects.access.policy import AccessPolicy
from objects.duplicates.models import DuplicateSet
from objects.merging.models import Merge, MergeMove, Redirect
from objects.merging.moving import Moving
from objects.merging.rights import require_merge
from objects.merging.sharing import inherit_shares
from objects.merging.values import MergedValue, merged_values
from objects.records.dependents import request_recalculation
from objects.records.drafts import Consent, SavedRecord
from objects.records.locking import FOR_DELETE, lock_live
from objects.records.recalculation import refresh
from objects.records.service import RecordService
from objects.records.table import record_table
from objects.records.touching import inherit_last
from objects.records.trash import to_trash
from objects.records.unit import run_unit

MAX_LOSERS = 4
EVENT = "merge"
MERGED = "record.merged"
# What a record that was merged into another one is still found by.
LASTING = ("email", "phone", "phone_tail", "domain", "company", "registration")


@dataclass(frozen=True)
class MergeResult:
    """What a merge has done, or after a dry run would do."""

    merge_id: uuid.UUID
    survivor_id: uuid.UUID
    loser_ids: tuple[uuid.UUID, ...]
    version: int
    moved: Mapping[str, int]
    kept: Mapping[str, int]
    values: Mapping[str, Any] = field(default_factory=dict)  # what changes on the survivor, in API form

    @property
    def redirects(self) -> dict[str, str]:
        """The map from old ids to new ones."""
        return {str(loser): str(self.survivor_id) for loser in self.loser_ids}


def merge(
    actor: Actor,
    object_name: str,
    survivor_id: uuid.UUID | str,
    loser_ids: Sequence[uuid.UUID | str],
    choices: Mapping[str, str] | None = None,
    *,
    dry_run: bool = False,
) -> MergeResult:
    """Make one record of several: the survivor, with the values of `choices` and everything of the losers.

    A choice names a field and the record whose value it takes, or "together". Losers go to the trash and their
    ids lead to the survivor. Raises NotFound, Forbidden, ValidationFailed, StateConflict.
    """
    survivor, losers = _ids(survivor_id, loser_ids)
    return run_unit(lambda: _merge(actor, object_name, survivor, losers, choices or {}), dry_run=dry_run)


def _ids(survivor_id: object, loser_ids: Sequence[object]) -> tuple[uuid.UUID, tuple[uuid.UUID, ...]]:
    survivor = parse_uuid(survivor_id)
    losers = tuple(dict.fromkeys(parse_uuid(item) for item in loser_ids))
    if survivor is None or None in losers:
        raise NotFound
    if not losers or survivor in losers:
        raise ValidationFailed.single("losers", "required", _("Choose the records that go into another one."))
    if len(losers) > MAX_LOSERS:
        message = _("At most %(max)d records go into another one at once.")
        raise ValidationFailed.single("losers", "out_of_range", message, max=MAX_LOSERS)
    return survivor, tuple(item for item in losers if item is not None)


def _merge(
    actor: Actor, object_name: str, survivor_id: uuid.UUID, losers: tuple[uuid.UUID, ...], choices: Mapping[str, str]
) -> MergeResult:
    snapshot, now, policy = current_snapshot(), timezone.now(), AccessPolicy.of(actor)
    require_merge(policy, object_name)
    obj = snapshot.object(object_name)
    records = _locked(policy, snapshot, obj, survivor_id, losers)
    survivor = records[survivor_id]
    merged = merged_values(policy, obj, survivor, [records[item] for item in losers], choices)
    changed = [item for item in merged if item.differs]
    row = _note(actor, obj, survivor_id, losers, choices, survivor, changed, now)
    moving = Moving(actor, snapshot, obj, row.pk, survivor_id, losers, now)
    _move_files(moving, changed)
    moving.move_all()
    deletion_id = to_trash(actor, snapshot, obj.spec, list(losers), now)
    saved = _write(actor, object_name, survivor_id, changed)
    shares = inherit_shares(moving, records, saved.record.owner_id)
    _inherit_keys(moving)
    earlier = _redirect(moving, row)
    _close_sets(actor, (survivor_id, *losers), now)
    row.counts = {"moved": moving.moved, "kept": moving.kept}
    kept = {"redirects": earlier, "shares": shares, "last": _moments(inherit_last(obj, survivor_id, obj, losers))}
    row.before = {**(row.before or {}), "deletion": str(deletion_id), **kept}
    row.save(update_fields=["counts", "before"])
    refresh(actor, snapshot, obj, [survivor_id], now)
    moving.touched.work_out(actor, snapshot, now)
    request_recalculation(snapshot, obj, {survivor_id: list(obj.fields)})
    result = MergeResult(
        row.pk,
        survivor_id,
        losers,
        saved.version,
        moving.moved,
        moving.kept,
        {item.name: _api(item.field, item.value) for item in changed},
    )
    _announce(actor, obj, MERGED, result)
    return result


def _moments(last: Mapping[str, tuple[datetime | None, datetime | None]]) -> dict[str, dict[str, str | None]]:
    """Return what has changed of the latest contacts, for the undo."""
    return {
        name: {"old": before.isoformat() if before else None, "new": after.isoformat() if after else None}
        for name, (before, after) in last.items()
        if before != after
    }


def _locked(
    policy: AccessPolicy,
    snapshot: SchemaSnapshot,
    obj: CompiledObject,
    survivor_id: uuid.UUID,
    losers: Sequence[uuid.UUID],
) -> dict[uuid.UUID, Record]:
    """Return all records, locked in the order of their ids: the survivor to be changed, the losers to be deleted."""
    table, ids = record_table(snapshot, obj), (survivor_id, *losers)
    rows = lock_live(policy, obj, table, ids, "delete", FOR_DELETE)
    if len(rows) < len(ids):
        raise NotFound
    edited = lock_live(policy, obj, table, [survivor_id], "edit", FOR_DELETE)
    if not edited[survivor_id][-1] or not all(rows[loser][-1] for loser in losers):
        raise Forbidden
    records = {record_id: table.load(row) for record_id, row in rows.items()}
    table.load_second(records)
    return records


def _note(
    actor: Actor,
    obj: CompiledObject,
    survivor_id: uuid.UUID,
    losers: Sequence[uuid.UUID],
    choices: Mapping[str, str],
    survivor: Record,
    changed: Sequence[MergedValue],
    now: datetime,
) -> Merge:
    """Write down the merge with what its undo needs of the survivor."""
    values = {
        item.name: {"old": _api(item.field, item.field.value_of(survivor)), "new": _api(item.field, item.value)}
        for item in changed
    }
    return Merge.objects.create(
        id=uuid7(),
        object_id=obj.spec.id,
        survivor_id=survivor_id,
        losers=[str(item) for item in losers],
        choices=dict(choices),
        counts={},
        before={"values": values},
        at=now,
        actor_id=actor.user_id,
    )


def _api(item: Any, value: Any) -> Any:
    return None if value is None else item.type.to_api(item.spec, value)


def _move_files(moving: Moving, changed: Sequence[MergedValue]) -> None:
    """Give the survivor the files that go into its fields, so that it may hold them."""
    for item in changed:
        if isinstance(item.field.type, AttachmentType) and item.value:
            ids = [file.id for file in item.value]
            files = StoredFile.objects.select_for_update().filter(pk__in=ids, record_id__in=moving.losers)
            moves = [
                MergeMove(
                    merge_id=moving.merge_id,
                    object_id=moving.obj.spec.id,
                    field_id=item.field.spec.id,
                    record_id=file.pk,
                    loser_id=file.record_id,
                    before={"file": True},
                )
                for file in files
                if file.record_id is not None
            ]
            MergeMove.objects.bulk_create(moves)
            StoredFile.objects.filter(pk__in=[move.record_id for move in moves]).update(record_id=moving.survivor)


def _write(actor: Actor, object_name: str, survivor_id: uuid.UUID, changed: Sequence[MergedValue]) -> SavedRecord:
    """Give the survivor its values by the way of every write."""
    service = RecordService(actor, consent=Consent(duplicates=True, warnings=True, reason=EVENT), event=EVENT)
    values = {item.name: _api(item.field, item.value) for item in changed}
    return service.update(object_name, survivor_id, values)


def _inherit_keys(moving: Moving) -> None:
    """Let the survivor be found by the losers' numbers and addresses, too."""
    codes = [match_methods.get(name).code for name in LASTING]
    sql = """
        INSERT INTO objects_duplicatekey (object_id, record_id, source, method, key, origin)
        SELECT DISTINCT k.object_id, %(survivor)s::uuid, k.source, k.method, k.key, %(merge)s::uuid
        FROM objects_duplicatekey k
        WHERE k.record_id = ANY(%(losers)s) AND k.method = ANY(%(codes)s) AND NOT EXISTS (
            SELECT 1 FROM objects_duplicatekey own WHERE own.record_id = %(survivor)s::uuid
            AND own.method = k.method AND own.source = k.source AND own.key = k.key AND own.origin IS NULL)
    """
    params: dict[str, Any] = {
        "survivor": moving.survivor,
        "merge": moving.merge_id,
        "losers": list(moving.losers),
        "codes": codes,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


def _redirect(moving: Moving, row: Merge) -> dict[str, str]:
    """Lead the losers' ids to the survivor, and with them those that led to a loser until now; returns these."""
    found = Redirect.objects.filter(survivor_id__in=moving.losers)
    earlier = {str(item.pk): str(item.survivor_id) for item in found}
    found.update(survivor_id=moving.survivor)
    Redirect.objects.bulk_create(
        [
            Redirect(loser_id=loser, survivor_id=moving.survivor, object_id=row.object_id, merge=row)
            for loser in moving.losers
        ]
    )
    return earlier


def _close_sets(actor: Actor, ids: Sequence[uuid.UUID], now: datetime) -> None:
    """Close the sets of duplicates in which no two living records are left."""
    open_sets = DuplicateSet.objects.filter(state=DuplicateSet.State.OPEN, members__record_id__in=ids).distinct()
    for found in open_sets.prefetch_related("members"):
        members = {member.record_id for member in found.members.all()}
        if members <= set(ids):
            found.state, found.closed_at, found.closed_by_id = DuplicateSet.State.MERGED, now, actor.user_id
            found.save(update_fields=["state", "closed_at", "closed_by_id"])


def _announce(actor: Actor, obj: CompiledObject, kind: str, result: MergeResult) -> None:
    changed = {"merge": str(result.merge_id), "redirects": result.redirects, "moved": dict(result.moved)}
    emit([EventInput(kind, obj.spec.id, obj.name, result.survivor_id, result.version, changed, actor)])
