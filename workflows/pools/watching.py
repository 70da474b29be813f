"""What pools do whenever a record changes hands: choose its pool, keep to the limits, write down the movement."""

from __future__ import annotations

from collections.abc import Sequence

from objects.access.models import RecordShare
from objects.records.drafts import Batch
from objects.records.ownership import HolderChange
from workflows.pools import placing, room
from workflows.pools.models import PoolMovement
from workflows.pools.rules import pool_rules

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
        """Write one movement for every record that changed hands; end the teams that go with the owner."""
        _end_teams(batch, changes)
        PoolMovement.objects.bulk_create([_movement(batch, change) for change in changes], batch_size=1_000)


def _end_teams(batch: Batch, changes: Sequence[HolderChange]) -> None:
    """Clear the teams of what has come into a pool that keeps none."""
    pools = pool_rules(batch.actor).pools
    returned = [
        change.draft.id
        for change in changes
        if change.draft.id is not None
        and change.before is not None
        and change.before.owner_id is not None
        and change.after.is_waiting
        and (pool := pools.get(change.after.pool_id)) is not None  # type: ignore[arg-type]
        and not pool.keeps_team
    ]
    if returned:
        rows = RecordShare.objects.filter(object_id=batch.object.spec.id, record_id__in=returned)
        rows.filter(source=RecordShare.Source.TEAM).delete()


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
