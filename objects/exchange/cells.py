"""Cells as people write them, in Chinese and English files, turned into what field types take.

What is not understood is handed on as it is: then the type's own cleaning says what is wrong with it, in the words
that people know from forms. References are found elsewhere, many at once.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from metadata.compiler.compiled import CompiledField
from metadata.field_types.checkbox import CheckboxType
from metadata.field_types.choices import ChoiceType, all_choices
from metadata.field_types.date import DateType
from metadata.field_types.date_precision import DAY, precision_of
from metadata.field_types.datetime import DateTimeType, zone_of
from metadata.field_types.datetime_range import DateTimeRangeType
from metadata.field_types.decimal import DecimalType
from metadata.field_types.integer import IntegerType
from metadata.field_types.multi_picklist import MultiPicklistType
from metadata.field_types.percent import PercentType
from objects.exchange.moments import read_date, read_moment, read_period

Reader = Callable[[str], Any]

_YES, _NO = frozenset("√✓✔对有真t"), frozenset("×✗✘错无假f")
_SEPARATORS = re.compile(r"\s*[、,，;；|\n]\s*")
_SPAN = re.compile(r"\s+[–—~～-]\s+|\s*(?:[~～]|至|到)\s*")
_SIGN = r"(?:CN|US|HK|NT|A|C|S)?[$¥€£₩₹]|RMB|CNY|人民币"
_NUMBER = re.compile(
    rf"(?P<open>\()?\s*(?P<minus>[-+−]?)\s*(?:{_SIGN}|[A-Z]{{3}}(?=\s*[-+\d]))?\s*(?P<minus2>[-+−]?)\s*"
    r"(?P<digits>\d{1,3}(?:[,' ]\d{3})+(?:\.\d*)?|\d+(?:\.\d*)?(?:[eE][+-]?\d{1,3})?|\.\d+)"
    rf"\s*(?P<unit>万|亿)?\s*(?:元|{_SIGN}|[A-Z]{{3}})?\s*(?P<close>\))?"
)
_UNITS = {"万": 4, "亿": 8}


@dataclass(frozen=True)
class ReadContext:
    """What reading depends on besides the field: in whose zone moments without one are meant."""

    zone: ZoneInfo


def reader_of(field: CompiledField, context: ReadContext) -> Reader:
    """Return what turns the cells of a column into input of its field."""
    kind, spec = field.type, field.spec
    if isinstance(kind, MultiPicklistType):
        return partial(_read_choices, _labels(field))
    if isinstance(kind, ChoiceType):
        return partial(_read_choice, _labels(field))
    if isinstance(kind, PercentType):
        return _read_percent
    if isinstance(kind, DecimalType | IntegerType):
        return read_number
    if isinstance(kind, CheckboxType):
        return _read_flag
    if isinstance(kind, DateTimeType):
        return partial(_read_moment, zone_of(spec, context.zone))
    if isinstance(kind, DateType):
        return _read_day if precision_of(spec) == DAY else partial(_read_period, precision_of(spec))
    if isinstance(kind, DateTimeRangeType):
        return partial(_read_span, zone_of(spec, context.zone))
    return str  # types strip what they do not keep


def folded(text: str) -> str:
    """Return a text in the form in which two spellings of a label are equal."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def _labels(field: CompiledField) -> dict[str, str]:
    """Return the values of the field's choices by every spelling; values go before labels, active before retired."""
    found: dict[str, str] = {}
    choices = sorted(all_choices(field.spec), key=lambda choice: not choice.is_active)
    for choice in choices:
        found.setdefault(folded(choice.value), choice.value)
    for choice in choices:
        for label in choice.label.values():
            found.setdefault(folded(str(label)), choice.value)
    return found


def _read_choice(labels: dict[str, str], text: str) -> str:
    return labels.get(folded(text), text.strip())


def _read_choices(labels: dict[str, str], text: str) -> list[str]:
    whole = labels.get(folded(text))  # a label may hold a comma itself
    return [whole] if whole else [_read_choice(labels, item) for item in split(text)]


def split(text: str) -> list[str]:
    """Return the items of a cell that holds several."""
    return [item for item in _SEPARATORS.split(text.strip()) if item]


def _read_flag(text: str) -> Any:
    word = folded(text)
    return True if word in _YES else False if word in _NO else word


def read_number(text: str) -> str:
    """Return `1,234.50`, `￥1,234.50`, `(12)` or `3.5万` as a plain number; anything else as it is."""
    found = _NUMBER.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if not found or bool(found["open"]) != bool(found["close"]):
        return text.strip()
    digits = re.sub(r"[,' ]", "", found["digits"])
    if found["unit"]:
        digits = f"{Decimal(digits).scaleb(_UNITS[found['unit']]):f}"
    is_negative = bool(found["open"]) or "-" in (found["minus"] + found["minus2"]).replace("−", "-")
    return f"-{digits}" if is_negative else digits


def _read_percent(text: str) -> str:
    """Return the fraction: `50%` and `50` are a half, as in forms."""
    number = read_number(unicodedata.normalize("NFKC", text).strip().rstrip("%‰").strip())
    try:
        value = Decimal(number)
    except InvalidOperation:
        return text.strip()
    return f"{value.scaleb(-3 if '‰' in text else -2):f}" if value.is_finite() else text.strip()


def _read_day(text: str) -> date | str:
    found = read_date(text)
    return found if found is not None else text.strip()


def _read_period(precision: str, text: str) -> date | str:
    found = read_period(text, precision) or read_date(text)
    return found if found is not None else text.strip()


def _read_moment(zone: ZoneInfo, text: str) -> datetime | str:
    found = read_moment(text, zone)
    return found if found is not None else text.strip()


def _read_span(zone: ZoneInfo, text: str) -> Any:
    ends = _SPAN.split(text.strip())
    return (
        {"start": _read_moment(zone, ends[0]), "end": _read_moment(zone, ends[1])} if len(ends) == 2 else text.strip()
    )
