"""The calendar: months and weeks as a grid, on small screens as a list of days."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from crm_platform.console.access import signed_in
from crm_platform.kit.context import Actor
from crm_platform.kit.ids import parse_uuid
from metadata.compiler.spec import ObjectSpec
from metadata.field_types.contexts import calendar_of
from objects.access.policy import AccessPolicy
from objects.activities.calendar import CalendarEntry, calendar

MONTH, WEEK, ALL = "month", "week", "all"
SHOWN = 4  # entries of a day in a month
KINDS: dict[str, str | Promise] = {
    "": gettext_lazy("Everything"),
    "event": gettext_lazy("Events"),
    "visit": gettext_lazy("Visits"),
    "task": gettext_lazy("Tasks"),
    "next_contact": gettext_lazy("Next contacts"),
}
CREATED = (("event", "starts_at"), ("visit", "planned_at"), ("task", "due_on"))  # what a click on a day can make
FIRST, LAST = date(1900, 1, 1), date(2200, 1, 1)


@dataclass(frozen=True)
class CalendarDay:
    day: date
    entries: list[CalendarEntry]
    is_today: bool
    is_outside: bool  # of the month that is shown
    new_urls: list[tuple[str, str, str]]  # icon, label and address of the forms for something on this day

    @property
    def shown(self) -> list[CalendarEntry]:
        return self.entries[:SHOWN]

    @property
    def hidden_count(self) -> int:
        return max(0, len(self.entries) - SHOWN)

    @property
    def title(self) -> str:
        return f"{date_format(self.day, 'MONTH_DAY_FORMAT')} {date_format(self.day, 'l')}"


class CalendarPage:
    """What the page shows of a month or week around `day`."""

    def __init__(self, actor: Actor, given: dict[str, str]) -> None:
        self.actor, self.now = actor, timezone.now()
        self.today = self.now.astimezone(actor.zone).date()
        self.view = WEEK if given.get("view") == WEEK else MONTH
        self.day = _day(given.get("day", "")) or self.today
        self.kind = given.get("kind", "") if given.get("kind") in KINDS else ""
        self.owner: uuid.UUID | None = parse_uuid(given["who"]) if given.get("who") else None
        self.is_all = given.get("who") == ALL and self.has_people

    @property
    def has_people(self) -> bool:
        return self.actor.data_scope != "own"

    @cached_property
    def first(self) -> date:
        """The first day that is shown, as the organisation begins its weeks."""
        start = self.day.replace(day=1) if self.view == MONTH else self.day
        return start - timedelta(days=(start.weekday() - self._week_start) % 7)

    @cached_property
    def days_count(self) -> int:
        if self.view == WEEK:
            return 7
        following = (self.day.replace(day=28) + timedelta(days=4)).replace(day=1)
        return -(-(following - self.first).days // 7) * 7

    @cached_property
    def days(self) -> list[CalendarDay]:
        last = self.first + timedelta(days=self.days_count - 1)
        by_day: dict[date, list[CalendarEntry]] = defaultdict(list)
        found = calendar(self.actor, self.first, last, owner=self.owner, everybody=self.is_all, kind=self.kind)
        for entry in found:
            day = max(entry.day, self.first)
            while day <= min(entry.last_day, last):
                by_day[day].append(entry)
                day += timedelta(days=1)
        return [self._day(self.first + timedelta(days=number), by_day) for number in range(self.days_count)]

    @property
    def weeks(self) -> list[list[CalendarDay]]:
        return [self.days[start : start + 7] for start in range(0, self.days_count, 7)]

    @property
    def agenda(self) -> list[CalendarDay]:
        """The days with something on them, and today."""
        inside = (day for day in self.days if not day.is_outside)
        return [day for day in inside if day.entries or day.is_today]

    @property
    def weekdays(self) -> list[str]:
        return [date_format(self.first + timedelta(days=number), "D") for number in range(7)]

    @property
    def title(self) -> str:
        if self.view == MONTH:
            return date_format(self.day, "YEAR_MONTH_FORMAT")
        ends = (self.first, self.first + timedelta(days=6))
        return " – ".join(date_format(day, "MONTH_DAY_FORMAT") for day in ends)

    # --- addresses ------------------------------------------------------------------------------------------------
    def url(self, **changes: str) -> str:
        who = ALL if self.is_all else str(self.owner or "")
        kept = {"view": self.view, "day": self.day.isoformat(), "kind": self.kind, "who": who, **changes}
        return f"{reverse('calendar')}?{urlencode({name: value for name, value in kept.items() if value})}"

    @property
    def before_url(self) -> str:
        step = self.first if self.view == WEEK else self.day.replace(day=1)
        return self.url(day=(step - timedelta(days=1 if self.view == MONTH else 7)).isoformat())

    @property
    def after_url(self) -> str:
        if self.view == WEEK:
            return self.url(day=(self.first + timedelta(days=7)).isoformat())
        return self.url(day=(self.day.replace(day=28) + timedelta(days=4)).replace(day=1).isoformat())

    @property
    def today_url(self) -> str:
        return self.url(day=self.today.isoformat())

    @property
    def views(self) -> list[tuple[str, str, bool]]:
        return [
            (self.url(view=key), label, key == self.view) for key, label in ((MONTH, _("Month")), (WEEK, _("Week")))
        ]

    @property
    def kinds(self) -> list[tuple[str, str, str, bool]]:
        """Key, address, label and whether it is chosen, of each kind."""
        return [(key, self.url(kind=key), str(label), key == self.kind) for key, label in KINDS.items()]

    @property
    def people(self) -> list[tuple[str, str, bool]]:
        return [(self.url(who=""), _("Mine"), not self.is_all), (self.url(who=ALL), _("My people"), self.is_all)]

    @cached_property
    def _week_start(self) -> int:
        return (calendar_of(self.actor).week_start - 1) % 7

    def _day(self, day: date, by_day: dict[date, list[CalendarEntry]]) -> CalendarDay:
        is_outside = self.view == MONTH and day.month != self.day.month
        return CalendarDay(day, by_day.get(day, []), day == self.today, is_outside, list(self._new_urls(day)))

    def _new_urls(self, day: date) -> Iterator[tuple[str, str, str]]:
        for spec, field in self._creatable:
            at = datetime.combine(day, time(9), self.actor.zone)
            starts = {field: day.isoformat() if field == "due_on" else at.isoformat()}
            if field == "starts_at":
                starts["ends_at"] = (at + timedelta(hours=1)).isoformat()
            url = reverse("record-new", args=[spec.api_name])
            label = spec.label.text(self.actor.language)
            yield spec.icon, label, f"{url}?{urlencode({**starts, 'next': self.url(day=day.isoformat())})}"

    @cached_property
    def _creatable(self) -> list[tuple[ObjectSpec, str]]:
        policy = AccessPolicy.of(self.actor)
        known = {spec.api_name: spec for spec in policy.readable_objects()}
        return [(known[name], field) for name, field in CREATED if name in known and policy.can(name, "create")]


@require_GET
@signed_in
def calendar_page(request: HttpRequest) -> HttpResponse:
    """Show what stands in the calendar."""
    page = CalendarPage(request.actor, request.GET.dict())  # type: ignore[attr-defined]
    return render(request, "layouts/activities/calendar.html", {"page": page})


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if FIRST < found < LAST else None
