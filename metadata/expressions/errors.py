"""The one error of the language: what is wrong, where in the text, and what was perhaps meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from django.utils.functional import lazy

from crm_platform.kit.errors import Message, PlatformError


class ExpressionError(PlatformError):
    """An expression that can't be used. `start` and `end` are offsets into its text (end exclusive).

    `message` is translated when it is shown; `suggestion` is what the author perhaps meant ("" when nothing
    comes to mind), ready to replace the text between `start` and `end`.
    """

    code = "formula_error"
    status = 422

    def __init__(self, message: Message, start: int, end: int, suggestion: str = "", **params: Any) -> None:
        super().__init__(filled(message, params) if params else message)
        self.start, self.end, self.suggestion = start, end, suggestion

    def line_and_column(self, text: str) -> tuple[int, int]:
        """Return where the error starts, both counted from 1."""
        before = text[: self.start]
        return before.count("\n") + 1, self.start - (before.rfind("\n") + 1) + 1


class NotCompilable(Exception):
    """The expression can't be computed by the database; `functions` says why."""

    def __init__(self, functions: Iterable[str]) -> None:
        self.functions = tuple(sorted(set(functions)))
        super().__init__(", ".join(self.functions))


def closest(word: str, known: Iterable[str]) -> str:
    """Return the known word that is most like `word`, "" when none is."""
    words = {item.lower(): item for item in known}
    found = difflib.get_close_matches(word[:60].lower(), words, n=1, cutoff=0.6)
    return words[found[0]] if found else ""


def _fill(message: Message, params: dict[str, Any]) -> str:
    return str(message) % params


def filled(message: Message, params: dict[str, Any]) -> Message:
    """Return a message with its places filled when it is shown, in the language of that moment."""
    short = {key: value[:80] if isinstance(value, str) else value for key, value in params.items()}
    return lazy(_fill, str)(message, short)
