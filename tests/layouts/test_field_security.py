"""Pages for somebody who may see some fields only masked, only read, or not at all."""

from __future__ import annotations

import re
from typing import Any

import pytest

from crm_platform.identity.models import Profile, User
from crm_platform.kit.context import system_actor
from layouts.services import ListViewInput, create_list_view
from objects.access.services.field_levels import set_field_levels
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.kit.clients import OrganizationClient
from tests.layouts.pages import form_data
from tests.objects.world import World

SECRET = "秘密客户有限公司"


def limit(object_name: str, **levels: str) -> None:
    set_field_levels(system_actor(), Profile.objects.get(api_name="sales_rep"), object_name, levels)


@pytest.fixture
def account(crm: World) -> str:
    owner = {"owner_id": crm.users["rep"].pk}
    made = RecordService(system_actor()).create(
        "account", {"name": SECRET, "phone": "13800138000", "website": "https://secret.example", **owner}
    )
    values = {"name": "大单", "account_id": str(made.id), "amount": "987654", "close_date": "2026-12-01", **owner}
    RecordService(system_actor()).create("opportunity", values)
    return str(made.id)


def page(client: OrganizationClient, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, (path, answer.status_code)
    return answer.content.decode()


def test_a_masked_field_is_covered_on_every_page_and_no_input(rep: OrganizationClient, account: str) -> None:
    limit("account", phone="masked", name="masked")
    record = page(rep, f"/o/account/{account}")
    assert "138****00" in record and "秘密****" in record
    edit = page(rep, f"/o/account/{account}/edit")
    assert 'data-output="phone"' in edit and "138****00" in edit
    assert 'name="phone"' not in edit and 'name="name"' not in edit
    new = page(rep, "/o/account/new")
    assert 'name="phone"' not in new and 'data-output="phone"' not in new
    assert "138****00" in page(rep, "/o/account/")
    for path in ("/", "/trash/", "/o/opportunity/", "/search?q=大单", f"/o/account/{account}/delete"):
        text = page(rep, path)
        assert SECRET not in text and "13800138000" not in text
    for path in (f"/o/account/{account}", f"/o/account/{account}/edit", "/o/account/"):
        assert SECRET not in page(rep, path) and "13800138000" not in page(rep, path)


def test_a_field_that_is_only_read_is_shown_in_the_form_and_not_asked_for(
    rep: OrganizationClient, account: str
) -> None:
    limit("account", phone="read")
    edit = page(rep, f"/o/account/{account}/edit")
    assert 'data-output="phone"' in edit and 'name="phone"' not in edit
    assert 'name="website"' in edit


def test_a_form_with_covered_fields_is_saved(rep: OrganizationClient, account: str) -> None:
    limit("account", phone="masked", website="hidden")
    data = form_data(page(rep, f"/o/account/{account}/edit"), "record-form")
    answer = rep.post(f"/o/account/{account}/edit", {**data, "name": "新名称"})
    assert answer.status_code == 302
    found = RecordQuery(system_actor(), "account").get(account)
    assert (found["name"], found["website"]) == ("新名称", "https://secret.example")
    assert found["phone"].endswith("13800138000")


def test_a_hidden_name_leaves_pages_that_work(rep: OrganizationClient, account: str) -> None:
    limit("account", name="hidden")
    limit("opportunity", name="hidden", amount="hidden", stage="hidden")
    paths = (
        "/",
        "/o/account/",
        f"/o/account/{account}",
        f"/o/account/{account}/edit",
        f"/o/account/{account}/delete",
        f"/o/account/{account}/duplicates",
        "/o/account/new",
        "/o/account/columns",
        "/o/account/filter",
        "/o/opportunity/",
        "/o/opportunity/?sort=account_id",
        "/lookup/account",
        "/lookup/account?q=秘密",
        "/trash/?show=all",
        "/search?q=秘密",
        "/duplicates/check?company=秘密客户",
    )
    for path in paths:
        text = page(rep, path)
        assert SECRET not in text and "987,654" not in text, path


def test_a_shared_view_over_a_hidden_field_is_not_offered(crm: World, rep: OrganizationClient, account: str) -> None:
    condition = {"field": "phone", "op": "nempty", "value": None}
    given: dict[str, Any] = {"conditions": condition, "is_shared": True, "is_default": True, "api_name": "with_phone"}
    crm.users["admin"] = User.objects.get(username="admin")
    create_list_view(crm.actor("admin"), "account", ListViewInput("有电话", ["name", "phone"], **given))
    assert "有电话" in page(rep, "/o/account/")
    limit("account", phone="hidden")
    text = page(rep, "/o/account/")
    assert "有电话" not in text
    assert re.search(rf'href="/o/account/{account}"', text)
    assert "有电话" not in page(rep, "/o/account/?view=with_phone")


def test_nothing_is_sorted_by_what_is_covered(rep: OrganizationClient, account: str) -> None:
    assert "sort=phone" in page(rep, "/o/account/")
    limit("account", phone="masked")
    text = page(rep, "/o/account/")
    assert "sort=phone" not in text and "sort=name" in text
    assert SECRET in page(rep, "/o/account/?sort=phone")
