"""Runs: what is due returns once, with its reasons; what was touched meanwhile stays; a run can be undone."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from crm_platform.events.clock import database_now
from crm_platform.events.models import OutboxMessage
from crm_platform.identity.services import bump_access_version
from crm_platform.jobs.models import Job
from crm_platform.jobs.queue import add_job
from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import Forbidden, NotFound, StateConflict, ValidationFailed
from crm_platform.notifications.models import Notification
from metadata.compiler.current import current_snapshot
from objects.history.models import RecordChange
from objects.query.query import RecordQuery
from objects.records.drafts import Movement
from objects.records.ownership import Holder, Move
from objects.records.service import RecordService
from tests.kit.work import run_queued_jobs
from tests.objects.world import World
from tests.workflows.recycling.conftest import MakeLead
from workflows.assignment.models import Absence
from workflows.pools.models import Pool, PoolMovement, PoolQuota, RecordProtection, RecycleRule, RecycleRun
from workflows.pools.recycling.countdown import due_dates
from workflows.pools.recycling.finding import due_among
from workflows.pools.recycling.predicate import due_plan
from workflows.pools.recycling.preview import order_run, preview
from workflows.pools.recycling.running import EVERY, begin
from workflows.pools.recycling.taking import Recycler
from workflows.pools.recycling.undo import order_undo

Kind = PoolMovement.Kind


def hour() -> None:
    """Let an hour's turn of recycling come, and everything that follows from it."""
    add_job(EVERY, {})
    run_queued_jobs()


def owner_of(record: uuid.UUID) -> Any:
    return RecordQuery(system_actor(), "lead").record(record).owner_id


def test_what_is_due_returns_once_with_its_reasons(crm: World, pool: Pool, lead: MakeLead) -> None:
    rep = crm.users["rep"].pk
    due, young, followed = lead(8), lead(6), lead(30, followed=database_now() - timedelta(days=2))
    kept = lead(30)
    RecordProtection.objects.create(object_id=1, record_id=kept, owner=crm.users["rep"])
    hour()
    assert [owner_of(item) for item in (due, young, followed, kept)] == [None, rep, rep, rep]
    (moved,) = PoolMovement.objects.filter(kind=Kind.RECYCLE)
    run = RecycleRun.objects.get()
    rule = RecycleRule.objects.get()
    assert (moved.record_id, moved.from_owner_id, moved.to_pool_id, moved.run_id) == (due, rep, pool.pk, run.pk)
    assert (moved.rule_id, moved.reason, moved.evidence["days"]) == (rule.pk, "七天未跟进", 7)
    assert moved.evidence["base"] < moved.evidence["cutoff"]
    assert run.counts == {
        "recycled": 1, "refused": 0, "passed": 0, "rules": {"七天未跟进": 1}, "is_capped": False
    }  # fmt: skip
    assert RecordChange.objects.filter(record_id=due).latest("version").changes["-7"]["new"] is None
    told = {row.user.username: row.data["count"] for row in Notification.objects.filter(kind="pools.recycled")}
    assert told == {crm.users["rep"].username: 1, crm.users["head"].username: 1}
    hour()
    assert PoolMovement.objects.filter(kind=Kind.RECYCLE).count() == 1


def test_a_turn_is_taken_once_and_takes_no_more_than_it_may(crm: World, pool: Pool, lead: MakeLead) -> None:
    ids = [lead(10 + number) for number in range(5)]
    other = Pool.objects.create(business_object=pool.business_object, api_name="second", label="二级公海")
    pool.run_cap, pool.recycles_to = 3, other
    pool.save()
    turn = database_now().replace(microsecond=0)
    for _again in range(2):
        add_job("pools.recycle", {"pool": str(pool.pk), "scheduled_for": turn.isoformat()})
        run_queued_jobs()
    assert [owner_of(item) is None for item in reversed(ids)] == [True, True, True, False, False]  # the oldest first
    assert set(PoolMovement.objects.filter(kind=Kind.RECYCLE).values_list("to_pool_id", flat=True)) == {other.pk}
    assert RecycleRun.objects.get().counts["is_capped"]
    order_run(crm.actor("head"), pool.pk)
    run_queued_jobs()
    assert all(owner_of(item) is None for item in ids)
    with pytest.raises(Forbidden):
        order_run(crm.actor("south"), pool.pk)
    with pytest.raises(NotFound):
        order_run(crm.actor("city"), pool.pk)


def test_what_is_touched_before_its_batch_stays(crm: World, pool: Pool, lead: MakeLead) -> None:
    followed, claimed, due = lead(9), lead(9), lead(9)
    run = begin(pool, database_now())
    recycler = Recycler(run, due_plan(pool, run.cutoff))
    batch = recycler.next_batch(None)
    assert {place.id for place in batch} == {followed, claimed, due}
    table = current_snapshot().object("lead").table
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET last_followup_at = clock_timestamp() WHERE id = %s", [followed])
    city = crm.users["city"].pk
    RecordService(system_actor()).move("lead", [Move(claimed, Holder(city, pool.pk))], Movement("transfer"))
    recycler.take_back(batch)
    assert [owner_of(item) for item in (followed, claimed, due)] == [crm.users["rep"].pk, city, None]
    assert (recycler.counts.recycled, recycler.counts.passed) == (1, 2)
    assert recycler.next_batch(batch[-1]) == []


def test_rules_of_a_group_hold_together_and_are_all_evidence(crm: World, pool: Pool, lead: MakeLead) -> None:
    settings = {"field": "status", "values": ["converted"]}
    RecycleRule.objects.create(pool=pool, label="未转化", kind="not_converted", days=20, settings=settings)
    short, long = lead(10), lead(25)
    (found,) = due_among(due_plan(pool, database_now()), [short, long])
    assert found.id == long
    assert [item["rule"] for item in found.evidence["rules"]] == ["七天未跟进", "未转化"]
    assert found.due == found.since + timedelta(days=20)


def test_broken_rules_return_nothing_and_the_administrators_hear_of_it(crm: World, pool: Pool, lead: MakeLead) -> None:
    due = lead(30)
    pool.exempt = {"field": "gone", "op": "eq", "value": "1"}
    pool.save()
    hour()
    hour()
    assert owner_of(due) is not None
    assert {row.counts["error"] for row in RecycleRun.objects.all()} != {""}
    assert Notification.objects.filter(user=crm.users["head"]).count() == 1


def test_a_run_is_undone_as_far_as_nobody_has_taken_what_came_back(crm: World, pool: Pool, lead: MakeLead) -> None:
    plain, claimed, full, left = lead(9), lead(9), lead(9, "city"), lead(9, "boss")
    about = {"object": "lead", "id": str(plain)}
    task = RecordService(crm.actor("rep")).create("task", {"name": "回访", "related_id": about}).id
    hour()
    assert RecordQuery(system_actor(), "task").show(task)["status"] == "cancelled"
    assert OutboxMessage.objects.filter(type="pool.recycled").count() == 4
    south = crm.users["south"].pk
    RecordService(system_actor()).move("lead", [Move(claimed, Holder(south, pool.pk))], Movement("claim"))
    PoolQuota.objects.create(pool=pool, user=crm.users["city"], hold_cap=0)
    crm.users["boss"].__class__.objects.filter(pk=crm.users["boss"].pk).update(is_active=False)
    run = RecycleRun.objects.get()
    with pytest.raises(Forbidden):
        order_undo(crm.actor("south"), run.pk)
    job = order_undo(crm.actor("head"), run.pk)
    run_queued_jobs()
    result = Job.objects.get(pk=job.pk).result
    assert result["restored"] == 1 and owner_of(plain) == crm.users["rep"].pk
    assert RecordQuery(system_actor(), "task").show(task)["status"] == "open"
    assert {item["id"]: item["code"] for item in result["records"]} == {
        str(claimed): "already_claimed", str(full): "pool_cap_reached", str(left): "inactive_reference"
    }  # fmt: skip
    assert PoolMovement.objects.get(record_id=plain, kind=Kind.RECYCLE).undone_at is not None
    assert PoolMovement.objects.get(record_id=plain, kind=Kind.UNDO).run_id == run.pk
    with pytest.raises(StateConflict):
        order_undo(crm.actor("head"), run.pk)
    RecycleRun.objects.update(is_undone=False, finished_at=database_now() - timedelta(days=8))
    with pytest.raises(StateConflict):
        order_undo(crm.actor("head"), run.pk)


def test_days_of_leave_do_not_count(crm: World, pool: Pool, lead: MakeLead) -> None:
    now, obj = database_now(), current_snapshot().object("lead")
    rep = crm.users["rep"]
    Absence.objects.create(user=rep, starts_at=now - timedelta(days=4), ends_at=now - timedelta(days=1))
    spared, due, other = lead(8), lead(11), lead(8, "city")
    dates = due_dates(obj, [spared, due, other], database_now())
    assert [dates[item].at < database_now() for item in (spared, due, other)] == [False, True, True]
    assert dates[spared].days_left == 2
    shown = preview(crm.actor("head"), pool.pk)
    assert (shown.total, {row.record.id for row in shown.rows}) == (2, {due, other})
    hour()
    assert [owner_of(item) is None for item in (spared, due, other)] == [False, True, True]
    Pool.objects.update(waits_for_leave=False)
    bump_access_version()
    hour()
    assert owner_of(spared) is None


def test_a_preview_tells_what_would_return_when_and_why(crm: World, pool: Pool, lead: MakeLead) -> None:
    ids = [lead(20), lead(10), lead(6.5)]
    actor = crm.actor("head")
    first = preview(actor, pool.pk, limit=1)
    assert (first.total, [row.record.id for row in first.rows]) == (2, ids[:1])
    assert first.rows[0].owner == "Rep" and first.rows[0].name.endswith("先生")
    assert first.rows[0].record.reasons[0].label == "七天未跟进"
    second = preview(actor, pool.pk, limit=1, after=first.next)
    assert [row.record.id for row in second.rows] == ids[1:2] and second.next is None
    assert preview(actor, pool.pk, database_now() + timedelta(days=1)).total == 3
    assert not RecycleRun.objects.exists() and all(owner_of(item) for item in ids)
    with pytest.raises(ValidationFailed):
        preview(actor, pool.pk, database_now() - timedelta(days=1))
    with pytest.raises(Forbidden):
        preview(crm.actor("south"), pool.pk)
