"""Forms of records: prefilling, saving, going on, and two people at one record."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crm_platform.kit.context import Actor
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.kit.clients import OrganizationClient
from tests.layouts.pages import form_data
from tests.objects.world import World

HTMX = {"HX-Request": "true"}


@pytest.fixture
def account(records: RecordService) -> str:
    return str(records.create("account", {"name": "云途信息"}).id)


def lead(actor: Actor, record_id: object) -> dict[str, object]:
    return RecordQuery(actor, "lead").get(str(record_id))


def test_new_form_starts_with_defaults_and_with_what_the_address_says(
    rep: OrganizationClient, account: str, crm: World
) -> None:
    data = form_data(rep.get(f"/o/contact/new?account_id={account}&title=CTO").content.decode(), "record-form")
    assert data["account_id"] == [account]
    assert data["account_id_text"] == ["云途信息"]
    assert data["title"] == ["CTO"]
    assert data["owner_id"] == [str(crm.users["rep"].pk)]
    assert form_data(rep.get("/o/lead/new").content.decode(), "record-form")["status"] == ["new"]


def test_a_lookup_to_several_objects_is_prefilled_with_its_kind(rep: OrganizationClient, account: str) -> None:
    html = rep.get(f"/o/task/new?related_id={account}&related_id_object=account").content.decode()
    data = form_data(html, "record-form")
    assert (data["related_id"], data["related_id_object"]) == ([account], ["account"])
    assert "云途信息" in html


def test_prefilling_passes_over_what_does_not_fit(rep: OrganizationClient) -> None:
    answer = rep.get("/o/lead/new?status=nonsense&expected_amount=abc&campaign_id=1&unknown=2")
    assert answer.status_code == 200


def test_a_record_of_somebody_else_is_not_named_by_prefilling(
    browser: Callable[[str], OrganizationClient], account: str
) -> None:
    assert "云途信息" not in browser("south").get(f"/o/contact/new?account_id={account}").content.decode()


def test_saving_goes_to_the_record_or_back_or_to_the_next_one(rep: OrganizationClient, account: str) -> None:
    given = {"name": "甲", "account_id": account}
    assert rep.post("/o/contact/new", given)["Location"].startswith("/o/contact/")
    back = f"/o/account/{account}"
    assert rep.post("/o/contact/new", {**given, "name": "乙", "next": back})["Location"] == back
    third = {**given, "name": "丙", "_another": "1"}
    again = rep.post(f"/o/contact/new?account_id={account}", third)["Location"]
    assert again == f"/o/contact/new?account_id={account}&next="


def test_a_form_never_leads_to_another_site(rep: OrganizationClient, account: str) -> None:
    given = {"name": "甲", "account_id": account, "next": "https://evil.example/"}
    assert rep.post("/o/contact/new", given)["Location"].startswith("/o/contact/")


def test_all_errors_are_shown_at_once_and_nothing_is_saved(rep: OrganizationClient, rep_actor: Actor) -> None:
    answer = rep.post("/o/lead/new", {"name": "", "email": "x", "mobile": "abc", "company": "甲"})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert html.count('class="field-error"') == 4
    assert 'id="error-summary"' in html
    assert not RecordQuery(rep_actor, "lead").exists()


def test_a_dialog_gets_the_form_alone(rep: OrganizationClient) -> None:
    html = rep.get("/o/lead/new", headers=HTMX).content.decode()
    assert "<html" not in html
    assert 'hx-post="/o/lead/new"' in html


def test_a_form_needs_its_token(rep: OrganizationClient, crm: World) -> None:
    strict = OrganizationClient(rep.defaults["SERVER_NAME"], enforce_csrf_checks=True)
    strict.force_login(crm.users["rep"])
    for path in ("/o/lead/new", "/o/lead/assign", "/o/lead/delete-selected", "/o/lead/views/new"):
        assert strict.post(path, {"name": "甲"}).status_code == 403, path


# --- two people at one record ---------------------------------------------------------------------------------
@pytest.fixture
def lead_id(records: RecordService) -> str:
    return str(records.create("lead", {"name": "马伟", "company": "凌云智造", "city": "深圳", "title": "经理"}).id)


def test_only_touched_fields_are_written(
    rep: OrganizationClient, records: RecordService, rep_actor: Actor, lead_id: str
) -> None:
    url = f"/o/lead/{lead_id}/edit"
    data = form_data(rep.get(url).content.decode(), "record-form")
    assert rep.post(url, {**data, "title": "总监"}).status_code == 302
    assert lead(rep_actor, lead_id)["title"] == "总监"
    assert lead(rep_actor, lead_id)["version"] == 2


def test_a_stale_form_shows_the_differences_and_keeps_the_input(
    rep: OrganizationClient, records: RecordService, rep_actor: Actor, lead_id: str
) -> None:
    url = f"/o/lead/{lead_id}/edit"
    mine = form_data(rep.get(url).content.decode(), "record-form")
    records.update("lead", lead_id, {"title": "副总", "city": "广州"})

    answer = rep.post(url, {**mine, "title": "总监", "company": "凌云股份"})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="conflict"' in html
    assert lead(rep_actor, lead_id)["title"] == "副总", "nothing is overwritten yet"

    shown = form_data(html, "record-form")
    assert shown["version"] == ["2"]
    assert shown["title"] == ["总监"], "my value stays"
    assert shown["company"] == ["凌云股份"], "what only I changed stays"
    assert shown["city"] == ["广州"], "what only the other changed is taken over"
    conflict = html[html.index('id="conflict"') : html.index("</table>")]
    assert "副总" in conflict
    assert "广州" in conflict
    assert "凌云" not in conflict

    assert rep.post(url, shown).status_code == 302
    saved = lead(rep_actor, lead_id)
    assert (saved["title"], saved["company"], saved["city"]) == ("总监", "凌云股份", "广州")


def test_the_same_change_by_both_is_no_clash(
    rep: OrganizationClient, records: RecordService, rep_actor: Actor, lead_id: str
) -> None:
    url = f"/o/lead/{lead_id}/edit"
    mine = form_data(rep.get(url).content.decode(), "record-form")
    records.update("lead", lead_id, {"title": "总监"})
    html = rep.post(url, {**mine, "title": "总监"}).content.decode()
    assert "<table" not in html[html.index('id="conflict"') : html.index('class="cardx')]
    assert rep.post(url, form_data(html, "record-form")).status_code == 302


def test_a_lookup_survives_a_conflict_with_its_name(
    rep: OrganizationClient, records: RecordService, rep_actor: Actor, account: str
) -> None:
    contact = records.create("contact", {"name": "刘思远"}).id
    url = f"/o/contact/{contact}/edit"
    mine = form_data(rep.get(url).content.decode(), "record-form")
    records.update("contact", contact, {"account_id": account})
    html = rep.post(url, {**mine, "title": "CIO"}).content.decode()
    shown = form_data(html, "record-form")
    assert (shown["account_id"], shown["account_id_text"]) == ([account], ["云途信息"])
    assert rep.post(url, shown).status_code == 302
    assert RecordQuery(rep_actor, "contact").get(contact)["account_id"] == account
