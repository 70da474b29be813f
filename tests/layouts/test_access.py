"""Who may not know an object or a record gets the same answer as for one that does not exist."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from crm_platform.kit.context import system_actor
from metadata.models import BusinessObject
from objects.access.grants import grant_object, revoke_object
from objects.records.service import RecordService
from tests.kit.clients import OrganizationClient
from tests.objects.world import World

Sign = Callable[[str], OrganizationClient]
LIST_PAGES = ("", "new", "filter", "columns", "views/new")
RECORD_PAGES = ("", "/edit", "/delete")
LIST_ACTIONS = ("assign", "delete-selected", "columns", "views/new", "new")
RECORD_ACTIONS = ("/edit", "/delete", "/stage")


@pytest.fixture
def lead_id(records: RecordService) -> str:
    return str(records.create("lead", {"name": "马伟", "company": "凌云智造"}).id)


def take_away(world: World, *actions: str) -> None:
    profile = world.users["rep"].profile
    revoke_object(system_actor(), profile, BusinessObject.objects.get(api_name="lead"), actions)


@pytest.fixture
def nothing_granted(crm: World) -> None:
    take_away(crm, "read", "create", "edit", "delete", "import", "export")


def test_without_a_grant_the_object_does_not_exist(browser: Sign, lead_id: str, nothing_granted: None) -> None:
    rep = browser("rep")
    for page in LIST_PAGES:
        assert rep.get(f"/o/lead/{page}").status_code == 404, page
        assert rep.get(f"/o/no_such_object/{page}").status_code == 404, page
    for page in RECORD_PAGES:
        assert rep.get(f"/o/lead/{lead_id}{page}").status_code == 404, page
    for action in LIST_ACTIONS:
        assert rep.post(f"/o/lead/{action}", {"ids": [lead_id], "confirmed": "1"}).status_code == 404, action
    for action in RECORD_ACTIONS:
        assert rep.post(f"/o/lead/{lead_id}{action}", {"name": "x"}).status_code == 404, action
    assert rep.get("/lookup/lead", headers={"Accept": "application/json"}).status_code == 404
    home = rep.get("/").content.decode()
    assert "/o/lead/" not in home
    assert "home-leads" not in home


def test_records_of_others_do_not_exist(browser: Sign, lead_id: str) -> None:
    south = browser("south")
    for page in RECORD_PAGES:
        unknown, foreign = south.get(f"/o/lead/{uuid.uuid4()}{page}"), south.get(f"/o/lead/{lead_id}{page}")
        assert (foreign.status_code, unknown.status_code) == (404, 404), page
        assert foreign.content == unknown.content or len(foreign.content) == len(unknown.content), page
    for action in RECORD_ACTIONS:
        assert south.post(f"/o/lead/{lead_id}{action}", {"name": "x"}).status_code == 404, action


def test_who_may_only_read_is_offered_nothing_else(browser: Sign, lead_id: str, crm: World) -> None:
    take_away(crm, "create", "edit", "delete", "convert", "mass_update")
    rep = browser("rep")
    listed = rep.get("/o/lead/").content.decode()
    assert "马伟" in listed
    assert "/o/lead/new" not in listed
    assert "data-select-row" not in listed
    page = rep.get(f"/o/lead/{lead_id}").content.decode()
    assert f"/o/lead/{lead_id}/edit" not in page
    assert f"/o/lead/{lead_id}/delete" not in page
    for path in ("/o/lead/new", f"/o/lead/{lead_id}/edit", f"/o/lead/{lead_id}/delete"):
        assert rep.get(path).status_code == 403, path
        assert rep.post(path, {"name": "x"}).status_code == 403, path
    assert rep.post("/o/lead/assign", {"ids": [lead_id]}).status_code == 403


def test_a_related_list_of_an_unreadable_object_is_left_out(browser: Sign, records: RecordService, crm: World) -> None:
    account = records.create("account", {"name": "云途信息"}).id
    assert "related-contact-account_id" in browser("rep").get(f"/o/account/{account}").content.decode()
    contact = BusinessObject.objects.get(api_name="contact")
    revoke_object(system_actor(), crm.users["rep"].profile, contact, ["read", "create", "edit", "delete"])
    page = browser("rep").get(f"/o/account/{account}").content.decode()
    assert "related-contact-account_id" not in page
    assert "/o/contact/" not in page


def test_a_shared_view_needs_the_right_to_customise(browser: Sign, crm: World) -> None:
    rep = browser("rep")
    assert 'name="is_shared"' not in rep.get("/o/lead/views/new").content.decode()
    rep.post("/o/lead/views/new", {"label": "偷偷共享", "is_shared": "on"})
    assert "偷偷共享" not in browser("boss").get("/o/lead/").content.decode()


def test_a_view_of_another_person_can_t_be_touched(browser: Sign, crm: World) -> None:
    location = browser("rep").post("/o/lead/views/new", {"label": "我的"})["Location"]
    view_id = location.partition("view=")[2]
    assert browser("rep").get(f"/o/lead/views/{view_id}/edit").status_code == 200
    assert browser("boss").get(f"/o/lead/views/{view_id}/edit").status_code == 404
    assert browser("boss").post(f"/o/lead/views/{view_id}/delete").status_code == 404
    assert browser("rep").post(f"/o/lead/views/{view_id}/delete").status_code == 302


def test_a_grant_counts_from_the_next_request_on(
    browser: Sign, lead_id: str, nothing_granted: None, crm: World
) -> None:
    assert browser("rep").get("/o/lead/").status_code == 404
    grant_object(system_actor(), crm.users["rep"].profile, BusinessObject.objects.get(api_name="lead"), ["read"])
    assert browser("rep").get("/o/lead/").status_code == 200


def test_selected_records_are_merged_by_whom_may(
    browser: Sign, records: RecordService, crm: World, lead_id: str
) -> None:
    other = str(records.create("lead", {"name": "马玮", "company": "云途信息"}).id)
    boss = browser("boss")
    assert "/o/lead/merge" in boss.get("/o/lead/").content.decode()
    page = boss.post("/o/lead/merge", {"ids": [lead_id, other]}).content.decode()
    assert "马伟" in page and "马玮" in page
    assert boss.post("/o/lead/merge", {"ids": [lead_id]}).headers["Location"] == "/o/lead/"
    take_away(crm, "merge")
    rep = browser("rep")
    assert "/o/lead/merge" not in rep.get("/o/lead/").content.decode()
    assert rep.post("/o/lead/merge", {"ids": [lead_id, other]}).status_code == 403
