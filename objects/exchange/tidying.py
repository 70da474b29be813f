"""Removing what is kept of people's data: of imports once nobody can undo them any more, of exports after a week."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from crm_platform.files import services
from crm_platform.jobs.models import Job
from objects.exchange.models import Import, ImportChunk, ImportPart

DRAFT_DAYS, KEPT_DAYS, EXPORT_DAYS = 7, 90, 7
HAS_FILES = Q(file__isnull=False) | Q(table__isnull=False)


def tidy(now: datetime) -> dict[str, Any]:
    """Delete drafts that nobody went on with, the files and rows of old imports, and exports; their counts stay."""
    drafts = Import.objects.filter(state=Import.State.DRAFT, created_at__lt=now - timedelta(days=DRAFT_DAYS))
    old = Import.objects.filter(HAS_FILES, state=Import.State.DONE, finished_at__lt=now - timedelta(days=KEPT_DAYS))
    found = {"drafts": 0, "imports": 0, "exports": 0}
    for row in drafts.iterator():
        remove(row)
        found["drafts"] += 1
    for row in old.iterator():
        with transaction.atomic():
            ImportChunk.objects.filter(owner=row).delete()
            discard_files(row)
        found["imports"] += 1
    before = now - timedelta(days=EXPORT_DAYS)
    exports = Import.objects.filter(kind=Import.Kind.EXPORT, started_at__lt=before)
    ready = Q(state=Import.State.DONE, file__isnull=False, finished_at__lt=before)
    for row in exports.filter(ready | Q(state=Import.State.RUNNING, parts__isnull=False)).distinct().iterator():
        if row.state == Import.State.DONE:
            discard_files(row)
        elif _is_at_work(row):
            continue
        else:
            remove(row)  # without its parts it could not be gone on with
        found["exports"] += 1
    return found


def _is_at_work(row: Import) -> bool:
    return row.job_id is not None and Job.objects.filter(pk=row.job_id, state__in=Job.UNFINISHED).exists()


@transaction.atomic
def remove(row: Import) -> None:
    """Delete an import with everything that is kept of it; the records stay."""
    discard_files(row)
    row.delete()


def discard_files(row: Import) -> None:
    parts = ImportPart.objects.filter(owner=row).values_list("file_id", flat=True)
    services.discard([*parts, *(item for item in (row.file_id, row.table_id) if item)])
