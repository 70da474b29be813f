"""What happened around a record, and what people did with customers: activities and changes in one order of time.

Every activity object is read by one statement, within its own scope and field security; the changes of a record by
one more. All of them go on from the same place, so that pages neither repeat nor leave out anything.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Q
from django.utils import timezone

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import CursorExpired, NotFound
from crm_platform.kit.ids import parse_uuid
from metadata.compiler.current import current_snapshot
from metadata.field_types.values import Reference
from objects.access.policy import AccessPolicy
from objects.activities.sources import OWNER, Source, sources
from objects.history.selectors import HistoryEntry, changes_of
from objects.query import paging
from objects.query.conditions import All, Condition, Tree
from objects.query.pages import DisplayRow
from objects.query.query import RecordQuery

ACTIVITIES, CHANGES = "activities", "changes"
PAGE, MAX_PAGE = 20, 100
_FIRST, _LAST = uuid.UUID(int=0), uuid.UUID(int=2**128 - 1)
CHANGE_RANK = 0

Key = tuple[datetime, int, str]  # moment, rank of the source, id: the order of everything, newest first


@dataclass(frozen=True)
class Filters:
    """What somebody wants to see: `kind` is "", "activities", "changes" or the name of an activity object."""

    kind: str = ""
    who: uuid.UUID | None = None
    since: datetime | None = None
    until: datetime | None = None

    def takes(self, object_name: str) -> bool:
        return self.kind in ("", ACTIVITIES, object_name)

    @property
    def takes_changes(self) -> bool:
        return self.kind in ("", CHANGES)


@dataclass(frozen=True)
class Entry:
    """One activity, or one change of the record (which has no source and row)."""

    key: Key
    source: Source | None = None
    row: DisplayRow | None = None
    change: HistoryEntry | None = None

    @property
    def at(self) -> datetime:
        return self.key[0]

    @property
    def id(self) -> uuid.UUID | None:
        return self.row.id if self.row else None

    @property
    def kind(self) -> str:
        """The name of the activity object, or "change"."""
        return self.source.desk.name if self.source else "change"

    @cached_property
    def owner(self) -> Reference | None:
        return self.row.values.get(OWNER) if self.row else None

    @property
    def who(self) -> str:
        if self.change is not None:
            return self.change.actor_name
        return (self.owner.name or "") if self.owner else ""


@dataclass(frozen=True)
class TimelinePage:
    entries: tuple[Entry, ...]
    next_cursor: str | None = None
    changes: tuple[HistoryEntry, ...] = ()  # of the record, as many as were read: more than are entries, perhaps


class Timeline:
    """Activities about one record together with its changes; without a record all activities that the caller sees.

    Raises UnknownObject and NotFound for a record that the caller may not see, when a page is read.
    """

    def __init__(
        self,
        actor: Actor,
        object_name: str | None = None,
        record_id: uuid.UUID | str | None = None,
        filters: Filters | None = None,
        *,
        now: datetime | None = None,
    ) -> None:
        self.actor, self.object_name = actor, object_name
        self.filters, self.now = filters or Filters(), now or timezone.now()
        self.record_id = parse_uuid(record_id) if record_id is not None else None
        if object_name is not None:
            AccessPolicy.of(actor).require(object_name, "read")

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        return tuple(sources(self.actor, self.object_name, self.now))

    def page(self, limit: int = PAGE, cursor: str | None = None) -> TimelinePage:
        """Return the next entries, the newest first; raises CursorExpired for a cursor of another timeline."""
        limit = max(1, min(limit, MAX_PAGE))
        place = key_in(cursor, self._digest) if cursor else None
        found = list(self._changes(limit + 1, place)) if self._has_changes else []
        changes = tuple(entry.change for entry in found if entry.change is not None)
        if not self._has_changes:
            self._require_record()
        for source in self.sources:
            if self.filters.takes(source.desk.name):
                found += self._activities(source, limit + 1, place)
        found.sort(key=lambda entry: entry.key, reverse=True)
        shown = tuple(found[:limit])
        next_cursor = cursor_at(shown[-1].key, self._digest) if len(found) > limit else None
        return TimelinePage(shown, next_cursor, changes)

    # --- what is read ---------------------------------------------------------------------------------------------
    @property
    def _has_changes(self) -> bool:
        return self.object_name is not None and self.filters.takes_changes

    def _require_record(self) -> None:
        if self.object_name is None:
            return
        if self.record_id is None or not RecordQuery(self.actor, self.object_name).where_ids([self.record_id]).exists():
            raise NotFound

    def _activities(self, source: Source, limit: int, place: Key | None) -> Iterator[Entry]:
        tree = self._condition(source)
        if tree is None:
            return
        query = RecordQuery(self.actor, source.desk.name).where(tree).fields(*source.fields)
        query = query.order(f"-{source.moment}", "-id")
        after = query.cursor_after(*_after(place, source.rank)) if place else None
        for row in query.display(limit, after):
            yield Entry((source.at(row), source.rank, str(row.id)), source, row)

    def _condition(self, source: Source) -> Tree | None:
        """Return which records of a source are wanted; None where the caller may not ask for that."""
        wanted: list[Tree] = [Condition(source.moment, "nempty")]
        if self.object_name is not None:
            if self.record_id is None:
                return None
            wanted.append(source.about(self.record_id))
        if self.filters.who is not None:
            if not source.desk.reads(OWNER):
                return None
            wanted.append(Condition(OWNER, "eq", str(self.filters.who)))
        if self.filters.since is not None:
            wanted.append(Condition(source.moment, "gte", self.filters.since.isoformat()))
        if self.filters.until is not None:
            wanted.append(Condition(source.moment, "lt", self.filters.until.isoformat()))
        return All(wanted)

    def _changes(self, limit: int, place: Key | None) -> Iterator[Entry]:
        assert self.object_name is not None
        if self.record_id is None:
            raise NotFound
        wanted = Q()
        if self.filters.who is not None:
            wanted &= Q(actor_id=self.filters.who)
        if self.filters.since is not None:
            wanted &= Q(at__gte=self.filters.since)
        if self.filters.until is not None:
            wanted &= Q(at__lt=self.filters.until)
        if place is not None:
            at, rank, name = place
            same = Q(at=at, version__lt=int(name)) if rank == CHANGE_RANK else Q(at=at)
            wanted &= Q(at__lt=at) | same
        for change in changes_of(self.actor, self.object_name, self.record_id, wanted, limit).entries:
            yield Entry((change.at, CHANGE_RANK, f"{change.version:010d}"), change=change)

    # --- where it goes on -----------------------------------------------------------------------------------------
    @cached_property
    def _digest(self) -> str:
        wanted = self.filters
        return paging.query_hash(
            "timeline", self.object_name, self.record_id, wanted.kind, wanted.who, wanted.since, wanted.until,
            self.actor.user_id,
        )  # fmt: skip


def cursor_at(key: Key, digest: str) -> str:
    """Return the cursor that goes on after an entry."""
    values = (key[0].isoformat(), key[1], key[2])
    return paging.encode(paging.Position(values, current_snapshot().version), digest)


def key_in(cursor: str, digest: str) -> Key:
    """Return the key of the entry after which a cursor goes on; raises CursorExpired."""
    at, rank, name = paging.decode(cursor, digest, 3).values
    try:
        return datetime.fromisoformat(at), int(rank), str(name)
    except (TypeError, ValueError):
        raise CursorExpired from None


def _after(place: Key, rank: int) -> Sequence[Any]:
    """Return the place from which a source goes on: what follows in the common order among its own rows."""
    at, at_rank, name = place
    if rank == at_rank:
        return at.isoformat(), name
    return at.isoformat(), str(_LAST if rank < at_rank else _FIRST)
