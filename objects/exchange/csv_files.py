"""CSV as it comes from Excel, exports and editors: its encoding and delimiter found out, read row by row."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import IO, Any

from django.utils.translation import gettext_lazy as _

from objects.exchange.problems import MAX_CELL, MAX_LINE, BadFile

UTF8, GB18030, UTF16, UTF16_LE, UTF16_BE = "utf-8", "gb18030", "utf-16", "utf-16-le", "utf-16-be"
ENCODINGS = (UTF8, GB18030, UTF16, UTF16_LE, UTF16_BE)
DELIMITERS = (",", ";", "\t", "|", "，")
BLOCK = 1 << 20
SAMPLE_ROWS = 30

csv.field_size_limit(MAX_CELL)


def detect_encoding(file: IO[bytes], wish: str = "") -> str:
    """Return the name of the encoding: by its mark, by zero bytes, else the first in which all of it makes sense."""
    if wish:
        if wish not in ENCODINGS:
            raise BadFile("invalid_choice", _("This encoding is not known."))
        return wish
    file.seek(0)
    start = file.read(4096)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return UTF16
    if not start.startswith(codecs.BOM_UTF8):
        wide = _unmarked_utf16(start)
        if wide:
            return wide
    for encoding in (UTF8, GB18030):
        if _decodes(file, encoding):
            return encoding
    raise BadFile("invalid_type", _("The encoding of the file can't be recognised. Save it as CSV in UTF-8."))


def _unmarked_utf16(start: bytes) -> str:
    """Return UTF-16 without a mark where every other byte is mostly zero, as with Latin letters and commas."""
    if len(start) < 4 or start.count(0) < len(start) // 4:
        return ""
    even, odd = start[::2].count(0), start[1::2].count(0)
    if even + odd and max(even, odd) > 4 * min(even, odd):
        return UTF16_LE if odd > even else UTF16_BE
    return ""


def _decodes(file: IO[bytes], encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    file.seek(0)
    try:
        while block := file.read(BLOCK):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def detect_delimiter(file: IO[bytes], encoding: str, wish: str = "") -> str:
    """Return the delimiter by which the first rows have the most columns that they all agree on."""
    if wish:
        if wish not in DELIMITERS:
            raise BadFile("invalid_choice", _("This delimiter is not known."))
        return wish
    best, most = ",", 1
    for delimiter in DELIMITERS:
        with suppress(BadFile):
            widths = [len(cells) for _number, cells in islice(rows(file, encoding, delimiter), SAMPLE_ROWS)]
            usual = widths[0] if widths else 0
            agree = sum(width == usual for width in widths)
            if usual > 1 and usual * agree > most:
                best, most = delimiter, usual * agree
    return best


def rows(file: IO[bytes], encoding: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Return the rows with the numbers that they have in a spreadsheet; raises BadFile."""
    file.seek(0)
    text = io.TextIOWrapper(_plain(file), "utf-8-sig" if encoding == UTF8 else encoding, newline="")
    number = 0
    try:
        for cells in csv.reader(_lines(text), delimiter=delimiter):
            number += 1
            yield number, cells
    except UnicodeError as error:
        message = _("Row %(row)d can't be read as %(encoding)s.")
        raise BadFile("invalid_type", message, row=number + 1, encoding=encoding) from error
    except csv.Error as error:
        raise BadFile(
            "invalid_type",
            _("Row %(row)d can't be read: a cell is too long, or a quote is never closed."),
            row=number + 1,
        ) from error
    finally:
        with suppress(ValueError):
            text.detach()


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    """Return the lines; one of them never takes all memory."""
    while line := text.readline(MAX_LINE):
        if len(line) == MAX_LINE and not line.endswith(("\n", "\r")):
            raise BadFile("payload_too_large", _("A row of the file is too long."))
        yield line


def _plain(file: Any) -> Any:
    """Return the file below Django's wrappers, which lack what a text layer asks for."""
    while not isinstance(file, io.IOBase) and hasattr(file, "file"):
        file = file.file
    return file
