"""Excel workbooks, read row by row: what their cells show, never what their formulas say, and no bombs."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import IO, Any
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from django.utils.translation import gettext_lazy as _
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from objects.exchange.problems import BadFile

MAX_UNPACKED = 1 << 30  # of all members together
MAX_TEXTS = 128 << 20  # of the shared texts, which are kept in memory
MAX_MEMBERS = 10_000
MAX_RATIO = 200  # unpacked to packed, of members that are large at all
LARGE = 16 << 20
# A hostile archive ends in any of these somewhere inside the reader.
BROKEN = (
    *(zipfile.BadZipFile, zlib.error, ParseError, DefusedXmlException, InvalidFileException),
    *(KeyError, ValueError, TypeError, AttributeError, IndexError, OSError, EOFError, OverflowError),
    *(NotImplementedError, RuntimeError),
)


def sheet_names(file: IO[bytes]) -> tuple[str, ...]:
    """Return the names of the visible sheets."""
    with _opened(file) as book:
        return _visible(book)


def choose_sheet(file: IO[bytes], wish: str = "") -> str:
    """Return the sheet to read: the wanted one, else the first visible one."""
    names = sheet_names(file)
    if not names:
        raise BadFile("invalid_type", _("The workbook has no visible sheet."))
    if wish and wish not in names:
        raise BadFile("invalid_choice", _("The workbook has no such sheet."))
    return wish or names[0]


def rows(file: IO[bytes], sheet: str) -> Iterator[tuple[int, list[str]]]:
    """Return the rows of a sheet with their numbers, cells as text that field types read; raises BadFile."""
    with _opened(file) as book:
        found = book[sheet]
        found.reset_dimensions()
        for number, cells in enumerate(found.iter_rows(), 1):
            yield number, [_text(cell) for cell in cells]


@contextmanager
def _opened(file: IO[bytes]) -> Iterator[Any]:
    book = None
    try:
        _refuse_bombs(file)
        file.seek(0)
        book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        yield book
    except BROKEN as error:
        raise BadFile("invalid_type", _("The workbook is damaged, or it is none.")) from error
    finally:
        if book is not None:
            book.close()  # the archive, not the upload


def _refuse_bombs(file: IO[bytes]) -> None:
    """Refuse archives that unpack to far more than they are; sizes that lie are cut off when they are read."""
    file.seek(0)
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
    total = sum(item.file_size for item in members)
    is_bomb = len(members) > MAX_MEMBERS or total > MAX_UNPACKED
    for item in members:
        is_bomb |= item.file_size > LARGE and item.file_size > MAX_RATIO * max(item.compress_size, 1)
        is_bomb |= item.filename.endswith("sharedStrings.xml") and item.file_size > MAX_TEXTS
    if is_bomb:
        raise BadFile("payload_too_large", _("The workbook unpacks to more than may be read."))


def _visible(book: Any) -> tuple[str, ...]:
    return tuple(sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible")


def _text(cell: Any) -> str:
    """Return a cell as text in the forms that fields read, whatever the workbook's display format."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return value.replace("_x000D_", "\r")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(value, str(cell.number_format or ""))
    if isinstance(value, datetime):
        is_day = value.time() == time() and not any(sign in str(cell.number_format).lower() for sign in "hs")
        return value.date().isoformat() if is_day else value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value)


def _number(value: float, number_format: str) -> str:
    """Return a number as it is, without the noise of binary fractions; percentages with their sign."""
    exact = Decimal(repr(round(value, 12))) if isinstance(value, float) else Decimal(value)
    if "%" in number_format:
        return f"{(exact * 100).normalize():f}%"
    return f"{exact.normalize():f}" if exact == exact.to_integral_value() else f"{exact:f}"
