"""Exact decimal arithmetic, the same in Python and in PostgreSQL.

A number has at most `SCALE` decimals; results are rounded half away from zero, as PostgreSQL's ROUND does. Results
that are too large, a division by zero and roots of negative numbers are null. No float is ever involved.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal, InvalidOperation, Overflow
from typing import TYPE_CHECKING

from metadata.expressions.limits import MAX_EXPONENT, SCALE, TOO_LARGE
from metadata.expressions.sql import Sql, clipped, outside_is_null, sql

if TYPE_CHECKING:
    from metadata.expressions.to_orm import SqlContext

# Wide enough for the product of any two numbers, exact; results without an end are computed to fewer digits, of
# which rounding keeps less than half.
EXACT = Context(prec=400, rounding=ROUND_HALF_UP, Emax=999_999, Emin=-999_999, traps=[InvalidOperation, Overflow])
_WIDE = 45  # decimals to which PostgreSQL is made to compute what has no end
_ENDLESS = Context(prec=120, rounding=ROUND_HALF_UP, Emax=999_999, Emin=-999_999, traps=[InvalidOperation, Overflow])
MAX_EXPONENT_OF_E = 100
ZERO = Decimal(0)
ONE = Decimal(1)
MANY_DIGITS = 10**SCALE
_FAR_TOO_LARGE = TOO_LARGE * 10  # rounds to nothing that fits
_UNITS = {places: Decimal(1).scaleb(-places) for places in range(SCALE + 1)}


def fit(value: Decimal) -> Decimal | None:
    """Round to the scale; None when the number is too large."""
    if value.copy_abs() >= _FAR_TOO_LARGE:
        return None
    kept = rounded(value, SCALE)
    return kept if kept.copy_abs() < TOO_LARGE else None


def rounded(value: Decimal, places: int, mode: str = ROUND_HALF_UP) -> Decimal:
    """Round to some decimals."""
    return value.quantize(_UNITS.get(places) or Decimal(1).scaleb(-places), mode, EXACT)


def plain(value: Decimal) -> str:
    """Return the shortest decimal notation: 1.50 → 1.5, 1E+3 → 1000."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def multiply(_ctx: object, left: Decimal, right: Decimal) -> Decimal | None:
    return fit(EXACT.multiply(left, right))


def divide(_ctx: object, left: Decimal, right: Decimal) -> Decimal | None:
    return fit(quotient(left, right)) if right else None


def quotient(left: Decimal, right: Decimal) -> Decimal:
    """Return left ÷ right, rounded once: cut after one decimal more than is kept, which decides the rounding."""
    cut = EXACT.multiply(left, Decimal(MANY_DIGITS * 10))
    whole = rounded(EXACT.divide(cut, right), 0, ROUND_DOWN)
    return EXACT.scaleb(whole, -(SCALE + 1))


def modulo(_ctx: object, left: Decimal, right: Decimal) -> Decimal | None:
    return EXACT.remainder(left, right) if right else None


def power(_ctx: object, base: Decimal, exponent: Decimal) -> Decimal | None:
    """Return base ^ exponent; None where it has no real value, is too large, or would take too long."""
    if not _is_raisable(base, exponent):
        return None
    if exponent == 0:
        return ONE
    if base == 0:
        return ZERO
    return fit(_ENDLESS.power(base, exponent))


def _is_raisable(base: Decimal, exponent: Decimal) -> bool:
    if exponent.copy_abs() > MAX_EXPONENT or (base == 0 and exponent < 0):
        return False
    if base < 0 and exponent != exponent.to_integral_value():
        return False
    # The digits before the point of the result, or of its reciprocal.
    return base == 0 or exponent.copy_abs() * (abs(base.adjusted()) + 1) <= MAX_EXPONENT


def multiply_sql(_ctx: SqlContext, left: Sql, right: Sql) -> Sql:
    return clipped(sql(f"round({{0}} * {{1}}, {SCALE})", left, right))


def divide_sql(_ctx: SqlContext, left: Sql, right: Sql) -> Sql:
    scaled = f"div({{0}} * 1{'0' * (SCALE + 1)}::numeric, nullif({{1}}, 0))"
    return clipped(sql(f"round({scaled} * {_tiny(SCALE + 1)}, {SCALE})", left, right))


def power_sql(ctx: SqlContext, base: Sql, exponent: Sql) -> Sql:
    return clipped(ctx.let([base, exponent], _power_body))


def _power_body(base: Sql, exponent: Sql) -> Sql:
    """Guard what PostgreSQL refuses or would compute for minutes; the guards are those of `_is_raisable`."""
    digits = f"floor(log(round(abs(nullif({{0}}, 0)), {_WIDE})))"
    return sql(
        f"CASE WHEN {{0}} IS NULL OR {{1}} IS NULL OR abs({{1}}) > {MAX_EXPONENT} THEN NULL "
        "WHEN {1} = 0 THEN 1 WHEN {0} = 0 THEN CASE WHEN {1} > 0 THEN 0::numeric END "
        "WHEN {0} < 0 AND {1} <> trunc({1}) THEN NULL "
        f"WHEN abs({{1}}) * (abs({digits}) + 1) > {MAX_EXPONENT} THEN NULL "
        f"ELSE round(power(round({{0}}, {_WIDE}), {{1}}), {SCALE}) END",
        base,
        exponent,
    )


def _tiny(decimals: int) -> str:
    return f"0.{'0' * (decimals - 1)}1::numeric"


def square_root(_ctx: object, value: Decimal) -> Decimal | None:
    return fit(_ENDLESS.sqrt(value)) if value >= 0 else None


def square_root_sql(ctx: SqlContext, value: Sql) -> Sql:
    body = f"CASE WHEN {{0}} >= 0 THEN round(sqrt(round({{0}}, {_WIDE})), {SCALE}) END"
    return ctx.let([value], lambda x: sql(body, x))


def exponential(_ctx: object, value: Decimal) -> Decimal | None:
    return fit(_ENDLESS.exp(value)) if value.copy_abs() < MAX_EXPONENT_OF_E else None


def exponential_sql(_ctx: SqlContext, value: Sql) -> Sql:
    bounded = outside_is_null(value, str(MAX_EXPONENT_OF_E), f"-{MAX_EXPONENT_OF_E}")
    return clipped(sql(f"round(exp(round({{0}}, {_WIDE})), {SCALE})", bounded))


def logarithm(_ctx: object, value: Decimal) -> Decimal | None:
    return fit(_ENDLESS.ln(value)) if value > 0 else None


def logarithm10(_ctx: object, value: Decimal) -> Decimal | None:
    return fit(_ENDLESS.log10(value)) if value > 0 else None


def logarithm_sql(name: str) -> str:
    """Return the template of a logarithm; what is not above zero becomes null before it is reached."""
    return f"round({name}(round(nullif(greatest({{0}}, 0), 0), {_WIDE})), {SCALE})"
