"""Taking on what one was given: who does nothing about it in time loses it to the next one."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from crm_platform.jobs.services import JobContext
from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.errors import NotFound
from crm_platform.kit.sqlnames import quote
from metadata.compiler.current import current_snapshot
from objects.records.drafts import Movement
from objects.records.ownership import Holder, Move
from objects.records.service import RecordService
from objects.records.unit import run_unit
from workflows.assignment.models import Assignment
from workflows.assignment.routing import BATCH, request_routing
from workflows.pools.models import Pool, PoolMovement

State = Assignment.State
NOT_TAKEN_ON = "not_taken_on"  # what the movement names as the reason

_DUE = """
    SELECT id FROM workflows_assignment WHERE state = 'given' AND accept_by <= %s
    ORDER BY accept_by LIMIT %s FOR UPDATE SKIP LOCKED
"""
# Whoever writes something down about the record, or changes it himself, has taken it on.
_ACTED = """
    SELECT t.id, t.owner_id, t.last_followup_at >= a.at OR t.last_activity_at >= a.at
        OR (t.updated_by_id = a.user_id AND t.updated_at > a.at)
    FROM {table} t JOIN workflows_assignment a ON a.record_id = t.id
    WHERE a.id = ANY(%s) AND t.deleted_at IS NULL ORDER BY t.id FOR NO KEY UPDATE OF t
"""


def accept(actor: Actor, record_id: uuid.UUID) -> Assignment:
    """Say that one has taken a record on; raises NotFound where the caller has none to take on."""

    def work() -> Assignment:
        rows = Assignment.objects.select_for_update(of=("self",)).filter(state=State.GIVEN, user=actor.user_id)
        row = rows.filter(record_id=record_id).order_by("-at").first()
        if row is None:
            raise NotFound
        _settle([row], State.ACCEPTED, timezone.now())
        return row

    return run_unit(work)


def settle_due(context: JobContext) -> dict[str, Any]:
    """Handle the job that wakes when somebody should have taken on what he was given."""
    missed = 0
    while True:
        looked_at, lost = run_unit(lambda: _settle_some(context.now))
        missed += lost
        if looked_at < BATCH:
            break
        context.check_abort()
    return {"missed": missed}


def _settle_some(now: datetime) -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [now, BATCH])
        ids = [row[0] for row in cursor.fetchall()]
    rows = list(Assignment.objects.filter(pk__in=ids))
    missed: list[Assignment] = []
    for pool_id in {row.pool_id for row in rows}:
        missed += _settle_pool(pool_id, [row for row in rows if row.pool_id == pool_id], now)
    return len(ids), len(missed)


def _settle_pool(pool_id: uuid.UUID, rows: Sequence[Assignment], now: datetime) -> list[Assignment]:
    """Settle what is due of one pool; returns what goes back because nothing was done about it."""
    pool = Pool.objects.select_related("business_object").filter(pk=pool_id).first()
    spec = current_snapshot().spec.object_by_id.get(rows[0].object_id)
    if pool is None or spec is None:
        _settle(rows, State.ACCEPTED, now)
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            _ACTED.format(table=quote(current_snapshot().object(spec.api_name).table)), [[r.pk for r in rows]]
        )
        found = {key: (owner, bool(acted)) for key, owner, acted in cursor.fetchall()}
    missed = [row for row in rows if found.get(row.record_id, (None, True)) == (row.user_id, False)]
    lost = {row.pk for row in missed}
    _settle([row for row in rows if row.pk not in lost], State.ACCEPTED, now)
    _settle(missed, State.MISSED, now)
    moves = [Move(r.record_id, Holder(None, pool.pk), expected=Holder(r.user_id, pool.pk)) for r in missed]
    if moves:
        movement = Movement(PoolMovement.Kind.ROUTE, reason=NOT_TAKEN_ON)
        RecordService(system_actor("assignment")).move(spec.api_name, moves, movement)
        request_routing(pool.pk)
    return missed


def _settle(rows: Sequence[Assignment], state: str, now: datetime) -> None:
    for row in rows:
        row.state, row.settled_at = state, now
    Assignment.objects.bulk_update(rows, ["state", "settled_at"])
