"""Making pools: who may, what is refused, what the audit trail says; and what their readers see."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from crm_platform.audit.models import AuditEntry
from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import Forbidden, NotFound, StateConflict, ValidationFailed, VersionConflict
from tests.objects.world import World
from tests.workflows.pools.desk import NOBODY, leads, make_pool
from workflows.pools.models import Pool, PoolMovement, PoolView
from workflows.pools.services.claiming import claim
from workflows.pools.services.inputs import PoolInput
from workflows.pools.services.reading import DailyViewsReached, log, open_waiting, waiting
from workflows.pools.services.seats import seat
from workflows.pools.services.settings import create_pool, delete_pool, get_pool, pools, update_pool

WRONG = {
    "label": ["", "x" * 81, None],
    "mode": ["both"],
    "clock": [""],
    "hold_cap": [-1, "5", True, 2**31],
    "batch_size": [0, 1_001, None],
    "scope": [{"field": "gone", "op": "eq", "value": 1}, {"field": "name", "op": "near", "value": 1}, ["x"]],
    "masked_fields": [["gone"], "mobile", [1]],
    "order": [["gone"], [None]],
    "reasons": [["x" * 81], "x"],
    "reminder_days": [[0], [1, 2, 3, 4, 5, 6], ["1"]],
    "is_active": ["yes"],
    "recycles_to": [uuid.uuid4()],
    "protection_hours": [40_000],
}


def test_pools_are_made_and_changed_by_who_customises(crm: World) -> None:
    with pytest.raises(Forbidden):
        create_pool(crm.actor("rep"), PoolInput(object="lead", label="x"))
    first, second = make_pool("一", reasons=[" 无意向 ", "", "无意向"], reminder_days=[1, 3, 3]), make_pool("二")
    assert (first.reasons, first.reminder_days, second.position > first.position) == (["无意向"], [3, 1], True)
    assert first.api_name != second.api_name
    changed = update_pool(
        system_actor(), first.pk, {"hold_cap": 7, "recycles_to": second.pk}, Pool.objects.get(pk=first.pk).version
    )
    assert (changed.hold_cap, changed.recycles_to_id) == (7, second.pk)
    assert update_pool(system_actor(), first.pk, {"hold_cap": 7}).version == changed.version
    with pytest.raises(VersionConflict):
        update_pool(system_actor(), first.pk, {"hold_cap": 8}, 1)
    entry = AuditEntry.objects.filter(action="pool.changed").latest("at")
    assert entry.details["changes"] == {"hold_cap": [None, 7], "recycles_to": [None, str(second.pk)]}
    assert [pool.pk for pool in pools(system_actor(), "lead")] == [first.pk, second.pk]
    with pytest.raises(ValidationFailed):
        create_pool(system_actor(), PoolInput(object="contact", label="x"))
    with pytest.raises(ValidationFailed):
        create_pool(system_actor(), PoolInput(object="lead", label="x", api_name=first.api_name))


@pytest.mark.parametrize("name", sorted(WRONG))
def test_impossible_settings_are_refused_where_they_stand(crm: World, name: str) -> None:
    pool = make_pool()
    for value in WRONG[name]:
        with pytest.raises(ValidationFailed) as refusal:
            update_pool(system_actor(), pool.pk, {name: value})
        assert name in {error.field for error in refusal.value.errors}, value
    with pytest.raises(ValidationFailed):
        update_pool(system_actor(), pool.pk, {"api_name": "other"})


def test_a_pool_goes_only_when_it_is_off_and_empty(crm: World) -> None:
    pool = make_pool()
    leads(crm, 1, pool=pool)
    with pytest.raises(StateConflict):
        delete_pool(system_actor(), pool.pk)
    update_pool(system_actor(), pool.pk, {"is_active": False})
    with pytest.raises(StateConflict):
        delete_pool(system_actor(), pool.pk)
    empty = make_pool("空", is_active=False)
    delete_pool(system_actor(), empty.pk)
    with pytest.raises(NotFound):
        get_pool(system_actor(), empty.pk)


def test_members_read_masked_and_so_many_a_day(crm: World) -> None:
    pool = make_pool(masked_fields=["mobile"], daily_views=2, admins=[f"user:{crm.users['head'].pk}"])
    ids = leads(crm, 3, pool=pool, mobile="13812345678")
    held = seat(crm.actor("south"), pool.pk)
    shown = open_waiting(held, ids[0])
    assert "13812345678" not in str(shown)
    for record in (ids[0], ids[1], ids[0]):
        open_waiting(held, record)
    with pytest.raises(DailyViewsReached):
        open_waiting(held, ids[2])
    with pytest.raises(NotFound):
        open_waiting(held, uuid.uuid4())
    for view in PoolView.objects.filter(pool=pool):
        PoolView.objects.filter(pk=view.pk).update(day=view.day - timedelta(days=1))
    open_waiting(held, ids[2])
    for name in ("head", "admin") if "admin" in crm.users else ("head",):
        others = seat(crm.actor(name), pool.pk)
        assert {"13812345678"} == {open_waiting(others, record)["mobile"] for record in ids}
    hidden = make_pool("分配", mode="assign", scope=NOBODY)
    with pytest.raises(Forbidden):
        waiting(seat(crm.actor("south"), hidden.pk))
    assert waiting(seat(system_actor(), hidden.pk)).ids() == []


def test_the_log_shows_administrators_all_and_others_their_own(crm: World) -> None:
    pool = make_pool(admins=[f"user:{crm.users['head'].pk}"])
    ids = leads(crm, 4, pool=pool)
    claim(crm.actor("rep"), pool.pk, ids[:2])
    claim(crm.actor("south"), pool.pk, ids[2:])
    head, south = seat(crm.actor("head"), pool.pk), seat(crm.actor("south"), pool.pk)
    first = log(head, limit=3)
    rest = log(head, limit=100, before=first.next)
    assert len(first.rows) == 3 and rest.next is None
    assert [row.pk for row in (*first.rows, *rest.rows)] == sorted(
        PoolMovement.objects.filter(to_pool_id=pool.pk).values_list("pk", flat=True), reverse=True
    )
    assert {row.record_id for row in log(south, kind="claim").rows} == set(ids[2:])
    assert [row.kind for row in log(head, record_id=ids[0]).rows] == ["claim", "create"]
