"""Assignment rules by clicks: made, peopled, tried out; absences; taking on what one was given."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from crm_platform.audit.models import AuditEntry
from crm_platform.identity.models import User
from crm_platform.kit.context import system_actor
from metadata.models import BusinessObject
from objects.records.service import RecordService
from tests.kit.clients import OrganizationClient
from tests.layouts.hosts import host_of
from tests.objects.world import World
from workflows.assignment.models import Absence, Assignment, AssignmentRule
from workflows.assignment.routing import route
from workflows.pools.models import Pool

Browser = Callable[[str], OrganizationClient]


@pytest.fixture
def browser(crm: World) -> Browser:
    def sign_in(name: str) -> OrganizationClient:
        client = OrganizationClient(host_of(crm))
        client.force_login(User.objects.get(username="admin") if name == "admin" else crm.users[name])
        return client

    return sign_in


@pytest.fixture
def pool(crm: World) -> Pool:
    lead = BusinessObject.objects.get(api_name="lead")
    Pool.objects.filter(business_object=lead).delete()
    return Pool.objects.create(business_object=lead, api_name="desk__c", label="线索池")


FORM = {
    "label": "轮流分配",
    "strategy": "round_robin",
    "entries": ["create"],
    "accept_minutes": "30",
    "most_tries": "3",
    "position": "0",
    "is_active": "on",
    "sticky_fields": ["company"],
    "condition": "",
}


def test_a_rule_is_made_peopled_changed_tried_out_and_deleted(crm: World, pool: Pool, browser: Browser) -> None:
    admin, base = browser("admin"), f"/setup/pools/{pool.pk}/assignment"
    assert "添加规则即可自动分配" in admin.get(base).content.decode()
    answer = admin.post(f"{base}/new", FORM)
    rule = AssignmentRule.objects.get(pool=pool)
    assert answer["Location"] == f"{base}/{rule.pk}"
    assert (rule.accept_minutes, rule.sticky_fields, rule.entries) == (30, ["company"], ["create"])
    rep = crm.users["rep"].pk
    member = {"user_id": str(rep), "weight": "2", "capacity": "", "tags": ["rating=hot", "rating=warm"]}
    assert admin.post(f"{base}/{rule.pk}/new", member).status_code == 302
    row = rule.members.get()
    assert (row.weight, row.capacity, row.tags) == (2, None, {"rating": ["hot", "warm"]})
    page = admin.get(f"{base}/{rule.pk}").content.decode()
    assert "意向度: 高意向" in page
    assert admin.post(f"{base}/{rule.pk}/{rep}", {"weight": "1", "capacity": "5", "tags": []}).status_code == 302
    row.refresh_from_db()
    assert (row.weight, row.capacity, row.tags) == (1, 5, {})
    assert admin.post(f"{base}/{rule.pk}", {**FORM, "label": "改名"}).status_code == 302
    assert rule.members.count() == 1, "a change of the rule leaves its members alone"
    RecordService(system_actor()).create("lead", {"name": "甲", "company": "甲公司", "owner_id": None})
    assert crm.users["rep"].name in admin.get(f"{base}/try").content.decode()
    assert admin.post(f"{base}/{rule.pk}/{rep}/remove").status_code == 302
    assert admin.post(f"{base}/{rule.pk}/delete").status_code == 302
    assert not AssignmentRule.objects.filter(pool=pool).exists()
    told = AuditEntry.objects.filter(action__startswith="assignment.").values_list("action", flat=True)
    assert set(told) == {f"assignment.rule_{act}" for act in ("created", "changed", "deleted")}


def test_mistakes_are_told_at_their_fields_and_others_are_kept_out(crm: World, pool: Pool, browser: Browser) -> None:
    admin, base = browser("admin"), f"/setup/pools/{pool.pk}/assignment"
    wrong = admin.post(f"{base}/new", {**FORM, "label": "", "entries": [], "most_tries": "0"})
    assert wrong.status_code == 422
    assert wrong.content.decode().count("is-invalid") >= 3
    admin.post(f"{base}/new", FORM)
    rule = AssignmentRule.objects.get(pool=pool)
    nobody = {"user_id": str(uuid.uuid4()), "weight": "1", "capacity": "", "tags": []}
    assert admin.post(f"{base}/{rule.pk}/new", nobody).status_code == 422
    assert admin.post(f"{base}/{rule.pk}/new", {**nobody, "tags": ["rating=nope"]}).status_code == 422
    rep = browser("rep")
    for path in ("", "/new", "/try", f"/{rule.pk}", f"/{rule.pk}/new"):
        assert rep.get(f"{base}{path}").status_code == 403, path
    assert rep.post(f"{base}/{rule.pk}/delete").status_code == 403


def test_what_was_given_is_taken_on_beside_the_record(crm: World, pool: Pool, browser: Browser) -> None:
    rule = AssignmentRule.objects.create(pool=pool, label="规则", entries=["create"], accept_minutes=30)
    rule.members.create(user=crm.users["rep"])
    lead = RecordService(system_actor()).create("lead", {"name": "甲", "company": "甲公司", "owner_id": None}).id
    route(pool.pk, timezone.now())
    rep = browser("rep")
    assert f"/o/lead/{lead}/assignment" in rep.get(f"/o/lead/{lead}").content.decode()
    assert "take-on" in rep.get(f"/o/lead/{lead}/assignment").content.decode()
    assert browser("south").get(f"/o/lead/{lead}/assignment").status_code == 404
    assert browser("south").post(f"/o/lead/{lead}/take-on").status_code == 404
    assert rep.post(f"/o/lead/{lead}/take-on").status_code == 302
    assert Assignment.objects.get(record_id=lead).state == Assignment.State.ACCEPTED
    assert f"/o/lead/{lead}/assignment" not in rep.get(f"/o/lead/{lead}").content.decode()


def test_one_notes_ones_own_absence_and_managers_anybodys(crm: World, pool: Pool, browser: Browser) -> None:
    now = timezone.localtime()
    times = {"starts_at": f"{now:%Y-%m-%dT%H:%M}", "ends_at": f"{now + timedelta(days=1):%Y-%m-%dT%H:%M}", "note": ""}
    rep, mine = browser("rep"), {"user_id": str(crm.users["rep"].pk), **times}
    assert f'value="{crm.users["rep"].name}"' in rep.get("/absences/").content.decode()
    assert rep.post("/absences/", mine).status_code == 302
    assert rep.post("/absences/", {**mine, "ends_at": times["starts_at"]}).status_code == 422
    assert rep.post("/absences/", {**mine, "user_id": str(crm.users["city"].pk)}).status_code == 403
    assert browser("admin").post("/absences/", {**mine, "user_id": str(crm.users["city"].pk)}).status_code == 302
    others = Absence.objects.get(user=crm.users["city"])
    assert rep.post(f"/absences/{others.pk}/remove").status_code == 404
    assert rep.post(f"/absences/{Absence.objects.get(user=crm.users['rep']).pk}/remove").status_code == 302
    assert Absence.objects.count() == 1
