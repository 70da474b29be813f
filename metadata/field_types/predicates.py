"""Boolean SQL expressions that several field types share."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import BooleanField, Func, Q
from django.db.models.expressions import BaseExpression
from django.db.models.lookups import (
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    IsNull,
    LessThan,
    LessThanOrEqual,
)

COMPARISONS = {"gt": GreaterThan, "gte": GreaterThanOrEqual, "lt": LessThan, "lte": LessThanOrEqual, "eq": Exact}


class IsDistinctFrom(Func):
    """`a IS DISTINCT FROM b`: unequal, with NULL as a value of its own."""

    template = "(%(expressions)s)"
    arg_joiner = " IS DISTINCT FROM "
    arity = 2
    output_field = BooleanField()


class ILike(Func):
    """`a ILIKE b`, the pattern already escaped (see `like_pattern`)."""

    template = "(%(expressions)s)"
    arg_joiner = " ILIKE "
    arity = 2
    output_field = BooleanField()


def like_pattern(text: str, operator: str) -> str:
    """Return the LIKE pattern for `contains`, `starts` or `ends`, with the text's own wildcards escaped."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    before = "" if operator == "starts" else "%"
    after = "" if operator == "ends" else "%"
    return f"{before}{escaped}{after}"


def either(*conditions: BaseExpression | Q) -> Q:
    """Return the disjunction."""
    result = Q()
    for condition in conditions:
        result |= condition if isinstance(condition, Q) else Q(condition)
    return result


def compare(operator: str, column: BaseExpression, params: Sequence[BaseExpression]) -> BaseExpression | Q:
    """Return the predicate of an operator that every ordered scalar type has."""
    if operator in COMPARISONS:
        return COMPARISONS[operator](column, params[0])
    if operator == "ne":
        return IsDistinctFrom(column, params[0])
    if operator == "between":
        return Q(GreaterThanOrEqual(column, params[0])) & Q(LessThanOrEqual(column, params[1]))
    if operator == "in":
        return In(column, list(params))
    if operator == "nin":
        return either(~Q(In(column, list(params))), IsNull(column, True))
    if operator == "empty":
        return IsNull(column, True)
    if operator == "nempty":
        return IsNull(column, False)
    raise ValueError(f"no common predicate for {operator!r}")
