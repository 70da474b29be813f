"""Other records: counting, summing and finding those that point here, looking values up, the top of a hierarchy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from metadata.expressions import related as ask
from metadata.expressions.definitions import OWN, RELATED, Param, define, functions
from metadata.expressions.environment import Environment, NotAvailable
from metadata.expressions.errors import ExpressionError, NotCompilable, closest
from metadata.expressions.evaluate import Code, normal
from metadata.expressions.nodes import Apply, Call, Name, Node, Typed
from metadata.expressions.related import RelatedQuery
from metadata.expressions.scope import Scope, lookup_target
from metadata.expressions.types import ANY, ORDERED, SCALARS, ValueType

if TYPE_CHECKING:
    from metadata.expressions.sql import Sql
    from metadata.expressions.to_orm import SqlContext

T = ValueType
FAMILY = "related"
COST = 200
_KINDS = {
    "COUNTREL": ask.COUNT,
    "EXISTSREL": ask.EXISTS,
    "SUMREL": ask.SUM,
    "AVGREL": ask.AVG,
    "MINREL": ask.MIN,
    "MAXREL": ask.MAX,
    "LATEST": ask.LATEST,
}


def _asked(node: Apply, *_args: Code) -> Code:
    query, type_ = node.data, node.type

    def run(env: Environment) -> Any:
        if env.related is None:
            raise NotAvailable("related records")
        return normal(env.related(query, env), type_)

    return run


def _written(ctx: SqlContext, *_args: Typed) -> Sql:
    node = ctx.node
    assert isinstance(node, Apply)
    if ctx.related is None:
        raise NotCompilable([node.function.name])
    return ctx.related(node.data, ctx)


def _name(node: Node) -> str:
    if not isinstance(node, Name):
        raise ExpressionError(_("Name an object here."), node.start, node.end)
    return node.path


def _child(tc: Any, node: Node) -> tuple[str, str]:
    """Read `opportunity` or `opportunity.account_id`: an object, and its lookup that points at this one."""
    object_name, _dot, field_name = _name(node).partition(".")
    spec = tc.scope.spec.object_map.get(object_name)
    if spec is None:
        message = _("There is no object “%(name)s”.")
        suggestion = closest(object_name, tc.scope.spec.object_map)
        raise ExpressionError(message, node.start, node.end, suggestion, name=object_name)
    here = tc.scope.object_name
    lookups = [field.api_name for field in spec.fields if lookup_target(field) == here and not field.is_system]
    if field_name in lookups:
        return object_name, field_name
    if field_name or len(lookups) != 1:
        known = ", ".join(f"{object_name}.{name}" for name in lookups)
        message = _("Say which lookup points here: %(lookups)s.") if lookups else _("This object does not point here.")
        suggestion = f"{object_name}.{lookups[0]}" if lookups else ""
        raise ExpressionError(message, node.start, node.end, suggestion, lookups=known)
    return object_name, lookups[0]


def _inside(tc: Any, object_name: str) -> Any:
    """Return a checker for what is said about the other object's records."""
    scope: Scope = tc.scope
    inner = Scope(scope.spec, object_name, (*scope.key, object_name), outer=scope)
    return tc.within(inner)


def _scalar(tc: Any, node: Node, allowed: frozenset[ValueType]) -> Typed:
    value: Typed = tc.typed(node)
    if value.type not in allowed:
        tc.refuse(value, *sorted(allowed)[:1])
    return value


def _special(tc: Any, node: Call) -> Typed:
    """Type COUNTREL(child, filter), SUMREL(child, field, filter), LATEST(child, order, field, filter)."""
    kind = _KINDS[node.name]
    object_name, lookup = _child(tc, node.args[0])
    inner = _inside(tc, object_name)
    rest = list(node.args[1:])
    order = _scalar(inner, rest.pop(0), ORDERED) if kind == ask.LATEST else None
    value = None
    if kind not in (ask.COUNT, ask.EXISTS):
        wanted = {ask.SUM: frozenset({T.NUMBER}), ask.AVG: frozenset({T.NUMBER})}.get(
            kind, SCALARS if kind == ask.LATEST else ORDERED
        )
        value = _scalar(inner, rest.pop(0), wanted)
    condition = inner.boolean(rest[0]) if rest else None
    returns = {ask.COUNT: T.NUMBER, ask.EXISTS: T.BOOLEAN}.get(kind) or (value.type if value else T.NUMBER)
    query = RelatedQuery(kind, object_name, lookup, returns, value, condition, order)
    return Apply(node.start, node.end, returns, None, functions.get(node.name), (), query)


def _vlookup(tc: Any, node: Call) -> Typed:
    object_name = _name(node.args[0])
    if object_name not in tc.scope.spec.object_map:
        message = _("There is no object “%(name)s”.")
        suggestion = closest(object_name, tc.scope.spec.object_map)
        raise ExpressionError(message, node.args[0].start, node.args[0].end, suggestion, name=object_name)
    inner = _inside(tc, object_name)
    value, key = _scalar(inner, node.args[1], SCALARS), _scalar(inner, node.args[2], SCALARS)
    argument = tc.wanted(tc.typed(node.args[3]), T.TEXT if key.type is T.CHOICE else key.type)
    query = RelatedQuery(ask.VLOOKUP, object_name, "", value.type, value, key=key, argument=argument)
    return Apply(node.start, node.end, value.type, None, functions.get("VLOOKUP"), (argument,), query)


def _hierarchy(tc: Any, node: Call) -> tuple[str, Typed]:
    """Read the hierarchical lookup, and the field wanted of the record above."""
    path = _name(node.args[0])
    spec = tc.scope.object(tc.scope.object_name)
    field = spec.field_map.get(path) or spec.path_map.get(path)
    if field is None or lookup_target(field) != tc.scope.object_name:
        message = _("Name a lookup of this object to itself here.")
        raise ExpressionError(message, node.args[0].start, node.args[0].end)
    wanted = node.args[1]
    return field.api_name, _inside(tc, tc.scope.object_name).typed(wanted)


def _parent(tc: Any, node: Call) -> Typed:
    """PARENT(parent_id, name) is another way to write parent.name."""
    lookup, value = _hierarchy(tc, node)
    wanted = node.args[1]
    if not isinstance(wanted, Name):
        raise ExpressionError(_("Name a field here."), wanted.start, wanted.end)
    spec = tc.scope.object(tc.scope.object_name)
    path: Typed = tc.typed(Name(wanted.start, wanted.end, f"{spec.field_map[lookup].path_name}.{wanted.path}"))
    return Apply(node.start, node.end, value.type, value.element, functions.get("PARENT"), (path,))


def _root(tc: Any, node: Call) -> Typed:
    lookup, value = _hierarchy(tc, node)
    query = RelatedQuery(ask.ROOT, tc.scope.object_name, lookup, value.type, value)
    return Apply(node.start, node.end, value.type, value.element, functions.get("ROOT"), (), query)


def _same(tc: Any, args: list[Typed]) -> tuple[ValueType, ValueType | None]:
    return args[0].type, args[0].element


def _any(name: str, **options: Any) -> Param:
    return Param(name, ANY, **options)


def _define(name: str, params: tuple[Param, ...], special: Any, summary: Any, example: str) -> None:
    define(
        name, FAMILY, params, T.NULL, _asked, _written, summary, (example, ""),
        special=special, is_lazy=True, cost=COST, uses={RELATED}, nulls=OWN, repeats_inside=True,
    )  # fmt: skip


_CHILD, _FIELD, _FILTER = _any("object"), _any("field"), _any("filter", is_optional=True)

_define("COUNTREL", (_CHILD, _FILTER), _special,
        _("How many records of another object point here."), 'COUNTREL(opportunity, stage = "won")')  # fmt: skip
_define("EXISTSREL", (_CHILD, _FILTER), _special,
        _("Whether a record of another object points here."), 'EXISTSREL(opportunity, stage = "won")')  # fmt: skip
_define("SUMREL", (_CHILD, _FIELD, _FILTER), _special,
        _("The sum of a field of the records that point here."), "SUMREL(opportunity, amount)")  # fmt: skip
_define("AVGREL", (_CHILD, _FIELD, _FILTER), _special,
        _("The average of a field of the records that point here."), "AVGREL(opportunity, amount)")  # fmt: skip
_define("MINREL", (_CHILD, _FIELD, _FILTER), _special,
        _("The smallest value of a field of the records that point here."), "MINREL(line, sold_on)")  # fmt: skip
_define("MAXREL", (_CHILD, _FIELD, _FILTER), _special,
        _("The largest value of a field of the records that point here."), "MAXREL(line, sold_on)")  # fmt: skip
_define("LATEST", (_CHILD, _any("order"), _FIELD, _FILTER), _special,
        _("A field of that record, among those that point here, which comes last in an order."),
        "LATEST(opportunity, close_date, amount)")  # fmt: skip
_define("VLOOKUP", (_CHILD, _FIELD, _any("key"), _any("value")), _vlookup,
        _("A field of the record of another object whose key equals a value."),
        'VLOOKUP(product, list_price, code, "A-1")')  # fmt: skip
_define("ROOT", (_any("lookup"), _FIELD), _root,
        _("A field of the record at the top of the hierarchy."), "ROOT(parent_id, name)")  # fmt: skip
define("PARENT", FAMILY, (_any("lookup"), _FIELD), T.NULL, lambda _node, path: path,
       lambda ctx, path: ctx.compile(path),
       _("A field of the record above in the hierarchy."), ("PARENT(parent_id, name)", ""),
       special=_parent, is_lazy=True)  # fmt: skip
define("RELATED", FAMILY, (_any("path"),), _same, lambda _node, path: path,
       lambda ctx, path: ctx.compile(path),
       _("A field of a record that a lookup points at; the same as its path alone."),
       ("RELATED(account.name)", ""), is_lazy=True)  # fmt: skip
