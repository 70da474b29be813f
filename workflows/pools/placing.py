"""Which pool records belong to that have none: the first active one, by position, whose scope they meet."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

from crm_platform.kit.context import Actor
from metadata.compiler.compiled import CompiledObject
from objects.query.matching import matching
from objects.records.drafts import Batch
from objects.records.ownership import POOL, holder_after
from workflows.pools.drafted import meeting, tree_of
from workflows.pools.rules import pool_rules


def place(batch: Batch) -> None:
    """Give the drafts that have no pool one; a pool that was chosen, be it none, stays."""
    pools = pool_rules(batch.actor).active(batch.object.spec.id)
    left = [
        draft
        for draft in batch.sound
        if POOL not in draft.values and draft.id is not None and holder_after(draft).pool_id is None
    ]
    if not batch.is_create:
        left = [draft for draft in left if "owner_id" in draft.changes]
    for pool in pools:
        if not left:
            return
        taken = meeting(batch, left, pool.scope)
        for draft in left:
            if draft.id in taken:
                draft.values[POOL] = pool.pk
                if draft.record is not None:
                    draft.changes[POOL] = (None, pool.pk)
        left = [draft for draft in left if draft.id not in taken]


def pools_for(actor: Actor, obj: CompiledObject, ids: Iterable[uuid.UUID], now: datetime) -> dict[uuid.UUID, uuid.UUID]:
    """Return the pool of each stored record whose values some pool takes."""
    found: dict[uuid.UUID, uuid.UUID] = {}
    left = set(ids)
    for pool in pool_rules(actor).active(obj.spec.id):
        tree = tree_of(obj, pool.scope)
        if not left:
            break
        taken = left if tree is None else matching(actor, obj, [(tree, sorted(left))])[0]
        found |= dict.fromkeys(taken, pool.pk)
        left = left - taken
    return found
