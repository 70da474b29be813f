"""Days and moments as people write them: 2026年1月5日, 2026/1/5 14:30, Jan 5, 2026, 20260105."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from datetime import date, datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from metadata.field_types import date_precision

_NUMBERS = r"(?P<y>\d{4})\s*(?:年|[-/.])\s*(?P<m>\d{1,2})\s*(?:月|[-/.])\s*(?P<d>\d{1,2})\s*(?:日|号)?"
_WORDS = r"(?P<name>[A-Za-z]{3,9})\.?\s+(?P<d2>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<y2>\d{4})"
_WORDS_LATER = r"(?P<d3>\d{1,2})\s+(?P<name3>[A-Za-z]{3,9})\.?,?\s+(?P<y3>\d{4})"
_PLAIN = r"(?P<y4>\d{4})(?P<m4>\d{2})(?P<d4>\d{2})"
_DAY = rf"(?:{_NUMBERS}|{_WORDS}|{_WORDS_LATER}|{_PLAIN})(?:\s*(?:星期|周)[一二三四五六日天])?"
_TIME = (
    r"(?P<half>上午|下午|晚上|AM|PM)?\s*(?P<h>\d{1,2})\s*[:点时]\s*(?P<min>\d{1,2})?\s*分?"
    r"(?:\s*:?\s*(?P<s>\d{1,2})(?:\.\d{1,6})?\s*秒?)?\s*(?P<half2>AM|PM)?"
)
_ONLY_DAY = re.compile(rf"{_DAY}(?:[T\s]+0{{1,2}}:00(?::00(?:\.0+)?)?)?", re.IGNORECASE)
_MOMENT = re.compile(rf"{_DAY}(?:[T\s]*{_TIME})?(?:\s*\((?P<zone>[\w/+-]+)\))?", re.IGNORECASE)
_MONTH = re.compile(r"(?P<y>\d{4})\s*(?:年|[-/.])\s*(?P<m>\d{1,2})\s*月?")
_YEAR = re.compile(r"(?P<y>\d{4})\s*年")
_QUARTER = re.compile(r"(?P<y>\d{4})\s*年?\s*[-/]?\s*(?:Q|第?)(?P<q>[1-4一二三四])(?:季度)?", re.IGNORECASE)
_QUARTERS = {"一": 1, "二": 2, "三": 3, "四": 4}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_AFTERNOON, _MORNING = frozenset({"下午", "晚上", "pm"}), frozenset({"上午", "am"})


def read_date(text: str) -> date | None:
    """Return the day, None when the text is none or could be two."""
    found = _ONLY_DAY.fullmatch(_plain(text))
    return _day(found) if found else None


def read_period(text: str, precision: str) -> date | None:
    """Return the first day of a month, quarter or year."""
    plain = _plain(text)
    if precision == date_precision.MONTH and (found := _MONTH.fullmatch(plain)):
        return _made(int(found["y"]), int(found["m"]), 1)
    if precision == date_precision.QUARTER and (found := _QUARTER.fullmatch(plain)):
        number = _QUARTERS.get(found["q"]) or int(found["q"])
        return _made(int(found["y"]), number * 3 - 2, 1)
    if precision == date_precision.YEAR and (found := _YEAR.fullmatch(plain)):
        return _made(int(found["y"]), 1, 1)
    return None


def read_moment(text: str, zone: ZoneInfo) -> datetime | None:
    """Return the moment, in the zone where the text names none; None when the text is no moment of ours."""
    found = _MOMENT.fullmatch(_plain(text))
    day = _day(found) if found else None
    if found is None or day is None:
        return None
    with suppress(ValueError, ZoneInfoNotFoundError):
        named = ZoneInfo(found["zone"]) if found["zone"] else zone
        return datetime.combine(day, _clock(found), named)
    return None


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


def _clock(found: re.Match[str]) -> time:
    if found["h"] is None:
        return time()
    hour = int(found["h"])
    half = (found["half"] or found["half2"] or "").lower()
    if half in _AFTERNOON and hour < 12:
        hour += 12
    if half in _MORNING and hour == 12:
        hour = 0
    return time(hour, int(found["min"] or 0), int(found["s"] or 0))


def _day(found: re.Match[str]) -> date | None:
    if found["y"]:
        return _made(int(found["y"]), int(found["m"]), int(found["d"]))
    if found["y4"]:
        return _made(int(found["y4"]), int(found["m4"]), int(found["d4"]))
    name = (found["name"] or found["name3"])[:3].lower()
    if name not in _MONTHS:
        return None
    return _made(int(found["y2"] or found["y3"]), _MONTHS.index(name) + 1, int(found["d2"] or found["d3"]))


def _made(year: int, month: int, day: int) -> date | None:
    with suppress(ValueError):
        return date(year, month, day)
    return None
