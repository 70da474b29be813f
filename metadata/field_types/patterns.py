"""Regular expressions that people write: only those that take linear time and that PostgreSQL reads the same way.

No field type. RE2 says whether a pattern is one at all and how large it becomes; what it takes but PostgreSQL
reads in another way, or not at all, is refused before: look-around, most escapes, odd repetitions.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import re2
from django.utils.translation import gettext_lazy as _

from metadata.field_types.values import InvalidValue

MAX_LENGTH = 200
MOST_REPEATS = 100
IGNORE_CASE = "(?i)"
_MEMORY = 1 << 18
_COUNT = re.compile(r"\{(\d{1,3})(?:(,)(\d{1,3})?)?\}", re.ASCII)
_CLASS = re.compile(r"\[:(?:alnum|alpha|blank|digit|lower|punct|space|upper|xdigit):\]")
_SIGNS = frozenset("^$.*+?()[]{}|\\/-\"' !#%&,:;<=>@_~")
_SHORTHANDS = frozenset("dswDSW")


def checked_pattern(text: Any) -> str:
    """Return the pattern; raises InvalidValue unless it is one that is safe to run in Python and PostgreSQL."""
    if not isinstance(text, str) or not text:
        raise InvalidValue("invalid_type", _("Enter a pattern."))
    if len(text) > MAX_LENGTH:
        raise InvalidValue("too_long", _("At most %(max)d characters.") % {"max": MAX_LENGTH}, max=MAX_LENGTH)
    try:
        _Reader(text.removeprefix(IGNORE_CASE)).read()
        _compiled(text)
    except (ValueError, re2.error, UnicodeError):
        raise InvalidValue("invalid_type", _("The pattern can't be read, or would take too long.")) from None
    return text


def matches_whole(pattern: str, text: str) -> bool:
    """Tell whether the whole text fits a checked pattern."""
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.max_mem, options.log_errors, options.never_capture = _MEMORY, False, True
    return re2.compile(pattern, options=options)


class _Reader:
    """Walks through a pattern; raises ValueError at what the two dialects don't share."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.can_repeat = False  # what comes before is an atom

    def read(self) -> None:
        while self.at < len(self.text):
            self._step(self.text[self.at])

    def _step(self, char: str) -> None:
        if char == "\\":
            self._escape(_SHORTHANDS)
        elif char == "[":
            self._bracket()
        elif char == "(":
            self._open()
        elif char in "*+?{":
            self._repeat(char)
        else:
            _refuse_unless(char.isprintable() or char == "\u3000")
            self.can_repeat = char not in "^$|"
            self.at += 1

    def _escape(self, shorthands: frozenset[str]) -> None:
        following = self.text[self.at + 1 : self.at + 2]
        _refuse_unless(bool(following) and (following in shorthands or following in _SIGNS))
        self.can_repeat = True
        self.at += 2

    def _open(self) -> None:
        is_plain = self.text.startswith("(?:", self.at)
        _refuse_unless(is_plain or not self.text.startswith("(?", self.at))
        self.can_repeat = False
        self.at += 3 if is_plain else 1

    def _repeat(self, char: str) -> None:
        _refuse_unless(self.can_repeat)
        count = _COUNT.match(self.text, self.at) if char == "{" else None
        _refuse_unless(char != "{" or count is not None)
        if count is not None:
            _refuse_unless(int(count[1]) <= int(count[3] or count[1]) <= MOST_REPEATS)
        self.at = count.end() if count else self.at + 1
        if self.text.startswith("?", self.at):  # as few as possible
            self.at += 1
        self.can_repeat = False

    def _bracket(self) -> None:
        """Read `[…]`: characters, ranges of them, shorthands and named classes; `-` last or escaped."""
        self.at += 2 if self.text.startswith("[^", self.at) else 1
        first = self.at
        while not self.text.startswith("]", self.at) or self.at == first:
            self._member()
        self.at += 1
        self.can_repeat = True

    def _member(self) -> None:
        named = _CLASS.match(self.text, self.at)
        if named:
            self.at = named.end()
            return
        is_class = self.text[self.at + 1 : self.at + 2] in _SHORTHANDS and self.text.startswith("\\", self.at)
        self._single()
        if self.text.startswith("-", self.at) and not self.text.startswith("-]", self.at):
            _refuse_unless(not is_class)
            self.at += 1
            _refuse_unless(self.text[self.at + 1 : self.at + 2] not in _SHORTHANDS or self.text[self.at] != "\\")
            self._single()

    def _single(self) -> None:
        char = self.text[self.at : self.at + 1]
        if char == "\\":
            self._escape(frozenset("dsw"))
            return
        is_last_dash = char == "-" and self.text.startswith("-]", self.at)
        _refuse_unless(bool(char) and char.isprintable() and (char not in "[]-" or is_last_dash))
        self.at += 1


def _refuse_unless(is_fine: bool) -> None:
    if not is_fine:
        raise ValueError
