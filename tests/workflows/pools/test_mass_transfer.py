"""Owners that a job changes: what people may hold counts, going and coming back."""

from __future__ import annotations

from objects.exchange import services
from objects.exchange.mass import Order
from objects.exchange.sending import new_mass_order
from objects.invariants import violations
from objects.records.models import Holding
from tests.kit.work import run_queued_jobs
from tests.objects.exchange.files import result
from tests.objects.world import World
from tests.workflows.pools.desk import leads, make_pool
from workflows.pools.models import Pool


def held(pool: Pool, crm: World, name: str) -> int:
    rows = Holding.objects.filter(pool_id=pool.pk, user_id=crm.users[name].pk)
    return sum(rows.values_list("held", flat=True))


def test_caps_and_counters_hold_for_a_mass_transfer(crm: World) -> None:
    pool, boss = make_pool(hold_cap=3), crm.actor("boss")
    leads(crm, 3, owner="south", pool=pool)
    leads(crm, 1, owner="rep", pool=pool)
    chosen = {"field": "owner_id", "op": "eq", "value": str(crm.users["south"].pk)}
    row = new_mass_order(boss, "lead", "", Order("mass_transfer", chosen, {"owner_id": str(crm.users["rep"].pk)}))
    services.start(boss, row.pk)
    run_queued_jobs()
    row.refresh_from_db()
    assert (row.updated, row.failed, row.problems) == (2, 1, {"pool_cap_reached": 1})
    assert [line[3] for line in result(row)[1:]] == ["pool_cap_reached"]
    assert (held(pool, crm, "rep"), held(pool, crm, "south")) == (3, 1)
    services.undo(boss, row.pk)
    run_queued_jobs()
    row.refresh_from_db()
    assert row.undo_counts == {"restored": 2}
    assert (held(pool, crm, "rep"), held(pool, crm, "south")) == (1, 3) and violations() == []
