"""Text as the index knows it: normalised, cut into short tokens, and spelled in pinyin."""

from __future__ import annotations

import re

from crm_platform.kit.text import HAN, has_han, normalize, spelled

__all__ = ["digits_only", "has_han", "normalize", "pinyin", "short_tokens"]

_WORD = re.compile(r"[^\W_]+")
_SEPARATED_DIGITS = re.compile(r"^\+?\d[\d\-().]*\d$")

MAX_PINYIN_SOURCE = 60  # characters of a name that are spelled; what is longer is no name


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
            tokens.update(char for char in word if HAN.match(char))
            tokens.update(word[i : i + 2] for i in range(len(word) - 1) if has_han(word[i : i + 2]))
    return tokens


def pinyin(normal: str) -> tuple[str, str]:
    """Return a text spelled in full (huaweijishu) and by initials (hwjs); empty without Chinese in it."""
    return spelled(normal[:MAX_PINYIN_SOURCE]) if has_han(normal) else ("", "")
