"""Pieces of SQL that are put together to one Django expression, flat, however deep the formula is nested.

All SQL made from expressions is total: no input makes it fail. PostgreSQL may compute any part of a statement
whenever it likes (constants already when it plans), so a guard beside a function that fails is no guard.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models.expressions import BaseExpression, Col, Expression, F, Ref
from django.db.models.sql.compiler import SQLCompiler as DjangoCompiler

from metadata.expressions import limits

_HOLE = re.compile(r"\{(\d)\}")
COLLATION = '"pg_unicode_fast"'  # orders by code point and maps case as Python does; of PostgreSQL 18
# What comes nearest before: 17 maps case without special letters such as ß, 16 that of ASCII alone.
_OLDER_COLLATIONS = ((180_000, COLLATION), (170_000, '"pg_c_utf8"'), (0, '"ucs_basic"'))


@dataclass(frozen=True, slots=True)
class Bind:
    """A value that goes to the database as a parameter."""

    value: Any


@dataclass(frozen=True, slots=True)
class Sql:
    """A scalar SQL expression. `is_simple`: a column or a constant, which may as well be written twice.

    `constant` is the value where it is known. A place has a `twin`: its longitude, beside its latitude.
    """

    parts: tuple[str | Bind | BaseExpression | F, ...]
    is_simple: bool = False
    constant: Any = None
    twin: Sql | None = None


def sql(template: str, *args: Sql) -> Sql:
    """Return the template with its holes {0} {1} filled; a percent sign in it would be one of a parameter."""
    parts: list[Any] = []
    for number, piece in enumerate(_HOLE.split(template)):
        if number % 2 == 0:
            parts.append(piece)
        else:
            parts.extend(args[int(piece)].parts)
    return Sql(tuple(parts))


def joined(separator: str, items: Sequence[Sql]) -> Sql:
    """Return the items one after the other."""
    parts: list[Any] = []
    for number, item in enumerate(items):
        parts.extend([separator, *item.parts] if number else item.parts)
    return Sql(tuple(parts))


def clipped(value: Sql) -> Sql:
    """Return a number, null where it is too large. Written so that the number is computed once."""
    return outside_is_null(value, f"{limits.TOO_LARGE:f}", f"-{limits.TOO_LARGE:f}")


def outside_is_null(value: Sql, upper: str, lower: str) -> Sql:
    """Return a value, null from the bounds on. LEAST and GREATEST pass over nulls: a null becomes a bound, and null."""
    return sql(f"nullif(nullif(least(greatest({{0}}, {lower}), {upper}), {upper}), {lower})", value)


def clipped_day(value: Sql) -> Sql:
    """Return a day, null outside the years 1 to 9999."""
    return sql(
        "nullif(nullif(least(greatest({0}, DATE '0001-12-31 BC'), DATE '10000-01-01'), DATE '10000-01-01'), "
        "DATE '0001-12-31 BC')::date",
        value,
    )


def clipped_moment(value: Sql) -> Sql:
    """Return a moment, null where it would leave the calendar in some time zone."""
    lower, upper = "TIMESTAMPTZ '0001-01-02 00:00:00Z'", "TIMESTAMPTZ '9999-12-30 00:00:00Z'"
    return outside_is_null(value, upper, lower)


def interval(seconds: Sql) -> Sql:
    """Return seconds as an interval, exact to the microsecond; null beyond four thousand years."""
    bound = f"{limits.MAX_SECONDS}.000001"
    rounded = outside_is_null(sql("round({0}, 6)", seconds), bound, f"-{bound}")
    return sql("({0}::text || ' seconds')::interval", rounded)


class FormulaSql(Expression):
    """The finished formula as a Django expression."""

    def __init__(self, parts: Sequence[Any], output_field: models.Field[Any, Any]) -> None:
        super().__init__(output_field)
        self.parts = tuple(parts)
        self.places = [number for number, part in enumerate(self.parts) if not isinstance(part, str | Bind)]

    def get_source_expressions(self) -> list[Any]:
        return [self.parts[place] for place in self.places]

    def set_source_expressions(self, exprs: Sequence[Any]) -> None:
        parts = list(self.parts)
        for place, expression in zip(self.places, exprs, strict=True):
            parts[place] = expression
        self.parts = tuple(parts)

    def as_sql(self, compiler: DjangoCompiler, connection: Any) -> tuple[str, Any]:
        texts: list[str] = []
        params: list[Any] = []
        for part in self.parts:
            if isinstance(part, str):
                texts.append(part)
            elif isinstance(part, Bind):
                texts.append("%s")
                params.append(part.value)
            else:
                text, values = compiler.compile(part)
                texts.append(text)
                params.extend(values)
        text = "".join(texts)
        if connection.pg_version < _OLDER_COLLATIONS[0][0]:
            text = text.replace(COLLATION, collation_of(connection.pg_version))
        return text, params


def collation_of(version: int) -> str:
    """Return the collation of expressions on a server, by its version (`180001`)."""
    return next(name for least, name in _OLDER_COLLATIONS if version >= least)


def is_column(expression: Any) -> bool:
    """Tell whether an expression costs nothing when it is written twice."""
    return isinstance(expression, F | Col | Ref)


def whole_constant(value: Decimal, lower: int, upper: int) -> int:
    """Return a number as a whole one between two bounds."""
    return int(max(Decimal(lower), min(Decimal(upper), value)))
