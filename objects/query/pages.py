"""What reads return: pages of API rows, pages for people, counts."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
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
        tree = _column_tree(self.columns)
        return [_nest(tree, row) for row in self.rows]


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


def _nest(tree: Mapping[str, Any], row: Sequence[Any]) -> dict[str, Any]:
    return {name: row[place] if isinstance(place, int) else _related(place, row) for name, place in tree.items()}


def _related(tree: Mapping[str, Any], row: Sequence[Any]) -> dict[str, Any] | None:
    if "id" in tree and row[tree["id"]] is None:
        return None
    return _nest(tree, row)
