"""What this app adds to the registries of lower layers: job kinds, schedules, navigation."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm_platform.console import navigation
from crm_platform.console.navigation import NavItem
from crm_platform.jobs.services import register_job, register_schedule
from crm_platform.tenancy.hooks import OrganizationHook, organization_created, organization_deleted
from metadata import named_fields
from metadata.choice_dependencies import dependency_usages
from metadata.compiler.current import forget
from metadata.currencies import PERMISSION
from metadata.ddl.backfill import backfill
from metadata.ddl.contract import contract
from metadata.ddl.finishing import build_index, validate_constraint
from metadata.dependencies import UsageFinder, usage_finders
from metadata.expression_usages import expression_usages
from metadata.packages import rules
from metadata.packages.shipped import install_shipped
from metadata.publishing import CUSTOMIZE
from metadata.retyping.job import change_type
from metadata.retyping.preview import preview_by_job
from metadata.retyping.service import KIND, PREVIEW_KIND


def register() -> None:
    """Register everything once, from AppConfig.ready()."""
    rules.register()
    register_job("metadata.build_index", build_index, _("Build an index"))
    register_job("metadata.validate_constraint", validate_constraint, _("Check existing records"))
    register_job("metadata.backfill", backfill, _("Give existing records the default"))
    register_job(KIND, change_type, _("Change the type of a field"))
    register_job(PREVIEW_KIND, preview_by_job, _("Preview a change of type"))
    register_job("metadata.contract", contract, _("Drop deleted fields"))
    register_schedule("metadata.contract", every_seconds=86_400, kind="metadata.contract", args={})
    usage_finders.register(UsageFinder("metadata.expressions", expression_usages))
    named_fields.register()
    usage_finders.register(UsageFinder("metadata.dependent_choices", dependency_usages))
    organization_deleted.append(forget)
    organization_created.register(OrganizationHook("metadata.packages", 500, install_shipped))
    navigation.register(
        NavItem("objects", _("Business objects"), "database", "metadata-objects", "admin", CUSTOMIZE, 10)
    )
    navigation.register(NavItem("currencies", _("Currencies"), "coins", "currencies", "admin", PERMISSION, 45))
    navigation.register(
        NavItem("picklists", _("Picklists"), "list-check", "metadata-picklists", "admin", CUSTOMIZE, 20)
    )
