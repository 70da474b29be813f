"""Undoing an import: what it created goes to the trash, what it changed or deleted comes back as it was."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

from crm_platform.jobs.services import JobContext
from crm_platform.kit.errors import PlatformError
from metadata.compiler.compiled import CompiledObject
from objects.exchange.models import Import, ImportChunk
from objects.exchange.running import CREATED, DELETION, UPDATED
from objects.exchange.running import DELETED as WAS_DELETED
from objects.records.service import RecordService

DONE = (CREATED, UPDATED, WAS_DELETED)
DELETED, RESTORED, UNCHANGED, KEPT = "deleted", "restored", "unchanged", "kept"


def undo_some(context: JobContext, row: Import, obj: CompiledObject) -> bool:
    """Undo the last chunk that is not undone yet, in the caller's transaction; False when there is none."""
    chunk = ImportChunk.objects.select_for_update().filter(owner=row, undone__isnull=True).order_by("-number").first()
    if chunk is None:
        return False
    service = RecordService(context.actor)
    undone = [_undo_row(service, obj, item) for item in reversed(chunk.rows) if item[1] in DONE]
    chunk.undone = undone
    chunk.save(update_fields=["undone"])
    counts = Counter(Import.objects.values_list("undo_counts", flat=True).get(pk=row.pk))
    counts.update(item[1] for item in undone)
    Import.objects.filter(pk=row.pk).update(undo_counts=dict(counts))
    total = row.succeeded
    context.save_cursor({"chunk": chunk.number}, done=min(sum(counts.values()), total), total=total)
    return True


def _undo_row(service: RecordService, obj: CompiledObject, item: list[Any]) -> list[Any]:
    """Undo one row; returns [number, what became of it, record id, why it stayed]."""
    number, outcome, record_id, version, before, _errors = item
    try:
        if outcome == CREATED:
            service.delete(obj.name, record_id)
            return [number, DELETED, record_id, ""]
        if outcome == WAS_DELETED:
            service.restore(before[DELETION])
            return [number, RESTORED, record_id, ""]
        if not before:
            return [number, UNCHANGED, record_id, ""]
        known = {name: value for name, value in before.items() if name in obj.fields}
        service.update(obj.name, uuid.UUID(record_id), known, expected_version=version)
    except PlatformError as error:
        return [number, KEPT, record_id, str(error.message)]
    return [number, RESTORED, record_id, ""]
