"""Many expressions over many records, in Python and by one statement; returns where they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models.expressions import F

from metadata.expressions import Environment, Expression, PlaceColumns, ValueType
from metadata.expressions.evaluate import identity
from tests.metadata.expressions.generator import FIELDS
from tests.metadata.expressions.world import comparable, environment

T = ValueType
TYPES = {T.NUMBER: "numeric", T.TEXT: "text", T.CHOICE: "text", T.BOOLEAN: "boolean", T.DATE: "date",
         T.DATETIME: "timestamptz", T.CHOICES: "text[]", T.REFERENCE: "uuid", T.DURATION: "interval",
         T.TIME: "time"}  # fmt: skip


@dataclass(frozen=True)
class Difference:
    text: str
    record: Mapping[str, Any]
    in_python: Any
    in_database: Any


class Named(F):
    """A column of the VALUES list."""

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return f'r."{self.name}"', []


class Bare:
    """Enough of Django's compiler for pieces that compile themselves."""

    def compile(self, node: Any) -> tuple[str, list[Any]]:
        text, params = node.as_sql(self, connection)
        return text, list(params)


def column(path: str) -> Any:
    if path == "place":
        return PlaceColumns(Named("place"), Named("place_lng"))
    return Named(path)


def values_list(records: Sequence[Mapping[str, Any]]) -> tuple[str, list[Any]]:
    """Return the records as a table `r` with its parameters."""
    kinds = [(path, TYPES[type_]) for type_, paths in FIELDS.items() if type_ is not T.GEO for path in paths]
    names = ["number", *(path for path, _kind in kinds), "place", "place_lng"]
    row = ", ".join(["%s::int", *(f"%s::{kind}" for _path, kind in kinds), "%s::numeric", "%s::numeric"])
    params: list[Any] = []
    for number, record in enumerate(records):
        place = record["place"]
        params += [number, *(identity(record[path]) for path, _kind in kinds)]
        params += [place.lat, place.lng] if place else [None, None]
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"(VALUES {', '.join([f'({row})'] * len(records))}) AS r({quoted})", params


def differences(
    expressions: Sequence[Expression], records: Sequence[Mapping[str, Any]], **options: Any
) -> list[Difference]:
    """Evaluate everything twice, conditions also as conditions of a filter."""
    env = environment(records[0], **options)
    rows = in_database(expressions, records, env)
    found = []
    for record, row in zip(records, rows, strict=True):
        here = environment(record, **options)
        for number, expression in enumerate(expressions):
            in_python = comparable(expression.evaluate(here), expression)
            computed = comparable(row[number], expression)
            if in_python != computed or type(in_python) is not type(computed):
                found.append(Difference(expression.text, record, in_python, computed))
            if expression.type is T.BOOLEAN and (in_python is True) is not row[len(expressions) + number]:
                found.append(Difference(expression.text, record, in_python, f"condition {not in_python}"))
    return found


def in_database(
    expressions: Sequence[Expression], records: Sequence[Mapping[str, Any]], env: Environment
) -> list[tuple[Any, ...]]:
    """Return a row per record: the values of all expressions, then whether each is true as a condition."""
    made = [expression.to_orm(column, env) for expression in expressions]
    texts, params = [], []
    for item in made:
        text, more = item.as_sql(Bare(), connection)
        texts.append(text)
        params += more
    for expression in expressions:
        if expression.type is not T.BOOLEAN:
            texts.append("NULL")
            continue
        text, more = expression.to_condition(column, env).as_sql(Bare(), connection)
        texts.append(f"coalesce({text}, FALSE)")
        params += more
    table, more = values_list(records)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(texts)} FROM {table} ORDER BY number", params + more)
        return cursor.fetchall()
