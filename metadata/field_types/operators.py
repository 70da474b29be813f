"""The filter operators of the whole platform: one name each, everywhere (API, pages, rules, formulas)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.registry import Registry


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
    Operator("is_me", _("is me"), Arity.NONE),
):
    operators.register(_operator)
