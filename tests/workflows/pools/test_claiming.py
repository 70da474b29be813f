"""Claiming from pools: who may, how much, how often, and what was his a short while ago."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from crm_platform.events.models import OutboxMessage
from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import Forbidden, NotFound, ValidationFailed
from objects.query.query import RecordQuery
from objects.records.models import Holding
from objects.records.service import RecordService
from tests.objects.world import World
from tests.workflows.pools.desk import NOBODY, leads, make_pool, said
from workflows.pools.happenings import EVENT_TYPES
from workflows.pools.models import PoolMovement
from workflows.pools.services.claiming import assign, claim, claim_next, move, recall, release
from workflows.pools.services.quotas import quota
from workflows.pools.services.seats import pools_of, seat
from workflows.pools.services.settings import set_quota, update_pool

Kind = PoolMovement.Kind


def owner_of(record_id: uuid.UUID) -> uuid.UUID | None:
    found = RecordQuery(system_actor(), "lead").show(record_id)["owner_id"]
    return found.id if found else None


def turn_back(record_id: uuid.UUID, **ago: int) -> None:
    """Let all that has happened to a record have happened some time earlier."""
    for row in PoolMovement.objects.filter(record_id=record_id):
        PoolMovement.objects.filter(pk=row.pk).update(at=row.at - timedelta(**ago))


def test_the_first_gets_it_and_the_next_learns_who_was_quicker(crm: World) -> None:
    pool = make_pool(hold_cap=10)
    ids = leads(crm, 3, pool=pool)
    rep, south = crm.actor("rep"), crm.actor("south")
    assert said(claim(rep, pool.pk, [ids[0]])) == ["ok"]
    lost, won, unknown = claim(south, pool.pk, [ids[0], ids[1], uuid.uuid4()])
    assert (lost.status, won.status, unknown.status) == ("already_claimed", "ok", "not_found")
    assert lost.message == "Rep was quicker." and won.version == 2
    assert [owner_of(item) for item in ids] == [rep.user_id, south.user_id, None]
    (logged,) = PoolMovement.objects.filter(record_id=ids[0], kind=Kind.CLAIM)
    assert (logged.from_owner_id, logged.to_owner_id, logged.from_pool_id) == (None, rep.user_id, pool.pk)
    assert quota(rep, pool).used == 1 and quota(rep, pool).left == 9


def test_what_is_next_follows_the_order_of_the_pool_and_skips_what_he_may_not_have(crm: World) -> None:
    pool = make_pool(order=["-score"] if "score" in _fields() else ["name"], cool_down_days=7, masked_fields=["name"])
    ids = leads(crm, 3, pool=pool)
    rep = crm.actor("rep")
    (first,) = claim_next(rep, pool.pk)
    assert (first.id, first.status) == (ids[0], "ok")
    assert said(release(rep, "lead", [ids[0]])) == ["ok"]
    assert [item.id for item in claim_next(rep, pool.pk, 5)] == ids[1:]
    assert claim_next(rep, pool.pk) == []
    assert said(claim_next(crm.actor("south"), pool.pk)) == ["ok"]


def _fields() -> set[str]:
    return set(RecordQuery(system_actor(), "lead").object.fields)


def test_caps_of_pool_day_and_hour(crm: World) -> None:
    pool, hourly = make_pool(hold_cap=2, daily_cap=3, batch_size=4), make_pool("每小时", scope=NOBODY, hourly_cap=1)
    ids, more = leads(crm, 6, pool=pool), leads(crm, 3, pool=hourly)
    rep = crm.actor("rep")
    taken = claim(rep, pool.pk, ids[:4])
    assert said(taken) == ["ok", "ok", "pool_cap_reached", "pool_daily_cap_reached"]
    assert [item.params for item in taken[2:]] == [{"cap": 2, "used": 2}, {"cap": 3, "used": 0, "period": "day"}]
    set_quota(system_actor(), pool.pk, crm.users["rep"].pk, hold_cap=3)
    rep = crm.actor("rep")
    assert said(claim(rep, pool.pk, ids[2:4])) == ["ok", "pool_daily_cap_reached"]
    set_quota(system_actor(), pool.pk, crm.users["rep"].pk, hold_cap=3, daily_cap=50)
    assert said(claim(crm.actor("rep"), pool.pk, ids[3:4])) == ["pool_cap_reached"]
    assert said(claim(crm.actor("south"), pool.pk, ids[3:4])) == ["ok"]
    with pytest.raises(ValidationFailed):
        claim(rep, pool.pk, ids[:5])
    refusal = claim(rep, hourly.pk, more)[1]
    assert (refusal.status, refusal.params) == ("pool_daily_cap_reached", {"cap": 1, "used": 0, "period": "hour"})
    turn_back(more[0], minutes=61)
    assert said(claim(rep, hourly.pk, more)) == ["already_claimed", "ok", "pool_daily_cap_reached"]


def test_who_gave_it_back_has_to_wait_unless_it_was_a_mistake(crm: World) -> None:
    pool = make_pool(cool_down_days=3, cool_down_exempt=["误领"], reasons=["误领", "无意向"], own_department_hours=24)
    first, second = leads(crm, 2, pool=pool)
    rep, city = crm.actor("rep"), crm.actor("city")
    claim(rep, pool.pk, [first, second])
    with pytest.raises(ValidationFailed):
        release(rep, "lead", [first])
    assert said(release(rep, "lead", [first], reason="无意向", note="打不通")) == ["ok"]
    assert said(release(rep, "lead", [second], reason="误领")) == ["ok"]
    assert said(claim(rep, pool.pk, [first, second])) == ["pool_cooldown", "ok"]
    (turned_away,) = claim(city, pool.pk, [first])  # first it is the turn of the last owner's department
    assert turned_away.status == "pool_cooldown" and "department" in turned_away.message
    turn_back(first, hours=25)
    assert said(claim(city, pool.pk, [first])) == ["ok"]
    release(city, "lead", [first], reason="误领")
    assert said(claim(rep, pool.pk, [first])) == ["pool_cooldown"]  # it was last in the hands of another department
    turn_back(first, days=4)
    assert said(claim(rep, pool.pk, [first])) == ["ok"]


def test_what_has_just_come_in_is_protected(crm: World) -> None:
    pool = make_pool(protection_hours=2)
    (record,) = leads(crm, 1, pool=pool)
    assert said(claim(crm.actor("rep"), pool.pk, [record])) == ["pool_cooldown"]
    assert claim_next(crm.actor("rep"), pool.pk) == []
    turn_back(record, hours=3)
    assert said(claim_next(crm.actor("rep"), pool.pk)) == ["ok"]


def test_seats(crm: World) -> None:
    pool = make_pool(members=[f"department:{crm.departments['north'].pk}"], admins=[f"user:{crm.users['head'].pk}"])
    dark = make_pool("分配池", mode="assign", scope=NOBODY)
    rep, south, head = crm.actor("rep"), crm.actor("south"), crm.actor("head")
    assert [item.pool.pk for item in pools_of(rep)] == [pool.pk, dark.pk]
    assert (seat(rep, pool.pk).is_admin, seat(head, pool.pk).is_admin) == (False, True)
    with pytest.raises(NotFound):
        seat(south, pool.pk)
    (record,) = leads(crm, 1, pool=dark)
    with pytest.raises(Forbidden):
        claim(rep, dark.pk, [record])
    with pytest.raises(Forbidden):
        assign(rep, pool.pk, [record], crm.users["rep"].pk)
    update_pool(system_actor(), pool.pk, {"is_active": False})
    with pytest.raises(NotFound):
        seat(crm.actor("rep"), pool.pk)
    assert not seat(crm.actor("head"), pool.pk).may_claim


def test_administrators_assign_take_back_and_move(crm: World) -> None:
    pool, other = make_pool(admins=[f"user:{crm.users['head'].pk}"]), make_pool("重点池", scope=NOBODY, hold_cap=1)
    first, second, third = leads(crm, 3, pool=pool)
    head, south = crm.actor("head"), crm.users["south"].pk
    assert said(assign(head, pool.pk, [first, second], south)) == ["ok", "ok"]
    assert said(assign(head, pool.pk, [first, third], south)) == ["already_claimed", "ok"]
    assert [owner_of(item) for item in (first, second, third)] == [south] * 3
    assert said(move(head, pool.pk, [first, second], other.pk, note="大客户")) == ["ok", "pool_cap_reached"]
    assert said(recall(head, pool.pk, [first, second], reason="重新分配")) == ["not_found", "ok"]
    assert said(recall(head, pool.pk, [second])) == ["state_conflict"]
    assert said(move(head, pool.pk, [second], other.pk)) == ["ok"]
    assert [(row.kind, row.to_pool_id) for row in PoolMovement.objects.filter(record_id=second).order_by("id")][
        -3:
    ] == [
        (Kind.ASSIGN, pool.pk),
        (Kind.RECALL, pool.pk),
        (Kind.MOVE, other.pk),
    ]
    for wrong in (uuid.uuid4(), pool.pk):
        with pytest.raises(ValidationFailed):
            assign(head, pool.pk, [third], wrong)
    with pytest.raises(ValidationFailed):
        move(head, pool.pk, [third], uuid.uuid4())


def test_giving_back_is_for_owners_and_those_above(crm: World) -> None:
    pool, chosen = make_pool(members_release=False), make_pool("小微池", scope=NOBODY)
    first, second, third = leads(crm, 3, owner="rep", pool=pool)
    rep, south, head = crm.actor("rep"), crm.actor("south"), crm.actor("head")
    assert said(release(rep, "lead", [first])) == ["forbidden"]
    assert said(release(south, "lead", [first])) == ["not_found"]
    assert said(release(head, "lead", [first, second], pool_id=chosen.pk)) == ["ok", "ok"]
    update_pool(system_actor(), pool.pk, {"members_release": True})
    assert said(release(crm.actor("rep"), "lead", [third, third, first])) == ["ok", "not_found"]
    with pytest.raises(ValidationFailed):
        release(head, "lead", [first], pool_id=uuid.uuid4())
    assert RecordQuery(rep, "lead", policy=seat(rep, chosen.pk).policy).visible_ids([first, second]) == {first, second}


def test_a_lead_that_no_pool_takes_stays(crm: World) -> None:
    (record,) = leads(crm, 1, owner="rep")
    make_pool(scope=NOBODY)
    (kept,) = release(crm.actor("rep"), "lead", [record])
    assert kept.status == "state_conflict" and owner_of(record) == crm.users["rep"].pk
    fitting = make_pool("老线索", scope={"field": "name", "op": "eq", "value": "线索0"})
    assert said(release(crm.actor("rep"), "lead", [record])) == ["ok"]
    assert RecordQuery(system_actor(), "lead").show(record)["pool_id"] == fitting.pk


def test_a_claim_on_behalf_of_nobody_is_refused(crm: World) -> None:
    pool = make_pool()
    with pytest.raises(Forbidden):
        claim(system_actor(), pool.pk, leads(crm, 1, pool=pool))
    assert not Holding.objects.filter(pool_id=pool.pk, held__gt=0).exists()
    assert RecordService(system_actor())


def task(crm: World, about: uuid.UUID, owner: str, status: str = "open") -> uuid.UUID:
    related = {"object": "lead", "id": str(about)}
    values = {"name": "回访", "related_id": related, "owner_id": str(crm.users[owner].pk), "status": status}
    return RecordService(system_actor()).create("task", values).id


def task_now(task_id: uuid.UUID) -> tuple[str, uuid.UUID]:
    found = RecordQuery(system_actor(), "task").show(task_id)
    return found["status"], found["owner_id"].id


def test_open_tasks_of_the_former_owner_are_settled_as_the_pool_says(crm: World) -> None:
    boss, rep, head = (crm.users[name].pk for name in ("boss", "rep", "head"))
    pool = make_pool(admins=[f"user:{boss}"])
    for choice, status, owner in (("close", "cancelled", rep), ("admin", "in_progress", boss), ("leave", "open", rep)):
        update_pool(system_actor(), pool.pk, {"open_tasks": choice})
        (lead,) = leads(crm, 1, owner="rep", pool=pool)
        open_one = task(crm, lead, "rep", "in_progress" if choice == "admin" else "open")
        others = {task(crm, lead, "rep", "done"): ("done", rep), task(crm, lead, "head"): ("open", head)}
        assert said(release(crm.actor("rep"), "lead", [lead])) == ["ok"]
        assert task_now(open_one) == (status, owner), choice
        assert {item: task_now(item) for item in others} == others
        logged = PoolMovement.objects.get(record_id=lead, kind=Kind.RELEASE).evidence
        settled = [item["id"] for item in logged["tasks"]] if logged else []
        assert settled == ([str(open_one)] if choice != "leave" else [])


def test_every_movement_of_a_pool_is_an_event_in_the_outbox(crm: World) -> None:
    pool, other = make_pool(admins=[f"user:{crm.users['head'].pk}"]), make_pool("二", admins=["everyone"])
    rep, head = crm.actor("rep"), crm.actor("head")
    ids = leads(crm, 2, pool=pool)
    claim(rep, pool.pk, ids)
    release(rep, "lead", ids[:1], reason="无意向")
    recall(head, pool.pk, ids[1:])
    assign(head, pool.pk, ids[:1], crm.users["south"].pk)
    move(head, pool.pk, ids[1:], other.pk)
    rows = OutboxMessage.objects.filter(type__startswith="pool.").order_by("seq")
    assert [(row.type, row.record_id) for row in rows] == [
        ("pool.claimed", ids[0]),
        ("pool.claimed", ids[1]),
        ("pool.released", ids[0]),
        ("pool.recalled", ids[1]),
        ("pool.assigned", ids[0]),
        ("pool.moved", ids[1]),
    ]
    assert set(rows.values_list("type", flat=True)) | {"pool.recycled"} == set(EVENT_TYPES)
    released, moved = rows[2], rows[5]
    movement = PoolMovement.objects.get(record_id=ids[0], kind=Kind.RELEASE)
    assert released.changed == {
        "owner_id": {"old": str(rep.user_id), "new": None},
        "movement": {"id": movement.pk, "reason": "无意向"},
    }
    assert (released.actor_id, released.version, released.object_name) == (rep.user_id, 3, "lead")
    assert moved.changed["pool_id"] == {"old": str(pool.pk), "new": str(other.pk)}
