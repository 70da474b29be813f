"""Removing what imports have kept of people's data, once nobody can undo them any more."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from crm_platform.files import services
from objects.exchange.models import Import, ImportChunk, ImportPart

DRAFT_DAYS, KEPT_DAYS = 7, 90


def tidy(now: datetime) -> dict[str, Any]:
    """Delete drafts that nobody went on with, and the files and rows of old imports; their counts stay."""
    drafts = Import.objects.filter(state=Import.State.DRAFT, created_at__lt=now - timedelta(days=DRAFT_DAYS))
    old = Import.objects.filter(
        state=Import.State.DONE, file__isnull=False, finished_at__lt=now - timedelta(days=KEPT_DAYS)
    )
    found = {"drafts": 0, "imports": 0}
    for row in drafts.iterator():
        remove(row)
        found["drafts"] += 1
    for row in old.iterator():
        with transaction.atomic():
            ImportChunk.objects.filter(owner=row).delete()
            discard_files(row)
        found["imports"] += 1
    return found


@transaction.atomic
def remove(row: Import) -> None:
    """Delete an import with everything that is kept of it; the records stay."""
    discard_files(row)
    row.delete()


def discard_files(row: Import) -> None:
    parts = ImportPart.objects.filter(owner=row).values_list("file_id", flat=True)
    services.discard([*parts, *(item for item in (row.file_id, row.table_id) if item)])
