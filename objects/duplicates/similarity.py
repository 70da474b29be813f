"""How alike two texts are, counted as PostgreSQL counts it (pg_trgm), for texts that are in no table yet."""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+")


@lru_cache(maxsize=20_000)
def trigrams(text: str) -> frozenset[str]:
    """Return all runs of three characters of the words, each word with two blanks before and one behind it."""
    padded = (f"  {word} " for word in _WORD.findall(text.lower()))
    return frozenset(word[i : i + 3] for word in padded for i in range(len(word) - 2))


def similarity(one: str, other: str) -> float:
    """Return the share of trigrams that two texts have in common, from 0 to 1."""
    a, b = trigrams(one), trigrams(other)
    together = len(a | b)
    return len(a & b) / together if together else 0.0
