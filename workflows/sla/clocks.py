"""Starting and settling clocks. A clock starts when somebody gets a record; a job settles it when it is due."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from crm_platform.jobs.locality import organization_zone
from crm_platform.jobs.services import JobContext, enqueue
from crm_platform.kit.context import system_actor
from crm_platform.kit.sqlnames import quote
from crm_platform.kit.workdays import add_work_seconds
from metadata.compiler.compiled import UnknownObject
from metadata.compiler.current import current_snapshot
from metadata.expressions.surroundings import Surroundings
from objects.query.matching import matching
from objects.records.ownership import HolderChange
from objects.records.unit import run_unit
from workflows.pools.drafted import tree_of
from workflows.sla.models import SlaClock, SlaPolicy
from workflows.sla.notices import tell_missed

JOB = "sla.settle"
BATCH = 200
Kind, State = SlaClock.Kind, SlaClock.State

# Running clocks that are due, locked, with where their records are now; none for a record that is deleted.
_DUE = """
    SELECT id FROM workflows_slaclock WHERE state = 'running' AND due_at <= %s
    ORDER BY due_at, id LIMIT %s FOR UPDATE SKIP LOCKED
"""
_NOW = "SELECT t.id, t.owner_id, t.last_followup_at FROM {table} t WHERE t.id = ANY(%s) AND t.deleted_at IS NULL"


@dataclass(frozen=True)
class Standing:
    """Who owns a record, and when it was followed up last."""

    owner_id: uuid.UUID | None
    followed_up_at: datetime | None


def restart(object_id: int, changes: Sequence[HolderChange], now: datetime) -> None:
    """Stop the clocks of records that change hands, and start those that the pools of their new owners demand."""
    moved = [item for item in changes if item.before is None or item.before.owner_id != item.after.owner_id]
    lost = [item.draft.id for item in moved if item.before is not None and item.before.owner_id is not None]
    before = [record for record in lost if record is not None]
    if before:
        SlaClock.objects.filter(record_id__in=before, state=State.RUNNING).update(state=State.STOPPED, settled_at=now)
    pools = {item.after.pool_id for item in moved if item.after.owner_id is not None}
    policies = policies_of(pools) if pools else {}
    rows = []
    for item in moved:
        policy = policies.get(item.after.pool_id)
        if policy is not None and policy.first_response and item.after.owner_id and item.draft.id:
            rows.append(_clock(policy, object_id, item.draft.id, item.after.owner_id, Kind.FIRST, now))
    _start(rows)


def policies_of(pool_ids: Iterable[uuid.UUID | None]) -> dict[uuid.UUID | None, SlaPolicy]:
    """Return the policies in force of some pools."""
    rows = SlaPolicy.objects.filter(pool__in=[item for item in pool_ids if item], is_active=True)
    return {row.pool_id: row for row in rows}


def settle(context: JobContext) -> dict[str, Any]:
    """Handle the job that wakes when clocks are due."""
    missed = 0
    while True:
        looked_at, lost = run_unit(lambda: settle_some(context.now))
        missed += lost
        if looked_at < BATCH:
            return {"missed": missed}
        context.check_abort()


def settle_some(now: datetime) -> tuple[int, int]:
    """Settle clocks that are due, in the caller's transaction; returns how many, and how many of them were missed."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [now, BATCH])
        ids = [row[0] for row in cursor.fetchall()]
    rows = list(SlaClock.objects.filter(pk__in=ids).order_by("pk"))
    policies = policies_of({row.pool_id for row in rows})
    missed: list[SlaClock] = []
    for object_id in {row.object_id for row in rows}:
        missed += _settle_object(object_id, [row for row in rows if row.object_id == object_id], policies, now)
    tell_missed(missed, policies)
    return len(ids), len(missed)


def _settle_object(
    object_id: int, rows: Sequence[SlaClock], policies: dict[uuid.UUID | None, SlaPolicy], now: datetime
) -> list[SlaClock]:
    """Settle clocks of one object's records; returns those that were missed."""
    found = _standings(object_id, [row.record_id for row in rows])
    still = _still_meant(object_id, rows, policies)
    following = []
    for row in rows:
        policy, at = policies.get(row.pool_id), found.get(row.record_id)
        if policy is None or at is None or at.owner_id != row.owner_id or row.pk not in still:
            row.state, row.settled_at = State.STOPPED, now
        elif _is_met(row, at):
            row.state, row.settled_at = State.MET, at.followed_up_at
            if policy.next_response:
                assert at.followed_up_at is not None
                following.append(_clock(policy, object_id, row.record_id, row.owner_id, Kind.NEXT, at.followed_up_at))
        else:
            row.state, row.settled_at = State.MISSED, row.due_at
    SlaClock.objects.bulk_update(rows, ["state", "settled_at"])
    _start(following)
    return [row for row in rows if row.state == State.MISSED]


def _is_met(row: SlaClock, at: Standing) -> bool:
    """Tell whether a record was followed up since its clock began; with the next one that began by a follow-up."""
    if at.followed_up_at is None:
        return False
    return at.followed_up_at > row.started_at or (row.kind == Kind.FIRST and at.followed_up_at == row.started_at)


def _standings(object_id: int, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Standing]:
    try:
        table = quote(current_snapshot().object_by_id(object_id).table)
    except (KeyError, UnknownObject):
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_NOW.format(table=table), [list(ids)])
        return {key: Standing(owner, at) for key, owner, at in cursor.fetchall()}


def _still_meant(object_id: int, rows: Sequence[SlaClock], policies: dict[uuid.UUID | None, SlaPolicy]) -> set[int]:
    """Return the clocks whose records the policies mean, by the values that they have now."""
    found: set[int] = set()
    for pool_id, policy in policies.items():
        own = {row.record_id: row.pk for row in rows if row.pool_id == pool_id}
        if policy.condition is None or not own:
            found.update(own.values())
            continue
        obj = current_snapshot().object_by_id(object_id)
        tree = tree_of(obj, policy.condition)
        meant = own if tree is None else matching(system_actor(), obj, [(tree, list(own))])[0]
        found.update(own[record] for record in meant)
    return found


def _clock(
    policy: SlaPolicy, object_id: int, record_id: uuid.UUID, owner_id: uuid.UUID, kind: str, start: datetime
) -> SlaClock:
    minutes = policy.first_response if kind == Kind.FIRST else policy.next_response
    return SlaClock(
        object_id=object_id,
        record_id=record_id,
        pool_id=policy.pool_id,
        owner_id=owner_id,
        kind=kind,
        started_at=start,
        due_at=due(start, minutes, in_hours=policy.in_hours),
    )


def due(start: datetime, minutes: int, *, in_hours: bool) -> datetime:
    """Return when so many minutes have passed, of working time where that alone counts."""
    whole = start + timedelta(minutes=minutes)
    if not in_hours:
        return whole
    calendar = Surroundings(system_actor()).work_calendar()
    return add_work_seconds(calendar, start, minutes * 60, organization_zone()) or whole


def _start(rows: Sequence[SlaClock]) -> None:
    SlaClock.objects.bulk_create(rows)
    for moment in {row.due_at.replace(second=0, microsecond=0) + timedelta(minutes=1) for row in rows}:
        enqueue(JOB, {}, dedupe_key=f"{JOB}:{moment:%Y%m%d%H%M}", run_at=moment)
