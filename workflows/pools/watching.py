"""What pools do whenever a record changes hands: choose its pool, keep to the limits, write down the movement."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from objects.activities.leftovers import Leftover
from objects.records.drafts import Batch
from objects.records.ownership import HolderChange
from workflows.pools import happenings, leaving, placing, room
from workflows.pools.models import PoolMovement

Kind = PoolMovement.Kind
BY_EVENT = {"import": Kind.IMPORT, "convert": Kind.CONVERT}


class PoolWatcher:
    """The watcher of owners that belongs to pools."""

    key = "pools"

    def place(self, batch: Batch) -> None:
        """Give records that belong to no pool the first one that takes them."""
        placing.place(batch)

    def admit(self, batch: Batch, changes: Sequence[HolderChange]) -> None:
        """Refuse owners who hold as much as they may."""
        room.admit(batch, changes)

    def note(self, batch: Batch, changes: Sequence[HolderChange]) -> None:
        """Write one movement for every record that changed hands, and tell; end what goes with the owner."""
        leaving.end_teams(batch, changes)
        tasks = leaving.settle_tasks(batch, changes)
        rows = [_movement(batch, change, tasks) for change in changes]
        happenings.announce(batch, PoolMovement.objects.bulk_create(rows, batch_size=1_000))


def _movement(batch: Batch, change: HolderChange, tasks: Mapping[uuid.UUID, Sequence[Leftover]]) -> PoolMovement:
    movement, draft = batch.movement, change.draft
    usual = Kind.CREATE if change.before is None else Kind.TRANSFER
    assert draft.id is not None
    settled = {"tasks": [item.to_json() for item in tasks[draft.id]]} if draft.id in tasks else None
    evidence = movement.evidence.get(draft.id)
    return PoolMovement(
        object_id=batch.object.spec.id,
        record_id=draft.id,
        kind=movement.kind or BY_EVENT.get(batch.event, usual),
        from_owner_id=change.before and change.before.owner_id,
        to_owner_id=change.after.owner_id,
        from_pool_id=change.before and change.before.pool_id,
        to_pool_id=change.after.pool_id,
        actor_id=batch.actor.user_id,
        via=batch.actor.via,
        reason=movement.reason[:80],
        note=movement.note[:300],
        rule_id=movement.rule_id,
        run_id=movement.run_id,
        evidence={**(evidence or {}), **settled} if settled else evidence,
        at=batch.now,
    )
