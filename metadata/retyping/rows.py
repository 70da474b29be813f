"""Reading the values of a field in batches, and writing what they become: past the pipeline, as a backfill does."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Field

from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledColumn, CompiledField, CompiledObject

FOR_UPDATE = "FOR NO KEY UPDATE OF t"


@dataclass(frozen=True, slots=True)
class Row:
    """A record's value in the old field, and what conversion and reports need beside it."""

    id: uuid.UUID
    title: str
    currency: str
    value: Any


def batch_ids(obj: CompiledObject, after: str | None, limit: int, *, left: Left | None = None) -> list[uuid.UUID]:
    """Lock and return the next records behind `after`, deleted ones included; with `left`, only what is left over."""
    source, condition = (left.source, left.condition) if left else (f"{quote(obj.table)} t", "TRUE")
    sql = (
        f"SELECT t.id FROM {source} WHERE (%s::uuid IS NULL OR t.id > %s::uuid) AND {condition}"  # noqa: S608
        f" ORDER BY t.id LIMIT {limit:d} {FOR_UPDATE}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [after, after])
        return [row[0] for row in cursor.fetchall()]


def read_rows(obj: CompiledObject, field: CompiledField, ids: Sequence[uuid.UUID]) -> list[Row]:
    """Return the records' values in the order of their ids.

    After `batch_ids` has locked them this is a statement of its own, so that it sees what the lock waited for.
    """
    return list(_rows(obj, field, "t.id = ANY(%s)", [list(ids)], len(ids)))


def next_rows(obj: CompiledObject, field: CompiledField, after: str | None, limit: int) -> list[Row]:
    """Return the next records behind `after` without locking them, deleted ones included."""
    return list(_rows(obj, field, "(%s::uuid IS NULL OR t.id > %s::uuid)", [after, after], limit))


def _rows(obj: CompiledObject, field: CompiledField, where: str, params: list[Any], limit: int) -> Iterator[Row]:
    alias, source = _source(obj, field)
    values = ", ".join(f"{alias}.{quote(column.column)}" for column in field.columns)
    sql = (
        f"SELECT t.id, t.{quote(obj.name_field.main.column)}, t.currency, {values} FROM {source}"  # noqa: S608
        f" WHERE {where} ORDER BY t.id LIMIT {limit:d}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        for record_id, title, currency, *parts in cursor.fetchall():
            by_suffix = {
                column.suffix: _read(obj, field, column, part)
                for column, part in zip(field.columns, parts, strict=True)
            }
            yield Row(record_id, str(title or ""), currency, field.type.from_columns(field.spec, by_suffix))


@dataclass(frozen=True)
class Left:
    """The records that have a value in the old field and none in the new one, as SQL."""

    source: str
    condition: str

    @classmethod
    def over(cls, obj: CompiledObject, old: CompiledField, new: CompiledField) -> Left:
        alias, source = _source(obj, old)
        other = alias
        if new.is_second != old.is_second:
            other, source = _both(obj, new)
        return cls(source, f"{alias}.{quote(old.main.column)} IS NOT NULL AND {other}.{quote(new.main.column)} IS NULL")

    def count(self) -> int:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {self.source} WHERE {self.condition}")  # noqa: S608
            return int(cursor.fetchone()[0])

    def ids(self, limit: int) -> list[uuid.UUID]:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT t.id FROM {self.source} WHERE {self.condition} ORDER BY t.id LIMIT {limit:d}"  # noqa: S608
            )
            return [row[0] for row in cursor.fetchall()]


def write(obj: CompiledObject, field: CompiledField, values: Mapping[uuid.UUID, Mapping[str, Any]]) -> None:
    """Write the columns of a field (by suffix) for records that are locked; it is no new version of them."""
    if not values:
        return
    columns = ", ".join(quote(column.column) for column in field.columns)
    definitions = field.definition.columns(field.spec)
    casts = ", ".join(f"%s::{re.sub(r'[(][^)]*[)]', '', item.db_type)}" for item in definitions)
    params: list[Any] = []
    for record_id, parts in values.items():
        params += [record_id, *(_adapted(obj, field, column, parts[column.suffix]) for column in field.columns)]
    rows = ", ".join([f"(%s::uuid, {casts})"] * len(values))
    with connection.cursor() as cursor:
        cursor.execute(_statement(obj, field, columns, rows), params)


def _statement(obj: CompiledObject, field: CompiledField, columns: str, rows: str) -> str:
    names = [quote(column.column) for column in field.columns]
    source = f"(VALUES {rows}) AS v (key, {columns})"
    if not (obj.second and field.is_second):
        changes = ", ".join(f"{name} = v.{name}" for name in names)
        return f"UPDATE {quote(obj.table)} AS t SET {changes} FROM {source} WHERE t.id = v.key"  # noqa: S608
    table = quote(obj.second.table)
    return (
        f"INSERT INTO {table} AS x (id, {columns}) SELECT * FROM {source}"  # noqa: S608
        f" WHERE v.{names[0]} IS NOT NULL OR EXISTS (SELECT FROM {table} y WHERE y.id = v.key)"
        f" ON CONFLICT (id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in names)}"
    )


def _source(obj: CompiledObject, field: CompiledField) -> tuple[str, str]:
    """Return the alias that has the field's columns, and what to select from."""
    return _both(obj, field) if obj.second and field.is_second else ("t", f"{quote(obj.table)} t")


def _both(obj: CompiledObject, field: CompiledField) -> tuple[str, str]:
    assert obj.second is not None
    joined = f"{quote(obj.table)} t LEFT JOIN {quote(obj.second.table)} x ON x.id = t.id"
    return ("x" if field.is_second else "t"), joined


def _model_field(obj: CompiledObject, field: CompiledField, column: CompiledColumn) -> Field[Any, Any]:
    found = obj.model_of(field)._meta.get_field(column.expression)
    assert isinstance(found, Field)
    return found


def _read(obj: CompiledObject, field: CompiledField, column: CompiledColumn, value: Any) -> Any:
    model_field = _model_field(obj, field, column)
    for convert in model_field.get_db_converters(connection):
        value = convert(value, None, connection)  # type: ignore[arg-type]
    return value


def _adapted(obj: CompiledObject, field: CompiledField, column: CompiledColumn, value: Any) -> Any:
    return None if value is None else _model_field(obj, field, column).get_db_prep_save(value, connection)
