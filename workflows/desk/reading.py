"""What the desk asks of the database: ids and figures; the records themselves are read as the caller may see them.

"Unhandled" is what somebody has got and not followed up since; of the last month alone, which an index finds.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from crm_platform.kit.context import Actor
from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledObject
from objects.access.policy import AccessPolicy
from objects.access.reach import TRANSFER
from objects.query.params import SqlText
from objects.records.locking import scope_sql
from objects.records.models import Holding

CONVERTED = "converted_at"
RECENT = timedelta(days=30)
MOST_PEOPLE = 100
UNHANDLED = "(t.last_followup_at IS NULL OR t.last_followup_at < t.last_owner_change_at)"


@dataclass(frozen=True)
class Board:
    """Of whose records somebody is in charge: those that he may transfer, and those of the pools he administers."""

    actor: Actor
    obj: CompiledObject
    pools: tuple[uuid.UUID, ...]  # all in use
    administered: tuple[uuid.UUID, ...]

    @property
    def reach(self) -> SqlText:
        policy = AccessPolicy.of(self.actor)
        own = scope_sql(policy, self.obj, TRANSFER) if policy.can(self.obj.name, TRANSFER) else SqlText("FALSE", ())
        return SqlText(f"({own.text} OR t.pool_id = ANY(%s::uuid[]))", (*own.params, texts(self.administered)))

    def people(self) -> dict[uuid.UUID, int]:
        """Return how many records people in reach hold, those with most first."""
        reach = self.reach
        is_within = (
            f"SELECT FROM {quote(self.obj.table)} t"
            f" WHERE t.owner_id = h.user_id AND t.deleted_at IS NULL AND {reach.text}"
        )
        holding = quote(Holding._meta.db_table)
        rows = _rows(
            f"SELECT h.user_id, sum(h.held)::bigint FROM {holding} h WHERE h.object_id = %s AND h.held > 0"  # noqa: S608
            f" AND EXISTS ({is_within}) GROUP BY h.user_id ORDER BY 2 DESC, 1 LIMIT {MOST_PEOPLE}",
            [self.obj.spec.id, *reach.params],
        )
        return dict(rows)

    def unhandled(self, now: datetime, limit: int) -> tuple[list[uuid.UUID], dict[uuid.UUID, int]]:
        """Return the unhandled records, those that wait longest first, and how many there are by owner."""
        reach = self.reach
        where = (
            f"FROM {quote(self.obj.table)} t WHERE t.pool_id = ANY(%s::uuid[]) AND t.owner_id IS NOT NULL"
            f" AND t.deleted_at IS NULL AND t.last_owner_change_at >= %s AND {UNHANDLED}"
            f" AND {open_sql(self.obj)} AND {reach.text}"
        )
        params = [texts(self.pools), now - RECENT, *reach.params]
        ids = _rows(f"SELECT t.id {where} ORDER BY t.last_owner_change_at, t.id LIMIT %s", [*params, limit])
        counts = _rows(f"SELECT t.owner_id, count(*) {where} GROUP BY t.owner_id", params)
        return [row[0] for row in ids], dict(counts)


def my_records(actor: Actor, obj: CompiledObject, limit: int) -> list[tuple[uuid.UUID, bool]]:
    """Return the caller's open records and whether each is unhandled: those first, then what rests longest."""
    rows = _rows(
        f"SELECT t.id, {UNHANDLED} AS is_new FROM {quote(obj.table)} t"  # noqa: S608 (physical names, constants)
        f" WHERE t.owner_id = %s AND t.deleted_at IS NULL AND {open_sql(obj)}"
        " ORDER BY is_new DESC, greatest(t.last_followup_at, t.last_owner_change_at), t.id LIMIT %s",
        [actor.user_id, limit],
    )
    return [(row[0], row[1]) for row in rows]


def open_sql(obj: CompiledObject) -> str:
    """Return the predicate of records that are still worked on: what is converted is not."""
    field = obj.fields.get(CONVERTED)
    if field is None or field.is_second:
        return "TRUE"
    return f"t.{quote(field.main.column)} IS NULL"


def texts(ids: Sequence[uuid.UUID]) -> list[str]:
    return [str(item) for item in ids]


def _rows(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, list(params))
        return list(cursor.fetchall())
