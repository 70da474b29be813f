"""The daily clean-up: uploads that nothing wanted, and contents that no upload refers to any more."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm_platform.files import services, store
from crm_platform.files.models import DoubtfulContent, StoredFile
from crm_platform.jobs.services import JobContext, register_job, register_schedule

KIND = "files.clean_up"
BATCH = 200
SETTLED = timedelta(hours=1)  # longer than writing any content takes


def clean_up(job: JobContext) -> dict[str, Any]:
    """Delete what has been loose for a day, then the contents that are left over. Running twice does nothing."""
    files = contents = 0
    while deleted := _delete_stale(job.now):
        files += deleted
        job.check_abort()
    while (looked_at := _settle_contents(job.now)) != (0, 0):
        contents += looked_at[1]
        job.check_abort()
    return {"files": files, "contents": contents}


def _delete_stale(now: datetime) -> int:
    with transaction.atomic():
        rows = StoredFile.objects.select_for_update(skip_locked=True, of=("self",)).filter(services.stale(now))
        return services.discard(rows.order_by("id").values_list("id", flat=True)[:BATCH])


def _settle_contents(now: datetime) -> tuple[int, int]:
    """Look at some contents; returns how many, and how many of them were removed.

    Whoever writes a content has moved its row's time first, and waits for this transaction where it holds the
    row: so no content is removed that somebody is about to refer to.
    """
    with transaction.atomic():
        doubtful = DoubtfulContent.objects.select_for_update(skip_locked=True).filter(since__lt=now - SETTLED)
        digests = list(doubtful.order_by("sha256").values_list("sha256", flat=True)[:BATCH])
        used = set(StoredFile.objects.filter(sha256__in=digests).values_list("sha256", flat=True))
        unused = [sha256 for sha256 in digests if sha256 not in used]
        for sha256 in unused:
            store.remove_content(sha256)
        DoubtfulContent.objects.filter(sha256__in=digests).delete()
    return len(digests), len(unused)


def register() -> None:
    """Register the job and its schedule, from AppConfig.ready()."""
    register_job(KIND, clean_up, _("Remove files that nobody uses"))
    register_schedule(KIND, daily_at=time(4, 15))
