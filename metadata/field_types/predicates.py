"""Boolean SQL expressions that several field types share."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import BooleanField, F, Field, Func, Q
from django.db.models.expressions import BaseExpression, Col
from django.db.models.lookups import (
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
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


class Matches(Func):
    """`a ~ b`: a regular expression that `patterns.checked_pattern` has let pass."""

    template = "(%(expressions)s)"
    arg_joiner = " ~ "
    arity = 2
    output_field = BooleanField()


class EqualsAny(Func):
    """`a = ANY(b)`: b is one array parameter, so that the SQL does not depend on how many values there are."""

    template = "(%(expressions)s))"
    arg_joiner = " = ANY("
    arity = 2
    output_field = BooleanField()


class ArrayFunc(Func):
    """A relation between two text arrays; `a OPERATOR b::text[]`."""

    template = "(%(expressions)s::text[])"
    arity = 2
    output_field = BooleanField()


class Overlaps(ArrayFunc):
    arg_joiner = " && "


class ContainsAll(ArrayFunc):
    arg_joiner = " @> "


class ContainedBy(ArrayFunc):
    arg_joiner = " <@ "


class RangeOverlaps(Func):
    """`a && b` of two ranges."""

    template = "(%(expressions)s)"
    arg_joiner = " && "
    arity = 2
    output_field = BooleanField()


class RangeContains(Func):
    """`a @> b`: the day or moment b is within the range a."""

    template = "(%(expressions)s)"
    arg_joiner = " @> "
    arity = 2
    output_field = BooleanField()


def sibling(column: BaseExpression, suffix: str) -> BaseExpression:
    """Return another column of the same field, given its main one as F() or as a resolved column."""
    if isinstance(column, F):
        return F(column.name + suffix)
    if isinstance(column, Col):
        other = column.target.model._meta.get_field(column.target.name + suffix)
        assert isinstance(other, Field)
        return Col(column.alias, other)
    raise TypeError(f"no column beside {column!r}")


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
        return EqualsAny(column, params[0])
    if operator == "nin":
        return either(~Q(EqualsAny(column, params[0])), IsNull(column, True))
    if operator == "empty":
        return IsNull(column, True)
    if operator == "nempty":
        return IsNull(column, False)
    raise ValueError(f"no common predicate for {operator!r}")
