"""What people are told after a run: owners what they have lost, the pool's administrators what came back."""

from __future__ import annotations

import uuid

from django.db.models import Count
from django.utils.translation import gettext_noop

from metadata.compiler.current import current_snapshot
from workflows.pools import notices
from workflows.pools.models import PoolMovement, RecycleRun

LOST = gettext_noop("%(count)s of your records have returned to %(pool)s")
CAME = gettext_noop("%(count)s records have returned to %(pool)s")
BROKEN = gettext_noop("Nothing returns to %(pool)s: its rules do not fit the data model any longer")


def tell(run: RecycleRun) -> None:
    """Tell owners and administrators of what a run has done, in the caller's transaction."""
    pool = run.pool
    data = {"pool": pool.label}
    if run.counts.get("error"):
        day = f"{run.cutoff:%Y-%m-%d}"
        people = notices.admins_of(pool)
        notices.tell(people, notices.RECYCLED, title=BROKEN, data=data, dedupe_key=f"pools.broken:{pool.pk}:{day}")
        return
    if not run.counts.get("recycled"):
        return
    url = notices.list_url(current_snapshot().spec.object_by_id[pool.business_object_id].api_name)
    for owner_id, count in _lost(run):
        told = {**data, "count": count}
        key = f"pools.recycled:{run.pk}:{owner_id}"
        notices.tell([owner_id], notices.RECYCLED, title=LOST, url=url, data=told, dedupe_key=key)
    told = {**data, "count": run.counts["recycled"]}
    key = f"pools.recycled:{run.pk}"
    notices.tell(notices.admins_of(pool), notices.RECYCLED, title=CAME, url=url, data=told, dedupe_key=key)


def _lost(run: RecycleRun) -> list[tuple[uuid.UUID, int]]:
    """Return how many records each owner has lost in a run."""
    moved = PoolMovement.objects.filter(run_id=run.pk, kind=PoolMovement.Kind.RECYCLE)
    counted = moved.values("from_owner_id").annotate(count=Count("pk")).order_by("from_owner_id")
    return [(owner_id, count) for owner_id, count in counted.values_list("from_owner_id", "count") if owner_id]
