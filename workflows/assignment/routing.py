"""Giving out what waits: a job per pool, woken when a record comes in and, for what was left over, some time later.

Whoever routes holds the rows of the rules' members, so that turns and loads are those that were decided by.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from crm_platform.jobs.models import Job
from crm_platform.jobs.services import JobContext, enqueue
from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.sqlnames import quote
from metadata.compiler.current import current_snapshot
from objects.records.drafts import Movement
from objects.records.ownership import Holder, Move
from objects.records.service import RecordService
from objects.records.unit import run_unit
from workflows.assignment.choosing import Candidate
from workflows.assignment.deciding import Decider, Decision, Entry
from workflows.assignment.models import Assignment, AssignmentMember, AssignmentRule
from workflows.assignment.people import candidates_of, next_opening
from workflows.pools.models import Pool, PoolMovement

JOB, SETTLE = "assignment.route", "assignment.settle"
BATCH = 100
PATIENCE = timedelta(minutes=10)  # before a record that nobody was free for is looked at again
State = Assignment.State

# What waits, by which movement it came, and who was given it since and did not take it on. A record that went back
# from such a person entered by the movement before.
_WAITING = """
    SELECT t.id, m.kind, ARRAY(
        SELECT a.user_id FROM workflows_assignment a
        WHERE a.record_id = t.id AND a.state = 'missed' AND a.at >= m.at AND a.user_id IS NOT NULL)
    FROM {table} t
    JOIN LATERAL (
        SELECT kind, at FROM workflows_poolmovement
        WHERE record_id = t.id AND kind = ANY(%(entries)s) AND to_owner_id IS NULL ORDER BY id DESC LIMIT 1) m ON TRUE
    WHERE t.owner_id IS NULL AND t.pool_id = %(pool)s AND t.deleted_at IS NULL
    AND (%(ids)s::uuid[] IS NULL OR t.id = ANY(%(ids)s::uuid[])) AND NOT EXISTS (
        SELECT 1 FROM workflows_assignment a
        WHERE a.record_id = t.id AND a.state = 'unplaced' AND a.at >= m.at AND a.at > %(since)s)
    ORDER BY m.at, t.id LIMIT %(limit)s FOR NO KEY UPDATE OF t SKIP LOCKED
"""


@dataclass(frozen=True)
class Order:
    """What somebody wants given out at once: these records, or the oldest (None), as far as they are in his `reach`."""

    actor: Actor
    ids: Sequence[uuid.UUID] | None
    reach: Callable[[Sequence[uuid.UUID]], Collection[uuid.UUID]]


def request_routing(pool_id: uuid.UUID, at: datetime | None = None) -> None:
    """Have what waits in a pool looked at soon, or at a moment, in the caller's transaction; once for each minute."""
    moment = at or timezone.now()
    job = enqueue(JOB, {"pool": str(pool_id)}, dedupe_key=f"{JOB}:{pool_id}:{moment:%Y%m%d%H%M}", run_at=at)
    if job.state == Job.State.RUNNING:  # it may have looked already
        request_routing(pool_id, moment.replace(second=0, microsecond=0) + timedelta(minutes=1))


def request_settling(moments: Iterable[datetime]) -> None:
    """Have somebody see at these moments who has taken on what he was given; once for each minute."""
    for moment in {moment.replace(second=0, microsecond=0) + timedelta(minutes=1) for moment in moments}:
        enqueue(SETTLE, {}, dedupe_key=f"{SETTLE}:{moment:%Y%m%d%H%M}", run_at=moment)


def route_pool(context: JobContext) -> dict[str, Any]:
    """Handle the job: batches of records, each decided and given out in one transaction."""
    pool_id, given = uuid.UUID(context.args["pool"]), 0
    while True:
        count, placed = route(pool_id, timezone.now())
        given += placed
        if count < BATCH:
            return {"given": given}
        context.check_abort()


def route(pool_id: uuid.UUID, now: datetime) -> tuple[int, int]:
    """Give out some of what waits in a pool; returns how many records were looked at, and how many given."""
    final = run_unit(lambda: decide_and_give(pool_id, now))
    return len(final), sum(item.choice is not None for item in final.values())


def decide_and_give(pool_id: uuid.UUID, now: datetime, order: Order | None = None) -> dict[uuid.UUID, Decision]:
    """Give out some of what waits in a pool, in the caller's unit; returns what was decided about each record."""
    pool = Pool.objects.select_related("business_object").filter(pk=pool_id, is_active=True).first()
    if pool is None:
        return {}
    rules = _usable_rules(pool, now)
    if not rules:
        return {}
    decider = Decider(pool, rules, candidates_of(pool, rules, now, lock=True), now)
    entries = _waiting(pool, rules, now, order)
    decisions = decider.decide(entries)
    final = _hand_out(decider, entries, decisions, order.actor if order else system_actor("assignment"))
    _write(decider, final)
    return final


def evidence_of(decision: Decision) -> dict[str, Any] | None:
    """Return by which rule and why somebody was chosen, as the log of the pool keeps it; None where nobody was."""
    if decision.rule is None or decision.choice is None:
        return None
    return {"rule": decision.rule.label, "why": decision.choice.reason, **decision.choice.facts}


def _usable_rules(pool: Pool, now: datetime) -> list[AssignmentRule]:
    """Return the active rules of a pool, in order; those of working hours wait for the next ones."""
    rules = list(AssignmentRule.objects.filter(pool=pool, is_active=True).order_by("position", "id"))
    if any(rule.only_in_hours for rule in rules):
        opening = next_opening(now)
        if opening > now:
            request_routing(pool.pk, opening)
            rules = [rule for rule in rules if not rule.only_in_hours]
    return rules


def _waiting(pool: Pool, rules: Sequence[AssignmentRule], now: datetime, order: Order | None) -> list[Entry]:
    """Return records that wait and that some rule may look at, oldest first, locked.

    For whom nobody was free lately waits on, unless somebody names it.
    """
    table = quote(current_snapshot().object(pool.business_object.api_name).table)
    entries = sorted({kind for rule in rules for kind in rule.entries})
    ids = list(order.ids) if order and order.ids is not None else None
    values: dict[str, Any] = {"entries": entries, "pool": pool.pk, "ids": ids, "limit": BATCH}
    values["since"] = now - PATIENCE if ids is None else now
    with connection.cursor() as cursor:
        cursor.execute(_WAITING.format(table=table), values)
        found = [Entry(key, kind, frozenset(tried)) for key, kind, tried in cursor.fetchall()]
    if order is None:
        return found
    reached = frozenset(order.reach([entry.id for entry in found]))
    return [entry for entry in found if entry.id in reached]


def _hand_out(
    decider: Decider, entries: Sequence[Entry], decisions: dict[uuid.UUID, Decision], giver: Actor
) -> dict[uuid.UUID, Decision]:
    """Move the records to whom was chosen; for those whom a cap refuses, choose again without the person."""
    final: dict[uuid.UUID, Decision] = {}
    left = list(entries)
    while left:
        refused = _move(decider.pool, {entry.id: decisions[entry.id] for entry in left}, giver)
        final |= {entry.id: decisions[entry.id] for entry in left if entry.id not in refused}
        left = [entry for entry in left if entry.id in refused]
        for entry in left:
            choice = decisions[entry.id].choice
            assert choice is not None
            choice.candidate.assigned -= 1
            decider.exclude(choice.candidate.user_id)
        decisions = decider.decide(left)
    return final


def _move(pool: Pool, decisions: Mapping[uuid.UUID, Decision], giver: Actor) -> set[uuid.UUID]:
    """Carry decisions out; returns the records whose new owner may not hold any more."""
    chosen = {key: item for key, item in decisions.items() if item.choice is not None}
    waits = Holder(None, pool.pk)
    moves, evidence = [], {}
    for record, decision in chosen.items():
        assert decision.choice is not None
        moves.append(Move(record, Holder(decision.choice.candidate.user_id, pool.pk), expected=waits))
        evidence[record] = evidence_of(decision)
    if not moves:
        return set()
    movement = Movement(PoolMovement.Kind.ROUTE, evidence=evidence)
    results = RecordService(giver).move(pool.business_object.api_name, moves, movement)
    return {move.id for move, result in zip(moves, results, strict=True) if result.errors}


def _write(decider: Decider, final: Mapping[uuid.UUID, Decision]) -> None:
    """Keep what was decided, and the turns that were taken."""
    now, pool = decider.now, decider.pool
    rows, members = [], {}
    for record, decision in final.items():
        rule, choice = decision.rule, decision.choice
        if rule is None:
            continue
        row = Assignment(rule=rule, object_id=pool.business_object_id, record_id=record, pool_id=pool.pk, at=now)
        row.state = State.GIVEN if choice else State.UNPLACED
        if choice is not None:
            row.user_id, row.reason, row.facts = choice.candidate.user_id, choice.reason, dict(choice.facts)
            row.accept_by = now + timedelta(minutes=rule.accept_minutes) if rule.accept_minutes else None
            row.state = State.GIVEN if rule.accept_minutes else State.ACCEPTED
            members[choice.candidate.member_id] = choice.candidate
        rows.append(row)
    Assignment.objects.bulk_create(rows)
    _save_turns(members)
    request_settling(row.accept_by for row in rows if row.accept_by is not None)
    if any(row.state == State.UNPLACED for row in rows):
        request_routing(pool.pk, now + PATIENCE)


def _save_turns(members: Mapping[int, Candidate]) -> None:
    rows = [
        AssignmentMember(pk=key, assigned=item.assigned, last_assigned_at=item.last_assigned_at)
        for key, item in members.items()
    ]
    AssignmentMember.objects.bulk_update(rows, ["assigned", "last_assigned_at"])
