"""What somebody typed, as terms that must all be found: in SQL against the index, in Python against one record."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from objects.search.text import digits_only, normalize, short_tokens

MAX_LENGTH = 200
MAX_TERMS = 8


@dataclass(frozen=True, slots=True)
class Term:
    """A word without spaces; `is_short` ones are looked up among the tokens, others inside the haystack."""

    text: str

    @property
    def is_short(self) -> bool:
        return len(self.text) <= 2


@dataclass(frozen=True, slots=True)
class SearchText:
    """A parsed search: the whole text, normalised, and its terms."""

    whole: str
    terms: tuple[Term, ...]

    @classmethod
    def parse(cls, typed: str) -> SearchText:
        """Return the terms of what was typed; none when there is nothing that could be found."""
        whole = normalize(typed.replace("\x00", "")[:MAX_LENGTH])
        words = [digits_only(word) for word in whole.split(" ")]
        terms = tuple(dict.fromkeys(Term(word) for word in words if _is_findable(word)))
        return cls(whole, terms[:MAX_TERMS])

    def matches(self, haystack: str, tokens: frozenset[str] | set[str]) -> bool:
        """Tell whether every term is found; says of one record what `condition` says in SQL."""
        return bool(self.terms) and all(
            term.text in tokens if term.is_short else term.text in haystack for term in self.terms
        )

    def condition(self, alias: str) -> tuple[str, list[Any]]:
        """Return the predicate on the index's table, with its parameters."""
        short = [term.text for term in self.terms if term.is_short]
        parts: list[str] = []
        params: list[Any] = []
        if short:
            parts.append(f"{alias}.tokens @> %s::text[]")
            params.append(short)
        for term in self.terms:
            if not term.is_short:
                parts.append(f"{alias}.haystack LIKE %s")
                params.append(f"%{like_escape(term.text)}%")
        return " AND ".join(parts) or "FALSE", params


def like_escape(text: str) -> str:
    """Return text with LIKE's own characters escaped."""
    return re.sub(r"([\\%_])", r"\\\1", text)


def _is_findable(word: str) -> bool:
    return len(word) > 2 or bool(short_tokens(word) & {word})
