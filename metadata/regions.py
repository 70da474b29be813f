"""Regions: countries by ISO 3166, and those of China by GB/T 2260, from `data/china_regions.tsv`.

A region is one code: `US`, or for China `CN`, `CN44` (province), `CN4403` (city), `CN440305` (district). What is in
a region begins with its code, so that a range of the code finds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType

from babel import Locale

CHINA = "CN"
LEVELS = ("country", "province", "city", "district")
LONGEST = 8
_DATA = Path(__file__).parent / "data" / "china_regions.tsv"
_CODE = re.compile(r"(?:CN)?(\d{2}|\d{4}|\d{6})", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
# What stands between a province and its districts where there is no city: never written in an address.
_PLACEHOLDERS = frozenset({"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"})


@cache
def _names() -> MappingProxyType[str, str]:
    lines = _DATA.read_text(encoding="utf-8").splitlines()
    pairs = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return MappingProxyType({CHINA + code: name for code, name in pairs})


@cache
def _children() -> MappingProxyType[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for code in _names():
        found.setdefault(code[:-2], []).append(code)
    return MappingProxyType({code: tuple(items) for code, items in found.items()})


@cache
def countries(language: str) -> MappingProxyType[str, str]:
    """Return the names of all countries by their code, in the language; China first, then by name."""
    territories = Locale.parse(language, sep="-").territories
    found = {code: str(name) for code, name in territories.items() if _COUNTRY.fullmatch(code) and code not in _NONE}
    ordered = sorted(found, key=lambda code: (code != CHINA, found[code]))
    return MappingProxyType({code: found[code] for code in ordered})


_NONE = frozenset(
    {"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO", "HK", "MO", "TW"}
)  # no countries in the sense of this list


def children(code: str) -> tuple[tuple[str, str], ...]:
    """Return code and name of the regions right below a region of China; () for any other."""
    return tuple((item, _names()[item]) for item in _children().get(code, ()))


def known_code(text: str) -> str | None:
    """Return the region for `CN440305`, `440305`, `440300`, `44` or `US`; None when there is no such region."""
    text = text.strip().upper()
    if _COUNTRY.fullmatch(text):
        return text if text in countries("en") else None
    match = _CODE.fullmatch(text)
    if match is None:
        return None
    digits = match[1]
    for code in (CHINA + digits, CHINA + digits.removesuffix("0000"), CHINA + digits.removesuffix("00")):
        if code in _names():
            return code
    return None


def plain(code: str) -> str:
    """Return the region that people mean: a placeholder between province and district is its province."""
    return code[:-2] if _names().get(code) in _PLACEHOLDERS else code


def level(code: str) -> str:
    """Return which of LEVELS a region is of."""
    return LEVELS[(len(code) - 2) // 2]


def chain(code: str) -> tuple[str, ...]:
    """Return the region with all that it lies in, the country first."""
    return tuple(code[: 2 + 2 * depth] for depth in range(len(code) // 2))


def bounds(code: str) -> tuple[str, str]:
    """Return the first and the last code of what is in a region, itself included, whatever the collation."""
    return code, code + "9" * (LONGEST - len(code))


def text_of(code: str, language: str) -> str:
    """Return `广东省深圳市南山区`; for another country its name in the language."""
    if not code.startswith(CHINA):
        return countries(language).get(code, code)
    names = (_names()[item] for item in chain(code)[1:])
    return "".join(name for name in names if name not in _PLACEHOLDERS)


@lru_cache(maxsize=4096)
def split(text: str) -> tuple[str, str]:
    """Return the region that a text begins with, and the rest; ("", text) when it begins with none."""
    for language in ("zh-hans", "en"):
        named = [code for code, name in countries(language).items() if text.startswith(name)]
        if named:
            code = max(named, key=lambda item: len(countries(language)[item]))
            rest = text[len(countries(language)[code]) :]
            return _split_below(code, rest) if code == CHINA else (code, rest)
    code, rest = _split_below(CHINA, text)
    return (code, rest) if code != CHINA else ("", text)


def _split_below(code: str, text: str) -> tuple[str, str]:
    """Follow the names of regions at the beginning of a text, as deep as they go."""
    text = text.lstrip()
    for below, name in _offered(code):
        if text.startswith(name):
            return _split_below(below, text[len(name) :])
    return code, text


def _offered(code: str) -> Iterator[tuple[str, str]]:
    """Yield the regions below one by the names that people write, the longest first."""
    direct = [(item, name) for item, name in children(code) if name not in _PLACEHOLDERS]
    hidden = [below for item, name in children(code) if name in _PLACEHOLDERS for below in children(item)]
    yield from sorted([*direct, *hidden], key=lambda pair: -len(pair[1]))
