"""The timeline beside a record: activities and changes, narrowed by kind, person and period, page by page."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cached_property
from html import escape
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from crm_platform.console.access import signed_in
from crm_platform.console.forms import DateInput
from crm_platform.console.htmx import is_fragment
from crm_platform.kit.context import Actor
from layouts.pages.common import ObjectDesk, desk
from metadata.field_types.values import Reference
from objects.activities.timeline import ACTIVITIES, CHANGES, Entry, Filters, Timeline, TimelinePage
from objects.display import cells
from objects.display.names import names_of
from objects.display.principals import UserField
from objects.query.query import RecordQuery


@dataclass(frozen=True)
class Sign:
    """The icon of a kind of entry that says more than that of its object."""

    value: str
    icon: str


METHODS = (
    Sign("phone", icon="phone"),
    Sign("wechat", icon="brand-wechat"),
    Sign("visit", icon="map-pin"),
    Sign("meeting", icon="users"),
    Sign("email", icon="mail"),
)
CHANGE_SIGNS = (
    Sign("created", icon="plus"),
    Sign("updated", icon="pencil"),
    Sign("deleted", icon="trash"),
    Sign("restored", icon="restore"),
)
OTHER_CHANGE = Sign("", icon="pencil")


@dataclass(frozen=True)
class ShownEntry:
    """An entry as the page shows it."""

    entry: Entry

    @property
    def at(self) -> datetime:
        return self.entry.at

    @property
    def who(self) -> str:
        return self.entry.who

    @cached_property
    def icon(self) -> str:
        if self.entry.change is not None:
            action = self.entry.change.action
            return next((sign.icon for sign in CHANGE_SIGNS if sign.value == action), OTHER_CHANGE.icon)
        source, row = self._record
        method = row.values.get(source.tag) if source.tag else None
        return next((sign.icon for sign in METHODS if sign.value == method), source.desk.icon)

    @cached_property
    def kind(self) -> str:
        """What was done: the object's label with what tells its records apart, or the change."""
        if self.entry.change is not None:
            return self.entry.change.action_label
        source, row = self._record
        return " · ".join(filter(None, (source.text(row, source.tag), source.desk.label)))

    @cached_property
    def url(self) -> str:
        if self.entry.row is None or self.entry.source is None:
            return ""
        return self.entry.source.desk.record_url(self.entry.row.id)

    @cached_property
    def title(self) -> str:
        """What it is called, unless that is only how its text begins."""
        if self.entry.change is not None:
            return ""
        source, row = self._record
        title = cells.title(source.desk, row.values)
        return "" if self._plain_text.startswith(title.rstrip("…")) else title

    @cached_property
    def text(self) -> SafeString:
        """What was said, with the people who were mentioned in it."""
        source, row = self._record
        shown = escape(self._plain_text)
        people = row.values.get(source.mentioned) if source.mentioned else None
        for person in people or ():
            name = escape(f"@{person.name}")
            shown = shown.replace(name, f'<b class="mention">{name}</b>')
        return SafeString(shown)

    @cached_property
    def files(self) -> SafeString:
        source, row = self._record
        field = source.desk.field(source.files) if source.files else None
        return cells.cell(source.desk, field, row.values[field.name], row.values) if field else SafeString()

    @cached_property
    def details(self) -> list[tuple[str, str]]:
        """Labels and values of what comes next."""
        source, row = self._record
        found = []
        for name in source.details:
            field, text = source.desk.field(name), source.text(row, name)
            if field is not None and text:
                found.append((field.spec.label.text(source.desk.language), text))
        return found

    @property
    def changes(self) -> Any:
        return self.entry.change.changes if self.entry.change is not None else ()

    @property
    def _record(self) -> tuple[Any, Any]:
        return self.entry.source, self.entry.row

    @cached_property
    def _plain_text(self) -> str:
        source, row = self._record
        return source.text(row, source.body)  # type: ignore[no-any-return]


class TimelineFilter(forms.Form):
    """What of a timeline somebody wants to see; anything that makes no sense is passed over."""

    def __init__(self, data: Any, timeline: Timeline) -> None:
        super().__init__(data, auto_id="timeline-%s")
        kinds = [(source.desk.name, source.desk.label) for source in timeline.sources]
        offered = [("", _("Everything")), (ACTIVITIES, _("Activities")), (CHANGES, _("Changes")), *kinds]
        self.fields["kind"] = forms.ChoiceField(label=_("Kind"), choices=offered, required=False)
        self.fields["who"] = UserField(timeline.actor.language, _("Colleague"))
        self.fields["since"] = forms.DateField(label=_("From"), widget=DateInput, required=False)
        self.fields["until"] = forms.DateField(label=_("Until"), widget=DateInput, required=False)
        self.fields["who"].required = False
        self.zone = timeline.actor.zone

    def filters(self) -> Filters:
        self.is_valid()
        given = self.cleaned_data
        since, until = given.get("since"), given.get("until")
        return Filters(
            given.get("kind") or "",
            given.get("who"),
            datetime.combine(since, time(), self.zone) if since else None,
            datetime.combine(until + timedelta(days=1), time(), self.zone) if until else None,
        )


class TimelineCard:
    """The timeline of one record as a page shows it; nothing is read before a template asks for it."""

    def __init__(self, opened: ObjectDesk, record_id: uuid.UUID, given: QueryDict | None = None) -> None:
        self.desk, self.id = opened, record_id
        self.given = {name: str(value) for name, value in given.items()} if given is not None else {}

    @property
    def actor(self) -> Actor:
        return self.desk.actor

    @cached_property
    def timeline(self) -> Timeline:
        return Timeline(self.actor, self.desk.name, self.id, now=self.desk.now)

    @cached_property
    def form(self) -> TimelineFilter:
        form = TimelineFilter(self.given, self.timeline)
        who = form.filters().who
        if who is not None:  # the box shows whom the address names
            known = names_of(self.actor, [Reference("user", who)])
            form.data = {**self.given, "who": Reference("user", who, known.get(who, str(who)))}
        return form

    @cached_property
    def page(self) -> TimelinePage:
        self.timeline.filters = self.form.filters()
        return self.timeline.page(cursor=self.given.get("cursor") or None)

    @property
    def entries(self) -> list[ShownEntry]:
        return [ShownEntry(entry) for entry in self.page.entries]

    @property
    def kind(self) -> str:
        return str(self.given.get("kind", ""))

    @property
    def is_narrowed(self) -> bool:
        return any(self.given.get(name) for name in ("kind", "who", "since", "until"))

    @property
    def url(self) -> str:
        return reverse("record-timeline", args=[self.desk.name, self.id])

    @property
    def more_url(self) -> str | None:
        """Where it goes on, None at its end."""
        if self.page.next_cursor is None:
            return None
        kept = {name: self.given[name] for name in ("kind", "who", "since", "until") if self.given.get(name)}
        return f"{self.url}?{urlencode({**kept, 'cursor': self.page.next_cursor})}"

    @property
    def tabs(self) -> list[tuple[str, Any, bool]]:
        """Value, label and whether it is chosen, of the kinds that are one click away."""
        offered = (("", _("All")), (ACTIVITIES, _("Activities")), (CHANGES, _("Changes")))
        return [(value, label, value == self.kind) for value, label in offered]


@require_GET
@signed_in
def record_timeline(request: HttpRequest, object_name: str, record_id: uuid.UUID) -> HttpResponse:
    """Show entries of a record's timeline: as a fragment what was asked for, else a page of its own."""
    opened = desk(request, object_name)
    card = TimelineCard(opened, record_id, request.GET)
    if is_fragment(request):
        return render(request, "layouts/activities/entries.html", {"card": card})
    query = RecordQuery(opened.actor, object_name)
    values = query.fields("id", *query.name_fields()).show(record_id)
    context = {"card": card, "desk": opened, "title": cells.title(opened, values)}
    return render(request, "layouts/activities/timeline_page.html", context)
