"""What this app adds to the registries of lower layers: its pages, and the clean-up of stored answers."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm_platform.console import navigation
from crm_platform.console.navigation import NavItem
from crm_platform.jobs.services import register_job, register_schedule
from objects.handover.holdings import more_holdings
from openapi.idempotency import forget_expired
from openapi.v1.handovers import keys_held


def register() -> None:
    """Register everything once, from AppConfig.ready()."""
    navigation.register(NavItem("api-keys", _("Open platform"), "api", "api-keys", "admin", None, 90))
    more_holdings.append(keys_held)
    register_job("openapi.forget_answers", forget_expired, _("Forget stored answers"))
    register_schedule("openapi.forget_answers", every_seconds=3_600, kind="openapi.forget_answers")
