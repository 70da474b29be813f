"""An administrator makes a profile in the browser, in Chinese, and what it takes away is gone for its user."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from crm_platform.identity.models import Profile
from crm_platform.identity.services import create_permission_set
from crm_platform.kit.context import system_actor
from objects.records.service import RecordService
from tests.e2e.conftest import Site
from tests.kit import make
from tests.objects import world as worlds

SECRET = "https://secret-canary.example.com"


def saved(page: Page) -> None:
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.locator(".toasts")).to_contain_text(re.compile("已保存|已创建"))


def copy_of_the_reps_profile(page: Page, source: Profile) -> None:
    page.goto("/setup/access/profiles/")
    page.get_by_role("row").filter(has_text=source.api_name).get_by_role("link", name="复制").click()
    page.get_by_label("名称", exact=False).first.fill("见习销售")
    saved(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("见习销售")


def test_what_a_copied_profile_takes_away_is_gone_for_its_user(site: Site, sign_in: Callable[..., Page]) -> None:
    with worlds.inside(site.world.schema_name):
        source, trainee = Profile.objects.get(api_name="sales_rep"), make.user(name="小赵")
        account = RecordService(system_actor()).create(
            "account", {"name": "白马商贸", "website": SECRET, "owner_id": str(trainee.pk)}
        )
    theirs = sign_in(trainee.username)
    theirs.goto(f"/o/account/{account.id}")
    expect(theirs.locator("main")).to_contain_text(SECRET.removeprefix("https://"))

    page = sign_in("admin")
    copy_of_the_reps_profile(page, source)
    page.get_by_role("link", name="对象权限").click()
    page.get_by_label("查找对象").fill("合同")
    expect(page.get_by_label("客户: 新建")).to_be_hidden()
    page.get_by_label("合同订单: 读取").uncheck()
    expect(page.get_by_label("合同订单: 编辑")).not_to_be_checked()
    page.get_by_label("查找对象").fill("")
    page.get_by_label("客户: 新建").uncheck()
    saved(page)
    expect(page.get_by_label("客户: 新建")).not_to_be_checked()
    expect(page.get_by_label("客户: 编辑")).to_be_checked()

    page.get_by_role("link", name="字段权限").first.click()
    page.get_by_role("navigation", name="对象").get_by_role("link", name="客户", exact=True).click()
    page.get_by_label("网站: 隐藏").check()
    saved(page)
    expect(page.get_by_label("网站: 隐藏")).to_be_checked()

    page.goto(f"/setup/users/{trainee.pk}")
    page.get_by_label("职能").select_option("见习销售")
    saved(page)

    theirs.goto(f"/o/account/{account.id}")
    expect(theirs.get_by_role("heading", level=1)).to_have_text("白马商贸")
    expect(theirs.locator("[data-field=website]")).to_have_count(0)
    assert "secret-canary" not in theirs.content()
    rail = theirs.get_by_role("navigation", name="主导航")
    expect(rail.get_by_role("link", name="客户")).to_have_count(1)
    expect(rail.get_by_role("link", name="合同订单", exact=True)).to_have_count(0)
    theirs.goto("/o/account/")
    expect(theirs.get_by_role("link", name="新建客户")).to_have_count(0)


def test_unsaved_rights_are_not_lost_by_a_click(site: Site, sign_in: Callable[..., Page]) -> None:
    with worlds.inside(site.world.schema_name):
        made = create_permission_set(system_actor(), "导出权限")
    page = sign_in("admin", phone=True)
    page.goto(f"/setup/access/permission-sets/{made.uuid}/objects")
    page.get_by_label("线索: 导出").check()
    expect(page.get_by_label("线索: 读取")).to_be_checked()
    page.get_by_role("link", name="成员").click()
    expect(page.get_by_role("dialog")).to_contain_text("未保存")
    page.get_by_role("dialog").get_by_role("button", name="取消").click()
    saved(page)
    expect(page.get_by_label("线索: 导出")).to_be_checked()


def test_a_role_reaches_chosen_departments_and_says_what_is_impossible(
    site: Site, sign_in: Callable[..., Page]
) -> None:
    page = sign_in("admin")
    page.goto("/setup/access/roles/new")
    page.get_by_label("名称", exact=False).first.fill("区域观察员")
    saved(page)
    page.get_by_label("线索: 编辑").select_option("全部记录")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("尚未保存")
    expect(page.locator("td.is-wrong")).to_contain_text("看不到的记录无法操作")
    page.get_by_label("线索: 编辑").select_option("本人的记录")
    page.get_by_label("线索: 读取").select_option("指定部门及其下级的记录")
    box = page.get_by_role("combobox", name="指定部门: 线索, 读取")
    box.click()
    box.fill("City")
    page.get_by_role("option", name="City").first.click()
    saved(page)
    expect(page.get_by_label("线索: 读取")).to_have_value("chosen")
    expect(page.locator(".combo-chip:visible")).to_contain_text("City")
