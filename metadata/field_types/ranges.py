"""Periods relative to today (`this_month`, `last_n_days:7`): what they are called and which days they span."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from metadata.field_types.values import Calendar, InvalidValue

MAX_COUNT = 10_000
_GRAMMAR = re.compile(r"([a-z_]+)(?::(\d{1,5}))?", re.ASCII)

Span = tuple[date, date]  # half open: from the first day up to, not including, the second
Spanner = Callable[[date, int, Calendar], Span]  # today, the period's number, the organisation's calendar
Unit = Callable[[int, int], Spanner]  # from the first to the last unit, counted from the one that holds today


@dataclass(frozen=True)
class Period:
    """One period: its key in operands, its label, whether it takes a number, and the days it spans."""

    key: str
    label: Promise
    span: Spanner
    takes_count: bool = False

    @property
    def text(self) -> str:
        """Return the operand's form for people who write it: `last_n_days:N`."""
        return f"{self.key}:N" if self.takes_count else self.key


def resolve(raw: Any, today: date, calendar: Calendar) -> Span:
    """Return the days that a relative operand such as `last_n_days:7` spans; raises InvalidValue."""
    period, count = parse(raw)
    try:
        return period.span(today, count, calendar)
    except (OverflowError, ValueError):
        raise InvalidValue("out_of_range", _("The period is outside the calendar.")) from None


def parse(raw: Any) -> tuple[Period, int]:
    """Return the period and its number (0 where it takes none); raises InvalidValue."""
    match = _GRAMMAR.fullmatch(raw.strip().lower()) if isinstance(raw, str) else None
    period = PERIODS.get(match[1]) if match else None
    if match is None or period is None or period.takes_count != (match[2] is not None):
        raise InvalidValue("invalid_choice", _("Unknown period."))
    count = int(match[2] or 0)
    if count > MAX_COUNT or (period.takes_count and count == 0 and period.key not in _COUNT_FROM_ZERO):
        raise InvalidValue("out_of_range", _("A number from 1 to %(max)d.") % {"max": MAX_COUNT}, max=MAX_COUNT)
    return period, count


def describe(raw: Any) -> str:
    """Return a relative operand as people read it, in the current language; raises InvalidValue."""
    period, count = parse(raw)
    return str(period.label) % {"n": count} if period.takes_count else str(period.label)


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """Return the moment at which a day begins in a zone, in UTC; right where midnight is skipped or repeated."""
    try:
        return datetime.combine(day, time.min, zone).astimezone(UTC)
    except (OverflowError, ValueError):  # the first or the last day there is, seen from the other side
        edge = datetime.min if day.year < 2 else datetime.max
        return edge.replace(tzinfo=UTC)


def start_of_week(day: date, calendar: Calendar) -> date:
    return day - timedelta(days=(day.isoweekday() - calendar.week_start) % 7)


def shift_months(first: date, months: int) -> date:
    """Return the first day of the month `months` away from the month that `first` begins."""
    index = first.year * 12 + first.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def _days(first: int, last: int) -> Spanner:
    return lambda today, _count, _calendar: (today + timedelta(days=first), today + timedelta(days=last))


def _weeks(first: int, last: int) -> Spanner:
    def span(today: date, _count: int, calendar: Calendar) -> Span:
        start = start_of_week(today, calendar)
        return start + timedelta(weeks=first), start + timedelta(weeks=last)

    return span


def _months(size: int, first: int, last: int, *, fiscal: bool = False) -> Spanner:
    """Return the span from `first` to `last` units of `size` months, counted from the one that holds today."""

    def span(today: date, _count: int, calendar: Calendar) -> Span:
        start = _unit_start(today, size, calendar, fiscal=fiscal)
        return shift_months(start, first * size), shift_months(start, last * size)

    return span


def _unit_start(today: date, size: int, calendar: Calendar, *, fiscal: bool) -> date:
    offset = calendar.fiscal_start_month - 1 if fiscal else 0
    return shift_months(today.replace(day=1), -((today.month - 1 - offset) % size))


def _before(unit: Unit) -> Spanner:
    """Return the span of the `count` whole units before the one that holds today."""
    return lambda today, count, calendar: unit(-count, 0)(today, count, calendar)


def _after(unit: Unit) -> Spanner:
    """Return the span of the `count` whole units after the one that holds today."""
    return lambda today, count, calendar: unit(1, count + 1)(today, count, calendar)


def _last_days(today: date, count: int, _calendar: Calendar) -> Span:
    return today - timedelta(days=count), today + timedelta(days=1)


def _next_days(today: date, count: int, _calendar: Calendar) -> Span:
    return today + timedelta(days=1), today + timedelta(days=count + 1)


def _days_ago(today: date, count: int, _calendar: Calendar) -> Span:
    return today - timedelta(days=count), today - timedelta(days=count - 1)


def _older_than(today: date, count: int, _calendar: Calendar) -> Span:
    return date.min, today - timedelta(days=count)


_UNITS: dict[str, Unit] = {
    "week": _weeks,
    "month": lambda first, last: _months(1, first, last),
    "quarter": lambda first, last: _months(3, first, last),
    "year": lambda first, last: _months(12, first, last),
    "fiscal_quarter": lambda first, last: _months(3, first, last, fiscal=True),
    "fiscal_year": lambda first, last: _months(12, first, last, fiscal=True),
}

PERIODS: dict[str, Period] = {
    period.key: period
    for period in (
        Period("today", _("today"), _days(0, 1)),
        Period("yesterday", _("yesterday"), _days(-1, 0)),
        Period("tomorrow", _("tomorrow"), _days(1, 2)),
        Period("this_week", _("this week"), _UNITS["week"](0, 1)),
        Period("last_week", _("last week"), _UNITS["week"](-1, 0)),
        Period("next_week", _("next week"), _UNITS["week"](1, 2)),
        Period("this_month", _("this month"), _UNITS["month"](0, 1)),
        Period("last_month", _("last month"), _UNITS["month"](-1, 0)),
        Period("next_month", _("next month"), _UNITS["month"](1, 2)),
        Period("this_quarter", _("this quarter"), _UNITS["quarter"](0, 1)),
        Period("last_quarter", _("last quarter"), _UNITS["quarter"](-1, 0)),
        Period("next_quarter", _("next quarter"), _UNITS["quarter"](1, 2)),
        Period("this_year", _("this year"), _UNITS["year"](0, 1)),
        Period("last_year", _("last year"), _UNITS["year"](-1, 0)),
        Period("next_year", _("next year"), _UNITS["year"](1, 2)),
        Period("this_fiscal_quarter", _("this fiscal quarter"), _UNITS["fiscal_quarter"](0, 1)),
        Period("last_fiscal_quarter", _("last fiscal quarter"), _UNITS["fiscal_quarter"](-1, 0)),
        Period("next_fiscal_quarter", _("next fiscal quarter"), _UNITS["fiscal_quarter"](1, 2)),
        Period("this_fiscal_year", _("this fiscal year"), _UNITS["fiscal_year"](0, 1)),
        Period("last_fiscal_year", _("last fiscal year"), _UNITS["fiscal_year"](-1, 0)),
        Period("next_fiscal_year", _("next fiscal year"), _UNITS["fiscal_year"](1, 2)),
        # The last days include today: what happened up to now. Weeks and longer are whole ones before this one.
        Period("last_n_days", _("the last %(n)d days"), _last_days, takes_count=True),
        Period("next_n_days", _("the next %(n)d days"), _next_days, takes_count=True),
        Period("n_days_ago", _("%(n)d days ago"), _days_ago, takes_count=True),
        Period("older_than_n_days", _("more than %(n)d days ago"), _older_than, takes_count=True),
        Period("last_n_weeks", _("the last %(n)d weeks"), _before(_UNITS["week"]), takes_count=True),
        Period("next_n_weeks", _("the next %(n)d weeks"), _after(_UNITS["week"]), takes_count=True),
        Period("last_n_months", _("the last %(n)d months"), _before(_UNITS["month"]), takes_count=True),
        Period("next_n_months", _("the next %(n)d months"), _after(_UNITS["month"]), takes_count=True),
        Period("last_n_quarters", _("the last %(n)d quarters"), _before(_UNITS["quarter"]), takes_count=True),
        Period("next_n_quarters", _("the next %(n)d quarters"), _after(_UNITS["quarter"]), takes_count=True),
        Period("last_n_years", _("the last %(n)d years"), _before(_UNITS["year"]), takes_count=True),
        Period("next_n_years", _("the next %(n)d years"), _after(_UNITS["year"]), takes_count=True),
    )
}
_COUNT_FROM_ZERO = frozenset({"n_days_ago", "older_than_n_days", "last_n_days"})
