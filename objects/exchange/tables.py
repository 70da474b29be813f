"""The rows of a file in one fixed form: CSV in UTF-8, every cell quoted, each row led by its number in the file.

Jobs read this form only: a row is found again by an offset, whatever the file was.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from crm_platform.files import services
from crm_platform.files.models import StoredFile
from crm_platform.kit.context import Actor
from objects.exchange.sources import Format, rows_of

HELD_BY = "import"  # what keeps the files of imports in the store


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row with the offset at which the next one begins."""

    number: int
    cells: list[str]
    next_offset: int


def write_table(actor: Actor, file: IO[bytes], how: Format) -> tuple[StoredFile, int]:
    """Keep the rows below the header in the fixed form; returns the file and how many there are. Raises BadFile."""
    with tempfile.TemporaryFile() as made:
        text = io.TextIOWrapper(made, "utf-8", newline="", write_through=True)
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        count = -1  # the header is none
        for number, cells in rows_of(file, how):
            count += 1
            if count:
                writer.writerow([number, *cells])
        text.flush()
        text.detach()
        return services.keep_made(actor, made, "table.csv", "text/csv", HELD_BY), max(count, 0)


def read_table(table: StoredFile, offset: int = 0) -> Iterator[TableRow]:
    """Return the rows from an offset on, which is 0 or a `next_offset`."""
    with table.opened() as content:
        content.seek(offset)
        reached = [offset]

        def lines() -> Iterator[str]:
            for line in content.file:
                reached[0] += len(line)
                yield line.decode()

        for cells in csv.reader(lines()):
            yield TableRow(int(cells[0]), cells[1:], reached[0])


def batches(table: StoredFile, size: int, offset: int = 0) -> Iterator[list[TableRow]]:
    """Return the rows from an offset on, so many at a time."""
    found: list[TableRow] = []
    for row in read_table(table, offset):
        found.append(row)
        if len(found) == size:
            yield found
            found = []
    if found:
        yield found


def csv_line(cells: Sequence[str]) -> str:
    """Return one line of a result file. Texts that a spreadsheet would take for formulas are marked as text."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow([marked(cell) for cell in cells])
    return line.getvalue()


def marked(cell: str) -> str:
    """Return a cell with a leading apostrophe where a spreadsheet would run it; `unmarked` takes it off again."""
    return f"'{cell}" if _is_risky(cell.lstrip("'")) else cell


def unmarked(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and _is_risky(cell.lstrip("'")) else cell


def _is_risky(cell: str) -> bool:
    if not cell or cell[0] not in "=+-@\t\r":
        return False
    return not cell[1:].replace(".", "", 1).replace(",", "").isdigit() or cell[0] in "=@"
