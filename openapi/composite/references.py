"""`@{acc.id}`, `@{q.data[0].id}`: places in the answers to earlier requests, put into the paths and bodies of later.

Only single values can be referred to. A string that is one reference becomes that value; within other text, and in
paths, its text is put in. `@@{` stands for `@{` itself. What is put in is never looked through for references again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext as _

from crm_platform.kit.errors import PlatformError, StateConflict
from crm_platform.kit.json import loads

ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
_FOUND = re.compile(r"@@\{|@\{(?P<place>[^{}]*)\}|@\{")
_PLACE = re.compile(rf"(?P<id>{ID.pattern})(?P<steps>(?:\.[A-Za-z_][A-Za-z0-9_]{{0,79}}|\[[0-9]{{1,4}}\])+)")
_STEP = re.compile(r"\.(?P<name>\w+)|\[(?P<index>\d+)\]")
FILLED_IN = 1_000_000  # characters that references may put into one composite
NO_SEGMENT = frozenset({"", ".", ".."})


class Unresolved(PlatformError):
    """A reference leads to no value that can be put in."""

    code = "invalid_reference"
    status = 422


@dataclass(frozen=True)
class Place:
    """What a reference names: the request, and the way through its answer."""

    text: str
    id: str
    steps: tuple[str | int, ...]


def places(value: Any) -> Iterator[Place]:
    """Yield the references in all strings of some JSON; raises Unresolved for what is none although it begins so."""
    if isinstance(value, str):
        for found in _FOUND.finditer(value):
            if found[0] != "@@{":
                yield _place(found)
    elif isinstance(value, dict):
        for item in value.values():
            yield from places(item)
    elif isinstance(value, list):
        for item in value:
            yield from places(item)


def _place(found: re.Match[str]) -> Place:
    known = _PLACE.fullmatch(found["place"] or "")
    if known is None:
        message = _("“%(text)s” is no reference. Write @{id.name} or @{id.data[0].name}, and @@{ for the text itself.")
        raise Unresolved(message % {"text": found[0][:80]})
    steps = tuple(step["name"] or int(step["index"]) for step in _STEP.finditer(known["steps"]))
    return Place(found[0], known["id"], steps)


def in_path(path: str, value: str) -> str:
    """Return a path with `value` wherever a reference stands."""
    return _FOUND.sub(lambda found: "@{" if found[0] == "@@{" else value, path)


@dataclass
class Answers:
    """The answers given so far, by the ids of their requests; None for requests that failed."""

    _content: dict[str, bytes | None] = field(default_factory=dict)
    _parsed: dict[str, Any] = field(default_factory=dict)
    left: int = FILLED_IN

    def keep(self, name: str, content: bytes | None) -> None:
        self._content[name] = content

    def fill(self, value: Any) -> Any:
        """Return some JSON with values in the place of its references; raises Unresolved, StateConflict."""
        if isinstance(value, str):
            return self._filled(value)
        if isinstance(value, dict):
            return {name: self.fill(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        return value

    def fill_path(self, path: str) -> str:
        """Return a path with texts in the place of its references: none of them reaches beyond its own segment."""

        def put(found: re.Match[str]) -> str:
            if found[0] == "@@{":
                return "@{"
            place = _place(found)
            text = self._text(place)
            if text in NO_SEGMENT or "/" in text or not text.isprintable():
                raise Unresolved(_("The value of “%(text)s” can't stand in a path.") % {"text": place.text})
            return quote(text, safe="")

        return _FOUND.sub(put, path)

    def _filled(self, text: str) -> Any:
        whole = _FOUND.fullmatch(text)
        if whole is not None and whole[0] != "@@{":
            return self._value(_place(whole))
        return _FOUND.sub(lambda found: "@{" if found[0] == "@@{" else self._text(_place(found)), text)

    def _text(self, place: Place) -> str:
        value = self._value(place)
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise Unresolved(_("“%(text)s” has no text that could be put in.") % {"text": place.text})
        return value if isinstance(value, str) else format(value, "f" if isinstance(value, Decimal) else "d")

    def _value(self, place: Place) -> Any:
        found = self._answer(place)
        for step in place.steps:
            is_there = step in found if isinstance(found, dict) else _has(found, step)
            if not is_there:
                raise Unresolved(_("The answer has nothing at “%(text)s”.") % {"text": place.text})
            found = found[step]
        if isinstance(found, dict | list):
            raise Unresolved(_("“%(text)s” is no single value.") % {"text": place.text})
        self.left -= len(found) if isinstance(found, str) else 1
        if self.left < 0:
            raise TooMuch
        return found

    def _answer(self, place: Place) -> Any:
        content = self._content.get(place.id)
        if content is None:
            raise StateConflict(_("The request “%(id)s” that it refers to has failed.") % {"id": place.id})
        if place.id not in self._parsed:
            self._parsed[place.id] = loads(content) if content else None
        return self._parsed[place.id]


def _has(found: Any, step: str | int) -> bool:
    return isinstance(found, list) and isinstance(step, int) and step < len(found)


class TooMuch(PlatformError):
    """References have put in more text than one composite may hold, or the answers have become too large."""

    code = "payload_too_large"
    status = 413

    def __init__(self) -> None:
        super().__init__(_("The answers to these requests are too large for one composite."))
