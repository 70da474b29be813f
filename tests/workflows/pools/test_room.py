"""What people may hold counts for every way of giving them records; where new records belong."""

from __future__ import annotations

import uuid

import pytest

from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import ValidationFailed
from objects.query.query import RecordQuery
from objects.records.drafts import Movement
from objects.records.ownership import Holder, Move
from objects.records.service import RecordService
from tests.objects.world import World
from tests.workflows.pools.desk import NOBODY, leads, make_pool, said
from workflows.pools.errors import PoolCapReached
from workflows.pools.models import HoldCap, Pool, PoolMember, PoolMovement, RecycleRule
from workflows.pools.room import cap_over_all
from workflows.pools.services.claiming import claim, release
from workflows.pools.services.inputs import HoldCapInput, MemberInput, RecycleRuleInput
from workflows.pools.services.quotas import quota
from workflows.pools.services.settings import (
    set_hold_caps,
    set_members,
    set_quota,
    set_recycle_rules,
    update_pool,
)

HOT = {"field": "rating", "op": "eq", "value": "hot"}


def row(number: int, **values: object) -> dict[str, object]:
    return {"name": f"人{number}", "company": f"公司{uuid.uuid4().hex[:12]}", **values}


def shown(record_id: uuid.UUID | None) -> tuple[uuid.UUID | None, uuid.UUID | None]:
    assert record_id is not None
    values = RecordQuery(system_actor(), "lead").show(record_id)
    return (values["owner_id"].id if values["owner_id"] else None, values["pool_id"])


def test_no_way_of_giving_a_record_passes_the_cap(crm: World) -> None:
    pool = make_pool(hold_cap=2)
    rep, south = crm.users["rep"].pk, crm.users["south"].pk
    own = RecordService(crm.actor("rep"))
    own.create("lead", row(1))
    results = own.bulk_create("lead", [row(2), row(3)], all_or_none=False)
    assert [[error.code for error in result.errors] for result in results] == [[], ["pool_cap_reached"]]
    assert results[1].errors[0].params == {"cap": 2, "used": 2}
    with pytest.raises(PoolCapReached) as refusal:
        own.create("lead", row(4))
    assert refusal.value.details == {"cap": 2, "used": 2}
    assert all(result.errors for result in own.bulk_create("lead", [row(5), row(6)]))
    boss = RecordService(crm.actor("boss"))
    others = leads(crm, 2, owner="south")
    with pytest.raises(PoolCapReached):
        boss.transfer("lead", others[0], rep)
    with pytest.raises(PoolCapReached):
        boss.update("lead", others[0], {"owner_id": str(rep)})
    changed = boss.bulk_update("lead", [{"id": str(key), "owner_id": str(rep)} for key in others], all_or_none=False)
    assert all(result.errors[0].code == "pool_cap_reached" for result in changed)
    imported = RecordService(crm.actor("rep"), event="import").bulk_create("lead", [row(7)], all_or_none=False)
    assert imported[0].errors[0].code == "pool_cap_reached"
    (given,) = boss.move("lead", [Move(others[0], Holder(rep, pool.pk))], Movement("handover"))
    assert given.errors[0].code == "pool_cap_reached"
    set_quota(system_actor(), pool.pk, rep, hold_cap=3)
    RecordService(crm.actor("boss")).transfer("lead", others[0], rep)
    assert quota(crm.actor("rep"), pool).used == 3 and quota(south, pool).used == 0  # his stand outside of pools
    assert set_quota(system_actor(), pool.pk, rep) is None
    assert quota(crm.actor("rep"), pool).cap == 2


def test_what_does_not_count_takes_no_room(crm: World) -> None:
    pool = make_pool(hold_cap=1, uncounted=HOT)
    own = RecordService(crm.actor("rep"))
    results = own.bulk_create(
        "lead", [row(1, rating="hot"), row(2), row(3, rating="hot"), row(4, rating="warm")], all_or_none=False
    )
    assert [bool(result.errors) for result in results] == [False, False, False, True]
    assert quota(crm.actor("rep"), pool).used == 1
    waiting = leads(crm, 2, pool=pool, rating="hot") + leads(crm, 1, pool=pool)
    assert said(claim(crm.actor("rep"), pool.pk, waiting)) == ["ok", "ok", "pool_cap_reached"]


def test_a_cap_over_all_pools_names_people_first_come_first_served(crm: World) -> None:
    pool, other = make_pool(), make_pool("其他", scope=NOBODY)
    south, rep = crm.users["south"].pk, crm.users["rep"].pk
    caps = set_hold_caps(
        system_actor(),
        "lead",
        [
            HoldCapInput(principal=f"user:{south}", cap=3),
            HoldCapInput(principal=f"department:{crm.departments['north'].pk}", cap=1, uncounted=HOT),
            HoldCapInput(principal="everyone", cap=2),
        ],
    )
    assert [cap.position for cap in caps] == [0, 1, 2]
    people = {crm.users[name].pk: name for name in ("rep", "south", "city", "head")}
    found = cap_over_all(crm.actor("rep"), pool.business_object_id, people)
    assert {people[key]: cap.cap for key, cap in found.items()} == {"rep": 1, "south": 3, "city": 2, "head": 1}
    first, second, third = (
        *leads(crm, 1, pool=pool),
        *leads(crm, 1, pool=other),
        *leads(crm, 1, pool=other, rating="hot"),
    )
    rep_actor = crm.actor("rep")
    assert said(claim(rep_actor, pool.pk, [first])) == ["ok"]
    assert said(claim(rep_actor, other.pk, [second, third])) == ["pool_cap_reached", "ok"]
    moved = RecordService(system_actor()).move("lead", [Move(first, Holder(rep, other.pk))], Movement("move"))
    assert not moved[0].errors  # he holds no more than before
    assert HoldCap.objects.count() == 3
    with pytest.raises(ValidationFailed):
        set_hold_caps(system_actor(), "lead", [HoldCapInput(principal="everyone", cap=1)] * 2)


def test_new_records_belong_to_the_first_pool_that_takes_them(crm: World) -> None:
    make_pool("停用", is_active=False)
    hot, rest = make_pool("高意向", scope=HOT), make_pool("其余")
    own = RecordService(crm.actor("rep"))
    results = own.bulk_create("lead", [row(1, rating="hot"), row(2)])
    rep = crm.users["rep"].pk
    assert [shown(result.id) for result in results] == [(rep, hot.pk), (rep, rest.pk)]
    own.update("lead", results[0].id, {"rating": "cold"})  # type: ignore[arg-type]
    assert shown(results[0].id) == (rep, hot.pk)  # what belongs somewhere stays
    nobodys = RecordService(system_actor()).create("lead", row(3, rating="hot"))
    assert shown(nobodys.id) == (None, hot.pk)
    assert said(claim(crm.actor("rep"), hot.pk, [nobodys.id])) == ["ok"]
    update_pool(system_actor(), hot.pk, {"scope": {"field": "company", "op": "starts", "value": "公司"}})
    own = RecordService(crm.actor("rep"))
    assert shown(own.create("lead", row(4)).id) == (rep, hot.pk)
    homeless = leads(crm, 1)[0]
    RecordService(system_actor()).move("lead", [Move(homeless, Holder(None, None))], Movement())
    assert shown(homeless) == (None, None)  # a pool that was chosen, be it none, stays


def test_a_condition_that_fits_no_longer_takes_nothing_in(crm: World) -> None:
    pool = make_pool()
    Pool.objects.get(pk=pool.pk)
    broken = {"field": "gone__c", "op": "eq", "value": 1}
    stored = Pool.objects.get(pk=pool.pk)
    stored.scope, stored.uncounted, stored.hold_cap = broken, broken, 1
    stored.save()
    own = RecordService(crm.actor("rep"))
    made = own.create("lead", row(1))
    assert shown(made.id)[1] is None
    waiting = leads(crm, 2, pool=pool)
    assert said(claim(crm.actor("rep"), pool.pk, waiting)) == ["ok", "pool_cap_reached"]


def test_teams_end_with_the_owner_unless_the_pool_keeps_them(crm: World) -> None:
    from objects.access.models import RecordShare
    from objects.access.services.teams import add_member

    pool, keeping = make_pool(), make_pool("保留团队", scope=NOBODY, keeps_team=True)
    first, second = leads(crm, 2, owner="rep", pool=pool)
    rep, south = crm.actor("rep"), crm.users["south"].pk
    for record in (first, second):
        add_member(rep, "lead", record, south)
    assert said(release(rep, "lead", [first])) == ["ok"]
    assert said(release(rep, "lead", [second], pool_id=keeping.pk)) == ["ok"]
    assert list(RecordShare.objects.filter(record_id__in=[first, second]).values_list("record_id", flat=True)) == [
        second
    ]


def test_movements_tell_by_which_way_records_came(crm: World) -> None:
    make_pool()
    actor = crm.actor("rep")
    made = RecordService(actor, event="import").create("lead", row(1))
    RecordService(crm.actor("boss")).transfer("lead", made.id, crm.users["city"].pk)
    log = PoolMovement.objects.filter(record_id=made.id).order_by("id")
    assert [(item.kind, item.actor_id, item.via) for item in log] == [
        ("import", actor.user_id, "api"),
        ("transfer", crm.users["boss"].pk, "api"),
    ]


def test_members_and_rules_are_replaced_together_and_checked(crm: World) -> None:
    pool = make_pool()
    version = Pool.objects.get(pk=pool.pk).version
    set_members(system_actor(), pool.pk, [MemberInput(principal="everyone", is_admin=True)], version)
    assert list(PoolMember.objects.filter(pool=pool).values_list("principal", "is_admin")) == [("everyone", True)]
    (rule,) = set_recycle_rules(
        system_actor(),
        pool.pk,
        [RecycleRuleInput(label="30 天未跟进", kind="no_follow_up", days=30, variants=[{"condition": HOT, "days": 7}])],
    )
    again = set_recycle_rules(
        system_actor(), pool.pk, [RecycleRuleInput(id=rule.pk, label="15 天未跟进", kind="no_follow_up", days=15)]
    )
    assert [(item.pk, item.days, item.variants) for item in again] == [(rule.pk, 15, [])]
    for wrong in (
        RecycleRuleInput(label="", kind="no_follow_up", days=1),
        RecycleRuleInput(label="x", kind="never", days=1),
        RecycleRuleInput(label="x", kind="no_follow_up", days=-1),
        RecycleRuleInput(label="x", kind="no_follow_up", days=1, variants=[{"days": 1}]),
        RecycleRuleInput(label="x", kind="expression", days=1, settings={"expression": "1 +"}),
        RecycleRuleInput(label="x", kind="no_follow_up", days=1, id=rule.pk + 1_000),
    ):
        with pytest.raises(ValidationFailed):
            set_recycle_rules(system_actor(), pool.pk, [wrong])
    assert RecycleRule.objects.get(pool=pool).days == 15
