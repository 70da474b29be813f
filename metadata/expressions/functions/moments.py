"""Days and moments in a time zone, as PostgreSQL counts them; defines no function."""

from __future__ import annotations

import calendar
import zoneinfo
from datetime import UTC, date, datetime, time, timedelta

from metadata.expressions.functions.operators import in_calendar
from metadata.expressions.limits import MAX_MONTHS


def local_day(value: date | datetime, zone: zoneinfo.ZoneInfo) -> date:
    """Return the day of a moment in the zone; a date as it is."""
    return value.astimezone(zone).date() if isinstance(value, datetime) else value


def from_local(local: datetime, zone: zoneinfo.ZoneInfo) -> datetime | None:
    """Return the moment at which the zone's clocks show `local`; None outside the calendar.

    An hour that comes twice means its second coming, an hour that is left out the time just after the gap:
    in both cases the smaller offset, as in PostgreSQL.
    """
    offsets = [local.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta() for fold in (0, 1)]
    try:
        return in_calendar((local - min(offsets)).replace(tzinfo=UTC))
    except OverflowError:
        return None


def to_local(moment: datetime, zone: zoneinfo.ZoneInfo) -> datetime:
    """Return what the zone's clocks show."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def plus_months(day: date, months: int) -> date | None:
    """Return the same day of another month, or its last one; None outside the calendar."""
    if abs(months) > MAX_MONTHS:
        return None
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        return None
    return day.replace(year=year, month=month + 1, day=min(day.day, calendar.monthrange(year, month + 1)[1]))


def months_between(first: date, last: date) -> int:
    """Return the complete months from one day to another, negative when it comes before."""
    months = (last.year - first.year) * 12 + last.month - first.month
    if months > 0 and last.day < first.day:
        return months - 1
    return months + 1 if months < 0 and last.day > first.day else months


def cut(number: int, by: int) -> int:
    """Divide and cut off what is left, towards zero."""
    return number // by if number >= 0 else -(-number // by)


def midnight(day: date) -> datetime:
    return datetime.combine(day, time())
