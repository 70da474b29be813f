"""How an object's record table is read and written in SQL, worked out once per version of the data model."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import (
    BooleanField,
    CharField,
    DateField,
    DecimalField,
    Field,
    ForeignKey,
    IntegerField,
    TextField,
    UUIDField,
)

from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.record_base import Record
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.field_types.auto_number import AutoNumberType
from metadata.field_types.base import Column

DRIVER_KNOWS = (BooleanField, CharField, DateField, DecimalField, ForeignKey, IntegerField, TextField, UUIDField)


@dataclass(frozen=True)
class TableColumn:
    """One physical column with what is needed to write a value into it.

    `cast` is its type without a length: an explicit cast to `varchar(9)` would cut text off without a word.
    """

    name: str
    attr: str
    cast: str
    has_default: bool
    is_second: bool  # in the object's second table
    prepare: Callable[[Any], Any] | None  # into the form that the driver takes, where it does not take the value
    converters: tuple[Any, ...] = ()  # from what the driver returns, one after the other

    def read(self, value: Any) -> Any:
        """Return the value for what the driver has returned."""
        for convert in self.converters:
            value = convert(value, None, connection)
        return value


@dataclass(frozen=True)
class RecordTable:
    """The physical side of an object.

    `select` lists the columns of a record in the main table, aliased `t`; `load` turns such a row into a Record.
    `second` is the table beside it, if there is one; its values come by `load_second`. `derived` maps a field to
    the fields whose columns are rewritten when it changes. `parts` names the field behind what reads show beside
    it (`amount_base` → `amount`).
    """

    name: str
    second: str | None
    columns: Mapping[str, TableColumn]
    select: str
    model: type[Record]
    writable: tuple[CompiledField, ...]
    references: tuple[CompiledField, ...]
    numbered: tuple[CompiledField, ...]
    derived: Mapping[str, tuple[CompiledField, ...]]
    parts: Mapping[str, str]
    _attrs: tuple[str, ...]
    _converters: tuple[tuple[int, Any], ...]

    def load(self, row: Sequence[Any]) -> Record:
        """Return the record for a row of `select` (further columns of the row are left alone)."""
        values = list(row[: len(self._attrs)])
        for position, convert in self._converters:
            values[position] = convert(values[position], None, connection)
        return self.model.from_db(connection.alias, self._attrs, values)

    def load_second(self, records: Mapping[uuid.UUID, Record]) -> None:
        """Fill in what the records have in the second table, in one statement; nothing to do without one.

        Never as a join of a statement that locks: when that has waited for another writer, PostgreSQL looks at
        the newest version of the rows that it locks, but at an old one of those that it only joins.
        """
        if self.second is None or not records:
            return
        columns = [column for column in self.columns.values() if column.is_second]
        names = ", ".join(quote(column.name) for column in columns)
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT id, {names} FROM {self.second} WHERE id = ANY(%s)",  # noqa: S608 (physical names only)
                [list(records)],
            )
            found = {row[0]: row[1:] for row in cursor.fetchall()}
        nothing = (None,) * len(columns)
        for record_id, record in records.items():
            for column, value in zip(columns, found.get(record_id, nothing), strict=True):
                setattr(record, column.attr, column.read(value))

    def new(self, columns: Mapping[str, Any]) -> Record:
        """Return the record for the columns that were just inserted; the others are empty."""
        by_attr = {self.columns[name].attr: value for name, value in columns.items()}
        record = self.model.from_db(connection.alias, self._attrs, [by_attr.get(attr) for attr in self._attrs])
        for column in self.columns.values():
            if column.is_second:
                setattr(record, column.attr, by_attr.get(column.attr))
        return record

    def adapted(self, names: Iterable[str], columns: Mapping[str, Any]) -> list[Any]:
        """Return the named columns' values for the driver, in order."""
        return [_adapted(self.columns[name].prepare, columns.get(name)) for name in names]


def _adapted(prepare: Callable[[Any], Any] | None, value: Any) -> Any:
    return value if prepare is None or value is None else prepare(value)


def record_table(snapshot: SchemaSnapshot, obj: CompiledObject) -> RecordTable:
    """Return the physical side of an object, made once per snapshot."""
    key = ("records.table", obj.spec.id)
    table: RecordTable | None = snapshot.memo.get(key)
    if table is None:
        table = snapshot.memo[key] = _make(obj)
    return table


def _make(obj: CompiledObject) -> RecordTable:
    by_attr = {
        column.attr: column
        for field in (*obj, *obj.successors.values())
        for column in _columns(obj, field, field.definition.columns(field.spec))
    }
    # In the order of the model's own fields, as Model.from_db takes them.
    main = [by_attr[field.attname] for field in obj.model._meta.concrete_fields]
    converters = [
        (position, convert)
        for position, field in enumerate(obj.model._meta.concrete_fields)
        for convert in field.get_db_converters(connection)
    ]
    writable = tuple(f for f in obj if not f.is_read_only)
    return RecordTable(
        name=quote(obj.table),
        second=quote(obj.second.table) if obj.second else None,
        columns={column.name: column for column in [*main, *(c for c in by_attr.values() if c.is_second)]},
        select=", ".join(f"t.{quote(column.name)}" for column in main),
        model=obj.model,  # type: ignore[arg-type]
        writable=writable,
        references=tuple(f for f in writable if f.type.has_targets),
        numbered=tuple(f for f in obj if isinstance(f.type, AutoNumberType)),
        derived=_derived(writable),
        parts={f.name + c.suffix: f.name for f in obj if not f.type.is_reference for c in f.columns if c.suffix},
        _attrs=tuple(column.attr for column in main),
        _converters=tuple(converters),
    )


def _columns(obj: CompiledObject, field: CompiledField, definitions: Sequence[Column]) -> Iterable[TableColumn]:
    for compiled, definition in zip(field.columns, definitions, strict=True):
        model_field = obj.model_of(field)._meta.get_field(compiled.expression)
        assert isinstance(model_field, Field)
        cast = re.sub(r"\([^)]*\)", "", definition.db_type)
        has_default = definition.default_sql is not None
        convert = tuple(model_field.get_db_converters(connection))
        prepare = _preparation(model_field)
        yield TableColumn(compiled.column, compiled.attr, cast, has_default, field.is_second, prepare, convert)


def _preparation(field: Field[Any, Any]) -> Callable[[Any], Any] | None:
    """Return what Django does to a value before it is sent; nothing for what psycopg2 adapts by itself."""
    if isinstance(field, DRIVER_KNOWS):
        return None
    return lambda value: field.get_db_prep_save(value, connection)


def _derived(fields: Iterable[CompiledField]) -> dict[str, tuple[CompiledField, ...]]:
    derived: dict[str, tuple[CompiledField, ...]] = {}
    for field in fields:
        for source in field.type.derives_from:
            derived[source] = (*derived.get(source, ()), field)
    return derived
