"""The lead desk: own records with the unhandled first, and the board of who is in charge of others."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from crm_platform.identity.models import User
from metadata.compiler.current import current_snapshot
from objects.access.policy import AccessPolicy
from objects.merging.rights import may_merge
from objects.records.service import RecordService
from tests.kit.clients import OrganizationClient
from tests.layouts.hosts import host_of
from tests.objects.world import World
from workflows.pools.models import Pool
from workflows.pools.services.inputs import MemberInput, PoolInput
from workflows.pools.services.settings import create_pool, set_members
from workflows.sla.clocks import settle_some
from workflows.sla.models import SlaClock
from workflows.sla.settings import save_policy


@pytest.fixture
def pool(crm: World) -> Pool:
    """A pool that the head administers and everybody may claim from; the rep holds two of its leads, one unhandled."""
    crm.users["admin"] = User.objects.get(username="admin")
    Pool.objects.update(is_active=False)
    made = create_pool(crm.actor("admin"), PoolInput(object="lead", label="华东公海", hold_cap=9))
    head = MemberInput(principal=f"user:{crm.users['head'].pk}", is_admin=True)
    set_members(crm.actor("admin"), made.pk, [MemberInput(principal="everyone"), head])
    leads = [
        RecordService(crm.actor("rep")).create("lead", {"name": name, "company": name}).id for name in ("新来", "旧客")
    ]
    rows = current_snapshot().object("lead").model._base_manager
    rows.filter(pk=leads[1]).update(last_followup_at=timezone.now() + timedelta(seconds=1))
    return made


def test_the_board_tells_who_was_too_late(crm: World, pool: Pool) -> None:
    save_policy(crm.actor("admin"), pool.pk, {"first_response": 30, "in_hours": False, "is_active": True})
    lead = RecordService(crm.actor("rep")).create("lead", {"name": "迟到的线索", "company": "慢公司"}).id
    assert "team-late" not in page(crm, "head", reverse("desk-team"))[1]
    settle_some(SlaClock.objects.get(record_id=lead).due_at)
    html = page(crm, "head", reverse("desk-team"))[1]
    assert "迟到的线索" in part(html, "team-late")
    assert "及时率 0%" in part(html, "team-load")


def page(crm: World, name: str, url: str) -> tuple[int, str]:
    client = OrganizationClient(host_of(crm))
    client.force_login(User.objects.get(pk=crm.users[name].pk))
    answer = client.get(url)
    return answer.status_code, answer.content.decode()


def part(html: str, key: str) -> str:
    found = re.search(rf'<section class="cardx" id="{key}">.*?</section>', html, re.S)
    return found[0] if found else ""


def test_own_records_stand_with_the_unhandled_first(crm: World, pool: Pool) -> None:
    status, html = page(crm, "rep", reverse("desk"))
    assert status == 200
    assert "新来" in part(html, "desk-unhandled") and "旧客" not in part(html, "desk-unhandled")
    assert "旧客" in part(html, "desk-others")
    assert reverse("pool-claim-next", args=[pool.pk]) in html
    assert reverse("desk-team") not in html
    assert page(crm, "rep", reverse("desk-team"))[0] == 404


def test_who_administers_a_pool_sees_the_team(crm: World, pool: Pool) -> None:
    status, html = page(crm, "head", reverse("desk-team"))
    assert status == 200
    assert "新来" in part(html, "team-unhandled") and "旧客" not in part(html, "team-unhandled")
    assert "华东公海" in part(html, "team-waiting") and "0 条待领取" in part(html, "team-waiting")
    load = part(html, "team-load")
    assert crm.users["rep"].name in load and "2 / 9" in load
    merge = reverse("record-merge", args=["lead"])
    offered = {name: merge in page(crm, name, reverse("desk-team"))[1] for name in ("head", "admin")}
    assert offered == {"head": may_merge(AccessPolicy.of(crm.actor("head")), "lead"), "admin": True}
    assert reverse("desk-team") in page(crm, "head", reverse("desk"))[1]


def test_objects_without_pools_have_no_desk(crm: World, pool: Pool) -> None:
    assert page(crm, "rep", reverse("desk") + "?object=account")[0] == 200
    assert page(crm, "rep", reverse("desk") + "?object=opportunity")[0] == 404
    assert page(crm, "rep", reverse("desk") + "?object=nothing")[0] == 404
