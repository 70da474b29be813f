"""Writing history: one row per changed record, all rows of a batch in one statement."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from crm_platform.kit.context import Actor
from crm_platform.kit.json import dumps_str

_SQL = """
    INSERT INTO objects_recordchange
        (object_id, action, at, actor_id, actor_name, via, request_id, record_id, version, changes)
    SELECT %s, %s, %s, %s::uuid, %s, %s, %s, record_id, version, changes
    FROM unnest(%s::uuid[], %s::int[], %s::jsonb[]) AS change (record_id, version, changes)
"""


@dataclass(frozen=True, slots=True)
class ChangeInput:
    """A record's new version; `changes` is keyed by field id: `{"42": {"old": …, "new": …}}`."""

    record_id: uuid.UUID
    version: int
    changes: Mapping[str, Any] = field(default_factory=dict)


def record_changes(actor: Actor, object_id: int, action: str, at: datetime, rows: Sequence[ChangeInput]) -> None:
    """Write the changes of records of one object, made by one actor at one time."""
    if not rows:
        return
    params: list[Any] = [
        *(object_id, action, at, actor.user_id, actor.name[:100], actor.via[:20], actor.request_id[:64]),
        [row.record_id for row in rows],
        [row.version for row in rows],
        [dumps_str(row.changes) for row in rows],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_SQL, params)
