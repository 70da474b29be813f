"""The jobs of recycling: the hourly one that makes a job for every pool, and the one that takes back what is due."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from crm_platform.events.clock import database_now
from crm_platform.jobs.models import Job
from crm_platform.jobs.services import JobContext, JobFailed, enqueue
from crm_platform.kit.context import Actor
from crm_platform.kit.db import retry_unit
from crm_platform.kit.ids import parse_uuid
from metadata.compiler.current import current_snapshot
from workflows.pools.models import Pool, RecycleRun
from workflows.pools.recycling.finding import Place
from workflows.pools.recycling.outcome import tell
from workflows.pools.recycling.predicate import BrokenRules, due_plan
from workflows.pools.recycling.taking import Counts, Recycler

EVERY, ONE = "pools.recycle_all", "pools.recycle"
EVERY_SECONDS = 3_600
TRIES = 5  # of a batch that loses a race


def recycle_all(context: JobContext) -> dict[str, int]:
    """Make one job for every pool from which records return by themselves; a pool that is being worked on has one."""
    if context.cursor is None:  # tried again, the job is for the same turn
        context.save_cursor({"scheduled_for": context.now.isoformat()})
    turn = datetime.fromisoformat(context.cursor["scheduled_for"])
    pools = recycling_pools()
    for pool in pools:
        order(pool, turn)
    return {"pools": len(pools)}


def recycling_pools() -> list[Pool]:
    """Return the pools in use from which records return, of objects that have pools."""
    objects = current_snapshot().spec.object_by_id
    found = Pool.objects.filter(is_active=True, recycles=True).order_by("pk")
    return [pool for pool in found if (spec := objects.get(pool.business_object_id)) and spec.has_pools]


def order(pool: Pool, scheduled_for: datetime, actor: Actor | None = None) -> Job:
    """Queue a run of a pool; while one waits or works, that one is returned."""
    args = {"pool": str(pool.pk), "scheduled_for": scheduled_for.isoformat()}
    if actor is not None and actor.user_id is not None:
        args["ordered_by"] = str(actor.user_id)
    label = _("Return what is due: %(pool)s") % {"pool": pool.label}
    return enqueue(ONE, args, dedupe_key=f"{ONE}:{pool.pk}", label=label)


def recycle(context: JobContext) -> dict[str, Any]:
    """Take back what is due in a pool. Killed at any point and run again, it goes on where it was."""
    pool = Pool.objects.filter(pk=context.args["pool"]).first()
    if pool is None:
        raise JobFailed(_("The pool does not exist any more."))
    if not (pool.is_active and pool.recycles):  # switched off since the run was ordered
        return {}
    scheduled_for = datetime.fromisoformat(context.args["scheduled_for"])
    run = begin(pool, scheduled_for, parse_uuid(context.args.get("ordered_by")))
    if run.finished_at is not None:
        return run.counts
    try:
        recycler = Recycler(run, due_plan(pool, run.cutoff))
    except BrokenRules as error:
        with transaction.atomic():
            run.counts = {**run.counts, "error": str(error)}
            _finish(run)
        raise JobFailed(str(error)) from error
    _carry_on(context, recycler)
    return run.counts


def begin(pool: Pool, scheduled_for: datetime, ordered_by: uuid.UUID | None = None) -> RecycleRun:
    """Return the run of a pool's turn; its rules are asked as of the moment when it was first begun."""
    run, _is_new = RecycleRun.objects.get_or_create(
        pool=pool,
        scheduled_for=scheduled_for,
        defaults={"cutoff": database_now(), "ordered_by_id": ordered_by},
    )
    return run


def _carry_on(context: JobContext, recycler: Recycler) -> None:
    place = Place.of(context.cursor)
    while not recycler.is_full and (batch := recycler.next_batch(place)):
        place = batch[-1]
        retry_unit(partial(_one_batch, context, recycler, batch, dict(recycler.run.counts)), attempts=TRIES)
        context.check_abort()
    with transaction.atomic():
        recycler.run.counts = {**recycler.run.counts, "is_capped": recycler.is_full}
        _finish(recycler.run)


def _one_batch(context: JobContext, recycler: Recycler, batch: Sequence[Place], before: dict[str, Any]) -> None:
    """Take back one batch and note how far the job is, both or neither; `before` is what was counted until then."""
    recycler.counts = Counts.of(before)
    with transaction.atomic():
        recycler.take_back(batch)
        context.save_cursor(batch[-1].to_json(), done=recycler.counts.recycled)


def _finish(run: RecycleRun) -> None:
    run.finished_at = database_now()
    run.save(update_fields=["counts", "finished_at"])
    tell(run)
