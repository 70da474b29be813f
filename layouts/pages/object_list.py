"""The list of an object's records: `/o/<object>/`, as a page or as the fragment that htmx swaps."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from crm_platform.console.access import signed_in
from crm_platform.console.htmx import is_fragment
from crm_platform.kit.errors import CursorExpired, ValidationFailed
from layouts import generated
from layouts.documents import ListViewSpec
from layouts.pages.common import ObjectDesk, desk
from layouts.pages.list_state import ListState, read_state
from layouts.selectors import chosen_columns, list_views
from objects import extensions
from objects.display.cells import Column, FurtherCells, body_rows, columns
from objects.display.chips import Chip, chips
from objects.extensions import BulkAction, ListColumn
from objects.merging.rights import may_merge
from objects.query.pages import Count, DisplayPage
from objects.query.query import RecordQuery
from objects.search.service import matching_ids

PAGE_SIZE = 50


@dataclass(frozen=True)
class Heading:
    """A column's heading: `direction` is "" when the list is not sorted by it; without an address it can't be."""

    column: Column
    url: str | None
    direction: str

    @property
    def aria_sort(self) -> str:
        return {"up": "ascending", "down": "descending"}.get(self.direction, "none")


class ListPage:
    """Everything that a list shows; nothing is read before a template asks for it."""

    page_size = PAGE_SIZE

    def __init__(self, opened: ObjectDesk, views: Sequence[ListViewSpec], state: ListState) -> None:
        self.desk, self.views, self.state = opened, views, state

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The chosen columns, else the view's; the generated ones when none of those can be read."""
        chosen = chosen_columns(self.desk.actor, self.desk.obj, self.state.view.key)
        return columns(self.desk, chosen or self.state.view.columns) or columns(
            self.desk, generated.list_columns(self.desk.obj.spec)
        )

    @cached_property
    def query(self) -> RecordQuery:
        return self._query("read")

    @cached_property
    def exported(self) -> RecordQuery:
        """The records of the list that the caller may take with him."""
        return self._query("export")

    def _query(self, action: str) -> RecordQuery:
        query = RecordQuery(self.desk.actor, self.desk.name, action=action).where(self.state.tree)
        if self.state.search:
            query = query.where_ids(matching_ids(self.desk.actor, self.desk.name, self.state.search))
        order = tuple(name for name in self.state.shown_order if self.can_sort(name.removeprefix("-")))
        return query.order(*order) if order else query

    @cached_property
    def page(self) -> DisplayPage:
        query = self.query.fields(*(column.path for column in self.columns))
        return query.display(self.page_size, self.state.cursor or None)

    @cached_property
    def rows(self) -> SafeString:
        return body_rows(self.desk, self.page, self.columns, selectable=self.is_selectable, further=self.further_cells)

    @property
    def is_selectable(self) -> bool:
        rights = self.desk.rights
        return (
            rights["delete"]
            or (rights["edit"] and (rights["transfer"] or rights["mass_update"]))
            or bool(self.bulk_actions)
        )

    @cached_property
    def can_merge(self) -> bool:
        return may_merge(self.desk.policy, self.desk.name)

    # --- what other parts of the platform offer -----------------------------------------------------------------
    @cached_property
    def bulk_actions(self) -> list[BulkAction]:
        return extensions.bulk_actions_on(self.desk.actor, self.desk.obj)

    @cached_property
    def further_columns(self) -> list[ListColumn]:
        return extensions.columns_of(self.desk.actor, self.desk.obj)

    @property
    def further_cells(self) -> list[FurtherCells]:
        ids = [row.id for row in self.page.rows]
        return [
            FurtherCells(str(column.label), column.cells(self.desk.actor, self.desk.obj, ids))
            for column in self.further_columns
        ]

    # --- heading ----------------------------------------------------------------------------------------------
    @property
    def title(self) -> str:
        return self.state.view.label.text(self.desk.language)

    @cached_property
    def count(self) -> Count:
        if not self.page.has_more and not self.state.cursor:
            return Count(len(self.page), True)
        return self.query.count("capped")

    @property
    def count_text(self) -> str:
        return _told(self.count)

    @property
    def exported_text(self) -> str:
        return _told(self.exported.count("capped"))

    @property
    def view_links(self) -> list[dict[str, Any]]:
        return [
            {
                "label": view.label.text(self.desk.language),
                "url": ListState(view).url(self.desk.list_url),
                "is_active": view.key == self.state.view.key,
                "is_own": view.is_own,
            }
            for view in self.views
        ]

    @cached_property
    def can_change_view(self) -> bool:
        view = self.state.view
        return view.uuid is not None and (view.is_own or self.desk.actor.has_function("metadata.customize"))

    # --- what parts of the page show, as keys under which their HTML is kept ---------------------------------
    @cached_property
    def headings_shown(self) -> tuple[Hashable, ...]:
        return (
            self.is_selectable,
            *(column.key for column in self.further_columns),
            *((item.column.label, item.column.is_numeric, item.url, item.direction) for item in self.headings),
        )

    @property
    def chips_shown(self) -> tuple[Hashable, ...]:
        sorting = (self.sorting.column.label, self.sorting.direction) if self.sorting else None
        saving = (self.save_view_url, self.reset_url) if self.state.is_changed else None
        exporting = self.desk.rights["export"] and self.export_url
        return self.headings_shown, tuple(self.chips), self.filter_url, sorting, saving, exporting

    @property
    def view_menu_shown(self) -> tuple[Hashable, ...]:
        changed = self.state.view.uuid if self.can_change_view else None
        return self.desk.name, self.save_view_url, changed, *(tuple(link.items()) for link in self.view_links)

    @property
    def quick_search_shown(self) -> tuple[Hashable, ...]:
        return self.desk.list_url, self.state.search, *self.state.first_page().query()

    @property
    def bulk_shown(self) -> tuple[Hashable, ...]:
        rights = (self.desk.rights[action] for action in ("edit", "mass_update", "transfer", "delete"))
        return self.desk.name, self.can_merge, *rights, *(action.key for action in self.bulk_actions)

    # --- filters and order ------------------------------------------------------------------------------------
    @cached_property
    def chips(self) -> list[Chip]:
        return chips(self.desk, self.state, self.filter_url)

    @property
    def filter_url(self) -> str:
        return self._with_state("record-filter")

    @property
    def export_url(self) -> str:
        return self._with_state("record-export")

    @property
    def columns_url(self) -> str:
        return self._with_state("record-columns")

    @property
    def save_view_url(self) -> str:
        return self._with_state("list-view-new")

    @property
    def reset_url(self) -> str:
        return ListState(self.state.view).url(self.desk.list_url)

    def can_sort(self, path: str) -> bool:
        field = self.desk.field(path)
        return field is not None and field.type.is_sortable and self.desk.reads(path)

    @cached_property
    def headings(self) -> list[Heading]:
        first = self.state.shown_order[0] if self.state.shown_order else ""
        found = []
        for column in self.columns:
            url = self.state.sorted_by(column.path).url(self.desk.list_url) if self.can_sort(column.path) else None
            direction = {column.path: "up", f"-{column.path}": "down"}.get(first, "")
            found.append(Heading(column, url, direction))
        return found

    @cached_property
    def sorting(self) -> Heading | None:
        """The heading by which the list is sorted, also when its column is not shown."""
        shown = next((heading for heading in self.headings if heading.direction), None)
        if shown or not self.state.shown_order:
            return shown
        path = self.state.shown_order[0]
        found = columns(self.desk, [path.removeprefix("-")])
        return Heading(found[0], None, "down" if path.startswith("-") else "up") if found else None

    # --- pages ------------------------------------------------------------------------------------------------
    @property
    def next_url(self) -> str | None:
        cursor = self.page.next_cursor if self.page.has_more else None
        return self.state.next_page(cursor).url(self.desk.list_url) if cursor else None

    @property
    def previous_url(self) -> str | None:
        previous = self.state.previous_page()
        return previous.url(self.desk.list_url) if previous else None

    @property
    def summary(self) -> str:
        first = (self.state.number - 1) * self.page_size + 1
        return _("%(first)d–%(last)d") % {"first": first, "last": first + len(self.page) - 1}

    @property
    def is_untouched(self) -> bool:
        """Whether the list is empty because there are no records at all, not because nothing matches."""
        return not (self.state.conditions or self.state.search or self.state.cursor)

    def _with_state(self, url_name: str) -> str:
        query = self.state.first_page().url("").lstrip("?")
        base = reverse(url_name, args=[self.desk.name])
        return f"{base}?{query}" if query else f"{base}?"


def _told(count: Count) -> str:
    shown = number_format(count.value, use_l10n=True, force_grouping=True)
    if not count.is_exact:
        return _("%(count)s+ records") % {"count": shown}
    return ngettext("%(count)s record", "%(count)s records", count.value) % {"count": shown}


@require_safe
@signed_in
def object_list(request: HttpRequest, object_name: str) -> HttpResponse:
    """Show the records of an object as the address says."""
    opened = desk(request, object_name)
    views = list_views(opened.actor, opened.obj)
    try:
        listed = ListPage(opened, views, read_state(request.GET, opened.obj, views, opened.policy))
        len(listed.page)
    except CursorExpired:
        return HttpResponseRedirect(
            read_state(request.GET, opened.obj, views, opened.policy).first_page().url(opened.list_url)
        )
    except ValidationFailed as failure:
        context = {"desk": opened, "failure": failure, "views": views}
        return render(request, "layouts/lists/broken.html", context, status=failure.status)
    template = "layouts/lists/results.html" if is_fragment(request) else "layouts/lists/page.html"
    return render(request, template, {"list": listed, "desk": opened, "is_fragment": is_fragment(request)})
