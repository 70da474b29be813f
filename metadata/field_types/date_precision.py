"""Dates to the month, quarter or year, and limits relative to today; no field type.

A value is always a day: the first of its month, quarter or year.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta

from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types.values import InvalidValue

DAY, MONTH, QUARTER, YEAR = "day", "month", "quarter", "year"
_MONTHS = {MONTH: 1, QUARTER: 3, YEAR: 12}
_FORMS = {
    MONTH: re.compile(r"(\d{4})-(\d{1,2})", re.ASCII),
    QUARTER: re.compile(r"(\d{4})\s*-?\s*Q([1-4])", re.ASCII | re.IGNORECASE),
    YEAR: re.compile(r"(\d{4})()", re.ASCII),
}
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_LIMIT = re.compile(r"today(?:([+-])(\d{1,5})([dwmy]))?", re.ASCII)


def parse_date(text: str) -> date | None:
    """Return the day in `YYYY-MM-DD`; None when it is none."""
    if not _ISO_DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def precision_of(field: FieldSpec) -> str:
    """Return how exact a field's dates are."""
    return str(field.settings.get("precision", DAY))


def start_of(day: date, precision: str) -> date:
    """Return the first day of the month, quarter or year that holds a day; the day itself when it is exact."""
    if precision not in _MONTHS:
        return day
    size = _MONTHS[precision]
    return day.replace(month=(day.month - 1) // size * size + 1, day=1)


def read_period(text: str, precision: str) -> date | None:
    """Return the first day of `2026-03`, `2026-Q1` or `2026`; None when the text is no such period."""
    match = _FORMS[precision].fullmatch(text) if precision in _FORMS else None
    if match is None:
        return None
    number = int(match[2] or 1)
    month = number * 3 - 2 if precision == QUARTER else number
    try:
        return date(int(match[1]), month, 1)
    except ValueError:
        return None


def written_period(day: date, precision: str) -> str:
    """Return a period as `read_period` reads it."""
    if precision == MONTH:
        return f"{day.year:04}-{day.month:02}"
    return f"{day.year:04}-Q{(day.month + 2) // 3}" if precision == QUARTER else f"{day.year:04}"


def is_limit(text: str) -> bool:
    """Tell whether a text is a limit: a day, or `today`, `today+30d`, `today-1y` (days, weeks, months, years)."""
    return bool(_LIMIT.fullmatch(text)) or parse_date(text) is not None


def limit_day(text: str, today: date) -> date:
    """Return the day that a limit stands for; one beyond the calendar is its first or last day."""
    match = _LIMIT.fullmatch(text)
    if match is None:
        return date.fromisoformat(text)
    count = int(match[2] or 0) * (-1 if match[1] == "-" else 1)
    try:
        if match[3] in ("m", "y"):
            return _in_months(today, count * (12 if match[3] == "y" else 1))
        return today + timedelta(days=count * (7 if match[3] == "w" else 1))
    except (OverflowError, ValueError):
        return date.max if count > 0 else date.min


def check_limits(field: FieldSpec, day: date, today: date) -> None:
    """Raise InvalidValue when the day is outside the field's `min` and `max`."""
    low, high = field.settings.get("min"), field.settings.get("max")
    if low and day < start_of(limit_day(low, today), precision_of(field)):
        first = limit_day(low, today).isoformat()
        raise InvalidValue("out_of_range", _("Not before %(day)s.") % {"day": first}, min=first)
    if high and day > limit_day(high, today):
        last = limit_day(high, today).isoformat()
        raise InvalidValue("out_of_range", _("Not after %(day)s.") % {"day": last}, max=last)


def _in_months(day: date, count: int) -> date:
    index = day.year * 12 + day.month - 1 + count
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
