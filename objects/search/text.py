"""Text as the index knows it: normalised, cut into short tokens, and spelled in pinyin."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from pypinyin import Style, lazy_pinyin

CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_HAN = re.compile(f"[{CJK}]")
_PIECE = re.compile(f"[{CJK}]|[^{CJK}]+")  # each Chinese character, each run of others: as pypinyin cuts
_NO_LETTER = re.compile(r"[^a-z0-9]")
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[^\W_]+")
_SEPARATED_DIGITS = re.compile(r"^\+?\d[\d\-().]*\d$")

MAX_PINYIN_SOURCE = 60  # characters of a name that are spelled; what is longer is no name


def normalize(text: str) -> str:
    """Return text as it is compared: full-width as half-width, lower case, single spaces."""
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", text).lower()).strip()


def has_han(text: str) -> bool:
    """Tell whether there is a Chinese character in the text."""
    return _HAN.search(text) is not None


def digits_only(text: str) -> str:
    """Return a number without its separators (138-1234 → 1381234); any other text as it is."""
    return re.sub(r"\D", "", text) if _SEPARATED_DIGITS.match(text) else text


def short_tokens(normal: str) -> set[str]:
    """Return the tokens by which terms of one or two characters find a text.

    Every Chinese character, every pair of neighbours with one in it, and the first one and two characters
    of every word.
    """
    tokens: set[str] = set()
    for word in _WORD.findall(normal):
        tokens.update((word[:1], word[:2]))
        if has_han(word):
            tokens.update(char for char in word if _HAN.match(char))
            tokens.update(word[i : i + 2] for i in range(len(word) - 1) if has_han(word[i : i + 2]))
    return tokens


@lru_cache(maxsize=10_000)
def pinyin(normal: str) -> tuple[str, str]:
    """Return a text spelled in full (huaweijishu) and by initials (hwjs); empty without Chinese in it.

    Names of people, towns and firms come again and again, so the last ones are kept.
    """
    if not has_han(normal):
        return "", ""
    spelled = normal[:MAX_PINYIN_SOURCE]
    syllables = lazy_pinyin(spelled, style=Style.NORMAL, errors="default")
    letters = [_NO_LETTER.sub("", syllable) for syllable in syllables]
    # What is no Chinese character comes as one piece and stays whole in both.
    initials = [
        letter[:1] if has_han(piece) else letter
        for piece, letter in zip(_PIECE.findall(spelled), letters, strict=False)
    ]
    return "".join(letters), "".join(initials)
