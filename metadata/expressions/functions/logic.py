"""Conditions: choosing, combining, asking for blanks and changes. Unknown (null) is neither true nor false."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from metadata.expressions import arithmetic as exact
from metadata.expressions.definitions import FALSE, NEW, OLD, OWN, Param, boolean, define, text
from metadata.expressions.environment import Environment
from metadata.expressions.errors import ExpressionError
from metadata.expressions.evaluate import Code, Fixed, identity, normal
from metadata.expressions.functions.operators import NOT
from metadata.expressions.nodes import Apply, Path, Typed
from metadata.expressions.scope import RECORD
from metadata.expressions.sql import COLLATION, Sql, joined, sql
from metadata.expressions.types import ANY, MANY, ORDERED, SCALARS, TEXTS, ValueType

if TYPE_CHECKING:
    from metadata.expressions.to_orm import SqlContext
    from metadata.expressions.typecheck import TypeChecker

T = ValueType
FAMILY = "logic"
NUMERIC = "[+-]?([0-9]{1,30}([.][0-9]{0,20})?|[.][0-9]{1,20})"  # read alike by Python and PostgreSQL
_NUMERIC = re.compile(NUMERIC)
_NULL = Fixed(None)


def any_value(name: str, **options: Any) -> Param:
    return Param(name, ANY, **options)


def is_blank(value: Any) -> bool:
    """Tell whether a value counts as blank: null, a text without characters, a list without members."""
    return value is None or value == "" or value == ()


# --- IF, IFS, CASE ----------------------------------------------------------------------------------------
def _type_if(tc: TypeChecker, args: list[Typed]) -> tuple[T, T | None]:
    return tc.same(args, range(1, len(args))), args[1].element


def _if(_node: Apply, condition: Code, then: Code, otherwise: Code = _NULL) -> Code:
    return lambda env: then(env) if condition(env) else otherwise(env)


def _if_sql(ctx: SqlContext, condition: Typed, then: Typed, otherwise: Typed | None = None) -> Sql:
    is_truth = ctx.is_truth
    parts = [ctx.compile(condition, is_truth=True), ctx.compile(then, is_truth=is_truth)]
    if otherwise is None:
        return sql("CASE WHEN {0} THEN {1} END", *parts)
    return sql("CASE WHEN {0} THEN {1} ELSE {2} END", *parts, ctx.compile(otherwise, is_truth=is_truth))


def _type_ifs(tc: TypeChecker, args: list[Typed]) -> tuple[T, T | None]:
    pairs = len(args) // 2 * 2
    for place in range(0, pairs, 2):
        args[place] = tc.wanted(args[place], T.BOOLEAN)
    results = [*range(1, pairs, 2), *range(pairs, len(args))]
    return tc.same(args, results), args[1].element


def _ifs(_node: Apply, *args: Code) -> Code:
    pairs = list(zip(args[::2], args[1::2], strict=False))
    otherwise = args[-1] if len(args) % 2 else _NULL

    def run(env: Environment) -> Any:
        for condition, result in pairs:
            if condition(env):
                return result(env)
        return otherwise(env)

    return run


def _ifs_sql(ctx: SqlContext, *args: Typed) -> Sql:
    whens = [
        sql("WHEN {0} THEN {1}", ctx.compile(condition, is_truth=True), ctx.compile(result))
        for condition, result in zip(args[::2], args[1::2], strict=False)
    ]
    otherwise = sql(" ELSE {0}", ctx.compile(args[-1])) if len(args) % 2 else sql("")
    return sql("CASE {0}{1} END", joined(" ", whens), otherwise)


def _type_case(tc: TypeChecker, args: list[Typed]) -> tuple[T, T | None]:
    pairs = (len(args) - 1) // 2 * 2
    tc.same(args, [0, *range(1, 1 + pairs, 2)])
    if args[0].type not in SCALARS:
        tc.refuse(args[0], T.TEXT, T.NUMBER, T.DATE)
    return tc.same(args, [*range(2, 2 + pairs, 2), *range(1 + pairs, len(args))]), args[2].element


def _case(_node: Apply, subject: Code, *rest: Code) -> Code:
    pairs = list(zip(rest[::2], rest[1::2], strict=False))
    otherwise = rest[-1] if len(rest) % 2 else _NULL

    def run(env: Environment) -> Any:
        wanted = identity(subject(env))
        for value, result in pairs if wanted is not None else ():
            if identity(value(env)) == wanted:
                return result(env)
        return otherwise(env)

    return run


def _case_sql(ctx: SqlContext, subject: Typed, *rest: Typed) -> Sql:
    values = [ctx.compile(value) for value in rest[: len(rest) // 2 * 2 : 2]]
    results = [ctx.compile(result) for result in rest[1::2]]
    otherwise = sql(" ELSE {0}", ctx.compile(rest[-1])) if len(rest) % 2 else sql("")
    whens = [sql("WHEN {0} THEN {1}", value, result) for value, result in zip(values, results, strict=True)]
    return sql("CASE {0} {1}{2} END", ctx.compile(subject), joined(" ", whens), otherwise)


# --- AND, OR, NOT, XOR ------------------------------------------------------------------------------------
def _joined_by(decisive: bool) -> Callable[..., Code]:
    """Return what combines conditions of which one decides the whole: a false one AND, a true one OR."""

    def combined(_node: Apply, *args: Code) -> Code:
        def run(env: Environment) -> bool | None:
            made: bool | None = not decisive
            for arg in args:
                value: bool | None = arg(env)
                if value is decisive:
                    return decisive
                if value is None:
                    made = None
            return made

        return run

    return combined


def _both_sql(word: str) -> Any:
    def write(ctx: SqlContext, *args: Typed) -> Sql:
        is_truth = ctx.is_truth
        return sql("({0})", joined(f" {word} ", [ctx.compile(arg, is_truth=is_truth) for arg in args]))

    return write


def _xor(_ctx: object, *values: bool) -> bool:
    return sum(values) % 2 == 1


def _xor_sql(_ctx: SqlContext, *values: Sql) -> Sql:
    made = values[0]
    for value in values[1:]:
        made = sql("({0} <> {1})", made, value)
    return made


# --- blanks -----------------------------------------------------------------------------------------------
def _isblank_sql(ctx: SqlContext, value: Sql) -> Sql:
    return _blank_sql(value, _first_type(ctx))


def _blank_sql(value: Sql, type_: ValueType) -> Sql:
    if type_ in TEXTS:
        return sql("(coalesce({0}, '') = '')", value)
    if type_ in MANY:
        return sql("(coalesce(cardinality({0}), 0) = 0)", value)
    return sql("({0} IS NULL)", value)


def _first_type(ctx: SqlContext) -> ValueType:
    assert isinstance(ctx.node, Apply)
    return ctx.node.args[0].type


def _blankvalue_sql(ctx: SqlContext, value: Sql, otherwise: Sql) -> Sql:
    type_ = _first_type(ctx)
    if type_ in TEXTS:
        return sql("coalesce(nullif({0}, ''), {1})", value, otherwise)
    if type_ in MANY:
        return sql("coalesce(nullif({0}, '{}'), {1})", value, otherwise)
    return sql("coalesce({0}, {1})", value, otherwise)


def _type_same(tc: TypeChecker, args: list[Typed]) -> tuple[T, T | None]:
    return tc.same(args, range(len(args))), args[0].element


def _nullif(_ctx: object, value: Any, other: Any) -> Any:
    return None if value is not None and identity(value) == identity(other) else value


def _type_scalars(tc: TypeChecker, args: list[Typed]) -> T:
    found = tc.same(args, range(len(args)))
    if found not in SCALARS:
        tc.refuse(args[0], T.TEXT, T.NUMBER, T.DATE)
    return found


def _type_membership(tc: TypeChecker, args: list[Typed]) -> T:
    _type_scalars(tc, args)
    return T.BOOLEAN


def _in(_ctx: object, value: Any, *others: Any) -> bool:
    return value is not None and identity(value) in [identity(other) for other in others if other is not None]


def _in_sql(_ctx: SqlContext, value: Sql, *others: Sql) -> Sql:
    return sql("coalesce({0} IN ({1}), FALSE)", value, joined(", ", others))


def _type_between(tc: TypeChecker, args: list[Typed]) -> T:
    if tc.same(args, range(3)) not in ORDERED:
        tc.refuse(args[0], T.NUMBER, T.DATE, T.TEXT)
    return T.BOOLEAN


def _between(_ctx: object, value: Any, lower: Any, upper: Any) -> bool:
    return bool(lower <= value <= upper)


def _between_sql(ctx: SqlContext, value: Sql, lower: Sql, upper: Sql) -> Sql:
    collation = f" COLLATE {COLLATION}" if _first_type(ctx) in TEXTS else ""
    template = f"({{0}}{collation} BETWEEN {{1}} AND {{2}})"
    return ctx.let([value], lambda x: sql(template, x, lower, upper))


def _isnumber(_ctx: object, value: str | None) -> bool:
    return as_number(value) is not None


def as_number(value: str | None) -> Any:
    """Return the number that a text spells (1,234.50), None when it spells none."""
    plain = (value or "").strip(" ").replace(",", "")
    return exact.fit(Decimal(plain)) if _NUMERIC.fullmatch(plain) else None


# --- the record's past ------------------------------------------------------------------------------------
def _type_field(tc: TypeChecker, args: list[Typed]) -> Path:
    node = args[0]
    if not isinstance(node, Path) or node.name.kind != RECORD or node.name.hops:
        raise ExpressionError(_("Name a field of this record here."), node.start, node.end)
    return node


def _type_changed(tc: TypeChecker, args: list[Typed]) -> T:
    _type_field(tc, args)
    return T.BOOLEAN


def _type_prior(tc: TypeChecker, args: list[Typed]) -> tuple[T, T | None]:
    node = _type_field(tc, args)
    return node.type, node.element


def _ischanged(node: Apply, field: Code) -> Code:
    prior = _priorvalue(node, field)
    return lambda env: not env.is_new and bool(identity(prior(env)) != identity(field(env)))


def _priorvalue(node: Apply, _field: Code) -> Code:
    field = node.args[0]
    assert isinstance(field, Path)
    path, type_ = field.name.path, field.type
    return lambda env: normal(env.prior(path), type_)


def _isnumber_sql(ctx: SqlContext, value: Sql) -> Sql:
    return sql("coalesce(({0} ~ {1}), FALSE)", plain_number_sql(value), ctx.text(f"^{NUMERIC}$"))


def plain_number_sql(value: Sql) -> Sql:
    """Return the text without spaces around it and without commas."""
    return sql("replace(btrim({0}), ',', '')", value)


_YES, _ANSWER = boolean("condition"), any_value("value")
_VALUE, _MORE = any_value("value"), any_value("other", is_optional=True)

define(
    "IF", FAMILY, (_YES, any_value("then"), any_value("else", is_optional=True)), _type_if, _if, _if_sql,
    _("One value if the condition is true, else another."), ('IF(2 > 1, "yes", "no")', "yes"), is_lazy=True,
)  # fmt: skip
define(
    "IFS", FAMILY, (_YES, _ANSWER, any_value("more", is_optional=True)), _type_ifs, _ifs, _ifs_sql,
    _("The value after the first condition that is true; a last value alone is for all other cases."),
    ('IFS(1 > 2, "a", 2 > 1, "b", "c")', "b"), is_lazy=True, repeats=1,
)  # fmt: skip
for _name in ("CASE", "SWITCH"):
    define(
        _name, FAMILY, (_VALUE, any_value("when"), any_value("then"), any_value("more", is_optional=True)),
        _type_case, _case, _case_sql,
        _("The result after the value that equals the first one; a last value alone is for all other cases."),
        (f'{_name}(2, 1, "one", 2, "two", "many")', "two"), is_lazy=True, repeats=1,
    )  # fmt: skip
define(
    "AND", FAMILY, (_YES, boolean("more", is_optional=True)), T.BOOLEAN, _joined_by(False), _both_sql("AND"),
    _("Whether all conditions are true."), ("AND(1 < 2, 2 < 3)", "true"), is_lazy=True, repeats=1,
)  # fmt: skip
define(
    "OR", FAMILY, (_YES, boolean("more", is_optional=True)), T.BOOLEAN, _joined_by(True), _both_sql("OR"),
    _("Whether at least one condition is true."), ("OR(1 > 2, 2 < 3)", "true"), is_lazy=True, repeats=1,
)  # fmt: skip
define(
    "NOT", FAMILY, (_YES,), T.BOOLEAN, NOT.python, NOT.sql,
    _("The opposite of a condition."), ("NOT(1 > 2)", "true"),
)  # fmt: skip
define(
    "XOR", FAMILY, (_YES, boolean("more"), boolean("more", is_optional=True)), T.BOOLEAN, _xor, _xor_sql,
    _("Whether an odd number of conditions is true."), ("XOR(TRUE, FALSE)", "true"), repeats=1,
)  # fmt: skip
for _name in ("ISBLANK", "ISNULL"):
    define(
        _name, FAMILY, (any_value("value", keeps_blank=True),), T.BOOLEAN,
        lambda _ctx, value: is_blank(value), _isblank_sql,
        _("Whether there is no value: a blank field, an empty text, a list without members."),
        (f'{_name}("")', "true"), nulls=OWN,
    )  # fmt: skip
for _name in ("BLANKVALUE", "NVL"):
    define(
        _name, FAMILY, (any_value("value", keeps_blank=True), any_value("otherwise")), _type_same,
        lambda _ctx, value, otherwise: otherwise if is_blank(value) else value, _blankvalue_sql,
        _("The first value, or the second where the first is blank."), (f'{_name}("", "none")', "none"), nulls=OWN,
    )  # fmt: skip
define(
    "NULLIF", FAMILY, (any_value("value", keeps_blank=True), any_value("unwanted")), _type_scalars,
    _nullif, "nullif({0}, {1})",
    _("The first value, blank where it equals the second."), ("NULLIF(5, 0)", "5"), nulls=OWN,
)  # fmt: skip
define(
    "ISNUMBER", FAMILY, (text(),), T.BOOLEAN, _isnumber, _isnumber_sql,
    _("Whether a text spells a number."), ('ISNUMBER("1,234.50")', "true"), nulls=FALSE,
)  # fmt: skip
define(
    "IN", FAMILY, (_VALUE, any_value("other"), _MORE), _type_membership, _in, _in_sql,
    _("Whether the first value equals one of the others."), ('IN("b", "a", "b")', "true"), nulls=OWN, repeats=1,
)  # fmt: skip
define(
    "BETWEEN", FAMILY, (_VALUE, any_value("lower"), any_value("upper")), _type_between, _between, _between_sql,
    _("Whether a value lies between two others, or equals one of them."), ("BETWEEN(5, 1, 10)", "true"), nulls=FALSE,
)  # fmt: skip
define(
    "ISNEW", FAMILY, (), T.BOOLEAN, lambda env: env.is_new, None,
    _("Whether the record is being created. In rules only."), ("ISNEW()", ""), uses={NEW},
)  # fmt: skip
define(
    "ISCHANGED", FAMILY, (any_value("field", keeps_blank=True),), _type_changed, _ischanged, None,
    _("Whether a field gets another value by this change. In rules only."), ("ISCHANGED(amount)", ""),
    uses={OLD}, is_lazy=True,
)  # fmt: skip
define(
    "PRIORVALUE", FAMILY, (any_value("field", keeps_blank=True),), _type_prior, _priorvalue, None,
    _("The value of a field before this change. In rules only."), ("PRIORVALUE(amount)", ""),
    uses={OLD}, is_lazy=True,
)  # fmt: skip
