"""The pages of conversion: columns with what is known, mistakes at their fields, many leads, the mapping."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from crm_platform.identity.models import Profile, User
from crm_platform.kit.context import Actor, system_actor
from metadata.models import BusinessObject
from objects.access.grants import revoke_object
from objects.access.services.field_levels import set_field_levels
from objects.conversion.settings import Choice, choices
from objects.query.query import RecordQuery
from objects.records.service import Consent, RecordService
from tests.kit.clients import OrganizationClient
from tests.objects.world import World

Browser = Callable[[str], OrganizationClient]
COMPANY = "宁波海纳精密仪器有限公司"


@pytest.fixture
def rep(crm: World) -> Actor:
    return crm.actor("rep")


@pytest.fixture
def lead(rep: Actor) -> Callable[..., uuid.UUID]:
    service = RecordService(rep, consent=Consent(duplicates=True, reason="Another"))

    def make(**values: Any) -> uuid.UUID:
        usual = {"name": "沈括", "company": COMPANY, "mobile": "13600001111", "rating": "hot", "city": "宁波"}
        return service.create("lead", {**usual, **values}).id

    return make


def address(lead_id: uuid.UUID) -> str:
    return reverse("record-convert", args=["lead", lead_id])


def sent(**more: Any) -> dict[str, Any]:
    """What a browser sends of a form that makes an account and a contact."""
    return {
        "account-mode": "new",
        "account-name": COMPANY,
        "account-type": "prospect",
        "account-city": "舟山",
        "contact-mode": "new",
        "contact-name": "沈括",
        "contact-mobile": "13600001111",
        "opportunity-mode": "none",
        **more,
    }


def show(actor: Actor, name: str, record_id: Any) -> dict[str, Any]:
    return RecordQuery(actor, name).get(record_id)


def test_a_lead_is_converted_by_its_form_and_the_page_then_shows_the_result(
    browser: Browser, rep: Actor, lead: Any
) -> None:
    own, client = lead(), browser("rep")
    html = client.get(reverse("record", args=["lead", own])).content.decode()
    assert address(own) in html
    html = client.get(address(own)).content.decode()
    assert f'value="{COMPANY}"' in html and "意向度" in html  # what has no place is told
    answer = client.post(address(own), sent())
    assert (answer.status_code, answer["Location"]) == (302, address(own))
    found = show(rep, "lead", own)
    account = show(rep, "account", found["converted_account_id"])
    assert (account["name"], account["city"], found["status"]) == (COMPANY, "舟山", "converted")
    html = client.get(address(own)).content.decode()
    assert reverse("record", args=["account", account["id"]]) in html
    assert "仅保留在线索上：意向度" in html
    html = client.get(reverse("record", args=["lead", own])).content.decode()
    assert address(own) in html and "转换结果" in html
    edit = reverse("record-edit", args=["lead", own])
    assert "线索已转换" in html and edit not in html  # what would be refused is not offered; why, is said
    assert client.get(edit)["Location"] == reverse("record", args=["lead", own])
    assert client.post(address(own), sent()).status_code == 200  # a second click shows what there is
    closed = client.post(edit, {"name": "沈括", "company": "别的公司"})
    assert (closed.status_code, "线索已转换" in closed.content.decode()) == (422, True)
    assert show(rep, "lead", own)["company"] == COMPANY


def test_a_known_customer_is_offered_first_and_a_double_needs_a_reason(browser: Browser, rep: Actor, lead: Any) -> None:
    known = RecordService(rep).create("account", {"name": COMPANY}).id
    own, client = lead(), browser("rep")
    html = client.get(address(own)).content.decode()
    assert f'name="account-pick" value="{known}" checked' in html
    answer = client.post(address(own), sent())
    assert answer.status_code == 422 and "可能已有" in answer.content.decode()
    answer = client.post(address(own), sent(**{"account-another": "1"}))
    assert answer.status_code == 422 and "is-invalid" in answer.content.decode()
    assert show(rep, "lead", own)["status"] == "new"
    into = sent(**{"account-mode": "existing", "account-pick": str(known)})
    url = reverse("record-convert-changes", args=["lead", own])
    asked = {"target": "account", "account-mode": "existing", "account-pick": str(known)}
    told = client.get(url, asked).content.decode()
    assert "宁波" in told and "<h1" not in told
    assert "宁波" not in client.get(url, {**asked, "account-values": "keep"}).content.decode()
    assert "宁波" not in client.get(url, {**asked, "account-mode": "new"}).content.decode()
    assert browser("south").get(url, asked).status_code == 404
    assert client.post(address(own), into).status_code == 302
    assert show(rep, "lead", own)["converted_account_id"] == str(known)
    third = lead(name="沈约", mobile="13600002222")
    double = sent(**{"account-another": "1", "contact-mode": "none", "reason": "同名不同公司"})
    assert client.post(address(third), double).status_code == 302


def test_mistakes_stand_at_their_fields_and_nothing_is_made(browser: Browser, rep: Actor, lead: Any) -> None:
    own, client = lead(), browser("rep")
    for wrong, text in (
        ({"account-name": ""}, "is-invalid"),
        ({"account-mode": "existing"}, "请选择已有记录"),
        ({"account-mode": "none", "contact-mode": "none"}, "请至少选择一项"),
        ({"opportunity-mode": "new", "opportunity-name": "x", "opportunity-stage": "contact"}, "is-invalid"),
        ({"version": "999"}, "修改"),
    ):
        answer = client.post(address(own), sent(**wrong))
        assert answer.status_code == 422, wrong
        assert text in answer.content.decode(), wrong
    assert show(rep, "lead", own)["version"] == 1
    assert browser("south").get(address(own)).status_code == 404
    other = reverse("record-convert", args=["account", own])
    assert client.get(other).status_code == 404


def test_what_somebody_may_not_do_is_not_offered(browser: Browser, rep: Actor, lead: Any) -> None:
    own, profile = lead(), Profile.objects.get(api_name="sales_rep")
    revoke_object(system_actor(), profile, BusinessObject.objects.get(api_name="account"), ["create"])
    set_field_levels(system_actor(), profile, "lead", {"mobile": "hidden"})
    client = browser("rep")
    html = client.get(address(own)).content.decode()
    assert 'name="account-mode" value="new"' not in html and 'name="contact-mode" value="new"' in html
    assert "13600001111" not in html
    assert client.post(address(own), sent()).status_code in (403, 422)
    revoke_object(system_actor(), profile, BusinessObject.objects.get(api_name="lead"), ["convert"])
    client = browser("rep")
    assert client.get(address(own)).status_code == 403
    assert address(own) not in client.get(reverse("record", args=["lead", own])).content.decode()


def test_selected_leads_have_a_result_each(browser: Browser, rep: Actor, crm: World, lead: Any) -> None:
    known = RecordService(rep).create("account", {"name": COMPANY}).id
    RecordService(crm.actor("south")).create("account", {"name": "南海渔业股份有限公司"})
    into, stuck = lead(), lead(name="钱镠", company="南海渔业股份有限公司", mobile="13600003333")
    client, url = browser("rep"), reverse("record-convert-selected", args=["lead"])
    data: dict[str, Any] = {"ids": [str(into), str(stuck)]}
    html = client.post(url, data).content.decode()
    assert 'name="confirmed"' in html and 'name="opportunity"' in html
    answer = client.post(url, {**data, "confirmed": "1", "contact": "on"})
    html = answer.content.decode()
    assert (answer.status_code, "已转换 1 条线索" in html, "1 条线索未转换" in html) == (200, True, True)
    assert reverse("record", args=["account", known]) in html and "南海渔业股份有限公司" not in html
    assert show(rep, "lead", stuck)["status"] == "new"


def test_a_lead_is_given_up_and_taken_up_again_from_its_page(browser: Browser, rep: Actor, lead: Any) -> None:
    own, client = lead(), browser("rep")
    up, again = (reverse(name, args=["lead", own]) for name in ("record-disqualify", "record-reopen"))
    assert client.post(up, {"reason": ""}).status_code == 422
    assert client.post(up, {"reason": "no_need"}).status_code == 302
    html = client.get(reverse("record", args=["lead", own])).content.decode()
    assert again in html and up not in html
    assert client.post(again).status_code == 302
    assert show(rep, "lead", own)["status"] == "working"


def test_an_administrator_says_where_fields_go(browser: Browser, crm: World) -> None:
    url = reverse("conversion-mapping", args=["lead"])
    admin = User.objects.get(username="admin")
    crm.users["admin"] = admin
    client = browser("admin")
    html = client.get(url).content.decode()
    assert "自动：客户名称" in html and 'value="employees"' not in html.partition('name="company.account"')[2][:2000]
    ways = {"existing:name.account": "overwrite", "existing:city.account": "keep"}
    answer = client.post(url, {"name.account": "short_name", "city.account": "-", "company.account": "", **ways})
    assert answer.status_code == 302
    assert set(choices()) == {Choice("name", "account", "short_name", "overwrite"), Choice("city", "account", None)}
    shown = client.get(url).content.decode().partition('name="existing:name.account"')[2]
    assert 'value="overwrite" selected' in shown.partition("</select>")[0]
    answer = client.post(url, {"name.account": "short_name", "title.account": "short_name"})
    assert (answer.status_code, "is-invalid" in answer.content.decode()) == (422, True)
    assert client.get(reverse("conversion-mapping", args=["account"])).status_code == 404
    assert browser("rep").get(url).status_code == 403
