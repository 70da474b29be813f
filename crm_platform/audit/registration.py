"""What the audit trail adds to the platform: its page, and the job that lets go of what is old."""

from __future__ import annotations

from datetime import time

from django.utils.translation import gettext_lazy as _

from crm_platform.audit.chain import seal_days
from crm_platform.audit.selectors import PERMISSION
from crm_platform.audit.services import note_access_change, purge_entries
from crm_platform.console.navigation import NavItem
from crm_platform.console.navigation import register as register_page
from crm_platform.identity import journal
from crm_platform.jobs.services import register_job, register_schedule


def register() -> None:
    """Fill the registries; called once, when Django starts."""
    journal.listeners.append(note_access_change)
    register_job("audit.purge", purge_entries, _("Delete old entries of the audit trail"))
    register_schedule("audit.purge", daily_at=time(3, 40))
    register_job("audit.seal", seal_days, _("Seal the audit trail and compare it with its seals"))
    register_schedule("audit.seal", daily_at=time(4, 10))
    register_page(
        NavItem("audit", _("Audit trail"), "shield-check", "audit", "admin", permission=PERMISSION, position=85)
    )
