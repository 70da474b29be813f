"""What a list shows, as its address says it: view, filters, order, quick search, place in the pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from layouts.documents import ListViewSpec
from layouts.selectors import default_list_view
from metadata.compiler.compiled import CompiledObject
from objects.access.policy import AccessPolicy
from objects.display.addressed import conjuncts, filter_pairs, read_filters
from objects.query.conditions import Condition, Tree, both, from_json

VIEW, OWN, SORT, SEARCH, CURSOR, TRAIL, NUMBER = "view", "own", "sort", "q", "cursor", "trail", "page"
TRAIL_LENGTH = 12  # pages that "previous" can go back; a cursor is about 150 characters long


@dataclass(frozen=True)
class ListState:
    """A list as it stands. Immutable: links to other states are made with `url_query`.

    `filters` come on top of the view's own conditions, unless `replaces_view`: then the person has taken
    conditions of the view away, and `filters` are all there is.
    """

    view: ListViewSpec
    filters: tuple[Tree, ...] = ()
    replaces_view: bool = False
    order: tuple[str, ...] = ()
    search: str = ""
    cursor: str = ""
    trail: tuple[str, ...] = ()
    number: int = 1

    @property
    def view_conditions(self) -> tuple[Tree, ...]:
        """The view's conditions, as many as can be taken away one by one."""
        return () if self.replaces_view else conjuncts(from_json(self.view.conditions))

    @property
    def conditions(self) -> tuple[Tree, ...]:
        """Everything that holds for the records of the list."""
        return self.view_conditions + self.filters

    @property
    def tree(self) -> Tree | None:
        found: Tree | None = None
        for item in self.conditions:
            found = both(found, item)
        return found

    @property
    def shown_order(self) -> tuple[str, ...]:
        return self.order or self.view.order

    @property
    def is_changed(self) -> bool:
        """Whether the list differs from its view, so that saving it as a view makes sense."""
        return bool(self.filters or self.replaces_view or (self.order and self.order != self.view.order))

    # --- other states -----------------------------------------------------------------------------------------
    def first_page(self, **changes: Any) -> ListState:
        """Return the state with changes, from the first page on."""
        return replace(self, **{"cursor": "", "trail": (), "number": 1, **changes})

    def without(self, place: int) -> ListState:
        """Return the state without its condition number `place`."""
        return self._with_conditions([item for n, item in enumerate(self.conditions) if n != place])

    def with_condition(self, condition: Condition, place: int | None = None) -> ListState:
        """Return the state with one more condition, or with the one at `place` replaced."""
        if place is None or not 0 <= place < len(self.conditions):
            return self.first_page(filters=(*self.filters, condition))
        return self._with_conditions([condition if n == place else item for n, item in enumerate(self.conditions)])

    def sorted_by(self, path: str) -> ListState:
        """Return the state sorted by a column; a second time turns the direction round."""
        first = self.shown_order[0] if self.shown_order else ""
        return self.first_page(order=(f"-{path}" if first == path else path,))

    def next_page(self, cursor: str) -> ListState:
        trail = (*self.trail, self.cursor)[-TRAIL_LENGTH:]
        return replace(self, cursor=cursor, trail=trail, number=self.number + 1)

    def previous_page(self) -> ListState | None:
        """Return the page before, None on the first one; too far back it is the first page."""
        if not self.cursor:
            return None
        if not self.trail:
            return self.first_page()
        return replace(self, cursor=self.trail[-1], trail=self.trail[:-1], number=max(1, self.number - 1))

    def _with_conditions(self, conditions: Sequence[Tree]) -> ListState:
        """Return the state with exactly these conditions; those of the view need not be spelled out when all stay."""
        own = self.view_conditions
        if tuple(conditions[: len(own)]) == own:
            return self.first_page(filters=tuple(conditions[len(own) :]))
        return self.first_page(filters=tuple(conditions), replaces_view=True)

    # --- as an address ----------------------------------------------------------------------------------------
    def query(self) -> list[tuple[str, str]]:
        """Return the parameters of the list's address; what is usual is left out."""
        found = [
            (VIEW, "" if self.view.is_default else self.view.key),
            (OWN, "1" if self.replaces_view else ""),
            *filter_pairs(self.filters),
            (SORT, ",".join(self.order)),
            (SEARCH, self.search),
            (CURSOR, self.cursor),
            (TRAIL, ".".join(self.trail)),
            (NUMBER, str(self.number) if self.number > 1 else ""),
        ]
        return [(name, value) for name, value in found if value]

    def url(self, base: str) -> str:
        pairs = self.query()
        return f"{base}?{urlencode(pairs)}" if pairs else base


def read_state(
    params: QueryDict, obj: CompiledObject, views: Sequence[ListViewSpec], policy: AccessPolicy | None = None
) -> ListState:
    """Return the state that an address describes; raises ValidationFailed for filters that do not apply."""
    by_key = {view.key: view for view in views}
    cursor, number = params.get(CURSOR, ""), params.get(NUMBER, "")
    return ListState(
        view=by_key.get(params.get(VIEW, "")) or default_list_view(views),
        filters=read_filters(params, obj, policy),
        replaces_view=bool(params.get(OWN)),
        order=tuple(part for part in params.get(SORT, "").split(",") if part),
        search=params.get(SEARCH, "").strip()[:200],
        cursor=cursor,
        trail=tuple(params.get(TRAIL, "").split(".")) if cursor else (),
        number=int(number) if cursor and number.isdigit() and len(number) < 9 else 1,
    )
