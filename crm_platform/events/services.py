"""Writes the outbox: `emit` in the transaction of the change, `purge` for what everybody has read."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import connection

from crm_platform.events.consumers import consumers
from crm_platform.events.waking import WAKE_SQL, hint_after_commit
from crm_platform.kit.context import Actor
from crm_platform.kit.ids import uuid7
from crm_platform.kit.json import dumps_str
from crm_platform.tenancy.context import current_schema

RETENTION = timedelta(days=7)
ROWS_PER_STATEMENT = 1000
PURGE_BATCH = 5000

_COLUMNS = "event_id, type, object_id, object_name, record_id, version, changed, actor_id, via, request_id"
_ROW = "(%s::uuid, %s, %s, %s, %s::uuid, %s, %s::jsonb, %s::uuid, %s, %s)"


@dataclass(frozen=True, slots=True)
class EventInput:
    """What happened: `record.created|updated|deleted|restored|merged|unmerged`, `lead.converted`,
    `pool.claimed|assigned|released|recycled|recalled|moved`, or something that is about no record.

    `changed` maps API names of changed fields to whatever consumers should know of the change.
    """

    type: str
    object_id: int | None = None
    object_name: str = ""
    record_id: uuid.UUID | None = None
    version: int | None = None
    changed: Mapping[str, Any] = field(default_factory=dict)
    actor: Actor | None = None


def emit(events: Sequence[EventInput]) -> None:
    """Write the events to the outbox in the caller's transaction, and see to it that somebody reads them.

    One statement per thousand events; one wake-up row per transaction however often it is called.
    """
    schema = current_schema()
    for start in range(0, len(events), ROWS_PER_STATEMENT):
        rows = [_row(event) for event in events[start : start + ROWS_PER_STATEMENT]]
        values = ", ".join([_ROW] * len(rows))
        with connection.cursor() as cursor:
            cursor.execute(
                f"WITH woken AS ({WAKE_SQL}) "  # noqa: S608 (constants only)
                f"INSERT INTO events_outboxmessage ({_COLUMNS}) VALUES {values}",
                [schema, *(value for row in rows for value in row)],
            )
    if events:
        hint_after_commit(schema)


def _row(event: EventInput) -> tuple[Any, ...]:
    actor = event.actor
    return (
        uuid7(),
        event.type,
        event.object_id,
        event.object_name,
        event.record_id,
        event.version,
        dumps_str(event.changed),
        actor.user_id if actor else None,
        actor.via if actor else "",
        actor.request_id[:64] if actor else "",
    )


def purge(*, older_than: timedelta = RETENTION, limit: int = PURGE_BATCH) -> int:
    """Delete up to `limit` messages that are old and that every consumer has passed; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM events_outboxmessage WHERE seq IN (
                SELECT message.seq FROM events_outboxmessage message
                WHERE message.at < now() - make_interval(secs => %s)
                AND NOT EXISTS (
                    SELECT FROM unnest(%s::text[]) AS known(consumer)
                    LEFT JOIN events_consumercursor reader ON reader.consumer = known.consumer
                    WHERE reader.consumer IS NULL
                       OR (message.xid, message.seq) > (reader.xid, reader.seq)
                )
                ORDER BY message.at LIMIT %s
            )
            """,
            [older_than.total_seconds(), list(consumers.keys()), limit],
        )
        return int(cursor.rowcount)
