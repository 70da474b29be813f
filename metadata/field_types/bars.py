"""Barcodes and QR codes as SVG; no field type. Nothing of a value gets into the markup but as bars."""

from __future__ import annotations

from functools import lru_cache

import segno
from django.utils.safestring import SafeString, mark_safe

QR, CODE128, EAN13 = "qr", "code128", "ean13"

# The widths of bars and gaps in Code 128 (ISO/IEC 15417), six digits for each symbol.
_CODE128 = (
    "212222222122222221121223121322131222122213122312132212221213221312231212112232122132122231113222123122123221"
    "223211221132221231213212223112312131311222321122321221312212322112322211212123212321232121111323131123131321"
    "112313132113132311211313231113231311112133112331132131113123113321133121313121211331231131213113213311213131"
    "311123311321331121312113312311332111314111221411431111111224111422121124121421141122141221112214112412122114"
    "122411142112142211241211221114413111241112134111111242121142121241114212124112124211411212421112421211212141"
    "214121412121111143111341131141114113114311411113411311113141114131311141411131211412211214211232"
)
_STOP = "2331112"
_START_B = 104

# EAN-13 (ISO/IEC 15420): the seven modules of each digit at the left, and how the first digit mirrors them.
_LEFT = ("0001101", "0011001", "0010011", "0111101", "0100011", "0110001", "0101111", "0111011", "0110111", "0001011")
_MIRRORED = ("000000", "001011", "001101", "001110", "010011", "011001", "011100", "010101", "010110", "011010")
_FLIP = str.maketrans("01", "10")


@lru_cache(maxsize=1024)  # a list shows the same codes again and again
def drawing(text: str, kind: str) -> SafeString:
    """Return the SVG of a code; the text fits the kind (`ean_is_right`, `is_plain_ascii`)."""
    if kind == QR:
        modules = [list(row) for row in segno.make_qr(text).matrix]
        return _svg(modules, quiet=4, height=1, name="barcode-qr")
    bits = _ean13(text) if kind == EAN13 else _code128(text)
    return _svg([[int(bit) for bit in bits]], quiet=10, height=40, name="barcode-bars")


def ean_is_right(text: str) -> bool:
    """Tell whether a text is thirteen digits of which the last checks the others."""
    if len(text) != 13 or not (text.isascii() and text.isdigit()):
        return False
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(text))
    return total % 10 == 0


def is_plain_ascii(text: str) -> bool:
    """Tell whether Code 128 (set B) can spell a text."""
    return all(" " <= char <= "~" for char in text)


def _code128(text: str) -> str:
    symbols = [_START_B, *(ord(char) - 32 for char in text)]
    check = sum(max(place, 1) * symbol for place, symbol in enumerate(symbols)) % 103
    widths = "".join(_CODE128[6 * symbol : 6 * symbol + 6] for symbol in (*symbols, check)) + _STOP
    return "".join(("0" if place % 2 else "1") * int(width) for place, width in enumerate(widths))


def _ean13(text: str) -> str:
    mirrored = _MIRRORED[int(text[0])]
    left = [_half(int(digit), flag == "1") for digit, flag in zip(text[1:7], mirrored, strict=True)]
    right = [_LEFT[int(digit)].translate(_FLIP) for digit in text[7:]]
    return f"101{''.join(left)}01010{''.join(right)}101"


def _half(digit: int, is_mirrored: bool) -> str:
    return _LEFT[digit].translate(_FLIP)[::-1] if is_mirrored else _LEFT[digit]


def _svg(rows: list[list[int]], *, quiet: int, height: int, name: str) -> SafeString:
    """Return an SVG with one path for all dark modules, and a quiet zone around them."""
    path = "".join(
        f"M{x + quiet} {y * height + quiet}h1v{height}h-1z"
        for y, row in enumerate(rows)
        for x, dark in enumerate(row)
        if dark
    )
    width, tall = len(rows[0]) + 2 * quiet, len(rows) * height + 2 * quiet
    svg = (
        f'<svg class="{name}" viewBox="0 0 {width} {tall}" shape-rendering="crispEdges" aria-hidden="true">'
        f'<rect width="{width}" height="{tall}" fill="#fff"/><path d="{path}" fill="#000"/></svg>'
    )
    return mark_safe(svg)  # noqa: S308 (numbers and constants only)
