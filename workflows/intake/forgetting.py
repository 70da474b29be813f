"""Letting go of what came in from outside, once the organisation's time for it is over, and of files nobody wants.

Such rows hold people's data: names, numbers, addresses, mails. What is held back stays until somebody releases it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from crm_platform.files import services as files
from crm_platform.files.models import StoredFile
from crm_platform.identity.models import OrganizationSettings
from crm_platform.jobs.services import JobContext
from workflows.intake import hooks
from workflows.intake.models import HELD_BY, Arrival, FormFile, FormSubmission, HookDelivery, MailboxMessage, PostedMail

BATCH = 1_000
ARRIVALS: dict[str, Any] = {"submissions": FormSubmission, "deliveries": HookDelivery, "mails": MailboxMessage}


def forget(context: JobContext) -> dict[str, int]:
    """Delete what is older than it is kept, in batches. Running twice does nothing."""
    found = {"bodies": hooks.forget_bodies()}
    before = context.now - timedelta(days=kept_days())
    for name, model in ARRIVALS.items():
        old = model.objects.filter(at__lt=before).exclude(state=Arrival.State.HELD).order_by("id")
        found[name] = _delete(context, old)
    found["files"] = _discard(context, _unwanted(context.now))
    return found


def kept_days() -> int:
    """Return for how many days the organisation keeps what came in."""
    return OrganizationSettings.objects.values_list("intake_keep_days", flat=True).get()


def _delete(context: JobContext, rows: QuerySet[Any]) -> int:
    deleted = 0
    while keys := list(rows.values_list("pk", flat=True)[:BATCH]):
        rows.model._default_manager.filter(pk__in=keys).delete()
        deleted += len(keys)
        context.check_abort()
    return deleted


def _unwanted(now: datetime) -> QuerySet[StoredFile]:
    """Return the files of a day ago that wait for nothing: their visitors never sent the form, or it is gone."""
    waiting = FormFile.objects.filter(file=OuterRef("pk"), submission__isnull=False)
    old = StoredFile.objects.filter(held_by=HELD_BY, created_at__lt=now - timedelta(hours=files.LOOSE_HOURS))
    return old.exclude(Exists(waiting)).exclude(Exists(PostedMail.objects.filter(file=OuterRef("pk"))))


def _discard(context: JobContext, rows: QuerySet[StoredFile]) -> int:
    discarded = 0
    while keys := list(rows.order_by("id").values_list("pk", flat=True)[:BATCH]):
        files.discard(keys)
        discarded += len(keys)
        context.check_abort()
    return discarded
