"""What duplicates add to the registries of lower layers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm_platform.jobs.services import register_job, register_schedule
from crm_platform.tenancy.hooks import organization_migrated
from metadata import hooks
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import FieldSpec, ObjectSpec
from metadata.dependencies import Usage, UsageFinder, usage_finders
from objects.duplicates.rebuild import REBUILD, RECONCILE, rebuild, reconcile, request_reconcile, rules_changed
from objects.duplicates.sweep import SWEEP, sweep


def register() -> None:
    """Register jobs, their schedule and where rules use fields; called once, when Django starts."""
    register_job(REBUILD, rebuild, _("Prepare records for the search for duplicates"))
    register_job(SWEEP, sweep, _("Look for duplicates"))
    register_job(RECONCILE, reconcile, _("Compare keys of duplicates with the rules"))
    register_schedule(RECONCILE, daily_at=time(3, 50))
    hooks.matching_changed.append(rules_changed)
    organization_migrated.append(request_reconcile)
    usage_finders.register(UsageFinder("duplicate_rules", usages))


def usages(spec: ObjectSpec, field: FieldSpec) -> Iterator[Usage]:
    """Return the rules that compare or show a field."""
    for owner in current_snapshot().objects():
        targets = {item.api_name: item.target for item in owner.matching_rules}
        for matching in owner.matching_rules:
            own = {name for item in matching.matchers for name in item.fields} if owner.id == spec.id else set()
            other = {name for item in matching.matchers for name in item.target_fields}
            if field.api_name in own or (matching.target == spec.api_name and field.api_name in other):
                yield Usage(gettext("Matching rule"), f"{owner.api_name}.{matching.api_name}")
        for rule in owner.duplicate_rules:
            shows = {targets.get(name) for name in rule.matching_rules}
            if field.api_name in rule.shown_fields and spec.api_name in shows:
                yield Usage(gettext("Duplicate rule"), f"{owner.api_name}.{rule.api_name}")
