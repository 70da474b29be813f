"""The frozen forms of list views and page layouts in which pages use them, whether stored or generated."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from metadata.compiler.spec import Labels


@dataclass(frozen=True)
class ListViewSpec:
    """A list view. `key` names it in URLs: the API name, or the UUID of a user's own view."""

    key: str
    label: Labels
    columns: tuple[str, ...]
    conditions: Mapping[str, Any] | None = None
    order: tuple[str, ...] = ()
    is_default: bool = False
    is_own: bool = False
    uuid: uuid.UUID | None = None  # None: generated


@dataclass(frozen=True)
class Section:
    label: Labels
    fields: tuple[str, ...]
    columns: int = 2


@dataclass(frozen=True)
class RelatedList:
    """The records of `object` whose lookup `field` points at the record of the page."""

    object: str
    field: str
    columns: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"{self.object}-{self.field}"


@dataclass(frozen=True)
class Layout:
    highlights: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    related: tuple[RelatedList, ...] = ()
    activities: tuple[RelatedList, ...] = field(default=())  # related lists of activity objects: the timeline
