"""What pools do whenever a record changes hands: choose its pool, keep to the limits, write down the movement."""

from __future__ import annotations

from collections.abc import Sequence

from objects.records.drafts import Batch
from objects.records.ownership import HolderChange
from workflows.pools.models import PoolMovement

Kind = PoolMovement.Kind
BY_EVENT = {"import": Kind.IMPORT, "convert": Kind.CONVERT}


class PoolWatcher:
    """The watcher of owners that belongs to pools."""

    key = "pools"

    def place(self, batch: Batch) -> None:
        """Give records that belong to no pool the first one that takes them."""

    def admit(self, batch: Batch, changes: Sequence[HolderChange]) -> None:
        """Refuse owners who hold as much as they may."""

    def note(self, batch: Batch, changes: Sequence[HolderChange]) -> None:
        """Write one movement for every record that changed hands."""
        PoolMovement.objects.bulk_create([_movement(batch, change) for change in changes], batch_size=1_000)


def _movement(batch: Batch, change: HolderChange) -> PoolMovement:
    movement, draft = batch.movement, change.draft
    usual = Kind.CREATE if change.before is None else Kind.TRANSFER
    assert draft.id is not None
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
        evidence=movement.evidence.get(draft.id),
        at=batch.now,
    )
