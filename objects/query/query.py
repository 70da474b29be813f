"""`RecordQuery`: the one way to read records, for every channel: visible rows, asked fields, pages, counts."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from django.db.models import Model

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import NotFound, PlatformError, ValidationFailed
from crm_platform.kit.ids import parse_uuid
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from objects.access.policy import AccessPolicy
from objects.query import conditions, lists, ordering, totals
from objects.query.conditions import Tree
from objects.query.ordering import Order
from objects.query.pages import Count, DisplayPage, Page
from objects.query.run import with_current_shape

DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET = 50, 1000, 10_000
MAX_FIELDS = 500
Found = TypeVar("Found", Page, DisplayPage)


@dataclass(frozen=True)
class Wish:
    """What a query asks for, by names alone, so that it can be run again on a newer data model."""

    action: str = "read"
    tree: Tree | None = None
    order: Order = ()
    fields: tuple[str, ...] = ()  # empty: all that the caller may read
    ids: tuple[uuid.UUID, ...] | None = None
    in_trash: bool = False


class RecordQuery:
    """Reads the records of one object as far as the caller may see them.

    Immutable: each method returns a new query, and nothing runs before `page`, `display`, `get` or the like.
    `action` narrows the records to those on which the caller may do more than look ("edit", "delete"); `policy` is
    another one than the caller's own where he reads through something (`PoolPolicy`).
    """

    def __init__(
        self,
        actor: Actor,
        object_name: str,
        *,
        action: str = "read",
        policy: AccessPolicy | None = None,
        _wish: Wish | None = None,
    ) -> None:
        self.actor = actor
        self.object_name = object_name
        self.policy = policy or AccessPolicy.of(actor)
        self.policy.require(object_name, action)
        self.wish = _wish or Wish(action=action)

    @property
    def object(self) -> CompiledObject:
        """The object at the current version of the data model."""
        return current_snapshot().object(self.object_name)

    # --- saying what -----------------------------------------------------------------------------------------
    def where(self, tree: Tree | None) -> RecordQuery:
        """Add a condition; several hold together."""
        return self._with(tree=conditions.both(self.wish.tree, tree))

    def where_ids(self, ids: Iterable[uuid.UUID | str]) -> RecordQuery:
        """Keep only these records; what is no id finds nothing."""
        found = tuple(parsed for item in ids if (parsed := parse_uuid(item)) is not None)
        if self.wish.ids is not None:
            found = tuple(item for item in self.wish.ids if item in frozenset(found))
        return self._with(ids=found)

    def order(self, *names: str) -> RecordQuery:
        """Sort by fields, `-` for descending; without any, the newest come first."""
        return self._with(order=ordering.parse(names))

    def fields(self, *paths: str) -> RecordQuery:
        """Read these fields only; paths may step through lookups (`account.industry`)."""
        unique = tuple(dict.fromkeys(paths))
        if len(unique) > MAX_FIELDS:
            raise ValidationFailed.single("fields", "out_of_range", lists.too_many_fields(MAX_FIELDS))
        return self._with(fields=unique)

    def related_fields(self, path: str) -> tuple[str, ...]:
        """Return the paths of all readable fields behind a lookup, to expand it: `account` → `account.id`, …"""
        return lists.related_fields(self, path)

    def name_fields(self) -> tuple[str, ...]:
        """Return the name field for `fields`, nothing where the caller may not know what records are called."""
        name = self.object.spec.name_field
        return (name,) if self.policy.can_see_field(self.object, name) else ()

    def trash(self) -> RecordQuery:
        """Read the deleted records instead of the living ones."""
        return self._with(in_trash=True)

    def reads_virtual(self) -> bool:
        """Tell whether what is asked for may differ from one moment to the next, the record being the same."""
        obj = self.object
        return any(obj.resolve(path).field.is_virtual for path in lists.asked_fields(self, obj))

    # --- reading ---------------------------------------------------------------------------------------------
    def page(
        self, limit: int = DEFAULT_LIMIT, cursor: str | None = None, *, offset: int = 0, labels: bool = False
    ) -> Page:
        """Return rows in API form, in one statement; `labels` adds what people read for coded values."""
        limit = _bounded(limit)
        return with_current_shape(lambda: lists.api_page(self, limit, cursor, _offset(offset), labels))

    def display(self, limit: int = DEFAULT_LIMIT, cursor: str | None = None, *, offset: int = 0) -> DisplayPage:
        """Return rows for people: typed values, references with names; in one statement."""
        limit = _bounded(limit)
        return with_current_shape(lambda: lists.display_page(self, limit, cursor, _offset(offset)))

    def pages(self, cursor: str | None = None) -> Iterator[Page]:
        """Yield all rows in API form, from a place on, in the largest pages that there are."""
        return _following(self.page, cursor)

    def displays(self, cursor: str | None = None) -> Iterator[DisplayPage]:
        """Yield all rows for people, from a place on, in the largest pages that there are."""
        return _following(self.display, cursor)

    def cursor_after(self, *values: Any) -> str:
        """Return the cursor that goes on after a row with these values of the sort fields, the last being `id`."""
        return lists.cursor_after(self, values)

    def count(self, kind: str = "capped") -> Count:
        """Return how many records there are: "exact", "capped" at 10,000, or the planner's "estimate"."""
        return with_current_shape(lambda: totals.count(self, kind))

    def get(self, record_id: uuid.UUID | str, *, labels: bool = False) -> dict[str, Any]:
        """Return one record in API form; raises NotFound for what is not there or not visible."""
        page = self.where_ids([record_id]).page(1, labels=labels)
        if not page.rows:
            raise NotFound
        found = page.dicts()[0]
        return {**found, "_labels": page.labels[0]} if page.labels is not None else found

    def show(self, record_id: uuid.UUID | str) -> Mapping[str, Any]:
        """Return one record for people: typed values by path; raises NotFound."""
        rows = self.where_ids([record_id]).display(1).rows
        if not rows:
            raise NotFound
        return rows[0].values

    def record(self, record_id: uuid.UUID | str) -> Model:
        """Return one record as an instance of the object's model; raises NotFound."""
        return with_current_shape(lambda: totals.record(self, record_id))

    def ids(self, limit: int = MAX_LIMIT) -> list[uuid.UUID]:
        """Return the ids of the first records in the query's order."""
        rows = self.fields("id").page(limit).rows
        return [uuid.UUID(row[0]) for row in rows]

    def visible_ids(self, ids: Iterable[uuid.UUID | str]) -> set[uuid.UUID]:
        """Return those of the ids that the query reaches."""
        narrowed = self.where_ids(ids)
        wanted = narrowed.wish.ids or ()
        found: set[uuid.UUID] = set()
        for start in range(0, len(wanted), MAX_LIMIT):
            batch = wanted[start : start + MAX_LIMIT]
            found.update(narrowed.where_ids(batch).ids(MAX_LIMIT))
        return found

    def exists(self) -> bool:
        """Tell whether there is any record."""
        return bool(self.ids(1))

    def _with(self, **changes: Any) -> RecordQuery:
        copy = RecordQuery.__new__(RecordQuery)
        copy.actor, copy.object_name, copy.policy = self.actor, self.object_name, self.policy
        copy.wish = replace(self.wish, **changes)
        return copy


def _following(read: Callable[[int, str | None], Found], cursor: str | None) -> Iterator[Found]:
    while True:
        page = read(MAX_LIMIT, cursor)
        yield page
        cursor = page.next_cursor
        if cursor is None:
            return


def _bounded(limit: int) -> int:
    return max(1, min(int(limit), MAX_LIMIT))


def _offset(offset: int) -> int:
    return max(0, min(int(offset), MAX_OFFSET))


def visible_ids(actor: Actor, object_name: str, ids: Iterable[uuid.UUID | str]) -> set[uuid.UUID]:
    """Return those of the records that the actor may see; none of an object that he does not know."""
    try:
        return RecordQuery(actor, object_name).visible_ids(ids)
    except PlatformError:
        return set()
