"""Records as a file: what people read of them, in CSV or in a workbook, so that it can be imported again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, Any

from django.utils.translation import gettext_lazy as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from crm_platform.audit.actions import Action, actions
from crm_platform.audit.services import Subject, record_entry
from crm_platform.kit.errors import ValidationFailed
from metadata.compiler.compiled import CompiledField
from objects.display.cells import Column
from objects.display.desk import RecordDesk
from objects.exchange.results import BOM
from objects.exchange.tables import csv_line
from objects.query.query import MAX_LIMIT, RecordQuery

EXPORTED = "records.exported"
MAX_ROWS = 50_000
IN_MEMORY = 5_000_000  # bytes; larger files are written to disk
CSV, XLSX = "csv", "xlsx"
MEDIA_TYPES = {
    CSV: "text/csv; charset=utf-8",
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
NUMBERS = frozenset({"integer", "decimal"})  # types whose values a workbook keeps as numbers

actions.register(Action(EXPORTED, _("Records exported")))


@dataclass(frozen=True)
class ExportFile:
    """A file from its beginning, and how many records are in it."""

    content: IO[bytes]
    rows: int


def export(desk: RecordDesk, query: RecordQuery, columns: Sequence[Column], kind: str) -> ExportFile:
    """Write the query's records to a file, a column for each of `columns`, and note in the audit log who has them now.

    The query must be one for the action "export", which narrows it to what the caller may take with him. Raises
    ValidationFailed for more than MAX_ROWS records.
    """
    assert query.wish.action == "export", "only what may be exported is"
    count = query.count("exact").value
    if count > MAX_ROWS:
        message = _("At most %(max)d records fit into one file; there are %(count)d. Filter the list first.")
        raise ValidationFailed.single(None, "payload_too_large", message % {"max": MAX_ROWS, "count": count})
    told = {"count": count, "fields": [column.path for column in columns], "format": kind}
    record_entry(desk.actor, EXPORTED, Subject(object_name=desk.name), told)
    content = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 (whoever sends it closes it)
    rows = _values(desk, query, columns)
    (_write_csv if kind == CSV else _write_xlsx)(content, columns, rows)
    content.seek(0)
    return ExportFile(content, count)


def _values(desk: RecordDesk, query: RecordQuery, columns: Sequence[Column]) -> Iterator[list[Any]]:
    """Yield the cells of each record: texts, and numbers where a workbook can count with them."""
    asked, cursor = query.fields(*(column.path for column in columns)), None
    while True:
        page = asked.display(MAX_LIMIT, cursor)
        for row in page.rows:
            ctx = desk.display(row.values)
            yield [_cell(column.field, row.values[column.path], ctx) for column in columns]
        cursor = page.next_cursor
        if not (page.has_more and cursor):
            return


def _cell(field: CompiledField, value: Any, ctx: Any) -> Any:
    if value is None:
        return ""
    if field.type.key in NUMBERS and isinstance(value, int | Decimal):
        return value
    return field.type.to_text(field.spec, value, ctx)


def _write_csv(file: IO[bytes], columns: Sequence[Column], rows: Iterator[list[Any]]) -> None:
    file.write((BOM + csv_line([column.label for column in columns])).encode())
    for row in rows:
        file.write(csv_line([str(cell) for cell in row]).encode())


def _write_xlsx(file: IO[bytes], columns: Sequence[Column], rows: Iterator[list[Any]]) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()

    def text(value: Any) -> Any:
        cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", str(value)))
        cell.data_type = "s"  # also what begins like a formula
        return cell

    sheet.append([text(column.label) for column in columns])
    for row in rows:
        sheet.append([text(cell) if isinstance(cell, str) else cell for cell in row])
    book.save(file)
