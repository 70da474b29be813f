"""Reads the outbox for screens, health checks and readers who can't wait for a consumer."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection

from crm_platform.events.consumers import consumers
from crm_platform.events.models import ConsumerCursor, DeadLetter


@dataclass(frozen=True, slots=True)
class ConsumerState:
    """How a consumer fares: unread messages, the age of the oldest of them, failures, messages set aside."""

    key: str
    pending: int
    lag: timedelta
    failures: int
    error: str
    dead_letters: int


def consumer_states(cap: int = 10_000) -> list[ConsumerState]:
    """Return the state of every registered consumer; `pending` is counted up to `cap`."""
    return [_state(key, cap) for key in consumers.keys()]  # noqa: SIM118 (iterating gives consumers)


def outbox_lag() -> timedelta:
    """Return how old the oldest message is that some consumer has not taken."""
    return max((state.lag for state in consumer_states(cap=1)), default=timedelta())


def pending_record_ids(consumer: str, object_ids: list[int], limit: int) -> list[tuple[int, uuid.UUID]]:
    """Return (object, record) of changes that the consumer has not seen yet, the newest first.

    Lets a reader of the consumer's tables see its own writes at once.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT object_id, record_id FROM (
                SELECT DISTINCT ON (record_id) object_id, record_id, seq FROM (
                    SELECT object_id, record_id, seq FROM events_outboxmessage
                    WHERE {_UNREAD} AND object_id = ANY(%(objects)s) AND record_id IS NOT NULL
                    ORDER BY xid DESC, seq DESC LIMIT %(limit)s) newest
                ORDER BY record_id, seq DESC) changes
            ORDER BY seq DESC
            """,  # noqa: S608 (constants only)
            {"key": consumer, "objects": object_ids, "limit": limit},
        )
        return list(cursor.fetchall())


_UNREAD = """(xid, seq) > (
    coalesce((SELECT xid FROM events_consumercursor WHERE consumer = %(key)s), '0'),
    coalesce((SELECT seq FROM events_consumercursor WHERE consumer = %(key)s), 0))"""


def _state(key: str, cap: int) -> ConsumerState:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM (SELECT FROM events_outboxmessage WHERE {_UNREAD} LIMIT %(cap)s) unread",  # noqa: S608
            {"key": key, "cap": cap},
        )
        pending = int(cursor.fetchone()[0])
        cursor.execute(
            f"SELECT clock_timestamp() - at FROM events_outboxmessage WHERE {_UNREAD} ORDER BY xid, seq LIMIT 1",  # noqa: S608
            {"key": key},
        )
        oldest = cursor.fetchone()
    reader = ConsumerCursor.objects.filter(pk=key).first()
    return ConsumerState(
        key,
        pending,
        oldest[0] if oldest else timedelta(),
        reader.failures if reader else 0,
        reader.error if reader else "",
        DeadLetter.objects.filter(consumer=key).count(),
    )
