"""What this app adds to the registries of lower layers: job kinds, schedules, navigation."""

from __future__ import annotations

from crm_platform.jobs.services import register_job, register_schedule
from django.utils.translation import gettext_lazy as _

from metadata.ddl.backfill import backfill
from metadata.ddl.contract import contract
from metadata.ddl.finishing import build_index, validate_constraint


def register() -> None:
    """Register everything once, from AppConfig.ready()."""
    register_job("metadata.build_index", build_index, _("Build an index"))
    register_job("metadata.validate_constraint", validate_constraint, _("Check existing records"))
    register_job("metadata.backfill", backfill, _("Give existing records the default"))
    register_job("metadata.contract", contract, _("Drop deleted fields"))
    register_schedule("metadata.contract", every_seconds=86_400, kind="metadata.contract", args={})
