"""What merging adds to the registries of lower layers."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm_platform.jobs.services import JobContext, register_job, register_schedule
from objects.merging.models import Merge, MergeMove
from objects.merging.undoing import UNDO_DAYS

FORGET = "merging.forget"
BATCH = 5_000


def forget(context: JobContext) -> dict[str, Any]:
    """Remove what only an undo would need of merges that can no longer be undone; redirects stay."""
    removed = 0
    before = context.now - timedelta(days=UNDO_DAYS + 1)
    for merge_id in Merge.objects.filter(at__lt=before, before__isnull=False).values_list("pk", flat=True):
        with transaction.atomic():
            while ids := list(MergeMove.objects.filter(merge_id=merge_id).values_list("pk", flat=True)[:BATCH]):
                removed += MergeMove.objects.filter(pk__in=ids).delete()[0]
            Merge.objects.filter(pk=merge_id).update(before=None)
        context.check_abort()
    return {"removed": removed}


def register() -> None:
    """Register the job and its schedule; called once, when Django starts."""
    register_job(FORGET, forget, _("Forget what undoing old merges would need"))
    register_schedule(FORGET, daily_at=time(4, 10))
