"""How days are counted until a record returns: the moment before which something must have happened, and its inverse.

SQL only compares moments; calendars are asked here. For both clocks, of whoever is or was away, holds:
`base < cutoff(now, days)` exactly when `due(base, days) < now`.
"""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from crm_platform.jobs.schedules import wall_time
from crm_platform.kit.context import system_actor
from crm_platform.kit.workdays import ONE_DAY, WorkCalendar, add_workdays
from metadata.expressions.surroundings import Surroundings
from workflows.pools.models import Clock

LONGEST_HOLIDAY = 400  # days without a working day that are looked through, besides leave

Spans = tuple[tuple[datetime, datetime], ...]  # beginnings and ends, in order and apart


@dataclass(frozen=True)
class RecycleClock:
    """Counts calendar days (24 hours each), or working days of the organisation's calendar in its time zone.

    What happens on a day that is not worked on counts as if it happened when the next working day begins. While the
    owner is `away` the clock stands still: calendar days to the minute; of working days those whose hours he misses
    altogether do not count.
    """

    kind: str
    calendar: WorkCalendar
    zone: zoneinfo.ZoneInfo
    away: Spans = ()

    def without(self, away: Spans) -> RecycleClock:
        """Return the clock of somebody who is away at times."""
        if not self.counts_workdays:
            return replace(self, away=away)
        return replace(self, calendar=KnownDays(_WithLeave(self.calendar, away, self.zone)), away=away)

    @property
    def counts_workdays(self) -> bool:
        return self.kind == Clock.WORKDAYS

    def cutoff(self, now: datetime, days: int) -> datetime:
        """Return the moment before which the last good event must lie for a record to be due at `now`."""
        if not self.counts_workdays:
            return self._back(now, timedelta(days=days))
        local = now.astimezone(self.zone)
        today = local.date()
        if self.calendar.is_workday(today) and local.time() != time(0):
            return self._at(self._workday(today, -days), now)
        over = self._worked(today - ONE_DAY, -ONE_DAY)  # the last working day that is over
        return self._begin(self._workday(over, -days) + ONE_DAY)

    def due(self, base: datetime, days: int) -> datetime:
        """Return the moment after which a record is due whose last good event was at `base`."""
        if not self.counts_workdays:
            return self._ahead(base, timedelta(days=days))
        day = base.astimezone(self.zone).date()
        if self.calendar.is_workday(day):
            return self._at(self._workday(day, days), base)
        return self._begin(self._workday(self._worked(day, ONE_DAY), days))

    def left(self, now: datetime, due: datetime) -> int:
        """Return the whole days of the calendar, in the organisation's zone, from now until a record is due."""
        return (due.astimezone(self.zone).date() - now.astimezone(self.zone).date()).days

    def _back(self, now: datetime, left: timedelta) -> datetime:
        """Return the first moment from which on no more than `left` is counted until now."""
        for start, end in reversed(self.away):
            if start >= now:
                continue
            counted = now - min(end, now)
            if counted > left:
                break
            left, now = left - counted, start
        return now - left

    def _ahead(self, base: datetime, left: timedelta) -> datetime:
        """Return the last moment until which no more than `left` is counted."""
        for start, end in self.away:
            if end <= base:
                continue
            counted = max(start, base) - base
            if counted > left:
                break
            left, base = left - counted, end
        return base + left

    def _workday(self, day: date, count: int) -> date:
        found = add_workdays(self.calendar, day, count)
        if found is None:
            raise OverflowError("no working day within a hundred years")
        return found

    def _worked(self, day: date, step: timedelta) -> date:
        """Return the next working day from a day on, in the direction of `step`."""
        for _number in range(LONGEST_HOLIDAY + sum((end - start).days + 1 for start, end in self.away)):
            if self.calendar.is_workday(day):
                return day
            day += step
        raise OverflowError("no working day within a year")

    def _at(self, day: date, moment: datetime) -> datetime:
        """Return the moment on a day that shows the same time of day as `moment`."""
        local = moment.astimezone(self.zone)
        return datetime.combine(day, local.time(), self.zone).replace(fold=local.fold).astimezone(UTC)

    def _begin(self, day: date) -> datetime:
        return wall_time(day, time(0), self.zone)


class KnownDays:
    """A calendar that remembers what it was asked: counting days asks the same ones again and again."""

    def __init__(self, calendar: WorkCalendar) -> None:
        self.hours = calendar.hours
        self.is_workday = lru_cache(maxsize=4_000)(calendar.is_workday)


def clock_of(kind: str, zone: zoneinfo.ZoneInfo) -> RecycleClock:
    """Return the clock of a pool of the current organisation."""
    calendar = Surroundings(system_actor()).work_calendar() if kind == Clock.WORKDAYS else _NO_CALENDAR
    return RecycleClock(kind, KnownDays(calendar), zone)


class _WithLeave:
    """A calendar without the days whose working hours somebody misses from beginning to end."""

    def __init__(self, calendar: WorkCalendar, away: Spans, zone: zoneinfo.ZoneInfo) -> None:
        self.hours = calendar.hours
        self._calendar, self._away, self._zone = calendar, away, zone
        self._first = min((start for start, _end in calendar.hours), default=time(0))
        self._last = max((end for _start, end in calendar.hours), default=time(23, 59))

    def is_workday(self, day: date) -> bool:
        if not self._calendar.is_workday(day):
            return False
        opens, closes = wall_time(day, self._first, self._zone), wall_time(day, self._last, self._zone)
        return not any(start <= opens and closes <= end for start, end in self._away)


class _EveryDay:
    hours: tuple[tuple[time, time], ...] = ()

    def is_workday(self, day: date) -> bool:
        return True


_NO_CALENDAR = _EveryDay()
