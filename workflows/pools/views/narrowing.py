"""Where in the list of what waits a page stands, as its address says: conditions, words, order, place in the pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from objects.display.addressed import filter_pairs, read_filters
from objects.query.conditions import Condition, Tree, both
from workflows.pools.views.common import WaitingDesk

TRAIL_LENGTH = 12  # pages that "previous" can go back


@dataclass(frozen=True)
class Place:
    """A list as it stands. Immutable: links to other states of it are made from others."""

    conditions: tuple[Tree, ...] = ()
    sort: str = ""
    words: str = ""
    cursor: str = ""
    trail: tuple[str, ...] = ()

    @property
    def tree(self) -> Tree | None:
        nothing: Tree | None = None
        return reduce(both, self.conditions, nothing)

    @property
    def is_narrowed(self) -> bool:
        return bool(self.conditions or self.words)

    # --- other states -----------------------------------------------------------------------------------------
    def first(self, **changes: Any) -> Place:
        """Return the state with changes, from the first page on."""
        return replace(self, **{"cursor": "", "trail": (), **changes})

    def without(self, place: int) -> Place:
        """Return the state without its condition number `place`."""
        return self.first(conditions=tuple(item for n, item in enumerate(self.conditions) if n != place))

    def with_condition(self, condition: Condition, place: int | None) -> Place:
        """Return the state with one more condition, or with the one at `place` replaced."""
        if place is None:
            return self.first(conditions=(*self.conditions, condition))
        return self.first(conditions=tuple(condition if n == place else item for n, item in enumerate(self.conditions)))

    def next_page(self, cursor: str) -> Place:
        return replace(self, cursor=cursor, trail=(*self.trail, self.cursor)[-TRAIL_LENGTH:])

    def previous_page(self) -> Place | None:
        """Return the page before, None on the first one; too far back it is the first page."""
        if not self.cursor:
            return None
        return replace(self, cursor=self.trail[-1], trail=self.trail[:-1]) if self.trail else self.first()

    # --- as an address ----------------------------------------------------------------------------------------
    def query(self) -> list[tuple[str, str]]:
        """Return the parameters of the list's address."""
        given = {"sort": self.sort, "q": self.words, "cursor": self.cursor, "trail": ".".join(self.trail)}
        return [*filter_pairs(self.conditions), *((name, value) for name, value in given.items() if value)]

    def url(self, base: str) -> str:
        pairs = self.query()
        return f"{base}?{urlencode(pairs)}" if pairs else base


def read_place(opened: WaitingDesk, params: QueryDict) -> Place:
    """Return the state that an address describes; raises ValidationFailed for conditions that do not apply.

    What the pool masks is not there to be asked about.
    """
    cursor = params.get("cursor", "")
    return Place(
        conditions=read_filters(params, opened.obj, opened.policy),
        sort=params.get("sort", "")[:80],
        words=params.get("q", "").strip()[:100],
        cursor=cursor,
        trail=tuple(params.get("trail", "").split(".")) if cursor else (),
    )


def without_names(params: QueryDict, beginnings: Sequence[str]) -> QueryDict:
    """Return the parameters but for those whose names begin so."""
    kept = params.copy()
    for name in [name for name in kept if name.startswith(tuple(beginnings))]:
        del kept[name]
    return kept
