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
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import ValidationFailed
from crm_platform.kit.json import dumps, loads
from metadata.compiler.compiled import CompiledField
from objects.display.cells import Column
from objects.display.desk import RecordDesk
from objects.exchange.results import BOM
from objects.exchange.tables import csv_line
from objects.query.query import RecordQuery

EXPORTED = "records.exported"
MAX_ROWS = 50_000
IN_MEMORY = 5_000_000  # bytes; larger files are written to disk
CSV, XLSX = "csv", "xlsx"
MEDIA_TYPES = {
    CSV: "text/csv; charset=utf-8",
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
NUMBERS = frozenset({"integer", "decimal"})  # types whose values a workbook keeps as numbers

_OTHER_THAN_TEXT = ("=", "#")  # with which formulas and errors begin, for a workbook
_EXACT = "exact"  # marks a decimal number in the JSON of a row

actions.register(Action(EXPORTED, _("Records exported")))


@dataclass(frozen=True)
class ExportFile:
    """A file from its beginning, and how many records are in it."""

    content: IO[bytes]
    rows: int


def export(desk: RecordDesk, query: RecordQuery, columns: Sequence[Column], kind: str) -> ExportFile:
    """Write the query's records to a file, a column for each of `columns`, and note in the audit log who has them now.

    The query must be one for the action "export", which narrows it to what the caller may take with him. Raises
    ValidationFailed for more than MAX_ROWS records: those are a job's work, see `exports`.
    """
    assert query.wish.action == "export", "only what may be exported is"
    count = query.count("exact").value
    if count > MAX_ROWS:
        message = _("At most %(max)d records fit into one file; there are %(count)d. Filter the list first.")
        raise ValidationFailed.single(None, "payload_too_large", message % {"max": MAX_ROWS, "count": count})
    note(desk.actor, desk.name, count, [column.path for column in columns], kind)
    content = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 (whoever sends it closes it)
    rows = (cells for page, _place in cell_pages(desk, query, columns) for cells in page)
    if kind == CSV:
        content.write(csv_header(columns))
        content.writelines(map(csv_cells, rows))
    else:
        write_workbook(content, columns, rows)
    content.seek(0)
    return ExportFile(content, count)


def note(actor: Actor, object_name: str, count: int, fields: Sequence[str], kind: str) -> None:
    """Write an entry of the audit log about records that leave as a file."""
    told = {"count": count, "fields": list(fields), "format": kind}
    record_entry(actor, EXPORTED, Subject(object_name=object_name), told)


def cell_pages(
    desk: RecordDesk, query: RecordQuery, columns: Sequence[Column], cursor: str | None = None
) -> Iterator[tuple[list[list[Any]], str | None]]:
    """Yield the cells of records (texts, and numbers where a workbook can count with them), page by page.

    With each page comes the cursor after it, None at the end.
    """
    asked = query.fields(*(column.path for column in columns))
    for page in asked.displays(cursor):
        rows = []
        for row in page.rows:
            ctx = desk.display(row.values)
            rows.append([_cell(column.field, row.values[column.path], ctx) for column in columns])
        yield rows, page.next_cursor


def _cell(field: CompiledField, value: Any, ctx: Any) -> Any:
    if value is None:
        return ""
    if field.type.key in NUMBERS and isinstance(value, int | Decimal):
        return value
    return field.type.to_text(field.spec, value, ctx)


# --- the forms of rows --------------------------------------------------------------------------------------
def csv_header(columns: Sequence[Column]) -> bytes:
    return (BOM + csv_line([column.label for column in columns])).encode()


def csv_cells(cells: Sequence[Any]) -> bytes:
    return csv_line([str(cell) for cell in cells]).encode()


def kept_cells(cells: Sequence[Any]) -> bytes:
    """Return the cells of a row as a line of JSON, from which `cells_kept` makes the same cells."""
    return dumps([{_EXACT: str(cell)} if isinstance(cell, Decimal) else cell for cell in cells]) + b"\n"


def cells_kept(line: bytes) -> list[Any]:
    return [Decimal(cell[_EXACT]) if isinstance(cell, dict) else cell for cell in loads(line)]


def write_workbook(file: IO[bytes], columns: Sequence[Column], rows: Iterator[list[Any]]) -> None:
    """Write a workbook row by row; texts stay texts, also those that begin like a formula."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()

    def text(value: str) -> Any:
        legal = ILLEGAL_CHARACTERS_RE.sub("", value)
        if not legal.startswith(_OTHER_THAN_TEXT):
            return legal or None  # a blank cell takes no place
        cell = WriteOnlyCell(sheet, legal)
        cell.data_type = "s"
        return cell

    sheet.append([text(column.label) for column in columns])
    for row in rows:
        sheet.append([text(cell) if isinstance(cell, str) else cell for cell in row])
    book.save(file)
