"""Where roles, groups and territories are used in rules and shares: none of them is deleted under a rule."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Model
from django.utils.translation import gettext as _

from crm_platform.identity import affiliations, uses
from crm_platform.identity.models import Role, UserGroup
from objects.access.models import RecordShare, RestrictionRule, SharingRule, Territory
from objects.access.principals import GROUP, ROLE, ROLE_BELOW, written
from objects.access.territories import principals_of, territories_of


def uses_in_rules(row: Model) -> list[str]:
    """Return in words which rules and shares name a role, group or territory; nothing for any other row."""
    if isinstance(row, Territory):
        return list(_found(principals_of(row)))
    if isinstance(row, Role):
        return list(_found([*written(ROLE, [row.uuid]), *written(ROLE_BELOW, [row.uuid])]))
    return list(_found(written(GROUP, [row.uuid]))) if isinstance(row, UserGroup) else []


def _found(principals: list[str]) -> Iterator[str]:
    owned = SharingRule.objects.filter(owned_by__in=principals)
    for label in owned.union(SharingRule.objects.filter(shared_with__in=principals)).values_list("label", flat=True):
        yield _("sharing rule “%(name)s”") % {"name": label}
    for label in RestrictionRule.objects.filter(applies_to__in=principals).values_list("label", flat=True):
        yield _("restriction rule “%(name)s”") % {"name": label}
    if count := RecordShare.objects.filter(principal__in=principals).count():
        yield _("%(count)s shared records") % {"count": count}


def register() -> None:
    """Register the finders; called once from AppConfig.ready()."""
    uses.finders.append(uses_in_rules)
    affiliations.finders.append(territories_of)
