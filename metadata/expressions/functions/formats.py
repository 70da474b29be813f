"""Values as text: the plain form, and the formats of TEXT(); defines no function."""

from __future__ import annotations

import re
import zoneinfo
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from metadata.expressions.arithmetic import EXACT, plain, rounded
from metadata.expressions.types import ValueType

TEXT_FORMATS = ("0.00", "#,##0.00", "0%", "YYYY-MM-DD", "YYYY年M月D日", "HH:mm")
_NUMBER = re.compile(r"(?P<group>#,##)?(?P<whole>0{1,20})(?:\.(?P<fixed>0{0,18})(?P<free>#{0,18}))?(?P<percent>%)?")
_CLOCK = re.compile("YYYY|YY|MM|M|DD|D|HH|H|mm|ss")
_DAY_PARTS = frozenset({"YYYY", "YY", "MM", "M", "DD", "D"})
_LONGEST = 60


def shown(value: Any, zone: zoneinfo.ZoneInfo) -> str | None:
    """Return the plain text of a value: 1.5, true, 2026-01-31, 2026-01-31 09:30:00."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return _clock(value.astimezone(zone), "YYYY-MM-DD HH:mm:ss")
    if isinstance(value, date):
        return _clock(value, "YYYY-MM-DD")
    return _clock(value, "HH:mm:ss") if isinstance(value, time) else str(value)


def is_format(type_: ValueType, pattern: str) -> bool:
    """Tell whether a format fits values of a type."""
    if type_ is ValueType.NUMBER:
        return _NUMBER.fullmatch(pattern) is not None
    parts = set(_CLOCK.findall(pattern))
    known = {
        ValueType.DATE: _DAY_PARTS,
        ValueType.TIME: frozenset({"HH", "H", "mm", "ss"}),
        ValueType.DATETIME: _DAY_PARTS | {"HH", "H", "mm", "ss"},
    }
    return bool(parts) and len(pattern) <= _LONGEST and parts <= known.get(type_, frozenset())


def formatted(value: Any, pattern: str, zone: zoneinfo.ZoneInfo) -> str:
    """Return a value in a format that `is_format` accepts."""
    if isinstance(value, Decimal):
        return _number(value, pattern)
    return _clock(value.astimezone(zone) if isinstance(value, datetime) else value, pattern)


def _number(value: Decimal, pattern: str) -> str:
    match = _NUMBER.fullmatch(pattern)
    assert match is not None
    fixed, free = len(match["fixed"] or ""), len(match["free"] or "")
    scaled = EXACT.multiply(value, 100) if match["percent"] else value
    kept = rounded(scaled, fixed + free)
    whole, _point, decimals = format(kept.copy_abs(), "f").partition(".")
    whole = whole.zfill(len(match["whole"]))
    if match["group"]:
        whole = re.sub(r"(?<=\d)(?=(\d{3})+$)", ",", whole)
    decimals = decimals[:fixed] + decimals[fixed:].rstrip("0")
    sign = "-" if kept < 0 else ""
    return f"{sign}{whole}{'.' if decimals else ''}{decimals}{match['percent'] or ''}"


def _clock(value: Any, pattern: str) -> str:
    return _CLOCK.sub(lambda match: _part(value, match[0]), pattern)


def _part(value: Any, part: str) -> str:
    kind = {"Y": "year", "M": "month", "D": "day", "H": "hour", "m": "minute", "s": "second"}[part[0]]
    number = getattr(value, kind)
    return f"{number % 100:02}" if part == "YY" else f"{number:0{len(part)}}"
