"""What layers above put beside records: actions, panels, columns of lists. Declared here, filled at start-up.

The pages of records and lists show whatever is registered and offered; they know nothing of who registered it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

from crm_platform.kit.context import Actor
from crm_platform.kit.registry import Registry
from metadata.compiler.compiled import CompiledObject

Values = Mapping[str, Any]  # of a record, by API name, as far as the caller may read them


@dataclass(frozen=True, slots=True)
class RecordAction:
    """A button of a record's title bar; its address takes object_name and record_id, and answers with a dialog."""

    key: str
    label: str | Promise
    icon: str
    url_name: str
    offered: Callable[[Actor, CompiledObject, Values], bool]
    is_main: bool = False  # stands in the bar; others stand in its menu
    is_dialog: bool = True  # opened over the page; others are pages of their own
    position: int = 100


@dataclass(frozen=True, slots=True)
class RecordPanel:
    """A card beside a record, fetched once the page stands; its address takes object_name and record_id."""

    key: str
    label: str | Promise
    icon: str
    url_name: str
    offered: Callable[[Actor, CompiledObject, Values], bool]
    position: int = 100


@dataclass(frozen=True, slots=True)
class BulkAction:
    """A button for the selected rows of a list; its address takes object_name and ids, answers with a dialog."""

    key: str
    label: str | Promise
    icon: str
    url_name: str
    offered: Callable[[Actor, CompiledObject], bool]
    position: int = 100


@dataclass(frozen=True, slots=True)
class ListColumn:
    """A last column of a list that is worked out for the records of a page together.

    `cells` gets the ids of a page and returns the HTML of those that have any.
    """

    key: str
    label: str | Promise
    offered: Callable[[Actor, CompiledObject], bool]
    cells: Callable[[Actor, CompiledObject, Sequence[uuid.UUID]], Mapping[uuid.UUID, str]]
    position: int = 100


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Which fields somebody has arranged that lists of an object show, by path."""

    key: str
    columns: Callable[[Actor, CompiledObject], Sequence[str]]


record_actions: Registry[RecordAction] = Registry("record action")
record_panels: Registry[RecordPanel] = Registry("record panel")
bulk_actions: Registry[BulkAction] = Registry("bulk action")
list_columns: Registry[ListColumn] = Registry("list column")
arrangements: Registry[Arrangement] = Registry("arrangement of columns")


def actions_on(actor: Actor, obj: CompiledObject, values: Values) -> list[RecordAction]:
    """Return what the caller is offered to do with a record, in order."""
    return sorted((item for item in record_actions if item.offered(actor, obj, values)), key=_position)


def panels_beside(actor: Actor, obj: CompiledObject, values: Values) -> list[RecordPanel]:
    """Return the panels beside a record, in order."""
    return sorted((item for item in record_panels if item.offered(actor, obj, values)), key=_position)


def bulk_actions_on(actor: Actor, obj: CompiledObject) -> list[BulkAction]:
    """Return what the caller is offered to do with selected records of an object, in order."""
    return sorted((item for item in bulk_actions if item.offered(actor, obj)), key=_position)


def columns_of(actor: Actor, obj: CompiledObject) -> list[ListColumn]:
    """Return the columns that lists of an object get besides its fields, in order."""
    return sorted((item for item in list_columns if item.offered(actor, obj)), key=_position)


def usual_columns(actor: Actor, obj: CompiledObject) -> tuple[str, ...]:
    """Return what lists of an object show, whoever puts one up; its name where nothing is arranged."""
    arranged = next((tuple(item.columns(actor, obj)) for item in arrangements), ())
    return arranged or (obj.spec.name_field,)


def _position(item: RecordAction | RecordPanel | BulkAction | ListColumn) -> int:
    return item.position
