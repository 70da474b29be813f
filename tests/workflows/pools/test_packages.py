"""Pools in packages: the shipped ones, and that what an organisation has settled is left alone."""

from __future__ import annotations

from typing import Any

from crm_platform.kit.context import system_actor
from metadata.compiler.current import repin
from metadata.packages.portable import CRM_PACKAGE, apply, load_package
from objects.handover.pools import pool_choices
from tests.objects.world import World
from tests.workflows.pools.desk import make_pool
from workflows.pools import packages
from workflows.pools.models import Pool
from workflows.pools.packages import diff, export
from workflows.pools.services.inputs import RecycleRuleInput
from workflows.pools.services.settings import check_rule, delete_pool, set_recycle_rules, update_pool


def shipped() -> Any:
    return load_package(CRM_PACKAGE).sections["pools"]


def test_the_crm_brings_pools_that_stay_as_they_are_settled(crm: World) -> None:
    assert [change.name for change in diff(shipped())] == ["lead.leads", "account.accounts"]
    apply(system_actor(), load_package(CRM_PACKAGE))
    repin()
    lead, account = Pool.objects.get(api_name="leads"), Pool.objects.get(api_name="accounts")
    assert (lead.label, lead.daily_cap, lead.masked_fields[0]) == ("线索公海", 50, "mobile")
    assert lead.members.get().principal == "everyone" and account.recycle_rules.count() == 2
    for pool in (lead, account):
        for rule in pool.recycle_rules.all():
            check_rule(pool, rule)
    update_pool(system_actor(), lead.pk, {"label": "我们的公海", "is_active": False})
    assert diff(shipped()) == []
    delete_pool(system_actor(), lead.pk)
    assert diff(shipped()) == []  # what has been taken away does not come back
    assert [choice.id for choice in pool_choices(crm.actor("boss"), "account")] == [account.pk]


def test_a_pool_travels_with_its_members_and_rules(crm: World) -> None:
    scope = {"field": "rating", "op": "eq", "value": "hot"}
    target = make_pool("目标")
    pool = make_pool("甲", scope=scope, hold_cap=9, reasons=["无意向"], recycles_to=target.pk)
    set_recycle_rules(system_actor(), pool.pk, [RecycleRuleInput(label="7 天", kind="no_follow_up", days=7)])
    before = export(["lead"])
    document = next(item for item in before if item["uuid"] == str(pool.pk))
    assert document["scope"] == scope and document["recycles_to"] == str(target.pk)
    assert "cool_down_days" not in document
    Pool.objects.all().delete()
    assert len(diff(before)) == 2
    packages.apply(system_actor(), before)
    assert export(["lead"]) == before
