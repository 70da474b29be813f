"""Whom a sales representative finds among his colleagues, in a real browser, in Chinese."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from crm_platform.identity import services
from crm_platform.identity.models import Role
from crm_platform.kit.context import system_actor
from objects.records.service import RecordService
from tests.e2e.conftest import Site
from tests.objects import world as worlds


@pytest.fixture
def only_the_department(site: Site) -> Iterator[None]:
    """The role of the representative shows him the people of his department."""

    def limit(scope: str) -> None:
        with worlds.inside(site.world.schema_name):
            services.update_role(system_actor(), Role.objects.get(api_name="individual").uuid, contact_scope=scope)

    limit("department")
    yield
    limit("all")


@pytest.mark.usefixtures("only_the_department")
def test_the_owner_picker_offers_only_the_department(site: Site, sign_in: Callable[..., Page]) -> None:
    with worlds.inside(site.world.schema_name):
        RecordService(site.world.actor("rep")).create("lead", {"name": "庞士元", "company": "凤雏咨询有限公司"})
    page = sign_in(site.world.users["rep"].username)
    page.goto("/o/lead/?name__eq=庞士元")
    page.locator("[data-select-row]").first.check()
    page.get_by_role("button", name="转移给…").click()
    box = page.get_by_role("dialog").get_by_role("combobox", name="新负责人")
    box.click()
    offered = page.locator(".combo-list:visible")
    options = offered.get_by_role("option")
    expect(options.filter(has_text="Head")).to_have_count(1)
    expect(options.filter(has_text="Rep")).to_have_count(1)
    expect(options).to_have_count(2)
    with page.expect_response(re.compile("/lookup/user.*q=South")):
        box.fill("South")
    expect(options).to_have_count(0)
    expect(offered).to_contain_text("没有找到")


def test_an_admin_moves_a_department_and_fills_a_group(site: Site, sign_in: Callable[..., Page]) -> None:
    page = sign_in("admin")
    page.goto("/setup/departments/")
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="South", exact=True))
    row.drag_to(page.get_by_role("row").filter(has=page.get_by_role("link", name="North", exact=True)))
    expect(page.locator(".toasts")).to_contain_text("已移动：South")
    page.get_by_role("button", name="North 的下级部门").click()
    expect(page.get_by_role("link", name="South", exact=True)).to_be_hidden()
    page.get_by_role("button", name="全部展开").click()
    row.get_by_role("link", name="移动").click()
    page.get_by_label("上级部门").select_option(index=0)
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".toasts")).to_contain_text("South")

    page.goto("/setup/groups/new")
    page.locator("#id_name").fill("投标组")
    page.get_by_role("button", name="保存").click()
    box = page.get_by_role("combobox", name="添加成员")
    box.click()
    box.fill("City")
    page.get_by_role("option", name=re.compile("City")).first.click()
    page.get_by_role("button", name="添加", exact=True).click()
    expect(page.get_by_role("row").filter(has_text="City")).to_be_visible()
