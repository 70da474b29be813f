"""What waits in a pool: `/pools/<id>/`, as a page or as the fragment that htmx swaps."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from functools import cached_property
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.formats import number_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from crm_platform.console.access import signed_in
from crm_platform.console.htmx import is_fragment
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import CursorExpired
from crm_platform.kit.markup import format_html
from objects import extensions
from objects.display.cells import Column, FurtherCells, body_rows, columns
from objects.query.conditions import Condition
from objects.query.pages import DisplayPage
from objects.query.query import RecordQuery
from workflows.pools.services.quotas import Quota, quota
from workflows.pools.services.reading import waiting
from workflows.pools.views.common import WaitingDesk, open_pool

PAGE_SIZE = 50
TRAIL_LENGTH = 12  # pages that "previous" can go back
HIDDEN = ("owner_id", "owner_department_id", "pool_id")  # what waits has no owner, and is all of one pool


@dataclass(frozen=True)
class Place:
    """Where in the list a page stands, as its address says."""

    sort: str = ""
    words: str = ""
    cursor: str = ""
    trail: tuple[str, ...] = ()

    def url(self, base: str) -> str:
        given = {"sort": self.sort, "q": self.words, "cursor": self.cursor, "trail": ".".join(self.trail)}
        pairs = {name: value for name, value in given.items() if value}
        return f"{base}?{urlencode(pairs)}" if pairs else base

    def first(self) -> Place:
        return replace(self, cursor="", trail=())


@dataclass(frozen=True)
class Heading:
    """A column's heading; without an address it can't be sorted by."""

    column: Column
    url: str
    direction: str

    @property
    def aria_sort(self) -> str:
        return {"up": "ascending", "down": "descending"}.get(self.direction, "none")


class WaitingList:
    """Everything that the list of a pool shows; nothing is read before a template asks for it."""

    def __init__(self, opened: WaitingDesk, place: Place) -> None:
        self.desk, self.place = opened, place

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the object's usual list, masked where the pool masks them."""
        usual = extensions.usual_columns(self.desk.actor, self.desk.obj)
        shown = columns(self.desk, [path for path in usual if path not in HIDDEN])
        return shown or columns(self.desk, ["created_at"])

    @cached_property
    def query(self) -> RecordQuery:
        query = waiting(self.desk.seat)
        if self.place.words and self.can_search:
            query = query.where(Condition(self.desk.obj.spec.name_field, "contains", self.place.words))
        sort = self.place.sort if self.can_sort(self.place.sort.removeprefix("-")) else ""
        return query.order(sort) if sort else query

    @cached_property
    def page(self) -> DisplayPage:
        query = self.query.fields(*(column.path for column in self.columns))
        return query.display(PAGE_SIZE, self.place.cursor or None)

    @cached_property
    def count_text(self) -> str:
        found = self.query.count("capped")
        shown = number_format(found.value, use_l10n=True, force_grouping=True)
        if not found.is_exact:
            return _("%(count)s+ waiting") % {"count": shown}
        return ngettext("%(count)s waiting", "%(count)s waiting", found.value) % {"count": shown}

    @cached_property
    def quota(self) -> Quota:
        return quota(self.desk.actor, self.desk.pool)

    @property
    def rows(self) -> SafeString:
        further = [FurtherCells("", self._claim_buttons())] if self.desk.may_claim else []
        return body_rows(self.desk, self.page, self.columns, selectable=self.desk.may_claim, further=further)

    def _claim_buttons(self) -> dict[uuid.UUID, str]:
        text = _("Claim")
        button = (
            '<button type="submit" class="btn btn-sm claim-button" form="claim-one" name="ids" value="{}">{}</button>'
        )
        return {row.id: format_html(button, row.id, text) for row in self.page.rows}

    # --- order and search -------------------------------------------------------------------------------------
    @property
    def can_search(self) -> bool:
        return self.desk.reads(self.desk.obj.spec.name_field)

    def can_sort(self, path: str) -> bool:
        field = self.desk.field(path) if path else None
        return field is not None and field.type.is_sortable and self.desk.reads(path)

    @property
    def headings(self) -> list[Heading]:
        return [self._heading(column) for column in self.columns]

    def _heading(self, column: Column) -> Heading:
        direction = {column.path: "up", f"-{column.path}": "down"}.get(self.place.sort, "")
        if not self.can_sort(column.path):
            return Heading(column, "", "")
        sort = f"-{column.path}" if direction == "up" else column.path
        return Heading(column, replace(self.place.first(), sort=sort).url(self.desk.list_url), direction)

    # --- pages ------------------------------------------------------------------------------------------------
    @property
    def next_url(self) -> str | None:
        if not (self.page.has_more and self.page.next_cursor):
            return None
        trail = (*self.place.trail, self.place.cursor)[-TRAIL_LENGTH:]
        return replace(self.place, cursor=self.page.next_cursor, trail=trail).url(self.desk.list_url)

    @property
    def previous_url(self) -> str | None:
        if not self.place.cursor:
            return None
        if not self.place.trail:
            return self.place.first().url(self.desk.list_url)
        back = replace(self.place, cursor=self.place.trail[-1], trail=self.place.trail[:-1])
        return back.url(self.desk.list_url)


@require_safe
@signed_in
def pool(request: ActorRequest, pool_id: uuid.UUID) -> HttpResponse:
    """Show what waits in a pool."""
    opened = open_pool(request, pool_id)
    if not opened.seat.may_look:
        return render(request, "workflows/pools/closed.html", {"desk": opened, "pool": opened.pool})
    cursor = request.GET.get("cursor", "")
    place = Place(
        sort=request.GET.get("sort", "")[:80],
        words=request.GET.get("q", "").strip()[:100],
        cursor=cursor,
        trail=tuple(request.GET.get("trail", "").split(".")) if cursor else (),
    )
    listed = WaitingList(opened, place)
    try:
        len(listed.page)
    except CursorExpired:
        return HttpResponseRedirect(place.first().url(opened.list_url))
    name = "results" if is_fragment(request) else "page"
    context = {"list": listed, "desk": opened, "pool": opened.pool, "is_fragment": is_fragment(request)}
    return render(request, f"workflows/pools/{name}.html", context)
