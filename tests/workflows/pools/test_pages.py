"""The pages of pools: who sees what, claiming, giving back, the settings with their mistakes at their fields."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from html import unescape
from typing import Any

import pytest
from django.urls import reverse

from crm_platform.identity.models import User
from metadata.compiler.current import current_snapshot
from objects.records.service import RecordService
from tests.kit.clients import OrganizationClient
from tests.layouts.hosts import host_of
from tests.objects.world import World
from workflows.pools.models import HoldCap, Pool, PoolMovement, PoolQuota
from workflows.pools.services.claiming import release
from workflows.pools.services.inputs import MemberInput, PoolInput
from workflows.pools.services.settings import create_pool, set_members, set_quota, update_pool

HTMX = {"HX-Request": "true"}


@dataclass
class Sea:
    """A pool of leads whose members are the rep and, as administrator, the head; two leads wait in it."""

    crm: World
    pool: Pool
    waiting: list[uuid.UUID]

    def client(self, name: str) -> OrganizationClient:
        client = OrganizationClient(host_of(self.crm))
        client.force_login(self.user(name))
        return client

    def user(self, name: str) -> User:
        return User.objects.get(username="admin") if name == "admin" else User.objects.get(pk=self.crm.users[name].pk)

    def owner(self, lead: uuid.UUID) -> uuid.UUID | None:
        row = current_snapshot().object("lead").model._base_manager.get(pk=lead)
        return row.owner_id  # type: ignore[attr-defined, no-any-return]

    def url(self, name: str, *args: Any) -> str:
        return reverse(name, args=[self.pool.pk, *args])


@pytest.fixture
def sea(crm: World) -> Sea:
    crm.users["admin"] = User.objects.get(username="admin")
    given = PoolInput(object="lead", label="华东公海", masked_fields=["phone"], reasons=["联系不上"])
    pool = create_pool(crm.actor("admin"), given)
    members = [MemberInput(principal=f"user:{crm.users['rep'].pk}")]
    members.append(MemberInput(principal=f"user:{crm.users['head'].pk}", is_admin=True))
    set_members(crm.actor("admin"), pool.pk, members)
    set_quota(crm.actor("admin"), pool.pk, crm.users["rep"].pk, hold_cap=1)
    actor = crm.actor("admin")
    leads = [
        RecordService(actor).create("lead", {"name": name, "company": f"{name}公司", "phone": phone}).id
        for name, phone in (("王晨", "13800001234"), ("赵蕾", "13900005678"))
    ]
    release(actor, "lead", leads, pool_id=pool.pk, reason="联系不上")
    return Sea(crm, pool, leads)


# --- what waits -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("name", "status"), [("rep", 200), ("head", 200), ("admin", 200), ("south", 404)])
def test_a_pool_is_there_for_its_people_alone(sea: Sea, name: str, status: int) -> None:
    client = sea.client(name)
    for url in (sea.url("pool"), sea.url("pool-log"), sea.url("pool-record", sea.waiting[0])):
        assert client.get(url).status_code == status
    assert ("华东公海" in client.get(reverse("pools")).content.decode()) == (status == 200)


def test_members_see_masked_values_and_administrators_all(sea: Sea) -> None:
    for url in (sea.url("pool"), sea.url("pool-record", sea.waiting[0])):
        seen = sea.client("rep").get(url).content.decode()
        assert "王晨" in seen
        assert "0000 1234" not in seen
        assert "13800001234" not in seen
    assert "138 0000 1234" in sea.client("head").get(sea.url("pool-record", sea.waiting[0])).content.decode()
    by_phone = sea.client("rep").get(sea.url("pool") + "?sort=phone")
    assert by_phone.status_code == 200
    assert "sort=phone" not in by_phone.content.decode().split("<tbody>")[0].split("<thead>")[1]


def test_the_list_is_searched_and_sorted(sea: Sea) -> None:
    client = sea.client("rep")
    found = client.get(sea.url("pool") + "?q=赵").content.decode()
    assert "赵蕾" in found and "王晨" not in found
    rows = client.get(sea.url("pool") + "?sort=-name", headers=HTMX).content.decode()
    assert "<html" not in rows
    assert "没有" not in rows.split("<tbody>")[1]
    assert "暂无" not in client.get(sea.url("pool") + "?q=没有此人").content.decode().split("empty-title")[0]
    assert "empty-state" in client.get(sea.url("pool") + "?q=没有此人").content.decode()


def test_the_list_is_filtered_by_what_the_pool_shows(sea: Sea) -> None:
    client, form = sea.client("rep"), sea.url("pool-filter")
    asked = {"path": "name", "op": "contains", "_operand": "赵"}
    dialog = client.get(form, {**asked, "sort": "-name"}, headers=HTMX).content.decode()
    assert 'value="company"' in dialog and 'value="phone"' not in dialog
    assert 'value="phone"' in sea.client("head").get(form, headers=HTMX).content.decode()
    applied = client.get(form, {**asked, "sort": "-name", "apply": "1"})
    url = applied["Location"]
    assert (applied.status_code, "sort=-name" in url, url.startswith(sea.url("pool"))) == (302, True, True)
    listed = client.get(url).content.decode()
    assert "赵蕾" in listed and "王晨" not in listed
    chip = listed.split('class="chip on"')[1].split("</span>")[0]
    assert f"{form}?name__contains=" in chip and "place=0" in chip
    assert 'name="name__contains"' in listed.split('id="list-searched"')[1].split("</form>")[0]
    changed = client.get(f"{form}?{url.split('?')[1]}&place=0", headers=HTMX).content.decode()
    assert 'value="赵"' in changed
    for query in ("phone__contains=138", "phone__empty=1", 'where={"field":"phone","op":"eq","value":"138"}'):
        refused = client.get(f"{sea.url('pool')}?{query}")
        assert refused.status_code == 422, query
        assert "王晨" not in refused.content.decode()
    by_number = sea.client("head").get(sea.url("pool") + "?phone__contains=1380000").content.decode()
    assert "王晨" in by_number and "赵蕾" not in by_number
    back = unescape(listed.split('id="claim-one"')[1].split('name="next" value="')[1].split('"')[0])
    claimed = client.post(sea.url("pool-claim"), {"ids": str(sea.waiting[0]), "next": back})
    assert (claimed.status_code, claimed["Location"], back) == (302, url, url)


def test_what_only_administrators_assign_is_shown_to_them_alone(sea: Sea) -> None:
    update_pool(sea.crm.actor("admin"), sea.pool.pk, {"mode": "assign"})
    client = sea.client("rep")
    assert client.get(sea.url("pool-record", sea.waiting[0])).status_code == 403
    listed = client.get(sea.url("pool"))
    assert listed.status_code == 200
    assert "王晨" not in listed.content.decode()
    assert client.post(sea.url("pool-claim"), {"ids": [sea.waiting[0]]}).status_code == 403
    assert "王晨" in sea.client("head").get(sea.url("pool")).content.decode()


def test_the_log_tells_members_of_their_own_movements(sea: Sea) -> None:
    rep = sea.client("rep")
    rep.post(sea.url("pool-claim"), {"ids": [sea.waiting[0]]})
    mine, all_of_them = (sea.client(name).get(sea.url("pool-log")).content.decode() for name in ("rep", "head"))
    assert mine.count("<tr>") == 2  # the heading, and his claim
    assert all_of_them.count("<tr>") == 6  # two leads came in and were given back besides


# --- claiming -------------------------------------------------------------------------------------------------
def test_a_lead_is_claimed_and_the_next_is_beyond_the_limit(sea: Sea) -> None:
    client, rep = sea.client("rep"), sea.user("rep").pk
    answer = client.post(sea.url("pool-claim"), {"ids": [sea.waiting[0]], "opens": "1"})
    assert answer.headers["Location"] == reverse("record", args=["lead", sea.waiting[0]])
    assert sea.owner(sea.waiting[0]) == rep
    page = client.post(sea.url("pool-claim-next"), follow=True).content.decode()
    assert sea.owner(sea.waiting[1]) is None
    assert "1 条记录未变动" in page
    assert "1 / 1" in client.get(sea.url("pool")).content.decode()


def test_claiming_nothing_or_what_is_gone_is_told(sea: Sea) -> None:
    client = sea.client("rep")
    assert "请至少选择一条记录" in client.post(sea.url("pool-claim"), follow=True).content.decode()
    sea.client("head").post(sea.url("pool-claim"), {"ids": [sea.waiting[0]]})
    told = client.post(sea.url("pool-claim"), {"ids": [sea.waiting[0]]}, follow=True).content.decode()
    assert "1 条记录未变动" in told
    assert sea.owner(sea.waiting[0]) == sea.user("head").pk


def test_administrators_assign_and_move(sea: Sea) -> None:
    other = create_pool(sea.crm.actor("admin"), PoolInput(object="lead", label="华南公海"))
    set_members(sea.crm.actor("admin"), other.pk, [MemberInput(principal=f"user:{sea.user('head').pk}", is_admin=True)])
    client, rep = sea.client("head"), sea.user("rep").pk
    first, second = sea.waiting
    assert sea.client("rep").post(sea.url("pool-assign"), {"ids": [first], "owner_id": rep}).status_code == 403
    asked = client.post(sea.url("pool-assign"), {"ids": [first]}, headers=HTMX)
    assert asked.status_code == 200 and "owner_id" in asked.content.decode()
    assert client.post(sea.url("pool-assign"), {"ids": [first], "owner_id": ""}, headers=HTMX).status_code == 422
    client.post(sea.url("pool-assign"), {"ids": [first], "owner_id": rep})
    assert sea.owner(first) == rep
    client.post(sea.url("pool-move"), {"ids": [second], "to_pool": other.pk, "note": "南方的"})
    assert PoolMovement.objects.filter(record_id=second, kind="move", to_pool_id=other.pk, note="南方的").exists()


# --- on records -----------------------------------------------------------------------------------------------
def test_an_owner_gives_back_with_a_reason_of_the_pool(sea: Sea) -> None:
    client, lead = sea.client("rep"), sea.waiting[0]
    client.post(sea.url("pool-claim"), {"ids": [lead]})
    page = client.get(reverse("record", args=["lead", lead])).content.decode()
    release_url = reverse("record-release", args=["lead", lead])
    assert release_url in page
    panel = client.get(reverse("record-pool-panel", args=["lead", lead]), headers=HTMX).content.decode()
    assert "华东公海" in panel and "领取" in panel
    wrong = client.post(release_url, {"is_sent": "1", "to_pool": sea.pool.pk}, headers=HTMX)
    assert wrong.status_code == 422
    assert "请选择原因" in wrong.content.decode()
    data = {"is_sent": "1", "to_pool": sea.pool.pk, f"reason_{sea.pool.pk}": "联系不上", "note": "三次未接"}
    assert client.post(release_url, data).status_code == 302
    assert sea.owner(lead) is None
    told = PoolMovement.objects.filter(record_id=lead, kind="release").latest("pk")
    assert (told.reason, told.note) == ("联系不上", "三次未接")


def test_others_are_not_offered_what_they_may_not_do(sea: Sea) -> None:
    lead = RecordService(sea.crm.actor("south")).create("lead", {"name": "陈立", "company": "云海"}).id
    for name in ("record-release", "record-pool-assign", "record-pool-move", "record-pool-panel"):
        assert sea.client("rep").get(reverse(name, args=["lead", lead])).status_code == 404
    own = sea.client("south")
    assert own.get(reverse("record-pool-move", args=["lead", lead])).status_code == 403
    assert own.get(reverse("record-release", args=["opportunity", lead])).status_code == 404


def test_selected_records_are_given_back_together(sea: Sea) -> None:
    client = sea.client("admin")
    made = [RecordService(sea.crm.actor("admin")).create("lead", {"name": f"线索{n}", "company": "云"}) for n in (1, 2)]
    ids = [item.id for item in made]
    url = reverse("records-release", args=["lead"])
    assert "已选 2 条记录" in client.post(url, {"ids": ids}, headers=HTMX).content.decode()
    data = {"ids": ids, "is_sent": "1", "to_pool": sea.pool.pk, f"reason_{sea.pool.pk}": "联系不上"}
    answer = client.post(url, data, headers=HTMX)
    assert answer.headers["HX-Redirect"]
    assert [sea.owner(item) for item in ids] == [None, None]


# --- settings -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["pool-edit", "pool-people", "pool-rules", "pool-rule-new"])
def test_settings_are_for_who_arranges_the_platform(sea: Sea, name: str) -> None:
    assert sea.client("head").get(sea.url(name)).status_code == 403
    assert sea.client("admin").get(sea.url(name)).status_code == 200


def test_a_pool_is_made_changed_and_deleted(sea: Sea) -> None:
    client = sea.client("admin")
    given = {"object": "lead", "label": "新公海", "mode": "claim", "member_kind": "everyone"}
    wrong = client.post(reverse("pool-new"), {**given, "label": ""})
    assert wrong.status_code == 422
    assert "has-error" in wrong.content.decode()
    client.post(reverse("pool-new"), given)
    made = Pool.objects.get(label="新公海")
    assert made.members.get().principal == "everyone"
    url = reverse("pool-edit", args=[made.pk])
    data = {
        "version": made.version, "label": "新公海", "mode": "claim", "position": 3, "batch_size": 10, "hold_cap": 20,
        "cool_down_days": 7, "protection_hours": 0, "own_department_hours": 0, "reasons": "没有需求\n地区不符",
        "clock": "workdays", "open_tasks": "admin", "run_cap": 1000,
        "reminder_days": "3，1", "extension_days": 5, "protected_cap": 2,
        "masked_fields": ["phone"], "order": "-created_at", "members_release": "on", "recycles": "on",
        "scope": '{"field": "status", "op": "eq", "value": "new"}',
    }  # fmt: skip
    mistaken = client.post(url, {**data, "reminder_days": "bald", "scope": '{"field": "nix", "op": "eq", "value": 1}'})
    assert mistaken.status_code == 422
    assert "请输入天数" in mistaken.content.decode()
    assert client.post(url, data).status_code == 302
    made.refresh_from_db()
    assert (made.hold_cap, made.reasons, made.reminder_days) == (20, ["没有需求", "地区不符"], [3, 1])
    assert (made.order, made.masked_fields, made.clock) == (["-created_at"], ["phone"], "workdays")
    assert (made.is_active, made.waits_for_leave, made.open_tasks) == (False, False, "admin")
    assert client.post(url, data).status_code == 422  # of a version that is gone
    client.post(reverse("pool-delete", args=[made.pk]))
    assert not Pool.objects.filter(pk=made.pk).exists()


def test_a_pool_in_use_is_not_deleted(sea: Sea) -> None:
    sea.client("admin").post(sea.url("pool-delete"))
    assert Pool.objects.filter(pk=sea.pool.pk).exists()


def test_people_quotas_and_caps_are_settled(sea: Sea) -> None:
    client, rep, south = sea.client("admin"), sea.user("rep"), sea.user("south")
    url = sea.url("pool-people")
    given = {"about": "member", "member_kind": "user", "member_user": str(south.pk)}
    client.post(url, given)
    assert sea.pool.members.filter(principal=f"user:{south.pk}").exists()
    assert client.post(url, {"about": "member", "member_kind": "user"}).status_code == 422
    client.post(sea.url("pool-member-remove", sea.pool.members.get(principal=f"user:{south.pk}").pk))
    assert not sea.pool.members.filter(principal=f"user:{south.pk}").exists()
    client.post(url, {"about": "quota", "user_id": str(rep.pk), "hold_cap": "5"})
    assert PoolQuota.objects.get(pool=sea.pool, user=rep).hold_cap == 5  # it was 1
    client.post(sea.url("pool-quota-remove", rep.pk))
    assert not PoolQuota.objects.filter(pool=sea.pool).exists()
    caps = reverse("pool-caps", args=["lead"])
    client.post(caps, {"member_kind": "everyone", "cap": "80"})
    assert client.post(caps, {"member_kind": "everyone", "cap": "90"}).status_code == 422  # named twice
    client.post(reverse("pool-cap-remove", args=["lead", HoldCap.objects.get(cap=80).pk]))
    assert not HoldCap.objects.exists()
    assert client.get(reverse("pool-caps", args=["opportunity"])).status_code == 404


def test_rules_of_return_are_made_changed_and_deleted(sea: Sea) -> None:
    client = sea.client("admin")
    hot = '{"field": "rating", "op": "eq", "value": "hot"}'
    data = {
        "label": "15 天没有跟进", "kind": "no_follow_up", "days": 15, "group": 0, "is_active": "on", "condition_0": hot,
        "days_0": 7,
    }  # fmt: skip
    unfinished = client.post(sea.url("pool-rule-new"), {**data, "days_0": ""})
    assert unfinished.status_code == 422
    assert "请填写天数" in unfinished.content.decode()
    client.post(sea.url("pool-rule-new"), data)
    rule = sea.pool.recycle_rules.get()
    assert rule.variants == [{"condition": {"field": "rating", "op": "eq", "value": "hot"}, "days": 7}]
    edit = sea.url("pool-rule", rule.pk)
    assert "15 天没有跟进" in client.get(edit).content.decode()
    wrong = client.post(edit, {**data, "kind": "expression", "expression": "nonsense("})
    assert wrong.status_code == 422
    client.post(edit, {**data, "kind": "not_converted", "values": ["converted"], "days": 90})
    rule.refresh_from_db()
    assert (rule.kind, rule.days, rule.settings) == ("not_converted", 90, {"values": ["converted"]})
    assert "90 天" in client.get(sea.url("pool-rules")).content.decode()
    client.post(sea.url("pool-rule-delete", rule.pk))
    assert not sea.pool.recycle_rules.exists()
    assert client.get(edit).status_code == 404
