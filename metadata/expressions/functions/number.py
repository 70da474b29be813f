"""Numbers: rounding, powers, the smallest and largest, currencies. Exact decimals throughout."""

from __future__ import annotations

import secrets
from datetime import date
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, ROUND_UP, Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from metadata.expressions import arithmetic as exact
from metadata.expressions.definitions import OWN, RANDOM, Param, day, define, number, text, whole
from metadata.expressions.environment import Environment, NotAvailable
from metadata.expressions.functions.moments import local_day
from metadata.expressions.limits import SCALE
from metadata.expressions.nodes import Apply, Typed
from metadata.expressions.sql import COLLATION, Sql, clipped, joined, sql
from metadata.expressions.types import ANY, ORDERED, TEXTS, ValueType
from metadata.field_types.values import InvalidValue

if TYPE_CHECKING:
    from metadata.expressions.to_orm import SqlContext
    from metadata.expressions.typecheck import TypeChecker

T = ValueType
FAMILY = "number"
MOST_PLACES = 30
_N = number()
_PLACES = whole("places", -MOST_PLACES, SCALE, is_optional=True)


def _rounding(mode: str) -> Any:
    return lambda _ctx, value, places=0: exact.fit(exact.rounded(value, places, mode))


def _round_sql(name: str) -> Any:
    def write(_ctx: SqlContext, value: Sql, places: Sql | None = None) -> Sql:
        return clipped(sql(f"{name}({{0}}, {{1}})", value, places or Sql(("0",))))

    return write


def _roundup_sql(ctx: SqlContext, value: Sql, places: Sql | None = None) -> Sql:
    """Cut, and step away from zero where something was cut off."""
    step = "sign({0}) * round(power(10::numeric, - {1}::numeric), greatest({1}, 0))"
    body = f"CASE WHEN trunc({{0}}, {{1}}) = {{0}} THEN {{0}} ELSE trunc({{0}}, {{1}}) + {step} END"
    return clipped(ctx.let([value, places or Sql(("0",), is_simple=True)], lambda v, p: sql(body, v, p)))


def _whole(mode: str) -> Any:
    return lambda _ctx, value: exact.rounded(value, 0, mode)


def _type_extreme(tc: TypeChecker, args: list[Typed]) -> T:
    found = tc.same(args, range(len(args)))
    if found not in ORDERED:
        tc.refuse(args[0], T.NUMBER, T.DATE, T.TEXT)
    return found


def _extreme(choose: Any) -> Any:
    def chosen(_ctx: object, *values: Any) -> Any:
        return choose((value for value in values if value is not None), default=None)

    return chosen


def _extreme_sql(name: str) -> Any:
    def write(ctx: SqlContext, *values: Sql) -> Sql:
        assert isinstance(ctx.node, Apply)
        collation = f" COLLATE {COLLATION}" if ctx.node.type in TEXTS else ""
        return sql(f"{name}({{0}})", joined(", ", [sql(f"{{0}}{collation}", value) for value in values]))

    return write


def _rand(_ctx: object) -> Decimal:
    return Decimal(secrets.randbelow(10**15)).scaleb(-15)


def _sign(_ctx: object, value: Decimal) -> Decimal:
    return Decimal((value > 0) - (value < 0))


def rate(env: Environment, code: str, on: date | None = None) -> Decimal | None:
    """Return base units per unit of a currency on a day (today); None when there is no rate."""
    if env.rate is None:
        raise NotAvailable("exchange rates")
    try:
        return env.rate(code.upper(), (on and local_day(on, env.zone)) or env.today)
    except InvalidValue:
        return None


def _convert(env: Environment, amount: Decimal, source: str, target: str, on: date | None = None) -> Decimal | None:
    have, want = rate(env, source, on), rate(env, target, on)
    if have is None or not want:
        return None
    worth = exact.multiply(env, amount, have)
    return None if worth is None else exact.divide(env, worth, want)


define("ABS", FAMILY, (_N,), T.NUMBER, lambda _ctx, value: value.copy_abs(), "abs({0})",
       _("A number without its sign."), ("ABS(-5)", "5"))  # fmt: skip
define("ROUND", FAMILY, (_N, _PLACES), T.NUMBER, _rounding(ROUND_HALF_UP), _round_sql("round"),
       _("A number rounded to some decimals, a half away from zero."), ("ROUND(2.345, 2)", "2.35"))  # fmt: skip
define("ROUNDDOWN", FAMILY, (_N, _PLACES), T.NUMBER, _rounding(ROUND_DOWN), _round_sql("trunc"),
       _("A number cut to some decimals."), ("ROUNDDOWN(2.349, 2)", "2.34"))  # fmt: skip
define("TRUNC", FAMILY, (_N, _PLACES), T.NUMBER, _rounding(ROUND_DOWN), _round_sql("trunc"),
       _("A number cut to some decimals."), ("TRUNC(-2.9)", "-2"))  # fmt: skip
define("ROUNDUP", FAMILY, (_N, _PLACES), T.NUMBER, _rounding(ROUND_UP), _roundup_sql,
       _("A number rounded to some decimals, always away from zero."), ("ROUNDUP(2.341, 2)", "2.35"))  # fmt: skip
define("CEILING", FAMILY, (_N,), T.NUMBER, _whole(ROUND_CEILING), "ceil({0})",
       _("The smallest whole number that is not below a number."), ("CEILING(2.1)", "3"))  # fmt: skip
define("FLOOR", FAMILY, (_N,), T.NUMBER, _whole(ROUND_FLOOR), "floor({0})",
       _("The largest whole number that is not above a number."), ("FLOOR(-2.1)", "-3"))  # fmt: skip
define("MOD", FAMILY, (_N, number("divisor")), T.NUMBER, exact.modulo, "mod({0}, nullif({1}, 0))",
       _("What a division leaves, with the sign of the first number; blank when divided by zero."),
       ("MOD(7, 3)", "1"))  # fmt: skip
define("POWER", FAMILY, (_N, number("exponent")), T.NUMBER, exact.power, exact.power_sql,
       _("A number raised to a power."), ("POWER(2, 10)", "1024"), cost=3)  # fmt: skip
define("SQRT", FAMILY, (_N,), T.NUMBER, exact.square_root, exact.square_root_sql,
       _("The square root of a number; blank below zero."), ("SQRT(9)", "3"), cost=3)  # fmt: skip
define("EXP", FAMILY, (_N,), T.NUMBER, exact.exponential, exact.exponential_sql,
       _("Euler's number raised to a power; blank from 100 on either way."), ("EXP(0)", "1"), cost=3)  # fmt: skip
define("LN", FAMILY, (_N,), T.NUMBER, exact.logarithm, exact.logarithm_sql("ln"),
       _("The natural logarithm of a number above zero."), ("LN(1)", "0"), cost=3)  # fmt: skip
define("LOG", FAMILY, (_N,), T.NUMBER, exact.logarithm10, exact.logarithm_sql("log"),
       _("The decimal logarithm of a number above zero."), ("LOG(1000)", "3"), cost=3)  # fmt: skip
define("SIGN", FAMILY, (_N,), T.NUMBER, _sign, "sign({0})",
       _("1 for a number above zero, -1 below, 0 for zero."), ("SIGN(-5)", "-1"))  # fmt: skip
for _name, _choose, _written in (("MIN", min, "least"), ("MAX", max, "greatest")):
    define(
        _name, FAMILY, (Param("value", ANY), Param("more", ANY, is_optional=True)), _type_extreme,
        _extreme(_choose), _extreme_sql(_written),
        _("The smallest of some values; blank ones are passed over.") if _name == "MIN"
        else _("The largest of some values; blank ones are passed over."),
        (f"{_name}(3, 1, 2)", "1" if _name == "MIN" else "3"), nulls=OWN, repeats=1,
    )  # fmt: skip
define("RAND", FAMILY, (), T.NUMBER, _rand, None,
       _("A random number from 0 up to 1. In default values only."), ("RAND()", ""), uses={RANDOM})  # fmt: skip
define("CURRENCYRATE", FAMILY, (text("currency"), day("day", is_optional=True)), T.NUMBER, rate, None,
       _("What one unit of a currency is worth in the base currency on a day (today)."),
       ('CURRENCYRATE("USD")', ""), cost=5)  # fmt: skip
define("CONVERTCURRENCY", FAMILY, (number("amount"), text("from"), text("to"), day("day", is_optional=True)),
       T.NUMBER, _convert, None,
       _("An amount in another currency, at the rate of a day (today)."),
       ('CONVERTCURRENCY(100, "USD", "CNY")', ""), cost=5)  # fmt: skip
