"""Choices of picklists: comparing with their values, their labels, and several choices at once."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import ChoiceSetSpec
from metadata.expressions.definitions import FALSE, OWN, Param, define, text
from metadata.expressions.environment import Environment
from metadata.expressions.errors import ExpressionError, closest
from metadata.expressions.evaluate import Code, identity
from metadata.expressions.nodes import Apply, Constant, Path, Typed
from metadata.expressions.sql import Sql, sql
from metadata.expressions.types import MANY, ValueType

if TYPE_CHECKING:
    from metadata.expressions.to_orm import SqlContext
    from metadata.expressions.typecheck import TypeChecker

T = ValueType
FAMILY = "choice"
_ONE = Param("field", frozenset({T.CHOICE, T.TEXT}))
_SEVERAL = Param("list", MANY)


def choices_of(node: Typed) -> ChoiceSetSpec | None:
    """Return the choices among which the values of a field are."""
    return node.name.field.choice_set if isinstance(node, Path) and node.name.field else None


def check_choice(field: Typed, value: Typed) -> None:
    """Refuse a value that the picklist does not have, when it is written out."""
    choices = choices_of(field)
    if choices and isinstance(value, Constant) and value.value is not None and value.value not in choices.by_value:
        suggestion = closest(str(value.value), choices.by_value) or _by_label(choices, str(value.value))
        quoted = f'"{suggestion}"' if suggestion else ""
        raise ExpressionError(_("The picklist has no such value."), value.start, value.end, quoted)


def _by_label(choices: ChoiceSetSpec, label: str) -> str:
    return next((choice.value for choice in choices.choices if label in choice.label.values()), "")


def _type_ispickval(_tc: TypeChecker, args: list[Typed]) -> T:
    for value in args[1:]:
        check_choice(args[0], value)
    return T.BOOLEAN


def _type_includes(tc: TypeChecker, args: list[Typed]) -> T:
    wanted = args[0].element or T.TEXT
    args[1] = tc.wanted(args[1], wanted)
    check_choice(args[0], args[1])
    return T.BOOLEAN


def _type_label(_tc: TypeChecker, args: list[Typed]) -> T:
    if not choices_of(args[0]):
        raise ExpressionError(_("Name a picklist field here."), args[0].start, args[0].end)
    return T.TEXT


def _labels(node: Typed, language: str) -> dict[str, str]:
    choices = choices_of(node)
    return {choice.value: choice.label.text(language) for choice in choices.choices} if choices else {}


def _label(node: Apply, field: Code) -> Code:
    def run(env: Environment) -> str | None:
        value = field(env)
        return _labels(node.args[0], env.actor.language).get(value) if value is not None else None

    return run


def _label_sql(ctx: SqlContext, field: Typed) -> Sql:
    labels = json.dumps(_labels(field, ctx.env.actor.language), ensure_ascii=False)
    return sql("({0}::jsonb ->> {1})", ctx.text(labels), ctx.compile(field))


def _includes(_ctx: object, values: tuple[Any, ...], wanted: Any) -> bool:
    return identity(wanted) in [identity(value) for value in values]


def _count(_ctx: object, values: tuple[Any, ...] | None) -> Decimal:
    return Decimal(len(values or ()))


define("ISPICKVAL", FAMILY, (_ONE, text("value")), _type_ispickval,
       lambda _ctx, value, wanted: value == wanted, "({0} = {1})",
       _("Whether a picklist has a value."), ('ISPICKVAL(stage, "won")', ""), nulls=FALSE)  # fmt: skip
define("LABEL", FAMILY, (_ONE,), _type_label, _label, _label_sql,
       _("The label of a picklist's value in the reader's language."), ("LABEL(stage)", ""), is_lazy=True)  # fmt: skip
define("INCLUDES", FAMILY, (_SEVERAL, Param("value", frozenset({T.TEXT, T.CHOICE, T.NUMBER, T.REFERENCE}))),
       _type_includes, _includes, "({1} = ANY({0}))",
       _("Whether a list, or a field of several choices, holds a value."),
       ('INCLUDES(SPLIT("a,b", ","), "b")', "true"), nulls=FALSE)  # fmt: skip
define("COUNT", FAMILY, (_SEVERAL,), T.NUMBER, _count, "coalesce(cardinality({0}), 0)::numeric",
       _("How many members a list, or a field of several choices, has."),
       ('COUNT(SPLIT("a,b", ","))', "2"), nulls=OWN)  # fmt: skip
