"""Lists: splitting and joining texts, choosing, changing, sorting and summing members. `$Item` is one of them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from metadata.expressions import arithmetic as exact
from metadata.expressions.definitions import OWN, Param, define, text
from metadata.expressions.environment import Environment
from metadata.expressions.evaluate import Code, code, identity
from metadata.expressions.limits import MAX_ITEMS, MAX_RESULT
from metadata.expressions.nodes import Apply, Call, Typed
from metadata.expressions.sql import sql
from metadata.expressions.types import ANY, MANY, ORDERED, SCALARS, ValueType

if TYPE_CHECKING:
    from metadata.expressions.typecheck import TypeChecker

T = ValueType
FAMILY = "list"
_LIST = Param("list", MANY)


def _split(_ctx: object, value: str, separator: str) -> tuple[str, ...] | None:
    if not separator:
        return (value,)
    parts = value.split(separator) if value else []
    return tuple(parts) if len(parts) <= MAX_ITEMS else None


def _join(_ctx: object, values: tuple[str, ...], separator: str) -> str | None:
    length = sum(len(value) for value in values) + len(separator) * len(values)
    return separator.join(values) if length <= MAX_RESULT else None


def _type_joined(tc: TypeChecker, args: list[Typed]) -> T:
    if (args[0].element or T.TEXT) is not T.TEXT:
        tc.refuse(args[0], T.LIST, T.CHOICES)
    return T.TEXT


def _type_list(tc: TypeChecker, args: list[Typed]) -> tuple[T, T]:
    found = tc.same(args, range(len(args)))
    if found not in SCALARS:
        tc.refuse(args[0], T.TEXT, T.NUMBER, T.DATE)
    return T.LIST, found


def _same_list(_tc: TypeChecker, args: list[Typed]) -> tuple[T, T]:
    return T.LIST, args[0].element or T.TEXT


def _member(_tc: TypeChecker, args: list[Typed]) -> T:
    return args[0].element or T.TEXT


def _type_ordered(tc: TypeChecker, args: list[Typed]) -> tuple[T, T]:
    if (args[0].element or T.TEXT) not in ORDERED:
        tc.refuse(args[0], T.LIST)
    return _same_list(tc, args)


def _type_sum(tc: TypeChecker, args: list[Typed]) -> T:
    if args[0].element is not T.NUMBER:
        tc.refuse(args[0], T.LIST)
    return T.NUMBER


def _unique(_ctx: object, values: tuple[Any, ...]) -> tuple[Any, ...]:
    first: dict[Any, Any] = {}
    for value in values:
        first.setdefault(identity(value), value)
    return tuple(first.values())


def _sum(_ctx: object, values: tuple[Decimal, ...]) -> Decimal | None:
    total = Decimal(0)
    for value in values:
        total = exact.EXACT.add(total, value)
    return exact.fit(total)


def _with_item(tc: TypeChecker, node: Call) -> tuple[Typed, Typed]:
    """Type the list and then, inside a scope that has `$Item`, the expression about its members."""
    values = tc.argument(_FUNCTIONS[node.name], 0, node.args[0])
    inner = tc.within(replace(tc.scope, item=values.element or T.TEXT))
    return values, inner.typed(node.args[1])


def _special_filter(tc: TypeChecker, node: Call) -> Typed:
    values, test = _with_item(tc, node)
    args = (values, tc.wanted(test, T.BOOLEAN))
    return Apply(node.start, node.end, T.LIST, values.element or T.TEXT, _FUNCTIONS["FILTER"], args[:1], args[1])


def _special_map(tc: TypeChecker, node: Call) -> Typed:
    values, result = _with_item(tc, node)
    if result.type not in SCALARS:
        tc.refuse(result, T.TEXT, T.NUMBER, T.DATE)
    element = T.TEXT if result.type is T.CHOICE else result.type
    return Apply(node.start, node.end, T.LIST, element, _FUNCTIONS["MAP"], (values,), result)


def _filter(node: Apply, values: Code) -> Code:
    test = code(node.data)

    def run(env: Environment) -> tuple[Any, ...] | None:
        members = values(env)
        return None if members is None else tuple(item for item in members if test(env.with_item(item)))

    return run


def _map(node: Apply, values: Code) -> Code:
    """Members for which the result is blank are left out: a list has no blank members."""
    made = code(node.data)

    def run(env: Environment) -> tuple[Any, ...] | None:
        members = values(env)
        if members is None:
            return None
        return tuple(value for item in members if (value := made(env.with_item(item))) is not None)

    return run


_FUNCTIONS = {
    "FILTER": define(
        "FILTER", FAMILY, (_LIST, Param("condition", ANY)), T.LIST, _filter, None,
        _("The members of a list for which a condition about $Item is true."),
        ('JOIN(FILTER(SPLIT("a,bb", ","), LEN($Item) > 1), ",")', "bb"),
        special=_special_filter, is_lazy=True, cost=10, repeats_inside=True,
    ),
    "MAP": define(
        "MAP", FAMILY, (_LIST, Param("expression", ANY)), T.LIST, _map, None,
        _("What an expression with $Item gives for every member of a list."),
        ('JOIN(MAP(SPLIT("a,b", ","), UPPER($Item)), ",")', "A,B"),
        special=_special_map, is_lazy=True, cost=10, repeats_inside=True,
    ),
}  # fmt: skip
define("LIST", FAMILY, (Param("value", ANY), Param("more", ANY, is_optional=True)), _type_list,
       lambda _ctx, *values: tuple(value for value in values if value is not None), None,
       _("A list of some values; blank ones are left out."), ("COUNT(LIST(1, 2, 3))", "3"),
       nulls=OWN, repeats=1)  # fmt: skip
define("SPLIT", FAMILY, (text(), text("separator")), lambda _tc, _args: (T.LIST, T.TEXT), _split, None,
       _("The parts of a text between separators."), ('FIRST(SPLIT("a,b", ","))', "a"))  # fmt: skip
define("JOIN", FAMILY, (_LIST, text("separator")), _type_joined, _join, "array_to_string({0}, {1})",
       _("The members of a list as one text."), ('JOIN(SPLIT("a,b", ","), "; ")', "a; b"))  # fmt: skip
define("SORT", FAMILY, (_LIST,), _type_ordered, lambda _ctx, values: tuple(sorted(values)), None,
       _("The members of a list in order."), ("FIRST(SORT(LIST(3, 1, 2)))", "1"))  # fmt: skip
define("UNIQUE", FAMILY, (_LIST,), _same_list, _unique, None,
       _("The members of a list, each only once."), ("COUNT(UNIQUE(LIST(1, 1, 2)))", "2"))  # fmt: skip
define("FIRST", FAMILY, (_LIST,), _member, lambda _ctx, values: values[0] if values else None, "({0})[1]",
       _("The first member of a list."), ("FIRST(LIST(3, 1))", "3"))  # fmt: skip
define("LAST", FAMILY, (_LIST,), _member, lambda _ctx, values: values[-1] if values else None,
       lambda ctx, values: ctx.let([values], lambda v: sql("({0})[cardinality({0})]", v)),
       _("The last member of a list."), ("LAST(LIST(3, 1))", "1"))  # fmt: skip
define("SUM", FAMILY, (_LIST,), _type_sum, _sum, None,
       _("The sum of a list of numbers."), ("SUM(LIST(1, 2.5))", "3.5"))  # fmt: skip
