"""Placeholders: SQL is compiled once with slots in place of values, and run many times with values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db import connection
from django.db.models import BooleanField, Expression, Field, Func, Model, Q
from django.db.models.expressions import BaseExpression, Col
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler


@dataclass(frozen=True, slots=True)
class Slot:
    """Marks the place of a value in a list of SQL parameters; `key` finds the value at run time."""

    key: Any


class SqlText(NamedTuple):
    """A piece of SQL with its parameters in order: constants, and slots for what differs from run to run."""

    text: str
    params: tuple[Any, ...] = ()


@dataclass(frozen=True, eq=False)
class Statement:
    """Compiled SQL with its slots. `serial` is no other's in this process, nor that of the same SQL compiled anew."""

    sql: str
    slots: tuple[Any, ...]
    serial: int = field(default_factory=count().__next__, kw_only=True)


Values = Mapping[Any, Any]

TRUE, FALSE = SqlText("TRUE"), SqlText("FALSE")


# Keys of the slots that the SQL of virtual formulas has, and nothing else.
NOW, TODAY, ZONE = "now", "today", "zone"


class Param(Expression):
    """An expression that stands for a value which is not known yet.

    A Django `Value` bakes its value into the compiled parameters; this leaves a `Slot` there instead.
    """

    def __init__(self, key: Any, output_field: Field[Any, Any]) -> None:
        super().__init__(output_field=output_field)
        self.key = key

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, Any]:
        return "%s", [Slot(self.key)]


class OneOfIds(Func):
    """`a = ANY(b)`, b being an array literal of ids such as `{…,…}`: one parameter, whatever their number."""

    template = "(%(expressions)s::uuid[]))"
    arg_joiner = " = ANY("
    arity = 2
    output_field = BooleanField()


class Expressions:
    """Compiles ORM expressions over columns of tables whose aliases the caller has chosen."""

    def __init__(self, model: type[Model]) -> None:
        self._query = Query(model)
        self._compiler = self._query.get_compiler(connection=connection)

    def sql(self, expression: BaseExpression | Q) -> SqlText:
        """Return the SQL of an expression made of `Col` and `Param`; nothing in it may need a join."""
        try:
            resolved = expression.resolve_expression(self._query, allow_joins=False)
            text, params = self._compiler.compile(resolved)
        except EmptyResultSet:
            return FALSE
        except FullResultSet:
            return TRUE
        return SqlText(text or "TRUE", tuple(params))


def column(alias: str, model: type[Model], name: str) -> Col:
    """Return the column behind a field of a model, read through a table alias."""
    return Col(alias, model._meta.get_field(name))  # type: ignore[arg-type]


def fill(slots: Sequence[Any], values: Values) -> list[Any]:
    """Return the parameters of a statement: each slot replaced by its value."""
    return [values[item.key] if isinstance(item, Slot) else item for item in slots]


def join_sql(separator: str, parts: Sequence[SqlText]) -> SqlText:
    """Return the pieces joined, with their parameters in order."""
    return SqlText(separator.join(part.text for part in parts), tuple(value for part in parts for value in part.params))
