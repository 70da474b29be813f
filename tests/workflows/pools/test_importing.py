"""Files fill pools: by who looks after them, past no rule, and what is there already stays where it is."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import ValidationFailed
from metadata.compiler.current import current_snapshot
from objects.exchange import job, services
from objects.records.models import Holding
from tests.kit.work import run_queued_jobs
from tests.objects.exchange.files import counts, imported, prepared
from tests.objects.world import World
from tests.workflows.pools.desk import leads, make_pool, said
from workflows.pools.models import PoolMovement
from workflows.pools.services.claiming import claim
from workflows.pools.services.settings import update_pool

ROWS = [["姓名", "公司", "手机"], *([f"客{number}", f"司{number}", f"1390013900{number}"] for number in range(5))]
Kind = PoolMovement.Kind


def places() -> dict[str, tuple[uuid.UUID | None, uuid.UUID | None]]:
    """Return owner and pool of every lead, by its name."""
    model: Any = current_snapshot().object("lead").model
    return {row.value("name"): (row.owner_id, row.pool_id) for row in model._base_manager.filter(deleted_at=None)}


def test_a_file_fills_a_pool_and_each_record_may_be_claimed(crm: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "CHUNK", 2)
    make_pool("默认")
    pool = make_pool("名单", members=["everyone"], admins=[f"user:{crm.users['head'].pk}"], hold_cap=1)
    row = imported(crm.actor("head"), "lead", ROWS, pool_id=str(pool.pk))
    assert counts(row) == (5, 0, 0, 0)
    assert places() == {f"客{number}": (None, pool.pk) for number in range(5)}  # the cap is of those who hold
    assert not Holding.objects.filter(pool_id=pool.pk, held__gt=0).exists()
    moved = PoolMovement.objects.filter(to_pool_id=pool.pk)
    assert [(item.kind, item.to_owner_id, item.actor_id) for item in moved] == [
        (Kind.IMPORT, None, crm.users["head"].pk)
    ] * 5
    rep = crm.actor("rep")
    claimed = claim(rep, pool.pk, [item.record_id for item in moved[:2]])
    assert sorted(said(claimed)) == ["ok", "pool_cap_reached"]


@pytest.mark.parametrize(
    ("mode", "expected"), [("skip", (3, 0, 2, 0)), ("allow", (5, 0, 0, 0)), ("update", (3, 2, 0, 0))]
)
def test_what_is_there_already_stays_where_it_is(crm: World, mode: str, expected: Any) -> None:
    rep, other = crm.users["rep"], make_pool("别处")
    pool = make_pool("名单", admins=[f"user:{crm.users['boss'].pk}"])
    leads(crm, 1, owner="rep", name="有主", company="司0", mobile="13900139000")
    leads(crm, 1, pool=other, name="在别处", company="司1", mobile="13900139001")
    row = imported(crm.actor("boss"), "lead", ROWS, pool_id=str(pool.pk), duplicates=mode)
    assert counts(row) == expected
    found = places()
    new = {name: place for name, place in found.items() if place == (None, pool.pk)}
    assert len(new) == expected[0]
    first, second = ("客0", "客1") if mode == "update" else ("有主", "在别处")
    assert (found[first][0], found[second]) == (rep.pk, (None, other.pk))


def test_only_who_looks_after_a_pool_fills_it(crm: World) -> None:
    make_pool("默认")
    head = f"user:{crm.users['head'].pk}"
    pool = make_pool("名单", members=["everyone"], admins=[head])
    for name, pool_id in (("rep", pool.pk), ("head", uuid.uuid4()), ("south", pool.pk)):
        with pytest.raises(ValidationFailed) as failed:
            imported(crm.actor(name), "lead", ROWS, pool_id=str(pool_id))
        assert [error.field for error in failed.value.errors] == ["pool_id"]
    owned = [[*ROWS[0], "负责人"], [*ROWS[1], "rep"]]
    with pytest.raises(ValidationFailed) as failed:
        imported(crm.actor("head"), "lead", owned, pool_id=str(pool.pk))
    assert [error.code for error in failed.value.errors] == ["invalid_choice"]
    row = prepared(crm.actor("head"), "lead", ROWS, pool_id=str(pool.pk))
    services.start(crm.actor("head"), row.pk)
    update_pool(system_actor(), pool.pk, {"is_active": False})
    run_queued_jobs()  # what has changed since then counts
    assert places() == {}
