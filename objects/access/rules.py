"""The organisation's rules of access, read once per access version in each process."""

from __future__ import annotations

import datetime
import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from crm_platform.kit.context import Actor
from crm_platform.tenancy.context import current_schema
from metadata.models import BusinessObject
from objects.access.models import RestrictionRule, RoleScope, SharingRule
from objects.access.principals import TERRITORY, Principal


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a role reaches: a data scope, and the departments of the scope `chosen`."""

    data_scope: str
    departments: tuple[uuid.UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Sharing:
    """A sharing rule: of these owners, or of what meets the condition; one of the two is None."""

    id: int
    uuid: uuid.UUID
    label: str
    level: int
    owned_by: Principal | None
    condition: Any
    shared_with: str
    starts_on: datetime.date | None
    ends_on: datetime.date | None

    @property
    def is_for_territory(self) -> bool:
        return self.shared_with.startswith(TERRITORY)

    def holds_on(self, day: datetime.date) -> bool:
        """Tell whether the rule is in force on a day; both ends belong to it."""
        return (self.starts_on is None or self.starts_on <= day) and (self.ends_on is None or day <= self.ends_on)


@dataclass(frozen=True, slots=True)
class Restriction:
    """A restriction rule: somebody reaches only what meets the condition."""

    id: int
    uuid: uuid.UUID
    label: str
    condition: Any
    applies_to: str


@dataclass(frozen=True)
class AccessRules:
    """All rules, by the API name of the object that they are about; scopes of roles by role, object and action."""

    defaults: Mapping[str, str] = field(default_factory=dict)
    reaches: Mapping[tuple[uuid.UUID, str, str], Reach] = field(default_factory=dict)
    sharing: Mapping[str, tuple[Sharing, ...]] = field(default_factory=dict)
    restrictions: Mapping[str, tuple[Restriction, ...]] = field(default_factory=dict)


def access_rules(actor: Actor) -> AccessRules:
    """Return the rules as of the caller's access version; a caller without one has them read anew."""
    return _kept(current_schema(), actor.access_version) if actor.access_version else _read()


@lru_cache(maxsize=512)
def _kept(schema: str, access_version: int) -> AccessRules:
    return _read()


def _read() -> AccessRules:
    sharing: dict[str, list[Sharing]] = defaultdict(list)
    for rule in SharingRule.objects.filter(is_active=True).select_related("business_object"):
        sharing[rule.business_object.api_name].append(_sharing(rule))
    restrictions: dict[str, list[Restriction]] = defaultdict(list)
    for row in RestrictionRule.objects.filter(is_active=True).select_related("business_object"):
        found = Restriction(row.pk, row.uuid, row.label, row.condition, row.applies_to)
        restrictions[row.business_object.api_name].append(found)
    scopes = RoleScope.objects.select_related("role", "business_object")
    return AccessRules(
        dict(BusinessObject.objects.values_list("api_name", "sharing")),
        {
            (row.role.uuid, row.business_object.api_name, row.action): Reach(row.data_scope, tuple(row.departments))
            for row in scopes
        },
        {name: tuple(rules) for name, rules in sharing.items()},
        {name: tuple(rules) for name, rules in restrictions.items()},
    )


def _sharing(rule: SharingRule) -> Sharing:
    is_owner = rule.kind == SharingRule.Kind.OWNER
    return Sharing(
        rule.pk,
        rule.uuid,
        rule.label,
        rule.level,
        Principal.parse(rule.owned_by) if is_owner else None,
        None if is_owner else rule.condition,
        rule.shared_with,
        rule.starts_on,
        rule.ends_on,
    )
