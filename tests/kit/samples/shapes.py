"""What a sample of a field type consists of."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Valid:
    """Input that is accepted: what it becomes, and its form in the Open API (that of the value unless given)."""

    raw: Any
    value: Any
    api: Any = ...

    @property
    def api_form(self) -> Any:
        return self.value if self.api is ... else self.api


@dataclass(frozen=True)
class Invalid:
    raw: Any
    code: str


@dataclass(frozen=True)
class Match:
    """A filter and the places of those rows that it finds."""

    operator: str
    operand: Any
    rows: frozenset[int]


def match(operator: str, operand: Any, *rows: int) -> Match:
    return Match(operator, operand, frozenset(rows))


@dataclass(frozen=True)
class SampleChoice:
    value: str
    en: str
    zh: str
    color: str = ""
    is_active: bool = True
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class FieldSamples:
    """What is known about a type.

    `rows` are inputs to store (None: left empty), `matches` speak of their places, `ascending` lists the places
    of the non-empty rows in order (() where a type can't be sorted). `texts` are (value, English, Chinese).
    """

    key: str
    valid: Sequence[Valid]
    invalid: Sequence[Invalid]
    rows: Sequence[Any]
    matches: Sequence[Match]
    ascending: Sequence[int]
    texts: Sequence[tuple[Any, str, str]]
    settings: Mapping[str, Any] = field(default_factory=dict)
    bad_settings: Sequence[Mapping[str, Any]] = ()
    choices: Sequence[SampleChoice] = ()
    by_server: Sequence[str] = ()  # members of the API's form that differ from write to write
    update: Any = ...  # another input for the row at place 0; `...`: the type is read only
    is_exclusive: bool = False  # what one record has, another can't have: files


@dataclass(frozen=True)
class SampleIds:
    """The ids that samples of references speak of; a test with a database puts in real ones."""

    users: Sequence[uuid.UUID]
    departments: Sequence[uuid.UUID]  # the second is below the first, the third beside it
    records: Sequence[uuid.UUID]
    target: str = "account"
    other: str = "contact"
    files: Mapping[str, Sequence[Any]] = field(default_factory=dict)  # by the type that takes them


EMPTY = (Valid(None, None), Valid("", None))


NO_TEXT = tuple(Invalid(raw, "invalid_type") for raw in (True, [], ["a"], {}, {"a": 1}, "a\x00b", "\ud800"))
