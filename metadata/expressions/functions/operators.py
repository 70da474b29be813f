"""Operators: which types they join, and how."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from metadata.expressions import arithmetic as exact
from metadata.expressions import limits
from metadata.expressions.definitions import FALSE, OWN, STRICT, Function
from metadata.expressions.evaluate import identity
from metadata.expressions.sql import COLLATION, Sql, clipped_day, clipped_moment, interval, outside_is_null, sql
from metadata.expressions.types import ORDERED, SCALARS, ValueType, unified

if TYPE_CHECKING:
    from metadata.expressions.to_orm import SqlContext

T = ValueType
FIRST_MOMENT, LAST_MOMENT = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
SECONDS_PER_DAY = 86_400


@dataclass(frozen=True)
class Overload:
    """An operator between two types."""

    left: ValueType
    right: ValueType
    returns: ValueType
    function: Function


def choose(symbol: str, left: ValueType, right: ValueType) -> Overload | None:
    """Return the operator for two types, None when there is none. NULL takes the type of its neighbour."""
    if symbol in _COMPARISONS:
        return _comparison(symbol, left, right)
    if left is T.NULL and right is T.NULL:
        left = right = T.TEXT if symbol == "&" else T.NUMBER
    left, right = (T.TEXT if type_ is T.CHOICE else type_ for type_ in (left, right))
    return next((item for item in _OVERLOADS[symbol] if _fits(item, left, right)), None)


def prefix(symbol: str, operand: ValueType) -> Function | None:
    """Return the operator that stands before a value of the type."""
    if symbol == "!":
        return NOT if operand in (T.BOOLEAN, T.NULL) else None
    signs = {"-": NEGATE, "+": IDENTITY}
    return signs[symbol] if operand in (T.NUMBER, T.DURATION, T.NULL) else None


def _fits(item: Overload, left: ValueType, right: ValueType) -> bool:
    return left in (item.left, T.NULL) and right in (item.right, T.NULL)


def _comparison(symbol: str, left: ValueType, right: ValueType) -> Overload | None:
    both = unified(left, right)
    both = T.TEXT if both is T.NULL else both
    allowed = SCALARS if symbol in _EQUALITIES else ORDERED
    if both is None or both not in allowed:
        return None
    is_ordered_text = both in (T.TEXT, T.CHOICE) and symbol not in _EQUALITIES
    kind = T.TEXT if is_ordered_text else T.REFERENCE if both is T.REFERENCE else None
    return Overload(both, both, T.BOOLEAN, _COMPARISONS[symbol][kind])


def _operator(name: str, python: Callable[..., Any], written: Any, nulls: str = STRICT) -> Function:
    return Function(name, "operators", (), T.NULL, python, written, "", ("", ""), nulls, is_operator=True)


# --- values -----------------------------------------------------------------------------------------------
def add_days(_ctx: object, day: date, count: Decimal) -> date | None:
    """Return a day moved by whole days; None outside the calendar."""
    if count.copy_abs() > limits.MAX_DAYS:
        return None
    try:
        return day + timedelta(days=int(count))
    except OverflowError:
        return None


def add_seconds(_ctx: object, moment: datetime, seconds: Decimal) -> datetime | None:
    """Return a moment moved by seconds, to the microsecond; None outside the calendar."""
    micros = exact.EXACT.quantize(seconds, Decimal("0.000001"))
    if micros.copy_abs() > limits.MAX_SECONDS:
        return None
    try:
        return in_calendar(moment + timedelta(microseconds=int(micros.scaleb(6))))
    except OverflowError:
        return None


def in_calendar(moment: datetime) -> datetime | None:
    return moment if FIRST_MOMENT < moment < LAST_MOMENT else None


def days_sql(count: Sql) -> Sql:
    """Return a number as whole days that may be added to a date."""
    bound = limits.MAX_DAYS + 1
    return sql("{0}::int", outside_is_null(sql("trunc({0})", count), str(bound), f"-{bound}"))


def add_days_sql(_ctx: SqlContext, day: Sql, count: Sql) -> Sql:
    return clipped_day(sql("({0} + {1})", day, days_sql(count)))


def add_seconds_sql(_ctx: SqlContext, moment: Sql, seconds: Sql) -> Sql:
    return clipped_moment(sql("({0} + {1})", moment, interval(seconds)))


def _swapped(python: Callable[..., Any]) -> Callable[..., Any]:
    return lambda ctx, left, right: python(ctx, right, left)


def _seconds(days: Decimal) -> Decimal:
    return exact.EXACT.multiply(days, SECONDS_PER_DAY)


def _between(_ctx: object, left: datetime, right: datetime) -> Decimal:
    return Decimal((left - right) // timedelta(microseconds=1)).scaleb(-6)


def _concat(_ctx: object, left: str | None, right: str | None) -> str:
    return (left or "") + (right or "")


def _not(_ctx: object, value: bool) -> bool:
    return not value


NOT = _operator("!", _not, "(NOT {0})")
NEGATE = _operator("-", lambda _ctx, value: value.copy_negate(), "(- {0})")
IDENTITY = _operator("+", lambda _ctx, value: value, "{0}")
CONCAT = _operator("&", _concat, "concat({0}, {1})", OWN)
_PLUS = _operator("+", lambda _ctx, left, right: exact.EXACT.add(left, right), "({0} + {1})")
_MINUS = _operator("-", lambda _ctx, left, right: exact.EXACT.subtract(left, right), "({0} - {1})")
_TIMES = _operator("*", exact.multiply, exact.multiply_sql)
_OVER = _operator("/", exact.divide, exact.divide_sql)
_MODULO = _operator("%", exact.modulo, "mod({0}, nullif({1}, 0))")
_POWER = _operator("^", exact.power, exact.power_sql)
_DAY_PLUS = _operator("+", add_days, add_days_sql)
_PLUS_DAY = _operator("+", _swapped(add_days), lambda ctx, left, right: add_days_sql(ctx, right, left))
_DAY_MINUS = _operator(
    "-",
    lambda ctx, day, n: add_days(ctx, day, n.copy_negate()),
    lambda ctx, day, n: add_days_sql(ctx, day, sql("(- {0})", n)),
)
_DAYS_BETWEEN = _operator("-", lambda _ctx, left, right: Decimal((left - right).days), "({0} - {1})::numeric")
_MOMENT_PLUS = _operator("+", add_seconds, add_seconds_sql)
_MOMENT_MINUS = _operator(
    "-",
    lambda ctx, at, n: add_seconds(ctx, at, n.copy_negate()),
    lambda ctx, at, n: add_seconds_sql(ctx, at, sql("(- {0})", n)),
)
_MOMENT_PLUS_DAYS = _operator(
    "+",
    lambda ctx, at, n: add_seconds(ctx, at, _seconds(n)),
    lambda ctx, at, n: add_seconds_sql(ctx, at, sql(f"({{0}} * {SECONDS_PER_DAY})", n)),
)
_MOMENT_MINUS_DAYS = _operator(
    "-",
    lambda ctx, at, n: add_seconds(ctx, at, _seconds(n).copy_negate()),
    lambda ctx, at, n: add_seconds_sql(ctx, at, sql(f"({{0}} * -{SECONDS_PER_DAY})", n)),
)
_TIME_BETWEEN = _operator("-", _between, "extract(epoch from ({0} - {1}))")

_OVERLOADS: Mapping[str, tuple[Overload, ...]] = {
    "&": (Overload(T.TEXT, T.TEXT, T.TEXT, CONCAT),),
    "+": (
        Overload(T.NUMBER, T.NUMBER, T.NUMBER, _PLUS),
        Overload(T.TEXT, T.TEXT, T.TEXT, CONCAT),
        Overload(T.DATE, T.NUMBER, T.DATE, _DAY_PLUS),
        Overload(T.NUMBER, T.DATE, T.DATE, _PLUS_DAY),
        Overload(T.DATETIME, T.NUMBER, T.DATETIME, _MOMENT_PLUS_DAYS),
        Overload(T.DATETIME, T.DURATION, T.DATETIME, _MOMENT_PLUS),
        Overload(T.DURATION, T.DURATION, T.DURATION, _PLUS),
    ),
    "-": (
        Overload(T.NUMBER, T.NUMBER, T.NUMBER, _MINUS),
        Overload(T.DATE, T.NUMBER, T.DATE, _DAY_MINUS),
        Overload(T.DATE, T.DATE, T.NUMBER, _DAYS_BETWEEN),
        Overload(T.DATETIME, T.NUMBER, T.DATETIME, _MOMENT_MINUS_DAYS),
        Overload(T.DATETIME, T.DURATION, T.DATETIME, _MOMENT_MINUS),
        Overload(T.DATETIME, T.DATETIME, T.DURATION, _TIME_BETWEEN),
        Overload(T.DURATION, T.DURATION, T.DURATION, _MINUS),
    ),
    "*": (
        Overload(T.NUMBER, T.NUMBER, T.NUMBER, _TIMES),
        Overload(T.DURATION, T.NUMBER, T.DURATION, _TIMES),
        Overload(T.NUMBER, T.DURATION, T.DURATION, _TIMES),
    ),
    "/": (
        Overload(T.NUMBER, T.NUMBER, T.NUMBER, _OVER),
        Overload(T.DURATION, T.NUMBER, T.DURATION, _OVER),
        Overload(T.DURATION, T.DURATION, T.NUMBER, _OVER),
    ),
    "%": (Overload(T.NUMBER, T.NUMBER, T.NUMBER, _MODULO),),
    "^": (Overload(T.NUMBER, T.NUMBER, T.NUMBER, _POWER),),
}


# --- comparisons ------------------------------------------------------------------------------------------
def _compared(symbol: str, in_sql: str, test: Callable[[Any, Any], bool]) -> Mapping[ValueType | None, Function]:
    """Return a comparison by what it compares: texts by code point in both back ends, records by id; None: others."""
    plain = f"({{0}} {in_sql} {{1}})"
    ordered = f"({{0}} {in_sql} {{1}} COLLATE {COLLATION})"
    return {
        None: _operator(symbol, lambda _ctx, left, right: test(left, right), plain, FALSE),
        T.TEXT: _operator(symbol, lambda _ctx, left, right: test(left, right), ordered, FALSE),
        T.REFERENCE: _operator(symbol, lambda _ctx, left, right: test(identity(left), identity(right)), plain, FALSE),
    }


_EQUALITIES = ("=", "==", "!=", "<>")
_COMPARISONS: Mapping[str, Mapping[ValueType | None, Function]] = {
    "=": _compared("=", "=", operator.eq),
    "==": _compared("=", "=", operator.eq),
    "!=": _compared("!=", "<>", operator.ne),
    "<>": _compared("!=", "<>", operator.ne),
    "<": _compared("<", "<", operator.lt),
    "<=": _compared("<=", "<=", operator.le),
    ">": _compared(">", ">", operator.gt),
    ">=": _compared(">=", ">=", operator.ge),
}
