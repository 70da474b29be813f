"""The filter operators of the whole platform: one name each, everywhere (API, pages, rules, formulas)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.registry import Registry
from metadata.field_types.values import InvalidValue

MAX_OPERANDS = 2_000


class Arity(Enum):
    """How many operands an operator takes."""

    NONE = "none"
    ONE = "one"
    TWO = "two"
    MANY = "many"


@dataclass(frozen=True)
class Operator:
    key: str
    label: Promise
    arity: Arity = Arity.ONE


operators: Registry[Operator] = Registry("operator")

for _operator in (
    Operator("eq", _("is")),
    Operator("ne", _("is not")),
    Operator("gt", _("greater than")),
    Operator("gte", _("at least")),
    Operator("lt", _("less than")),
    Operator("lte", _("at most")),
    Operator("between", _("between"), Arity.TWO),
    Operator("in", _("is any of"), Arity.MANY),
    Operator("nin", _("is none of"), Arity.MANY),
    Operator("contains", _("contains")),
    Operator("ncontains", _("does not contain")),
    Operator("starts", _("starts with")),
    Operator("ends", _("ends with")),
    Operator("regex", _("matches pattern")),
    Operator("empty", _("is empty"), Arity.NONE),
    Operator("nempty", _("is not empty"), Arity.NONE),
    Operator("rel", _("in period")),
    Operator("any", _("has any of"), Arity.MANY),
    Operator("all", _("has all of"), Arity.MANY),
    Operator("none", _("has none of"), Arity.MANY),
    Operator("under", _("is in or below")),
    Operator("above", _("is above")),
    Operator("near", _("is near")),
    Operator("farther", _("is farther away than (metres)")),
    Operator("inside", _("is inside the area")),
    Operator("kind", _("has a file of type")),
    Operator("count_eq", _("number is")),
    Operator("count_gte", _("number is at least")),
    Operator("count_lte", _("number is at most")),
    Operator("is_me", _("is me"), Arity.NONE),
    Operator("overlaps", _("overlaps"), Arity.TWO),
    Operator("has_key", _("has the entry")),
    Operator("path_eq", _("has the entry with the value")),
):
    operators.register(_operator)


def checked_items(operator: str, raw: Any) -> list[Any]:
    """Return the operands in `raw` as a list, as many as the operator takes; raises InvalidValue otherwise."""
    arity = operators.get(operator).arity
    if arity is Arity.NONE:
        return []
    items = list(raw) if isinstance(raw, list | tuple) else [raw]
    if arity is Arity.MANY and len(items) > MAX_OPERANDS:
        raise InvalidValue("too_long", _("At most %(max)d values.") % {"max": MAX_OPERANDS}, max=MAX_OPERANDS)
    if arity is Arity.MANY and not items:
        raise InvalidValue("required", _("Enter at least one value."))
    if arity is Arity.TWO and len(items) != 2:
        raise InvalidValue("invalid_type", _("Enter two values, from and to."))
    if arity is Arity.ONE and len(items) != 1:
        raise InvalidValue("invalid_type", _("Enter one value."))
    return items
