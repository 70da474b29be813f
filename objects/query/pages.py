"""What reads return: pages of API rows, pages for people, counts."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from typing import Any

from metadata.compiler.compiled import CompiledField


@dataclass(frozen=True)
class Count:
    """A number of records; not exact when there are more than the cap, or when it is the planner's estimate."""

    value: int
    is_exact: bool


@dataclass(frozen=True)
class Page:
    """Rows in API form, ready for `kit.json`. `labels` has, for each row, what people read for coded values."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    next_cursor: str | None = None
    has_more: bool = False
    labels: list[dict[str, Any]] | None = None

    def dicts(self) -> list[dict[str, Any]]:
        """Return the rows as objects; `account.name` becomes `{"account": {"name": …}}`.

        A related object whose `id` was asked for and is empty is null as a whole: there is none, or the
        caller may not see it.
        """
        if not any("." in name for name in self.columns):
            return [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        build = _builder(_column_tree(self.columns))
        return [build(row) for row in self.rows]


@dataclass(frozen=True, slots=True)
class DisplayRow:
    """A record for people: typed values by path; references know the name of what they point at."""

    id: uuid.UUID
    version: int
    values: Mapping[str, Any]

    def __getitem__(self, path: str) -> Any:
        return self.values[path]


@dataclass(frozen=True)
class DisplayPage:
    """Rows for a page of the console; `fields` has the field behind each asked path."""

    columns: tuple[str, ...]
    fields: Mapping[str, CompiledField]
    rows: list[DisplayRow]
    next_cursor: str | None = None
    has_more: bool = False
    offset: int = field(default=0)

    def __iter__(self) -> Iterator[DisplayRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def ids(self) -> list[uuid.UUID]:
        return [row.id for row in self.rows]


def _column_tree(columns: Sequence[str]) -> dict[str, Any]:
    """Return places by name, nested along the dots: {"name": 0, "account": {"name": 1}}."""
    tree: dict[str, Any] = {}
    for place, name in enumerate(columns):
        *steps, last = name.split(".")
        here = tree
        for step in steps:
            here = here.setdefault(step, {})
        here[last] = place
    return tree


def _builder(tree: Mapping[str, Any]) -> Callable[[Sequence[Any]], dict[str, Any]]:
    """Return the function from a row to its object; made once per page, since pages have many rows."""
    plain = [name for name, place in tree.items() if isinstance(place, int)]
    related = [(name, _related(inner)) for name, inner in tree.items() if not isinstance(inner, int)]
    if not related and len(plain) == 1:
        return _single(plain[0], tree[plain[0]])
    values = _picker([tree[name] for name in plain])

    def build(row: Sequence[Any]) -> dict[str, Any]:
        found = dict(zip(plain, values(row)))  # noqa: B905 (as long as each other, or the row goes on with the rest)
        for name, inner in related:
            found[name] = inner(row)
        return found

    return build


def _picker(places: Sequence[int]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """Return the function that picks these places of a row, as a sequence however many they are."""
    if list(places) == list(range(len(places))):
        return lambda row: row
    if len(places) > 1:
        return itemgetter(*places)
    return lambda row: [row[place] for place in places]


def _single(name: str, place: int) -> Callable[[Sequence[Any]], dict[str, Any]]:
    """Return the function that makes an object of one value: most related records are shown by their name alone."""
    return lambda row: {name: row[place]}


def _related(tree: Mapping[str, Any]) -> Callable[[Sequence[Any]], dict[str, Any] | None]:
    build, key = _builder(tree), tree.get("id")
    if not isinstance(key, int):
        return build
    return lambda row: None if row[key] is None else build(row)
