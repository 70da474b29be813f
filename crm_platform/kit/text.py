"""Text as people compare it: one width, one case, simplified characters, and its spelling in pinyin."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any

from opencc import OpenCC
from pypinyin import Style, lazy_pinyin

CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
HAN = re.compile(f"[{CJK}]")
_PIECE = re.compile(f"[{CJK}]|[^{CJK}]+")  # each Chinese character, each run of others: as pypinyin cuts
_NO_LETTER = re.compile(r"[^a-z0-9]")
_SPACE = re.compile(r"\s+")


def normalize(text: str) -> str:
    """Return text as it is compared: full-width as half-width, lower case, single spaces."""
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", text).lower()).strip()


def has_han(text: str) -> bool:
    """Tell whether there is a Chinese character in the text."""
    return HAN.search(text) is not None


def to_simplified(text: str) -> str:
    """Return the text in simplified characters (華為技術 → 华为技术); other characters stay."""
    return str(_converter().convert(text)) if has_han(text) else text


@lru_cache(maxsize=1)  # reading the tables takes 10 ms, so only a process that converts pays for it
def _converter() -> Any:
    return OpenCC("t2s")


@lru_cache(maxsize=10_000)  # names of people, towns and firms come again and again
def spelled(text: str) -> tuple[str, str]:
    """Return a text spelled in full (华为 A1 → huaweia1) and by initials (hwa1): small letters and digits only."""
    syllables = lazy_pinyin(text.lower(), style=Style.NORMAL, errors="default")
    letters = [_NO_LETTER.sub("", syllable) for syllable in syllables]
    # What is no Chinese character comes as one piece and stays whole in both.
    initials = [
        letter[:1] if has_han(piece) else letter for piece, letter in zip(_PIECE.findall(text), letters, strict=False)
    ]
    return "".join(letters), "".join(initials)
