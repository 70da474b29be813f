"""Files as rows of text, one after the other: what a file is, and its rows with their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from typing import IO, Any

from django.utils.translation import gettext_lazy as _

from objects.exchange import csv_files, workbooks
from objects.exchange.problems import MAX_COLUMNS, MAX_ROWS, BadFile

CSV, XLSX = "csv", "xlsx"
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
HEAD_ROWS = 10

Row = tuple[int, list[str]]  # its number in the file, as people count, and its cells


@dataclass(frozen=True, slots=True)
class Format:
    """How a file is read. `sheet` is the name of a workbook's sheet."""

    kind: str = CSV
    encoding: str = "utf-8"
    delimiter: str = ","
    sheet: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Head:
    """The first rows of a file: the header, and some of those below it."""

    format: Format
    header: list[str]
    rows: list[Row]
    sheets: tuple[str, ...] = ()


def format_of(stored: Mapping[str, Any]) -> Format:
    return Format(**stored)


def detect(file: IO[bytes], wish: Mapping[str, str] | None = None) -> Format:
    """Return how a file is to be read, as far as `wish` (encoding, delimiter, sheet) does not say so.

    Raises BadFile for what is no table at all.
    """
    wanted = {name: value for name, value in (wish or {}).items() if value}
    file.seek(0)
    start = file.read(8)
    if not start:
        raise BadFile("required", _("The file is empty."))
    if start.startswith(ZIP):
        sheet = workbooks.choose_sheet(file, wanted.get("sheet", ""))
        return Format(XLSX, "", "", sheet)
    if start.startswith(OLE):
        raise BadFile("invalid_type", _("Old Excel files can't be read. Save it as .xlsx or CSV."))
    encoding = csv_files.detect_encoding(file, wanted.get("encoding", ""))
    return Format(CSV, encoding, csv_files.detect_delimiter(file, encoding, wanted.get("delimiter", "")), "")


def rows_of(file: IO[bytes], how: Format) -> Iterator[Row]:
    """Return the rows that hold anything, the header first; raises BadFile where the file goes wrong."""
    read = workbooks.rows(file, how.sheet) if how.kind == XLSX else csv_files.rows(file, how.encoding, how.delimiter)
    count = 0
    for number, cells in read:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > MAX_COLUMNS:
            while cells and not cells[-1].strip():
                cells.pop()
        if len(cells) > MAX_COLUMNS:
            raise BadFile(
                "payload_too_large", _("Row %(row)d has more than %(max)d columns."), row=number, max=MAX_COLUMNS
            )
        count += 1
        if count > MAX_ROWS + 1:
            raise BadFile("payload_too_large", _("A file may have at most %(max)d rows."), max=MAX_ROWS)
        yield number, cells


def read_head(file: IO[bytes], wish: Mapping[str, str] | None = None, count: int = HEAD_ROWS) -> Head:
    """Return the header and the first rows below it; raises BadFile."""
    how = detect(file, wish)
    found = list(islice(rows_of(file, how), count + 1))
    if not found:
        raise BadFile("required", _("The file is empty."))
    header = header_of(found[0][1])
    if len(found) == 1:
        raise BadFile("required", _("The file has no rows below its header."))
    sheets = workbooks.sheet_names(file) if how.kind == XLSX else ()
    return Head(how, header, found[1:], sheets)


def header_of(cells: list[str]) -> list[str]:
    """Return the header's texts, those of trailing empty columns left out."""
    texts = [" ".join(cell.replace("\0", "").split())[:200] for cell in cells]
    while texts and not texts[-1]:
        texts.pop()
    return texts
