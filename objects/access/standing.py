"""`Standing`: what the rules of access say about one caller, and the values that make his predicates his."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sized
from enum import IntEnum
from functools import cached_property, lru_cache
from typing import Any

from django.utils import timezone

from crm_platform.identity.models import Department
from crm_platform.kit.context import Actor
from crm_platform.tenancy.context import current_schema
from objects.access import principals
from objects.access.circle import circle_of, departments_within, people_of
from objects.access.models import RoleScope
from objects.access.principals import DEPARTMENT, DEPARTMENT_BELOW, Principal
from objects.access.rules import Reach, Restriction, Sharing, access_rules

MAX_FEW = 16  # owners or departments that a list asks one by one: an index gives the newest records of each
MAX_LISTED = 200  # departments that are named in a statement; more are found by their places in the tree
Scopes = RoleScope.DataScope


class Size(IntEnum):
    """How many owners or departments there are, as far as statements differ by it."""

    NONE = 0
    ONE = 1
    FEW = 2
    MANY = 3
    COUNTLESS = 4


def size_of(items: Sized) -> Size:
    count = len(items)
    if count > MAX_LISTED:
        return Size.COUNTLESS
    if count > MAX_FEW:
        return Size.MANY
    return Size.FEW if count > 1 else Size(count)


class Standing:
    """A user among the rules of his organisation, at one moment."""

    def __init__(self, actor: Actor) -> None:
        self.actor, self.now = actor, timezone.now()
        self.circle, self.rules = circle_of(actor), access_rules(actor)

    @cached_property
    def own(self) -> tuple[uuid.UUID, ...]:
        """The caller, and those for whom he stands in."""
        return (self.circle.user_id, *self.circle.stands_in_for(self.now))

    @cached_property
    def principals(self) -> tuple[str, ...]:
        """Everything under which something is shared with him, but for territories."""
        return (*self.circle.principals, *principals.written(principals.USER, self.own[1:]))

    def size(self, scope: str) -> Size:
        """Return how many people or departments a role's scope names for him; NONE where it names nothing."""
        circle = self.circle
        if scope == Scopes.SUBORDINATES:
            return size_of(circle.subordinates)
        if scope == Scopes.ROLES_BELOW:
            return size_of(circle.people_of_roles_below)
        if scope == Scopes.DEPARTMENT:
            return size_of(circle.department_ids)
        return size_of(circle.departments_below) if scope == Scopes.DEPARTMENT_BELOW else Size.NONE

    def reach(self, object_name: str, action: str) -> Reach:
        """Return how far his role reaches: its scope for the object and action, else its general one."""
        role = self.actor.role_id
        own = self.rules.reaches.get((role, object_name, action)) if role else None
        return own or Reach(self.actor.data_scope)

    def sharing(self, object_name: str) -> tuple[Sharing, ...]:
        """Return the sharing rules that are in force today and open something to him."""
        return tuple(rule for rule in self.rules.sharing.get(object_name, ()) if self._is_addressed(rule))

    def restrictions(self, object_name: str) -> tuple[Restriction, ...]:
        """Return the restriction rules that narrow what he reaches."""
        rules = self.rules.restrictions.get(object_name, ())
        return tuple(rule for rule in rules if rule.applies_to in self.principals)

    @cached_property
    def shape(self) -> tuple[Any, ...]:
        """What the SQL of his predicates depends on, beside grants, role and general scope."""
        shared = [rule.id for name in self.rules.sharing for rule in self.sharing(name)]
        restricted = [rule.id for name in self.rules.restrictions for rule in self.restrictions(name)]
        sizes = [self.size(scope) if self._uses(scope) else None for scope in Scopes.values]
        return (size_of(self.own), *sizes, tuple(shared), tuple(restricted))

    def _uses(self, scope: str) -> bool:
        role = self.actor.role_id
        return self.actor.data_scope == scope or any(
            key[0] == role and reach.data_scope == scope for key, reach in self.rules.reaches.items()
        )

    def _is_addressed(self, rule: Sharing) -> bool:
        if not rule.holds_on(self.now.astimezone(self.actor.zone).date()):
            return False
        if rule.is_for_territory:
            return rule.shared_with in self.circle.territory_principals
        return rule.shared_with in self.principals

    # --- values -------------------------------------------------------------------------------------------
    def rule_owners(self, object_name: str, level: int) -> list[uuid.UUID]:
        """Return whose records the sharing rules open to him, at this level at least."""
        found: dict[uuid.UUID, None] = {}
        for owner in self._rule_principals(object_name, level):
            found.update(dict.fromkeys(self._read(people, str(owner))))
        return list(found)

    def rule_departments(self, object_name: str, level: int) -> list[uuid.UUID]:
        """Return the departments whose records the sharing rules open to him, at this level at least."""
        found: dict[uuid.UUID, None] = {}
        for owner in self._rule_principals(object_name, level):
            if owner.kind == DEPARTMENT and owner.id:
                found[owner.id] = None
            elif owner.kind == DEPARTMENT_BELOW and owner.id:
                found.update(dict.fromkeys(self.within([owner.id])))
        return list(found)

    def within(self, departments: Iterable[uuid.UUID]) -> tuple[uuid.UUID, ...]:
        """Return these departments and all below them."""
        return self._read(within, *map(str, departments))

    def _rule_principals(self, object_name: str, level: int) -> list[Principal]:
        rules = self.sharing(object_name)
        return [rule.owned_by for rule in rules if rule.owned_by is not None and rule.level >= level]

    def _read(self, what: Callable[..., tuple[uuid.UUID, ...]], *keys: str) -> tuple[uuid.UUID, ...]:
        if not self.actor.access_version:
            return what(*keys)
        return _kept(current_schema(), self.actor.access_version, what, keys)


@lru_cache(maxsize=2048)
def _kept(
    schema: str, access_version: int, what: Callable[..., tuple[uuid.UUID, ...]], keys: tuple[str, ...]
) -> tuple[uuid.UUID, ...]:
    return what(*keys)


def people(principal: str) -> tuple[uuid.UUID, ...]:
    return people_of(Principal.parse(principal))


def within(*departments: str) -> tuple[uuid.UUID, ...]:
    return departments_within(Department.objects.filter(pk__in=departments).values_list("path", flat=True))
