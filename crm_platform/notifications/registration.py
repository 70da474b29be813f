"""What notifications add to the platform: their jobs, and how mails fare on the system page."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm_platform.events.clock import database_now
from crm_platform.jobs.services import JobContext, register_job, register_schedule
from crm_platform.jobs.system_sections import SystemSection, system_sections
from crm_platform.notifications.mailing import send_mails
from crm_platform.notifications.models import Notification
from crm_platform.notifications.services import SEND

PURGE = "notifications.purge"
KEEP_READ, KEEP_UNREAD = timedelta(days=90), timedelta(days=180)
DELETE_BATCH = 1000
SHOWN_FAILURES = 10
Mail = Notification.Mail


def purge(context: JobContext) -> dict[str, int]:
    """Delete what was read three months ago or told six months ago."""
    now, deleted = database_now(), 0
    old = Notification.objects.filter(Q(read_at__lt=now - KEEP_READ) | Q(at__lt=now - KEEP_UNREAD))
    while ids := list(old.exclude(mail=Mail.WAITING).values_list("pk", flat=True)[:DELETE_BATCH]):
        deleted += Notification.objects.filter(pk__in=ids).delete()[0]
        context.progress(deleted)
    return {"deleted": deleted}


def mail_state() -> dict[str, Any]:
    """Return how mails fare, for the system page."""
    failed = Notification.objects.filter(mail=Mail.FAILED).select_related("user").order_by("-id")
    return {
        "is_on": settings.MAIL_SERVER is not None,
        "waiting": Notification.objects.filter(mail=Mail.WAITING).count(),
        "troubled": Notification.objects.filter(mail=Mail.WAITING, mail_tries__gt=0).count(),
        "failed": list(failed[:SHOWN_FAILURES]),
    }


def register() -> None:
    """Fill the registries; called once, when Django starts."""
    register_job(SEND, send_mails, _("Send e-mails"))
    register_job(PURGE, purge, _("Delete old notifications"))
    register_schedule(PURGE, daily_at=time(3, 50))
    system_sections.register(SystemSection("mail", "notifications/system.html", mail_state))
