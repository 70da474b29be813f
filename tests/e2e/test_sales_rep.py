"""A sales representative's day in a real browser, in Chinese."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from objects.records.service import RecordService
from tests.e2e.conftest import Site
from tests.objects import world as worlds


@pytest.fixture
def me(site: Site) -> str:
    return site.world.users["rep"].username


def row_link(page: Page, name: str) -> object:
    return page.locator("table.records").get_by_role("link", name=name, exact=True)


def choose(page: Page, label: str, text: str) -> None:
    """Pick a suggestion in a lookup box."""
    box = page.get_by_role("combobox", name=label)
    box.click()
    box.fill(text)
    page.get_by_role("option", name=re.compile(text)).first.click()


def test_a_lead_is_created_found_edited_and_deleted(site: Site, me: str, sign_in: Callable[..., Page]) -> None:
    page = sign_in(me)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Rep")

    page.get_by_role("navigation", name="主导航").get_by_role("link", name="线索", exact=True).click()
    page.get_by_role("link", name="新建线索").last.click()
    page.get_by_label("姓名").fill("诸葛亮")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.locator("#error-summary")).to_contain_text("公司名称")
    expect(page.get_by_label("姓名")).to_have_value("诸葛亮")

    page.get_by_label("公司名称").fill("蜀汉科技有限公司")
    page.get_by_label("城市").fill("成都")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("诸葛亮")
    expect(page.locator(".toasts")).to_contain_text("已创建")

    page.get_by_role("link", name="编辑").first.click()
    page.get_by_label("职务").fill("丞相")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.locator("[data-field=title]")).to_contain_text("丞相")
    expect(page.locator("#timeline")).to_contain_text("职务")

    page.get_by_role("link", name="线索", exact=True).first.click()
    page.get_by_role("link", name="筛选").click()
    page.get_by_label("字段").select_option("city")
    expect(page.get_by_label("运算符")).to_have_value("contains")
    page.get_by_label("值").fill("成都")
    page.get_by_role("button", name="应用").click()
    expect(page.locator(".chip.on")).to_contain_text("城市 包含 成都")
    row_link(page, "诸葛亮").click()

    page.get_by_role("button", name="更多操作").click()
    page.get_by_role("menuitem", name="删除").click()
    page.get_by_role("dialog").get_by_role("button", name="删除").click()
    expect(page.locator(".toasts")).to_contain_text("已移入回收站")
    expect(row_link(page, "诸葛亮")).to_have_count(0)
    page.locator(".toasts").get_by_role("button", name="撤销").click()
    page.goto("/o/lead/?name__eq=诸葛亮")
    expect(row_link(page, "诸葛亮")).to_be_visible()


def test_a_contact_is_added_in_a_dialog_on_the_account(site: Site, me: str, sign_in: Callable[..., Page]) -> None:
    page = sign_in(me)
    page.goto("/o/account/new")
    page.get_by_label("客户名称").fill("东吴集团")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("东吴集团")

    card = page.locator("#related-contact-account_id")
    card.get_by_role("link", name="新建").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("combobox", name="客户", exact=True)).to_have_value("东吴集团")
    dialog.get_by_label("姓名").fill("周瑜")
    dialog.get_by_role("button", name="保存").click()
    expect(card).to_contain_text("周瑜")


def test_an_opportunity_moves_along_its_path(site: Site, me: str, sign_in: Callable[..., Page]) -> None:
    with worlds.inside(site.world.schema_name):
        records = RecordService(site.world.actor("rep"))
        account = records.create("account", {"name": "赤壁实业"})
        deal = records.create(
            "opportunity", {"name": "东风项目", "account_id": account.id, "close_date": "2030-01-01", "amount": "100"}
        )
    page = sign_in(me)
    page.goto(f"/o/opportunity/{deal.id}")
    expect(page.locator(".path .now")).to_contain_text("初步接洽")
    page.get_by_role("button", name="推进阶段").click()
    expect(page.locator(".path .now")).to_contain_text("需求确认")
    expect(page.locator(".path .done")).to_contain_text("初步接洽")
    page.locator(".path").get_by_role("button", name="商务谈判").click()
    expect(page.locator(".path .now")).to_contain_text("商务谈判")
    expect(page.locator("#timeline")).to_contain_text("商务谈判")


def test_a_task_finds_its_account_by_pinyin(site: Site, me: str, sign_in: Callable[..., Page]) -> None:
    with worlds.inside(site.world.schema_name):
        RecordService(site.world.actor("rep")).create("account", {"name": "麦城粮油"})
    page = sign_in(me)
    page.goto("/o/task/new")
    page.get_by_label("主题").fill("送样品")
    page.get_by_label("关联记录").locator("xpath=ancestor::*[contains(@class,'combo-box')]").locator(
        "select"
    ).select_option("account")
    choose(page, "关联记录", "麦城")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.locator("[data-field=related_id]")).to_contain_text("麦城粮油")
    page.goto("/")
    expect(page.locator("#home-tasks")).to_contain_text("送样品")
    expect(page.locator("#home-recent")).to_contain_text("送样品")


def test_rows_are_selected_and_given_to_a_colleague(site: Site, sign_in: Callable[..., Page]) -> None:
    with worlds.inside(site.world.schema_name):
        records = RecordService(site.world.actor("head"))
        for name in ("移交甲", "移交乙"):
            records.create("lead", {"name": name, "company": "移交公司"})
    page = sign_in("head")
    page.goto("/o/lead/?company__eq=移交公司")
    page.locator("[data-select-all]").check()
    expect(page.locator("[data-selection-count]")).to_have_text("2")
    page.get_by_role("toolbar").get_by_role("button", name="转移给…").click()
    dialog = page.get_by_role("dialog")
    choose(page, "新负责人", "City")
    dialog.get_by_role("button", name="转移", exact=True).click()
    expect(page.locator(".toasts")).to_contain_text("2 条记录")
    expect(page.locator("table.records tbody")).to_contain_text("City")


def test_the_form_works_without_scripts(site: Site, me: str, sign_in: Callable[..., Page]) -> None:
    with worlds.inside(site.world.schema_name):
        RecordService(site.world.actor("rep")).create("account", {"name": "许昌纺织"})
    page = sign_in(me, scripts=False)
    page.goto("/o/contact/new")
    page.get_by_label("姓名").fill("荀彧")
    page.get_by_label("客户", exact=True).fill("许昌纺织")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("荀彧")
    expect(page.locator("[data-field=account_id]")).to_contain_text("许昌纺织")


def test_on_a_phone_the_list_is_cards_without_sideways_scrolling(
    site: Site, me: str, sign_in: Callable[..., Page]
) -> None:
    with worlds.inside(site.world.schema_name):
        RecordService(site.world.actor("rep")).create(
            "lead", {"name": "手机线索", "company": "一家名字非常非常非常长的上海国际贸易有限责任公司"}
        )
    page = sign_in(me, phone=True)
    for path in ("/", "/o/lead/", "/o/lead/new", "/trash/", "/search?q=手机"):
        page.goto(path)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, f"{path} is {width} px wide"
    page.goto("/o/lead/?name__eq=手机线索")
    expect(page.locator("table.records thead")).not_to_be_in_viewport()
    page.get_by_role("link", name="手机线索", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("手机线索")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
