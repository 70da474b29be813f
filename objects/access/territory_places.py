"""Where territories stand, and which of them a person's own ones reach. Read only where a rule names a territory."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db.models import Q

from objects.access import principals
from objects.access.models import Territory, TerritoryMember


def own_places(user_id: uuid.UUID) -> tuple[str, ...]:
    """Return the places of the open territories of which somebody is a member, in the order of the tree."""
    rows = TerritoryMember.objects.filter(user=user_id, territory__is_active=True)
    return tuple(rows.order_by("territory__path").values_list("territory__path", flat=True))


def at_or_below(paths: Iterable[str]) -> Q:
    """Return the condition for what stands at or below some places, of which there is one at least."""
    found = Q()
    for path in paths:
        found |= Q(path__startswith=path)
    return found


def at_or_above(paths: Iterable[str]) -> set[str]:
    """Return some places and all above them."""
    step = Territory.steplen
    return {path[:end] for path in paths for end in range(step, len(path) + 1, step)}


def reached(own: tuple[str, ...], territories: Iterable[tuple[uuid.UUID, str]]) -> frozenset[str]:
    """Return the principals that mean the member of some territories, told of the open ones with their places.

    What is for a territory is for its members and for those of all above it; with those below, for these, too.
    """
    found, above = list[str](), at_or_above(own)
    for key, path in territories:
        if path.startswith(own):
            found += principals.written(principals.TERRITORY, [key])
        if path.startswith(own) or path in above:
            found += principals.written(principals.TERRITORY_BELOW, [key])
    return frozenset(found)


def around(own: tuple[str, ...]) -> list[tuple[uuid.UUID, str]]:
    """Return the open territories at, below and above some places, with theirs."""
    rows = Territory.objects.filter(at_or_below(own) | Q(path__in=at_or_above(own)), is_active=True)
    return list(rows.values_list("id", "path"))


def owners(principal: principals.Principal) -> tuple[uuid.UUID, ...]:
    """Return the members of an open territory, and with those below of these; of one that is closed nobody."""
    rows = Territory.objects.filter(is_active=True)
    own = rows.filter(pk=principal.id)
    if principal.kind == principals.TERRITORY_BELOW:
        path = own.values_list("path", flat=True).first()
        own = rows.filter(path__startswith=path) if path else own
    members = TerritoryMember.objects.filter(territory__in=own).order_by("user_id")
    return tuple(members.values_list("user_id", flat=True).distinct())
