"""Calendars of working days, and counting in them."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Protocol

import chinese_calendar

ONE_DAY = timedelta(days=1)
MAX_SPAN = 36_600  # days that are counted one by one: a hundred years


class WorkCalendar(Protocol):
    """Says which days are worked on, and between which hours (pairs of a beginning and an end, in order)."""

    @property
    def hours(self) -> Sequence[tuple[time, time]]: ...

    def is_workday(self, day: date) -> bool: ...


class ChineseCalendar:
    """Monday to Friday, with China's public holidays and make-up weekends in the years for which they are known."""

    hours = ((time(9), time(12)), (time(13), time(18)))

    def is_workday(self, day: date) -> bool:
        return _is_chinese_workday(day)


@lru_cache(maxsize=20_000)
def _is_chinese_workday(day: date) -> bool:
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:  # the government announces a year at the end of the one before
        return day.isoweekday() < 6


CHINA = ChineseCalendar()
FIVE_DAYS = frozenset(range(1, 6))


@dataclass(frozen=True)
class OwnCalendar:
    """An organisation's own days and hours. Days named in `exceptions` ("off" or "work") come before all else.

    With the usual five days, China's public holidays count as well.
    """

    week_days: frozenset[int]
    hours: tuple[tuple[time, time], ...]
    exceptions: Mapping[str, str]

    @classmethod
    def of(cls, week_days: Sequence[int], hours: Sequence[Sequence[str]], exceptions: Mapping[str, str]) -> OwnCalendar:
        """Build the calendar from an organisation's settings; what is not set is as in China."""
        spans = tuple((time.fromisoformat(start), time.fromisoformat(end)) for start, end in hours)
        return cls(frozenset(week_days) or FIVE_DAYS, spans or CHINA.hours, dict(exceptions))

    def is_workday(self, day: date) -> bool:
        said = self.exceptions.get(day.isoformat())
        if said:
            return said == "work"
        return CHINA.is_workday(day) if self.week_days == FIVE_DAYS else day.isoweekday() in self.week_days


def count_workdays(calendar: WorkCalendar, first: date, last: date) -> int | None:
    """Return the working days from `first` to `last`, both included; negative when they run backwards.

    None when they are more than a hundred years apart.
    """
    if first > last:
        count = count_workdays(calendar, last, first)
        return None if count is None else -count
    span = (last - first).days + 1
    if span > MAX_SPAN:
        return None
    return sum(calendar.is_workday(first + timedelta(days=n)) for n in range(span))


def add_workdays(calendar: WorkCalendar, day: date, count: int) -> date | None:
    """Return the `count`-th working day after a day (before it when negative); None when that is too far away."""
    step, left = (ONE_DAY, count) if count > 0 else (-ONE_DAY, -count)
    for _number in range(MAX_SPAN):
        if left == 0:
            return day
        if not date.min < day < date.max:
            return None
        day += step
        left -= calendar.is_workday(day)
    return None


def work_seconds(calendar: WorkCalendar, start: datetime, end: datetime, zone: zoneinfo.ZoneInfo) -> int | None:
    """Return the seconds of working time between two moments; None when they are more than a hundred years apart."""
    if start > end:
        seconds = work_seconds(calendar, end, start, zone)
        return None if seconds is None else -seconds
    first, last = start.astimezone(zone), end.astimezone(zone)
    if (last.date() - first.date()).days > MAX_SPAN:
        return None
    total = timedelta()
    for number in range((last.date() - first.date()).days + 1):
        day = first.date() + timedelta(days=number)
        if calendar.is_workday(day):
            for opens, closes in calendar.hours:
                start_of_work = max(datetime.combine(day, opens), first.replace(tzinfo=None))
                end_of_work = min(datetime.combine(day, closes), last.replace(tzinfo=None))
                total += max(end_of_work - start_of_work, timedelta())
    return int(total.total_seconds())


def add_work_seconds(calendar: WorkCalendar, start: datetime, seconds: int, zone: zoneinfo.ZoneInfo) -> datetime | None:
    """Return the moment at which so much working time has passed since `start`; None when that is too far away.

    Without any, it is the first working moment at or after `start`.
    """
    local, left = start.astimezone(zone), timedelta(seconds=seconds)
    for number in range(MAX_SPAN):
        day = local.date() + timedelta(days=number)
        if not calendar.is_workday(day):
            continue
        for opens, closes in calendar.hours:
            begins = max(datetime.combine(day, opens), local.replace(tzinfo=None))
            free = datetime.combine(day, closes) - begins
            if free <= timedelta():
                continue
            if left <= free:
                return (begins + left).replace(tzinfo=zone).astimezone(start.tzinfo)
            left -= free
    return None
