"""The database's side of functions about other records: each question becomes a subquery of compiled records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import models
from django.db.models import Aggregate, Count, Exists, Max, Min, OuterRef, Subquery, Sum
from django.db.models.expressions import F

from metadata.compiler.compiled import CompiledObject
from metadata.expressions import related as ask
from metadata.expressions.arithmetic import divide_sql
from metadata.expressions.errors import NotCompilable
from metadata.expressions.nodes import Typed
from metadata.expressions.related import RelatedQuery
from metadata.expressions.sql import COLLATION, FormulaSql, Sql, clipped, sql
from metadata.expressions.to_orm import FIELDS, PlaceColumns, SqlContext, outer_reference
from metadata.expressions.types import TEXTS, ValueType

_EXTREMES: dict[str, type[Aggregate]] = {ask.MIN: Min, ask.MAX: Max}


class RelatedSubqueries:
    """Writes the SQL of a question, for `to_orm(…, related=RelatedSubqueries(snapshot.object))`.

    The expression around must be about the records of a queryset over the compiled model, and its `columns` must
    return F objects, as those of `columns_of` are. Deleted records do not count; who may read is not asked.
    """

    def __init__(self, find: Callable[[str], CompiledObject]) -> None:
        self.find = find

    def __call__(self, query: RelatedQuery, around: SqlContext) -> Sql:
        if query.kind == ask.ROOT:
            raise NotCompilable(["ROOT"])
        obj = self.find(query.object)
        inside = SqlContext(columns_of(obj), around.env, outer=around.columns)
        records = self._records(obj, query, inside, around)
        if query.kind == ask.COUNT:
            return sql("coalesce({0}, 0)::numeric", self._total(records, Count("pk")))
        if query.kind == ask.EXISTS:
            return Sql((Exists(records),))
        assert query.value is not None
        value = _formula(inside, query.value)
        if query.kind == ask.SUM:
            return clipped(sql("coalesce({0}, 0)", self._total(records, Sum(value))))
        if query.kind == ask.AVG:
            number = sql("{0}::numeric", self._total(records, Count(value)))
            return divide_sql(around, self._total(records, Sum(value)), number)
        if query.kind in _EXTREMES:
            return self._total(records, _EXTREMES[query.kind](value))
        return self._first(records, query, inside, value)

    def _records(self, obj: CompiledObject, query: RelatedQuery, inside: SqlContext, around: SqlContext) -> Any:
        records = obj.model._base_manager.filter(deleted_at=None)
        if query.key is not None and query.argument is not None:
            wanted = SqlContext(_outer(around.columns), around.env).compile(query.argument)
            key = sql("({0} = {1})", inside.compile(query.key), wanted)
            return records.filter(FormulaSql(key.parts, models.BooleanField()))
        records = records.filter(**{obj.field(query.lookup).path: OuterRef("pk")})
        if query.filter is None:
            return records
        condition = inside.compile(query.filter, is_truth=True)
        return records.filter(FormulaSql(condition.parts, models.BooleanField()))

    def _total(self, records: Any, aggregate: Aggregate) -> Sql:
        """Return one aggregate over the records; null where there are none."""
        totals = records.order_by().values(same=models.Value(1)).annotate(answer=aggregate).values("answer")
        return Sql((Subquery(totals),))

    def _first(self, records: Any, query: RelatedQuery, inside: SqlContext, value: FormulaSql) -> Sql:
        """Return the value of the record that comes last in the order, or of the first one that has a value."""
        found = records.annotate(answer=value)
        if query.order is None:
            found = found.filter(answer__isnull=False).order_by("-created_at", "-pk")
        else:
            found = found.annotate(rank=_formula(inside, query.order)).filter(rank__isnull=False)
            found = found.order_by("-rank", "-created_at", "-pk")
        return Sql((Subquery(found.values("answer")[:1]),))


def columns_of(obj: CompiledObject) -> Callable[[str], Any]:
    """Return the `columns` of a queryset over an object's compiled model."""

    def column(path: str) -> Any:
        found = obj.resolve(path)
        if found.field.type.expression_type != ValueType.GEO:
            return found.field.type.as_operand(found.field.spec, F(found.expression))
        *before, _last = found.expression.split("__")
        lat, lng = ("__".join([*before, part.expression]) for part in found.field.columns)
        return PlaceColumns(F(lat), F(lng))

    return column


def _outer(columns: Callable[[str], Any]) -> Callable[[str], Any]:
    def column(path: str) -> Any:
        return outer_reference(columns(path))

    return column


def _formula(context: SqlContext, node: Typed) -> FormulaSql:
    made = context.compile(node)
    if node.type in TEXTS:
        made = sql(f"({{0}} COLLATE {COLLATION})", made)
    return FormulaSql(made.parts, FIELDS[node.type]())
