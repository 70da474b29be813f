"""Asking in a real browser, in Chinese, why somebody may not do something and who can."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from crm_platform.identity.services import grant_function
from crm_platform.kit.context import system_actor
from objects.records.service import RecordService
from tests.e2e.conftest import PHONE, Site
from tests.objects import world as worlds


@pytest.fixture
def lead(site: Site) -> str:
    """The id of a lead of the representative's; the head may manage users."""
    with worlds.inside(site.world.schema_name):
        profile = site.world.users["boss"].profile
        assert profile is not None
        grant_function(system_actor(), profile.api_name, "identity.manage_users")
        made = RecordService(site.world.actor("rep")).create("lead", {"name": "荀彧", "company": "颍川咨询"})
        return str(made.id)


def choose(page: Page, label: str, text: str) -> None:
    box = page.get_by_role("combobox", name=label)
    box.click()
    box.fill(text)
    page.get_by_role("option", name=re.compile(text)).first.click()


def test_a_manager_finds_out_why_and_who(site: Site, lead: str, sign_in: Callable[..., Page]) -> None:
    page = sign_in(site.world.users["boss"].username)
    page.goto(f"{site.url}/o/lead/{lead}")
    page.get_by_role("button", name="更多操作").click()
    page.get_by_role("menuitem", name="谁能看到").click()
    expect(page.locator("table.records")).to_contain_text("Rep是记录的负责人。")

    page.goto(f"{site.url}/setup/access/explain?record_object=lead&record={lead}&action=edit")
    choose(page, "人员", "South")
    page.get_by_role("button", name="解释").click()
    expect(page.locator(".trace-verdict")).to_contain_text("South不可以：编辑")
    expect(page.locator(".trace-step.is-denies").first).to_be_visible()

    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
