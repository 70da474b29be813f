"""Undoing a run within a week: what nobody has taken since goes back to its old owners, as far as they may hold it."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from crm_platform.events.clock import database_now
from crm_platform.identity.models import User
from crm_platform.jobs.models import Job
from crm_platform.jobs.services import JobContext, JobFailed, enqueue
from crm_platform.kit.context import Actor
from crm_platform.kit.db import advisory_xact_lock, retry_unit
from crm_platform.kit.errors import NotFound, StateConflict
from metadata.compiler.current import current_snapshot
from objects.activities.leftovers import Leftover, take_up
from objects.records.drafts import Movement
from objects.records.ownership import Holder, Move
from objects.records.service import RecordService
from workflows.pools.models import PoolMovement, RecycleRun
from workflows.pools.services.seats import seat

UNDO = "pools.recycle_undo"
WITHIN = timedelta(days=7)
BATCH, TRIES = 200, 5
REPORTED = 1_000  # records that could not go back, in the job's result
TAKEN, INACTIVE = "already_claimed", "inactive_reference"


def order_undo(actor: Actor, run_id: uuid.UUID, pool_id: uuid.UUID | None = None) -> Job:
    """Queue the undoing of a run, for administrators of its pool.

    With `pool_id` a run of another pool is not found. Raises NotFound, Forbidden, and StateConflict for a run that
    is still going on, undone or too old.
    """
    run = RecycleRun.objects.filter(pk=run_id).select_related("pool").first()
    if run is None or pool_id not in (None, run.pool_id):
        raise NotFound
    seat(actor, run.pool_id).require_admin()
    if run.finished_at is None:
        raise StateConflict(_("The run is still going on."))
    if run.is_undone:
        raise StateConflict(_("The run has been undone already."))
    if run.finished_at < database_now() - WITHIN:
        raise StateConflict(_("A run can be undone for %(days)d days only.") % {"days": WITHIN.days})
    label = _("Undo what has returned: %(pool)s") % {"pool": run.pool.label}
    return enqueue(UNDO, {"run": str(run.pk)}, actor=actor, dedupe_key=f"{UNDO}:{run.pk}", label=label)


def undo(context: JobContext) -> dict[str, Any]:
    """Give the records of a run back, batch by batch; tells which could not go back, and why."""
    run = RecycleRun.objects.filter(pk=context.args["run"]).select_related("pool").first()
    if run is None:
        raise JobFailed(_("The pool does not exist any more."))
    state = context.cursor or {"after": 0, "restored": 0, "refused": {}, "records": []}
    while rows := _next(run, state["after"]):
        state = retry_unit(partial(_one_batch, context, run, rows, state), attempts=TRIES)
        context.check_abort()
    RecycleRun.objects.filter(pk=run.pk).update(is_undone=True)
    return {name: state[name] for name in ("restored", "refused", "records")}


def _next(run: RecycleRun, after: int) -> list[PoolMovement]:
    moved = PoolMovement.objects.filter(run_id=run.pk, kind=PoolMovement.Kind.RECYCLE, undone_at=None, pk__gt=after)
    return list(moved.order_by("pk")[:BATCH])


def _one_batch(
    context: JobContext, run: RecycleRun, rows: Sequence[PoolMovement], before: dict[str, Any]
) -> dict[str, Any]:
    """Give one batch back, and note how far the job is; returns the new state of the job."""
    with transaction.atomic():
        advisory_xact_lock("pools.recycle", run.pool_id)
        failed = _give_back(context.actor, run, rows)
        counted = Counter(before["refused"]) + Counter(failed.values())
        told = [{"id": str(record_id), "code": code} for record_id, code in failed.items()]
        state = {
            "after": rows[-1].pk,
            "restored": before["restored"] + len(rows) - len(failed),
            "refused": dict(counted),
            "records": [*before["records"], *told][:REPORTED],
        }
        context.save_cursor(state, done=state["restored"])
    return state


def _give_back(actor: Actor, run: RecycleRun, rows: Sequence[PoolMovement]) -> dict[uuid.UUID, str]:
    """Give records back to those who had them, with their tasks; returns why others could not go, by record."""
    later = PoolMovement.objects.filter(record_id=OuterRef("record_id"), pk__gt=OuterRef("pk"))
    found = PoolMovement.objects.filter(pk__in=[row.pk for row in rows])
    touched = set(found.filter(Exists(later)).values_list("pk", flat=True))
    owners = {row.from_owner_id for row in rows if row.from_owner_id}
    active = set(User.objects.filter(pk__in=owners, is_active=True).values_list("pk", flat=True))
    failed = {row.record_id: TAKEN for row in rows if row.pk in touched}
    failed |= {
        row.record_id: INACTIVE for row in rows if row.record_id not in failed and row.from_owner_id not in active
    }
    left = [row for row in rows if row.record_id not in failed]
    moves = [
        Move(row.record_id, Holder(row.from_owner_id, row.from_pool_id), expected=Holder(None, row.to_pool_id))
        for row in left
    ]
    movement = Movement(PoolMovement.Kind.UNDO, run_id=run.pk)
    object_name = current_snapshot().spec.object_by_id[run.pool.business_object_id].api_name
    results = RecordService(actor).move(object_name, moves, movement) if moves else []
    done = []
    for row, result in zip(left, results, strict=True):
        if result.errors:
            code = result.errors[0].code
            failed[row.record_id] = TAKEN if code == "state_conflict" else code
        else:
            done.append(row)
    PoolMovement.objects.filter(pk__in=[row.pk for row in done]).update(undone_at=database_now())
    take_up(actor, [Leftover.of(item) for row in done for item in (row.evidence or {}).get("tasks", ())])
    return failed
