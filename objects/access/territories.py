"""Reading territories 销售区域: the tree with what it holds, one of them, its members, and which rules name it."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from crm_platform.identity.affiliations import Affiliation
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import User
from crm_platform.identity.services import require_function
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import NotFound
from objects.access.models import SharingRule, Territory, TerritoryMember
from objects.access.principals import TERRITORIES, TERRITORY, TERRITORY_BELOW, written


@dataclass(frozen=True, slots=True)
class TerritoryRow:
    """A territory as the tree shows it; `level` is 0 at the top. Members are the active ones, each counted once."""

    territory: Territory
    level: int
    members: int
    within: int
    rules: int  # sharing rules that name it
    parent_id: uuid.UUID | None
    has_children: bool

    @property
    def steps(self) -> range:
        """One item per level, for templates that indent."""
        return range(self.level)


def territory_tree(actor: Actor) -> list[TerritoryRow]:
    """Return all territories in the order of the tree, each with the numbers of its members and rules."""
    require_function(actor, MANAGE_USERS)
    rows, step = list(Territory.objects.order_by("path")), Territory.steplen
    by_path, parents = {row.path: row.pk for row in rows}, {row.path[:-step] for row in rows}
    people: dict[str, set[uuid.UUID]] = defaultdict(set)
    members: Counter[str] = Counter()
    active = TerritoryMember.objects.filter(user__is_active=True)
    for user_id, path in active.values_list("user_id", "territory__path") if rows else ():
        members[path] += 1
        for end in range(step, len(path) + 1, step):
            people[path[:end]].add(user_id)
    rules = _rules_by_principal() if rows else Counter()
    return [
        TerritoryRow(
            row,
            row.depth - 1,
            members[row.path],
            len(people[row.path]),
            rules[f"{TERRITORY}:{row.pk}"],
            by_path.get(row.path[:-step]),
            row.path in parents,
        )
        for row in rows
    ]


def _rules_by_principal() -> Counter[str]:
    """Return how many sharing rules name each territory, whether with those below it or not."""
    found: Counter[str] = Counter()
    named = Q(owned_by__startswith=TERRITORY) | Q(shared_with__startswith=TERRITORY)
    for pair in SharingRule.objects.filter(named).values_list("owned_by", "shared_with"):
        found.update({text.replace(TERRITORY_BELOW, TERRITORY) for text in pair})
    return found


def get_territory(actor: Actor, territory_id: uuid.UUID) -> Territory:
    """Return a territory; raises Forbidden and NotFound."""
    require_function(actor, MANAGE_USERS)
    found: Territory | None = Territory.objects.filter(pk=territory_id).first()
    if found is None:
        raise NotFound(_("There is no such territory."))
    return found


def parent_of(territory: Territory) -> Territory | None:
    """Return the territory above, None at the top."""
    path = territory.path[: -Territory.steplen]
    found: Territory | None = Territory.objects.filter(path=path).first() if path else None
    return found


def members_of(territory: Territory) -> QuerySet[User]:
    """Return the members of a territory by name."""
    return User.objects.filter(territories__territory=territory).select_related("department").order_by("name", "id")


def principals_of(territory: Territory) -> list[str]:
    """Return under which names rules and shares speak of a territory."""
    return [text for kind in TERRITORIES for text in written(kind, [territory.pk])]


def rules_of(territory: Territory) -> QuerySet[SharingRule]:
    """Return the sharing rules that name a territory, by object."""
    named = principals_of(territory)
    rows = SharingRule.objects.filter(Q(owned_by__in=named) | Q(shared_with__in=named))
    return rows.select_related("business_object").order_by("business_object__api_name", "position", "id")


def territories_of(actor: Actor, user: User) -> Sequence[Affiliation]:
    """Return the territories of a user, closed ones included, for his page."""
    rows = Territory.objects.filter(members__user=user).order_by("path").values_list("pk", "name")
    return [Affiliation(_("Territories"), name, reverse("territory", args=[key])) for key, name in rows]
