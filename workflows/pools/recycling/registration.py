"""What recycling makes known at start-up."""

from __future__ import annotations

from datetime import time

from django.utils.translation import gettext_lazy as _

from crm_platform.jobs.services import register_job, register_schedule
from objects.extensions import ListColumn, list_columns
from workflows.pools import notices
from workflows.pools.recycling import countdown, reminders, running, undo

REMINDERS_AT = time(8, 30)


def register() -> None:
    """Fill the registries; called once, when Django starts."""
    notices.register()
    register_job(running.EVERY, running.recycle_all, _("Return what is due to its pool"))
    register_job(running.ONE, running.recycle, _("Return what is due to one pool"))
    register_job(undo.UNDO, undo.undo, _("Undo what has returned to a pool"))
    register_job(reminders.REMIND, reminders.remind, _("Remind of what returns soon"))
    register_schedule(running.EVERY, running.EVERY_SECONDS)
    register_schedule(reminders.REMIND, daily_at=REMINDERS_AT)
    list_columns.register(
        ListColumn("pools.countdown", _("Days left"), countdown.offered, countdown.cells, position=900)
    )
