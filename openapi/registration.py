"""What this app adds to the registries of lower layers: its pages, and the clean-up of stored answers."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm_platform.console import navigation
from crm_platform.console.navigation import NavItem
from crm_platform.jobs.services import register_job, register_schedule
from openapi.idempotency import forget_expired


def register() -> None:
    """Register everything once, from AppConfig.ready()."""
    navigation.register(NavItem("api-keys", _("Open platform"), "api", "api-keys", "admin", None, 90))
    register_job("openapi.forget_answers", forget_expired, _("Forget stored answers"))
    register_schedule("openapi.forget_answers", every_seconds=3_600, kind="openapi.forget_answers")
