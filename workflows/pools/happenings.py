"""Events of pools in the outbox: one for each movement by which a record is given out, comes back, or goes elsewhere.

`changed` holds owner and pool, old and new, as events of records do; `movement` says why.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from crm_platform.events.services import EventInput, emit
from objects.records.drafts import Batch
from workflows.pools.models import PoolMovement

CLAIMED, ASSIGNED, RELEASED = "pool.claimed", "pool.assigned", "pool.released"
RECYCLED, RECALLED, MOVED = "pool.recycled", "pool.recalled", "pool.moved"
EVENT_TYPES = (CLAIMED, ASSIGNED, RELEASED, RECYCLED, RECALLED, MOVED)

Kind = PoolMovement.Kind
_BY_KIND: Mapping[str, str] = {
    Kind.CLAIM: CLAIMED,
    Kind.ASSIGN: ASSIGNED,
    Kind.ROUTE: ASSIGNED,
    Kind.UNDO: ASSIGNED,  # of recycling: it goes back to who had it
    Kind.RELEASE: RELEASED,
    Kind.RECYCLE: RECYCLED,
    Kind.RECALL: RECALLED,
    Kind.MOVE: MOVED,
}


def announce(batch: Batch, movements: Sequence[PoolMovement]) -> None:
    """Write the events of some movements, in their transaction; what else happens to owners, record events tell."""
    versions = {draft.id: draft.version for draft in batch.sound}
    emit(
        [
            EventInput(
                _BY_KIND[row.kind],
                row.object_id,
                batch.object.name,
                row.record_id,
                versions.get(row.record_id),
                _told(row),
                batch.actor,
            )
            for row in movements
            if row.kind in _BY_KIND
        ]
    )


def _told(row: PoolMovement) -> dict[str, Any]:
    pairs = {"owner_id": (row.from_owner_id, row.to_owner_id), "pool_id": (row.from_pool_id, row.to_pool_id)}
    changed = {name: {"old": _id(old), "new": _id(new)} for name, (old, new) in pairs.items() if old != new}
    why = {"id": row.pk, "reason": row.reason, "rule_id": row.rule_id, "run_id": _id(row.run_id)}
    return {**changed, "movement": {name: value for name, value in why.items() if value}}


def _id(value: uuid.UUID | None) -> str | None:
    return str(value) if value else None
