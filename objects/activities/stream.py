"""What has happened around somebody's own records: activities that were entered and changes, the newest first.

Own records are those that he owns or on whose team he is; nobody follows records in another way yet. An activity
belongs to the stream when it is his, mentions him, or is about such a record; it stands where it was entered, since
what is planned for next week has happened when somebody planned it. Changes are those of such records, other than
activities.

One statement finds what comes next, within the reader's reach; then everything is read as timelines read it.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db import connection
from django.utils import timezone

from crm_platform.kit.context import Actor
from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.field_types.values import Reference
from objects.access.models import RecordShare
from objects.access.policy import AccessPolicy
from objects.access.principals import USER, Principal
from objects.activities.sources import CREATED, OWNER, Source, sources
from objects.activities.timeline import CHANGE_RANK, MAX_PAGE, PAGE, Entry, Filters, Key, cursor_at, key_in
from objects.history.models import RecordChange
from objects.history.selectors import entries_of
from objects.query import paging
from objects.query.params import FALSE, SqlText, join_sql
from objects.query.query import RecordQuery
from objects.records.locking import scope_sql

BACK = timedelta(days=90)
CURRENCY = "currency"
_MINE, _TEAM = "ANY((SELECT ids FROM mine)::uuid[])", "ANY((SELECT ids FROM team)::uuid[])"


@dataclass(frozen=True)
class StreamEntry:
    """An activity or a change, and the record that a change is of."""

    entry: Entry
    about: Reference | None = None


@dataclass(frozen=True)
class StreamPage:
    entries: tuple[StreamEntry, ...]
    next_cursor: str | None = None


@dataclass(frozen=True)
class _Known:
    """What is told of a record that was changed."""

    name: str
    currency: str


@dataclass(frozen=True)
class _Keys:
    """Where entries of one kind come from: tables, and the expressions of their moment, rank and name."""

    tables: str
    at: str
    rank: int
    name: str

    def sql(self, wanted: Sequence[SqlText], limit: int) -> SqlText:
        """Return the statement for the newest of them that are wanted."""
        where = join_sql(" AND ", [SqlText(f"({item.text})", item.params) for item in wanted])
        text = (
            f"(SELECT {self.at} AS at, {self.rank} AS rank, {self.name} AS name FROM {self.tables} "  # noqa: S608
            f'WHERE {where.text} ORDER BY {self.at} DESC, {self.name} COLLATE "C" DESC LIMIT {int(limit)})'
        )
        return SqlText(text, where.params)


class Stream:
    """The stream of one person, of the last 90 days."""

    def __init__(self, actor: Actor, filters: Filters | None = None, *, now: datetime | None = None) -> None:
        self.actor, self.filters = actor, filters or Filters()
        self.now = now or timezone.now()
        self.policy = AccessPolicy.of(actor)

    def page(self, limit: int = PAGE, cursor: str | None = None) -> StreamPage:
        """Return the next entries, the newest first; raises CursorExpired for a cursor of something else."""
        limit = max(1, min(limit, MAX_PAGE))
        found = self._keys(limit + 1, key_in(cursor, self._digest) if cursor else None)
        shown = found[:limit]
        ids: dict[int, list[str]] = defaultdict(list)
        for _at, rank, name in shown:
            ids[rank].append(name)
        told = {**self._activities(ids), **self._changes(ids.get(CHANGE_RANK, ()))}
        entries = tuple(told[key[1:]] for key in shown if key[1:] in told)
        return StreamPage(entries, cursor_at(shown[-1], self._digest) if len(found) > limit else None)

    # --- what comes next ------------------------------------------------------------------------------------------
    @cached_property
    def _sources(self) -> Mapping[int, Source]:
        return {item.rank: item for item in sources(self.actor, None, self.now) if self.filters.takes(item.desk.name)}

    @cached_property
    def _objects(self) -> Sequence[CompiledObject]:
        """The objects whose records can be somebody's own, other than activities."""
        specs = [spec for spec in self.policy.readable_objects() if not spec.is_activity]
        return [current_snapshot().object(spec.api_name) for spec in specs]

    def _keys(self, limit: int, place: Key | None) -> list[Key]:
        parts = [self._activity_keys(item, limit, place) for item in self._sources.values()]
        if self.filters.takes_changes:
            parts += [self._change_keys(obj, limit, place) for obj in self._objects]
        if not parts:
            return []
        union, team, owned = join_sql(" UNION ALL ", parts), self._team(), self._owned()
        sql = (
            f"WITH team AS MATERIALIZED ({team.text}), mine AS MATERIALIZED (SELECT array_agg(m.id) AS ids FROM "  # noqa: S608
            f"(SELECT unnest(ids) AS id FROM team {owned.text}) m) "
            f'SELECT at, rank, name FROM ({union.text}) u ORDER BY at DESC, rank DESC, name COLLATE "C" DESC LIMIT %s'
        )
        with connection.cursor() as cursor:
            cursor.execute(sql, [*team.params, *owned.params, *union.params, limit])
            return [(at, int(rank), str(name)) for at, rank, name in cursor.fetchall()]

    def _team(self) -> SqlText:
        """Return the statement for the ids of the records on whose team the reader is."""
        text = (
            f"SELECT array_agg(record_id) AS ids FROM {quote(RecordShare._meta.db_table)} "  # noqa: S608
            "WHERE principal = %s AND source = %s AND (expires_at IS NULL OR expires_at > %s)"
        )
        me = self.actor.user_id
        principal = str(Principal(USER, me)) if me is not None else ""
        return SqlText(text, (principal, str(RecordShare.Source.TEAM), self.now))

    def _owned(self) -> SqlText:
        """Return what adds the ids of the records that the reader owns, object by object."""
        tables = [quote(obj.table) for obj in self._objects if self._knows_owner(obj)]
        parts = [f"UNION ALL SELECT id FROM {table} WHERE owner_id = %s AND deleted_at IS NULL" for table in tables]  # noqa: S608
        return SqlText(" ".join(parts), (self.actor.user_id,) * len(parts))

    def _knows_owner(self, obj: CompiledObject) -> bool:
        return self.policy.can_read_field(obj, OWNER)

    def _activity_keys(self, source: Source, limit: int, place: Key | None) -> SqlText:
        obj, me = source.desk.obj, self.actor.user_id
        ways = [SqlText("t.owner_id = %s", (me,))] if source.desk.reads(OWNER) else []
        links = [field for field in source.links if not field.is_second and not field.type.is_reference_list]
        ways += [SqlText(f"t.{quote(field.main.column)} = {_MINE}") for field in links]
        mentioned = source.desk.field(source.mentioned) if source.mentioned else None
        if mentioned is not None and not mentioned.is_second:
            ways.append(SqlText(f"t.{quote(mentioned.main.column)} @> ARRAY[%s]::uuid[]", (me,)))
        wanted = [SqlText("t.deleted_at IS NULL"), _either(ways), scope_sql(self.policy, obj, "read")]
        keys = _Keys(f"{quote(obj.table)} t", "t.created_at", source.rank, "t.id::text")
        return keys.sql([*wanted, *self._window(keys, place)], limit)

    def _change_keys(self, obj: CompiledObject, limit: int, place: Key | None) -> SqlText:
        tables = f"{quote(RecordChange._meta.db_table)} c JOIN {quote(obj.table)} t ON t.id = c.record_id"
        own = [SqlText(f"t.id = {_TEAM}")]
        if self._knows_owner(obj):
            own.append(SqlText("t.owner_id = %s", (self.actor.user_id,)))
        of_object = SqlText("c.object_id = %s AND t.deleted_at IS NULL", (obj.spec.id,))
        wanted = [of_object, _either(own), scope_sql(self.policy, obj, "read")]
        keys = _Keys(tables, "c.at", CHANGE_RANK, "lpad(c.id::text, 20, '0')")
        return keys.sql([*wanted, *self._window(keys, place)], limit)

    def _window(self, keys: _Keys, place: Key | None) -> Iterator[SqlText]:
        yield SqlText(f"{keys.at} >= %s", (max(filter(None, (self.now - BACK, self.filters.since))),))
        if self.filters.until is not None:
            yield SqlText(f"{keys.at} < %s", (self.filters.until,))
        if place is not None:  # the bound on the moment alone is what an index can use
            yield SqlText(f"{keys.at} <= %s", (place[0],))
            yield SqlText(f'({keys.at}, {keys.rank}, {keys.name} COLLATE "C") < (%s, %s, %s)', place)

    # --- what they are --------------------------------------------------------------------------------------------
    def _activities(self, ids: Mapping[int, Iterable[str]]) -> dict[tuple[int, str], StreamEntry]:
        told = {}
        for rank, source in self._sources.items():
            names = list(ids.get(rank, ()))
            query = RecordQuery(self.actor, source.desk.name).where_ids(names).fields(*source.fields)
            for row in query.display(len(names)) if names else ():
                entry = Entry((row.values[CREATED], rank, str(row.id)), source, row)
                told[rank, str(row.id)] = StreamEntry(entry, source.subject(row))
        return told

    def _changes(self, names: Iterable[str]) -> dict[tuple[int, str], StreamEntry]:
        rows: dict[int, list[RecordChange]] = defaultdict(list)
        for row in RecordChange.objects.filter(pk__in=[int(name) for name in names]):
            rows[row.object_id].append(row)
        told = {}
        for obj in self._objects:
            found = rows.get(obj.spec.id, [])
            records = self._records(obj, {row.record_id for row in found}) if found else {}
            for currency in sorted({known.currency for known in records.values()}):
                seen = [row for row in found if (item := records.get(row.record_id)) and item.currency == currency]
                for row, change in zip(seen, entries_of(self.actor, obj.name, seen, currency), strict=True):
                    key = CHANGE_RANK, f"{row.pk:020d}"
                    entry = Entry((row.at, *key), change=change)
                    told[key] = StreamEntry(entry, Reference(obj.name, row.record_id, records[row.record_id].name))
        return told

    def _records(self, obj: CompiledObject, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, _Known]:
        """Return what is told of records that the reader may see."""
        query = RecordQuery(self.actor, obj.name).where_ids(ids)
        names = query.name_fields()
        more = [CURRENCY] if self.policy.can_read_field(obj, CURRENCY) else []
        rows = query.fields("id", *names, *more).display(MAX_PAGE).rows
        return {row.id: _Known(_name(row.values, names), str(row.values.get(CURRENCY) or "")) for row in rows}

    # --- where it goes on -----------------------------------------------------------------------------------------
    @cached_property
    def _digest(self) -> str:
        wanted = self.filters
        return paging.query_hash("stream", wanted.kind, wanted.since, wanted.until, self.actor.user_id)


def _either(ways: Sequence[SqlText]) -> SqlText:
    return join_sql(" OR ", ways) if ways else FALSE


def _name(values: Mapping[str, Any], names: Iterable[str]) -> str:
    return " ".join(str(values.get(name) or "") for name in names)
