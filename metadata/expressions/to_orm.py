"""The database's side: a typed tree becomes one Django expression."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.expressions import BaseExpression, F, OuterRef

from metadata.expressions import scope as names
from metadata.expressions.definitions import FALSE, Function
from metadata.expressions.environment import Environment
from metadata.expressions.errors import NotCompilable
from metadata.expressions.nodes import Apply, Chain, Constant, Path, Typed
from metadata.expressions.sql import Bind, FormulaSql, Sql, clipped, interval, is_column, sql, whole_constant
from metadata.expressions.types import ValueType

if TYPE_CHECKING:
    from metadata.expressions.related import RelatedQuery

T = ValueType
CASTS = {
    T.TEXT: "text",
    T.CHOICE: "text",
    T.NUMBER: "numeric",
    T.DURATION: "numeric",
    T.BOOLEAN: "boolean",
    T.DATE: "date",
    T.DATETIME: "timestamptz",
    T.TIME: "time",
    T.REFERENCE: "uuid",
    T.CHOICES: "text[]",
    T.REFERENCES: "uuid[]",
}
FIELDS: dict[ValueType, Callable[[], models.Field[Any, Any]]] = {
    T.TEXT: models.TextField,
    T.CHOICE: models.TextField,
    T.NUMBER: lambda: models.DecimalField(max_digits=60, decimal_places=20),
    T.DURATION: lambda: models.DecimalField(max_digits=60, decimal_places=20),  # inside: seconds
    T.BOOLEAN: models.BooleanField,
    T.DATE: models.DateField,
    T.DATETIME: models.DateTimeField,
    T.TIME: models.TimeField,
    T.REFERENCE: models.UUIDField,
    T.CHOICES: lambda: ArrayField(models.TextField()),
    T.REFERENCES: lambda: ArrayField(models.UUIDField()),
    T.LIST: lambda: ArrayField(models.TextField()),
}


class PlaceColumns(NamedTuple):
    """The two columns of a place, for `columns(path)` of a geolocation field."""

    lat: BaseExpression | F
    lng: BaseExpression | F


Columns = Callable[[str], Any]
Related = Callable[["RelatedQuery", "SqlContext"], Sql]


def outer_reference(column: Any) -> Any:
    """Return a column of the query around a subquery; raises NotCompilable for what is no plain column."""
    if isinstance(column, PlaceColumns):
        return PlaceColumns(outer_reference(column.lat), outer_reference(column.lng))
    if not isinstance(column, F):
        raise NotCompilable(["$Record"])
    return OuterRef(column.name)  # type: ignore[attr-defined]


def to_orm(
    root: Typed, columns: Columns, env: Environment, *, as_condition: bool = False, related: Related | None = None
) -> FormulaSql:
    """Return the Django expression of a typed tree; raises NotCompilable where the database can't compute it.

    `columns(path)` returns the expression of a field of the record (an F, a column, for places `PlaceColumns`).
    What does not depend on the record (`$User.name`, today) is read from `env` now and sent along. A condition
    is only asked whether it is true: where null would do for false, the SQL is simpler and can use indexes.
    `related` writes the SQL of questions about other records (`subqueries.RelatedSubqueries`).
    """
    if root.type not in FIELDS:
        raise NotCompilable([root.type.value])
    context = SqlContext(columns, env, related=related)
    made = context.compile(root, is_truth=as_condition)
    if root.type is T.NUMBER:
        made = clipped(made)
    elif root.type is T.DURATION:
        made = interval(made)
    field = models.DurationField() if root.type is T.DURATION else FIELDS[root.type]()
    return FormulaSql(made.parts, field)


class SqlContext:
    """Compiles the nodes of one expression; functions write their SQL with its help."""

    def __init__(
        self, columns: Columns, env: Environment, *, outer: Columns | None = None, related: Related | None = None
    ) -> None:
        self.columns, self.env, self.outer, self.related = columns, env, outer, related
        self._numbers = itertools.count(1)
        self.is_truth = False
        self.node: Typed | None = None  # the call whose SQL is being written

    def compile(self, node: Typed, *, is_truth: bool = False) -> Sql:
        if isinstance(node, Constant):
            return self.constant(node.value, node.type)
        if isinstance(node, Path):
            return self._path(node)
        if isinstance(node, Chain):
            return self._chain(node, is_truth)
        assert isinstance(node, Apply)
        return self._call(node, is_truth)

    def constant(self, value: Any, type_: ValueType) -> Sql:
        """Return a value as SQL."""
        if type_ not in CASTS:
            raise NotCompilable([type_.value])
        if value is None:
            return Sql((f"NULL::{CASTS[type_]}",), is_simple=True)
        if isinstance(value, bool):
            return Sql(("TRUE" if value else "FALSE",), is_simple=True, constant=value)
        plain = list(value) if isinstance(value, tuple) else getattr(value, "id", value)
        if isinstance(plain, Decimal) and plain < 0:
            return Sql(("(", Bind(plain), ")::numeric"), is_simple=True, constant=value)
        return Sql((Bind(plain), f"::{CASTS[type_]}"), is_simple=True, constant=value)

    def text(self, value: str) -> Sql:
        return self.constant(value, T.TEXT)

    def zone(self) -> Sql:
        """Return the caller's time zone."""
        return self.text(self.env.zone.key)

    def let(self, values: Sequence[Sql], body: Callable[..., Sql]) -> Sql:
        """Return `body` over the values, each of which is computed once however often the body names it.

        OFFSET 0 keeps PostgreSQL from putting the values back into the places where they are named.
        """
        if all(value.is_simple for value in values):
            return sql("({0})", body(*values))
        alias = f"_l{next(self._numbers)}"
        bound: list[Sql] = []
        selected: list[Sql] = []
        for value in values:
            if value.is_simple:
                bound.append(value)
                continue
            selected.append(sql(f"{{0}} AS v{len(selected)}", value))
            bound.append(Sql((f"{alias}.v{len(selected) - 1}",), is_simple=True))
        made = body(*bound)
        items: list[Any] = []
        for number, item in enumerate(selected):
            items.extend([", ", *item.parts] if number else item.parts)
        return Sql(("(SELECT ", *made.parts, " FROM (SELECT ", *items, f" OFFSET 0) AS {alias})"))

    def day(self, value: Sql, type_: ValueType) -> Sql:
        """Return the caller's day of a moment; a date as it is."""
        return sql("({0} AT TIME ZONE {1})::date", value, self.zone()) if type_ is T.DATETIME else value

    def local(self, value: Sql) -> Sql:
        """Return what the caller's clock shows at a moment."""
        return sql("({0} AT TIME ZONE {1})", value, self.zone())

    def whole(self, value: Sql, lower: int, upper: int) -> Sql:
        """Return a number as a whole one between two bounds; null stays null."""
        if isinstance(value.constant, Decimal):
            return Sql((f"({whole_constant(value.constant, lower, upper)})",), is_simple=True)
        body = f"CASE WHEN {{0}} IS NOT NULL THEN trunc(least(greatest({{0}}, {lower}), {upper}))::int END"
        return self.let([value], lambda x: sql(body, x))

    def _path(self, node: Path) -> Sql:
        name = node.name
        if name.kind == names.GLOBAL:
            return self.constant(self.env.constant(name.path), node.type)
        column = self._column(name)
        if node.type is T.GEO:
            lat, lng = (sql("{0}::numeric", Sql((part,))) for part in column)
            return Sql(lat.parts, is_simple=True, twin=lng)
        if node.type not in CASTS:
            raise NotCompilable([name.path])
        made = Sql(("(", column, f")::{CASTS[node.type]}"), is_simple=is_column(column))
        if node.type is T.DURATION:
            made = Sql(("extract(epoch FROM (", column, ")::interval)"), is_simple=is_column(column))
        return Sql(sql("coalesce({0}, 0)", made).parts, is_simple=made.is_simple) if node.zero_if_blank else made

    def _column(self, name: names.ResolvedName) -> Any:
        if name.kind == names.RECORD:
            return self.columns(name.path)
        if name.kind == names.OUTER and self.outer:
            return outer_reference(self.outer(name.path))
        raise NotCompilable([f"${name.kind.title()}"])

    def _chain(self, node: Chain, is_truth: bool) -> Sql:
        made = self.compile(node.first)
        for function, operand in node.steps:
            made = self._written(function, [made, self.compile(operand)], is_truth)
        return made

    def _call(self, node: Apply, is_truth: bool) -> Sql:
        function = node.function
        if function.sql is None:
            raise NotCompilable([function.name])
        if function.is_lazy:
            before = self.node, self.is_truth
            self.node, self.is_truth = node, is_truth
            made: Sql = function.sql(self, *node.args)  # type: ignore[operator]
            self.node, self.is_truth = before
            return made
        args = [self._argument(function, number, arg) for number, arg in enumerate(node.args)]
        self.node = node
        return self._written(function, args, is_truth)

    def _argument(self, function: Function, number: int, arg: Typed) -> Sql:
        param, made = function.param(number), self.compile(arg)
        return self.whole(made, *param.whole) if param and param.whole else made

    def _written(self, function: Function, args: list[Sql], is_truth: bool) -> Sql:
        if function.sql is None:
            raise NotCompilable([function.name])
        made = sql(function.sql, *args) if isinstance(function.sql, str) else function.sql(self, *args)
        needs_false = function.nulls == FALSE and not is_truth
        return sql("coalesce({0}, FALSE)", made) if needs_false else made
