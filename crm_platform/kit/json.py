"""JSON in and out: orjson for speed, Decimals as strings so that no digit is lost."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson
from django.utils.duration import duration_iso_string
from django.utils.functional import Promise


def _default(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, timedelta):
        return duration_iso_string(value)
    if isinstance(value, Promise):
        return str(value)
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    if hasattr(value, "items"):
        return dict(value.items())
    raise TypeError(f"{type(value).__name__} is not JSON")


def dumps(value: Any) -> bytes:
    """Return UTF-8 JSON; datetimes in UTC with `Z`, durations in ISO 8601, UUIDs as text, Decimals as strings."""
    return orjson.dumps(value, default=_default, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


def dumps_str(value: Any) -> str:
    """Return `dumps` as text, for places that want str (database parameters, templates)."""
    return dumps(value).decode()


def parse_fraction(text: str) -> Decimal:
    """Return a JSON number as it is written; raises ValueError when its exponent is beyond any Decimal."""
    try:
        return Decimal(text)
    except InvalidOperation:  # an ArithmeticError, which nobody who parses JSON expects
        raise ValueError("the exponent is too large") from None


def loads(data: bytes | str) -> Any:
    """Parse JSON with numbers that have a fraction as Decimal, never float; raises ValueError."""
    return json.loads(data, parse_float=parse_fraction)
