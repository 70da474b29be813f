"""Duplicates on the pages: the warning, the hint, the search, sets, and merging side by side."""

from __future__ import annotations

import uuid

import pytest

from crm_platform.identity.models import User
from objects.duplicates.models import DuplicateDecision, DuplicateSet, NotDuplicate
from objects.merging.models import Merge
from objects.records.service import Consent, RecordService
from tests.kit.clients import OrganizationClient
from tests.layouts.hosts import host_of
from tests.objects.world import World

PHONE = "13800138000"


@pytest.fixture
def boss(crm: World) -> RecordService:
    crm.users["admin"] = User.objects.get(username="admin")
    return RecordService(crm.actor("admin"), consent=Consent(duplicates=True, reason="test"))


def lead(own: RecordService, name: str, **values: str) -> uuid.UUID:
    return own.create("lead", {"name": name, "company": f"{name}公司", **values}).id


def test_a_warning_is_shown_and_passed_with_a_reason(admin: OrganizationClient, boss: RecordService) -> None:
    first = lead(boss, "王小明", mobile=PHONE)
    given = {"name": "李雷", "company": "云图", "phone": "+86 138 0013 8000", "status": "new"}
    answer = admin.post("/o/lead/new", given)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert f"/o/lead/{first}" in html
    assert 'name="_duplicates_reason"' in html
    assert admin.post("/o/lead/new", {**given, "_duplicates": "allow"}).status_code == 422
    saved = admin.post("/o/lead/new", {**given, "_duplicates": "allow", "_duplicates_reason": "另一个人"})
    assert saved.status_code == 302
    assert DuplicateDecision.objects.get(reason="另一个人").rule == "same_person"


def test_a_block_can_not_be_passed(admin: OrganizationClient, boss: RecordService) -> None:
    code = "91110108MA01ABCD2X"
    boss.create("account", {"name": "华为", "credit_code": code})
    given = {"name": "小米", "credit_code": code, "_duplicates": "allow", "_duplicates_reason": "x"}
    answer = admin.post("/o/account/new", given)
    assert answer.status_code == 422
    assert 'name="_duplicates_reason"' not in answer.content.decode()


def test_the_hint_tells_while_somebody_writes(admin: OrganizationClient, boss: RecordService) -> None:
    first = lead(boss, "王小明", mobile=PHONE)
    assert 'id="duplicate-hint"' in admin.get("/o/lead/new").content.decode()
    assert f"/o/lead/{first}" in admin.post("/o/lead/duplicate-hint", {"mobile": PHONE}).content.decode()
    assert admin.post("/o/lead/duplicate-hint", {"mobile": "abc"}).content.strip() == b""


def test_the_search_finds_across_objects_and_masks(crm: World, admin: OrganizationClient, boss: RecordService) -> None:
    lead(boss, "王小明", mobile=PHONE)
    boss.create("account", {"name": "华为技术有限公司", "phone": PHONE})
    html = admin.get(f"/duplicates/check?phone={PHONE}").content.decode()
    assert "王小明" in html
    assert "华为技术有限公司" in html
    rep = OrganizationClient(host_of(crm))
    rep.force_login(crm.users["rep"])
    html = rep.get("/duplicates/check?company=华为技术").content.decode()
    assert "华为****" in html
    assert "华为技术有限公司" not in html


def test_checks_are_limited(crm: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("objects.duplicates.checking.CHECKS_PER_HOUR", 2)
    rep = OrganizationClient(host_of(crm))
    rep.force_login(crm.users["rep"])
    pages = [rep.get(f"/duplicates/check?phone={PHONE}").content.decode() for _ in range(3)]
    assert ["notice-danger" in page for page in pages] == [False, False, True]


def test_a_set_is_looked_at_and_dismissed(admin: OrganizationClient, boss: RecordService) -> None:
    lead(boss, "王小明")
    account = boss.create("account", {"name": "王小明公司"}).id
    found = DuplicateSet.objects.get(members__record_id=account)
    assert f"/duplicates/{found.pk}" in admin.get("/duplicates/").content.decode()
    assert "王小明" in admin.get(f"/duplicates/{found.pk}").content.decode()
    assert admin.post(f"/duplicates/{found.pk}/dismiss").status_code == 302
    assert NotDuplicate.objects.count() == 1
    assert f"/duplicates/{found.pk}" not in admin.get("/duplicates/").content.decode()


def test_records_are_merged_side_by_side_and_the_merge_undone(admin: OrganizationClient, boss: RecordService) -> None:
    first, second = lead(boss, "王小明", city="北京"), lead(boss, "王晓明", city="上海", email="a@b.cn")
    html = admin.get(f"/o/lead/merge?ids={first},{second}").content.decode()
    assert html.count('name="field:city"') == 2
    given = {"ids": [str(first), str(second)], "survivor": str(first), "field:city": str(second), "_merge": "1"}
    assert admin.post("/o/lead/merge", given).status_code == 302
    row = Merge.objects.get()
    page = admin.get(f"/o/lead/{second}")
    assert page["Location"] == f"/o/lead/{first}"
    html = admin.get(page["Location"]).content.decode()
    assert "上海" in html
    assert "a@b.cn" in html
    assert admin.get(f"/merges/{row.pk}").status_code == 200
    assert admin.post(f"/merges/{row.pk}/undo").status_code == 302
    assert "王晓明" in admin.get(f"/o/lead/{second}").content.decode()


@pytest.mark.parametrize("query", ["", "?ids=x", "?ids=01a2018c-8a38-71e0-ab53-c18fffde658e"])
def test_nothing_to_merge_is_not_found(admin: OrganizationClient, query: str) -> None:
    assert admin.get(f"/o/lead/merge{query}").status_code == 404


def test_rules_are_made_with_clicks(admin: OrganizationClient) -> None:
    matching = {
        "label_zh_hans": "微信相同",
        "label_en": "Same WeChat",
        "method_1": "exact",
        "fields_1": ["wechat"],
        "is_active": "on",
    }
    assert admin.post("/setup/objects/lead/duplicates/matching/new?target=lead", matching).status_code == 302
    wrong = {**matching, "method_1": "phone", "fields_1": ["description"], "label_en": "Wrong"}
    assert (
        admin.post("/setup/objects/lead/duplicates/matching/new?target=lead", {**wrong, "threshold_1": "5"}).status_code
        == 422
    )
    actions = {f"action_{event}": "block" for event in ("create", "edit", "import", "api", "convert")}
    rule = {
        "label_zh_hans": "微信",
        "label_en": "WeChat",
        "matching_rules": ["same_wechat__c"],
        "scope": "all",
        "is_active": "on",
    }
    assert admin.post("/setup/objects/lead/duplicates/new", {**rule, **actions}).status_code == 302
    html = admin.get("/setup/objects/lead/duplicates/").content.decode()
    assert "微信相同" in html
    assert admin.post("/setup/objects/lead/duplicates/rule/wechat__c/delete").status_code == 302
