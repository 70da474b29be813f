"""Owners, pools and what everybody holds: counted by the database, whoever writes and by whatever way."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection

from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import NotFound, ValidationFailed
from metadata import services
from metadata.compiler.current import current_snapshot, repin
from metadata.models import BusinessObject
from objects.access.through_pool import PoolPolicy
from objects.query.conditions import Condition
from objects.query.query import RecordQuery
from objects.records.drafts import Movement
from objects.records.models import Holding
from objects.records.ownership import Holder, Move
from objects.records.service import RecordService
from tests.objects.world import World
from workflows.pools.models import Pool, PoolMovement

Kind = PoolMovement.Kind


@pytest.fixture
def pool(crm: World) -> Pool:
    lead = BusinessObject.objects.get(api_name="lead")
    nothing = {"field": "name", "op": "eq", "value": "nobody"}  # which it takes by itself
    return Pool.objects.create(
        business_object=lead, api_name="main", label="线索池", masked_fields=["mobile"], scope=nothing
    )


def held(person: uuid.UUID) -> dict[uuid.UUID | None, int]:
    lead = BusinessObject.objects.get(api_name="lead").pk
    return {row.pool_id: row.held for row in Holding.objects.filter(object_id=lead, user_id=person) if row.held}


def counted() -> dict[tuple[uuid.UUID, uuid.UUID | None], int]:
    table = current_snapshot().object("lead").table
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT owner_id, pool_id, count(*) FROM {table}"
            " WHERE owner_id IS NOT NULL AND deleted_at IS NULL GROUP BY 1, 2"
        )
        return {(owner, pool): count for owner, pool, count in cursor.fetchall()}


def lead(crm: World, number: int = 1, **values: object) -> uuid.UUID:
    given = {"name": f"线索{number}", "company": f"公司{number}", **values}
    return RecordService(crm.actor("rep")).create("lead", given).id


def test_what_people_hold_follows_every_way_of_writing(crm: World, pool: Pool) -> None:
    rep, city = crm.users["rep"].pk, crm.users["city"].pk
    service = RecordService(crm.actor("boss"))
    ids = [lead(crm, number) for number in range(4)]
    assert held(rep) == {None: 4}
    service.transfer("lead", ids[0], city)
    deletion = service.delete("lead", ids[1])
    assert (held(rep), held(city)) == ({None: 2}, {None: 1})
    service.restore(deletion)
    service.move("lead", [Move(item, Holder(rep, pool.pk)) for item in ids[1:]], Movement("assign"))
    assert held(rep) == {pool.pk: 3}
    service.bulk_update("lead", [{"id": str(item), "owner_id": str(city)} for item in ids[2:]])
    RecordService(system_actor()).purge(service.delete("lead", ids[3]))
    expected = {(row.user_id, row.pool_id): row.held for row in Holding.objects.filter(held__gt=0)}
    assert {key: count for key, count in expected.items() if key in counted()} == counted()
    assert held(city) == {None: 1, pool.pk: 1}


def test_a_move_writes_history_and_movement_and_minds_who_was_quicker(crm: World, pool: Pool) -> None:
    rep, south = crm.users["rep"].pk, crm.users["south"].pk
    record = lead(crm)
    service = RecordService(crm.actor("boss"))
    (given_back,) = service.move("lead", [Move(record, Holder(None, pool.pk))], Movement("release", reason="无意向"))
    assert given_back.errors == () and given_back.version == 2
    waiting = Holder(None, pool.pk)
    (won,) = service.move("lead", [Move(record, Holder(south, pool.pk), expected=waiting)], Movement("claim"))
    (lost,) = service.move("lead", [Move(record, Holder(rep, pool.pk), expected=waiting)], Movement("claim"))
    assert (won.errors, [error.code for error in lost.errors]) == ((), ["state_conflict"])
    shown = RecordQuery(system_actor(), "lead").show(record)
    assert shown["owner_id"].id == south
    assert shown["owner_department_id"].id == crm.users["south"].department_id
    log = PoolMovement.objects.filter(record_id=record).order_by("id")
    assert [(row.kind, row.from_owner_id, row.to_owner_id, row.to_pool_id, row.reason) for row in log] == [
        (Kind.CREATE, None, rep, None, ""),
        (Kind.RELEASE, rep, None, pool.pk, "无意向"),
        (Kind.CLAIM, None, south, pool.pk, ""),
    ]


def test_what_waits_is_read_through_the_pool_alone_and_masked(crm: World, pool: Pool) -> None:
    record = lead(crm, mobile="13812345678")
    RecordService(system_actor()).move("lead", [Move(record, Holder(None, pool.pk))], Movement("release"))
    actor = crm.actor("south")
    with pytest.raises(NotFound):
        RecordQuery(actor, "lead").get(record)
    policy = PoolPolicy(actor, "lead", pool.pk, pool.masked_fields)
    waiting = RecordQuery(actor, "lead", policy=policy)
    assert waiting.ids() == [record]
    assert "13812345678" not in str(waiting.get(record))
    with pytest.raises(ValidationFailed):
        waiting.where(Condition("mobile", "eq", "13812345678")).ids()
    assert RecordQuery(actor, "lead", policy=PoolPolicy(actor, "lead", uuid.uuid4())).ids() == []


def test_counting_begins_and_ends_with_the_pools_of_an_object(crm: World) -> None:
    contact = current_snapshot().object("contact").spec.id
    RecordService(crm.actor("rep")).create("contact", {"name": "王五"})
    assert not Holding.objects.filter(object_id=contact).exists()
    services.update_object(system_actor(), "contact", has_pools=True)
    repin()
    assert Holding.objects.get(object_id=contact, user=crm.users["rep"]).held == 1
    RecordService(crm.actor("rep")).create("contact", {"name": "赵六"})
    assert Holding.objects.get(object_id=contact, user=crm.users["rep"]).held == 2
    services.update_object(system_actor(), "contact", has_pools=False)
    assert not Holding.objects.filter(object_id=contact).exists()
