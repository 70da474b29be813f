"""To what else a user belongs: told by the layers above, for his page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crm_platform.identity.models import User
from crm_platform.kit.context import Actor


@dataclass(frozen=True, slots=True)
class Affiliation:
    """One thing that a user belongs to, and its page."""

    label: str  # of all things of its kind
    name: str
    url: str


Finder = Callable[[Actor, User], Sequence[Affiliation]]
finders: list[Finder] = []


def affiliations_of(actor: Actor, user: User) -> dict[str, list[Affiliation]]:
    """Return everything that a user belongs to besides departments and groups, by label."""
    found: dict[str, list[Affiliation]] = {}
    for finder in finders:
        for item in finder(actor, user):
            found.setdefault(item.label, []).append(item)
    return found
