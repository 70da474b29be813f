"""Removing records for good: one deletion at a time, with history, leaving only the fact behind."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_platform.files.services import discard_belonging
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import Forbidden, StateConflict
from crm_platform.kit.sqlnames import quote, table_name
from metadata.compiler.current import current_snapshot
from metadata.compiler.snapshot import SchemaSnapshot
from objects.access.models import RecordShare
from objects.access.policy import MODIFY_ALL
from objects.duplicates.keys import delete_keys
from objects.history.models import RecordChange
from objects.history.recording import ChangeInput, record_changes
from objects.records import family as families
from objects.records.hierarchy import uproot
from objects.records.models import Deletion
from objects.records.trash import lock_deletion
from objects.records.unlinking import unlink

RETENTION_BATCH = 100


def purge(actor: Actor, deletion_id: uuid.UUID) -> int:
    """Remove what a deletion took, and whatever in the trash belongs to it; returns how many records."""
    if not actor.has_function(MODIFY_ALL):
        raise Forbidden
    snapshot = current_snapshot()
    deletion = lock_deletion(deletion_id)
    family = _family(snapshot, deletion)
    now = timezone.now()
    for object_id in reversed(family):  # children first: they hold on to their parents
        _remove(actor, object_id, family[object_id], now)
        unlink(snapshot, snapshot.spec.object_by_id[object_id].api_name, family[object_id])
        uproot(snapshot.spec.object_by_id[object_id], family[object_id])
    for object_id, ids in family.items():
        Deletion.objects.filter(object_id=object_id, record_id__in=ids).delete()
    deletion.delete()
    return sum(len(ids) for ids in family.values())


def expired(before: datetime, after: uuid.UUID | None = None) -> list[uuid.UUID]:
    """Return some deletions made before a time, the oldest first, those behind `after`; [] at the end.

    Their ids are in the order in which they were made.
    """
    rows = Deletion.objects.filter(at__lt=before).order_by("id")
    if after is not None:
        rows = rows.filter(id__gt=after)
    return list(rows.values_list("id", flat=True)[:RETENTION_BATCH])


def _family(snapshot: SchemaSnapshot, deletion: Deletion) -> families.Family:
    """Return the deletion's records and those that the database would remove with them."""
    family: families.Family = {}
    for object_id in map(int, deletion.counts):
        spec = snapshot.spec.object_by_id.get(object_id)
        if spec is None:
            continue  # the object itself is gone, and its table with it
        taken = families.collect(snapshot, spec, _taken(object_id, deletion.id), in_trash=True)
        for child_id, ids in taken.items():
            known = family.setdefault(child_id, [])
            known.extend(set(ids) - set(known))
    return family


def _taken(object_id: int, deletion_id: uuid.UUID) -> list[uuid.UUID]:
    sql = f"SELECT id FROM {quote(table_name(object_id))} WHERE deleted_at IS NOT NULL AND deletion_id = %s FOR UPDATE"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [deletion_id])
        return [row[0] for row in cursor.fetchall()]


def _remove(actor: Actor, object_id: int, ids: Sequence[uuid.UUID], now: datetime) -> None:
    sql = f"DELETE FROM {quote(table_name(object_id))} WHERE id = ANY(%s) RETURNING id, version"  # noqa: S608
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, [list(ids)])
            rows = cursor.fetchall()
    except IntegrityError as error:
        raise StateConflict(_("Records in the trash refer to it. Purge them first.")) from error
    RecordChange.objects.filter(object_id=object_id, record_id__in=ids).delete()
    RecordShare.objects.filter(object_id=object_id, record_id__in=ids).delete()
    delete_keys(ids)
    discard_belonging(object_id, record_ids=ids)
    gone = [ChangeInput(record_id, version + 1) for record_id, version in rows]
    record_changes(actor, object_id, RecordChange.Action.PURGED, now, gone)
