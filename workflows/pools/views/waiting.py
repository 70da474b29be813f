"""What waits in a pool: `/pools/<id>/`, as a page or as the fragment that htmx swaps."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import cached_property

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from crm_platform.console.access import signed_in
from crm_platform.console.htmx import is_fragment, redirect
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import CursorExpired, ValidationFailed
from crm_platform.kit.markup import format_html
from objects import extensions
from objects.display.cells import Column, FurtherCells, body_rows, columns
from objects.display.chips import Chip, chips
from objects.display.condition_form import COUNT, OPERAND, ConditionForm
from objects.query.conditions import Condition
from objects.query.pages import DisplayPage
from objects.query.query import RecordQuery
from workflows.pools.services.quotas import Quota, quota
from workflows.pools.services.reading import waiting
from workflows.pools.views.common import WaitingDesk, open_pool, open_to_look
from workflows.pools.views.narrowing import Place, read_place, without_names

PAGE_SIZE = 50
HIDDEN = ("owner_id", "owner_department_id", "pool_id")  # what waits has no owner, and is all of one pool


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
        query = waiting(self.desk.seat).where(self.place.tree)
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

    @property
    def url(self) -> str:
        """The address of the list as it stands, to which whoever has claimed comes back."""
        return self.place.url(self.desk.list_url)

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
        return Heading(column, self.place.first(sort=sort).url(self.desk.list_url), direction)

    # --- conditions -------------------------------------------------------------------------------------------
    @property
    def filter_url(self) -> str:
        return f"{self.place.first().url(reverse('pool-filter', args=[self.desk.pool.pk]))}"

    @property
    def chips(self) -> list[Chip]:
        place, url = self.place.first(), self.filter_url
        return chips(self.desk, place, url if "?" in url else f"{url}?")

    @property
    def searched(self) -> list[tuple[str, str]]:
        """What a search keeps of the address."""
        return self.place.first(words="").query()

    # --- pages ------------------------------------------------------------------------------------------------
    @property
    def next_url(self) -> str | None:
        cursor = self.page.next_cursor if self.page.has_more else None
        return self.place.next_page(cursor).url(self.desk.list_url) if cursor else None

    @property
    def previous_url(self) -> str | None:
        previous = self.place.previous_page()
        return previous.url(self.desk.list_url) if previous else None


@require_safe
@signed_in
def pool(request: ActorRequest, pool_id: uuid.UUID) -> HttpResponse:
    """Show what waits in a pool."""
    opened = open_pool(request, pool_id)
    if not opened.seat.may_look:
        return render(request, "workflows/pools/closed.html", {"desk": opened, "pool": opened.pool})
    place = Place()
    try:
        place = read_place(opened, request.GET)
        listed = WaitingList(opened, place)
        len(listed.page)
    except CursorExpired:
        return HttpResponseRedirect(place.first().url(opened.list_url))
    except ValidationFailed as failure:
        context = {"desk": opened, "pool": opened.pool, "failure": failure}
        return render(request, "workflows/pools/broken.html", context, status=failure.status)
    name = "results" if is_fragment(request) else "page"
    context = {"list": listed, "desk": opened, "pool": opened.pool, "is_fragment": is_fragment(request)}
    return render(request, f"workflows/pools/{name}.html", context)


@require_safe
@signed_in
def pool_filter(request: ActorRequest, pool_id: uuid.UUID) -> HttpResponse:
    """Build or change one condition of the list; when it is complete, go back to the list with it."""
    opened = open_to_look(request, pool_id)
    state = read_place(opened, without_names(request.GET, (OPERAND, COUNT))).first()
    wanted = request.GET.get("place", "")
    number = int(wanted) if wanted.isdecimal() and int(wanted[:4]) < len(state.conditions) else None
    existing = state.conditions[number] if number is not None else None
    known = existing if isinstance(existing, Condition) else None
    form = ConditionForm(opened, request.GET, known, is_sent="apply" in request.GET)
    condition = form.condition() if form.is_sent else None
    if condition is not None:
        return redirect(request, state.with_condition(condition, number).url(opened.list_url))
    context = {
        "desk": opened,
        "pool": opened.pool,
        "filter": form,
        "form_url": reverse("pool-filter", args=[pool_id]),
        "list_url": opened.list_url,
        "state": state.query(),
        "place": number,
    }
    name = "console/components/filter_form.html" if is_fragment(request) else "workflows/pools/filter_page.html"
    return render(request, name, context, status=422 if form.is_sent else 200)
