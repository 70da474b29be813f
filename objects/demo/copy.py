"""Writing rows in volume by COPY: for demo and measurement data only.

This goes past `RecordService` on purpose: nobody's rights are asked, no rule is checked, no event is emitted and no
history is written, so that thousands of rows take a second. What it keeps is what the tables demand: every value is
cleaned by its field type, all system columns are filled, foreign keys hold. Nothing of the product may import it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from django.db import connection

from crm_platform.kit.json import dumps_str
from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.field_types.values import CleanContext, InvalidValue

CHUNK = 5_000
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


class UnusableRow(ValueError):
    """A row that the field types refuse: the demo is wrong, not the database."""


def copy_records(obj: CompiledObject, rows: Iterable[Mapping[str, Any]], ctx: CleanContext) -> int:
    """Write records given by API name, system fields included; returns how many."""
    if obj.second is None:
        writer = RowWriter(list(obj), ctx)
        return copy_into(obj.table, writer.columns, (writer.line(row) for row in rows))
    whole, main = list(rows), [field for field in obj if not field.is_second]
    for table, fields in ((obj.table, main), (obj.second.table, [obj.field("id"), *filter(_is_second, obj)])):
        names = {field.name for field in fields}
        writer = RowWriter(fields, ctx)
        parts = ({name: value for name, value in row.items() if name in names} for row in whole)
        copy_into(table, writer.columns, (writer.line(part) for part in parts))
    return len(whole)


def _is_second(field: CompiledField) -> bool:
    return field.is_second


class RowWriter:
    """Turns rows by API name into lines of column values, as the field types say."""

    def __init__(self, fields: Sequence[CompiledField], ctx: CleanContext) -> None:
        self.columns = [column.column for field in fields for column in field.columns]
        self._ctx = ctx
        # What an empty field leaves in its columns is found once: most fields of most rows are empty.
        self._fields = [(field.name, field, self._values(field, None)) for field in fields]
        self._names = {field.name for field in fields}

    def line(self, row: Mapping[str, Any]) -> list[Any]:
        """Return the values of all columns; raises UnusableRow for an unknown name or a bad value."""
        if not row.keys() <= self._names:
            raise UnusableRow(f"unknown fields: {sorted(row.keys() - self._names)}")
        line: list[Any] = []
        for name, field, empty in self._fields:
            given = row.get(name)
            line += empty if given is None else self._values(field, given)
        return line

    def _values(self, field: CompiledField, given: Any) -> list[Any]:
        is_final = field.spec.is_system or field.is_read_only
        try:
            value = given if is_final else field.type.clean(field.spec, given, self._ctx)
            parts = field.type.to_columns(field.spec, value, self._ctx)
        except InvalidValue as error:
            raise UnusableRow(f"{field.name}: {given!r}: {error}") from error
        return [parts.get(column.suffix) for column in field.columns]


def copy_into(table: str, columns: Sequence[str], lines: Iterable[Sequence[Any]]) -> int:
    """COPY lines of values into a table, in chunks, so that memory stays flat; returns how many."""
    statement = f"COPY {quote(table)} ({', '.join(map(quote, columns))}) FROM STDIN"
    total = 0
    for chunk in _chunks(lines):
        text = "".join("\t".join(map(as_text, line)) + "\n" for line in chunk)
        with connection.cursor() as cursor:
            cursor.copy_expert(statement, io.StringIO(text))
        total += len(chunk)
    return total


def as_text(value: Any) -> str:
    """Return a value in the text form of COPY."""
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value.translate(_ESCAPES)
    form = _FORMS.get(type(value))
    return form(value) if form else str(value)


@contextmanager
def unhurried() -> Iterator[None]:
    """Lift the time limits of web requests until the transaction ends."""
    with connection.cursor() as cursor:
        for name in ("statement_timeout", "idle_in_transaction_session_timeout", "lock_timeout"):
            cursor.execute(f"SET LOCAL {name} = 0")
    yield


def analyze(tables: Iterable[str]) -> None:
    """Refresh the planner's statistics of tables that have just been filled."""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ANALYZE {quote(table)}")


def _chunks(lines: Iterable[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    chunk: list[Sequence[Any]] = []
    for line in lines:
        chunk.append(line)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _array(value: Iterable[Any]) -> str:
    items = ('"' + str(item).replace("\\", "\\\\").replace('"', '\\"') + '"' for item in value)
    return ("{" + ",".join(items) + "}").translate(_ESCAPES)


_FORMS: dict[type, Callable[[Any], str]] = {
    bool: lambda value: "t" if value else "f",
    datetime: datetime.isoformat,
    date: date.isoformat,
    list: _array,
    tuple: _array,
    dict: lambda value: dumps_str(value).translate(_ESCAPES),
}
