"""What goes with the owner of a record that comes into a pool: his team on it, and his open tasks about it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence

from objects.access.models import RecordShare
from objects.activities.leftovers import Leftover, settle
from objects.records.drafts import Batch
from objects.records.ownership import HolderChange
from workflows.pools import notices
from workflows.pools.models import OpenTasks, Pool, PoolMovement
from workflows.pools.rules import pool_rules

Former = Mapping[uuid.UUID, uuid.UUID]  # owners until now, by record


def end_teams(batch: Batch, changes: Sequence[HolderChange]) -> None:
    """Clear the teams of what has come into a pool that keeps none."""
    returned = [record for pool, owners in _returned(batch, changes) if not pool.keeps_team for record in owners]
    if returned:
        rows = RecordShare.objects.filter(object_id=batch.object.spec.id, record_id__in=returned)
        rows.filter(source=RecordShare.Source.TEAM).delete()


def settle_tasks(batch: Batch, changes: Sequence[HolderChange]) -> dict[uuid.UUID, list[Leftover]]:
    """Cancel the former owners' open tasks about what has come into a pool, or hand them over, as the pool says.

    Who hands over what a leaver holds has decided about his tasks already. Returns what was settled, by record.
    """
    settled: dict[uuid.UUID, list[Leftover]] = {}
    if batch.movement.kind == PoolMovement.Kind.HANDOVER:
        return settled
    for pool, owners in _returned(batch, changes):
        if pool.open_tasks == OpenTasks.LEAVE:
            continue
        admin = _admin(pool) if pool.open_tasks == OpenTasks.ADMIN else None
        if admin is not None or pool.open_tasks == OpenTasks.CLOSE:
            settled |= settle(batch.actor, batch.object.name, owners, admin)
    return settled


def _returned(batch: Batch, changes: Sequence[HolderChange]) -> list[tuple[Pool, Former]]:
    """Return the records that had owners and wait in a pool now, pool by pool."""
    pools = pool_rules(batch.actor).pools
    found: dict[uuid.UUID, dict[uuid.UUID, uuid.UUID]] = defaultdict(dict)
    for change in changes:
        before, after, record = change.before, change.after, change.draft.id
        if record is not None and before is not None and before.owner_id is not None and after.is_waiting:
            assert after.pool_id is not None
            found[after.pool_id][record] = before.owner_id
    return [(pools[key], owners) for key, owners in found.items() if key in pools]


def _admin(pool: Pool) -> uuid.UUID | None:
    """Return the administrator who takes tasks over: the first by id, so that it is the same one every time."""
    return next(iter(notices.admins_of(pool)), None)
