"""A lookup's filter, clicked together in Chinese: the picker proposes only what fits, and so does one of users."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

NEW_FIELD = "/setup/objects/opportunity/fields/new"


def start_field(page: Page, kind: str, label: str, api_name: str) -> Locator:
    """Open the wizard's second step; returns the editor of its conditions."""
    page.goto(f"{NEW_FIELD}/{kind}")
    page.locator("[name=label_zh_hans]").fill(label)
    page.locator("[name=api_name]").fill(api_name)
    return page.get_by_role("group", name=re.compile("^只可选择满足条件的"))


def add_condition(editor: Locator, number: int, field: str, operator: str) -> Locator:
    """Add a row with a field and an operator; returns the row."""
    editor.get_by_role("button", name="添加条件").click()
    row = editor.get_by_role("group", name=f"条件 {number}", exact=True)
    expect(row.get_by_label("字段", exact=True)).to_be_focused()
    row.get_by_label("字段", exact=True).select_option(label=field)
    row.get_by_label("运算符").select_option(label=operator)
    return row


def finish(page: Page) -> None:
    page.get_by_role("button", name="创建字段").click()
    expect(page.get_by_text("字段已生效")).to_be_visible()


def proposals(page: Page, field: str, text: str = "") -> list[str]:
    """Open the box of a field; returns the names that it proposes."""
    box = page.locator(f"[data-field={field}]")
    with page.expect_response(re.compile("/lookup/")):
        box.get_by_role("combobox").click()
    if text:
        with page.expect_response(re.compile(r"/lookup/.*q=.")):
            box.get_by_role("combobox").fill(text)
    expect(box.locator(".combo-option, .combo-none").first).to_be_visible()
    return box.locator(".combo-name").all_inner_texts()


def choose(page: Page, field: str, text: str) -> None:
    proposals(page, field, text)
    page.locator(f"[data-field={field}]").get_by_role("option", name=text).first.click()


def make_record(page: Page, object_name: str, **values: Any) -> None:
    page.goto(f"/o/{object_name}/new")
    for name, value in values.items():
        if name.endswith("_id"):
            choose(page, name, value)
        else:
            page.locator(f"[name={name}]").fill(value)
    page.get_by_role("button", name="保存", exact=True).click()
    page.wait_for_url(re.compile(rf"/o/{object_name}/[0-9a-f-]{{36}}"))


def test_a_filter_is_clicked_together_and_narrows_the_picker(sign_in: Callable[..., Page]) -> None:
    page = sign_in("admin")
    for firm, person in (("华东仪表", "赵一"), ("华南重工", "钱二")):
        make_record(page, "account", name=firm)
        make_record(page, "contact", name=person, account_id=firm, title="采购经理")
    make_record(page, "contact", name="孙三", account_id="华东仪表", title="前台")

    # The filter: of this opportunity's account, and a manager. What is missing is said at its row.
    editor = start_field(page, "lookup", "决策人", "decider__c")
    expect(editor.get_by_text("请先选择字段指向的对象")).to_be_visible()
    page.locator("[name=settings-target]").select_option("contact")
    first = add_condition(editor, 1, "客户", "等于")
    first.get_by_label("比较对象").select_option(label="本记录的字段")
    expect(first.get_by_label("值", exact=True)).to_have_value("account_id")
    second = add_condition(editor, 2, "职务", "包含")
    page.get_by_role("button", name="创建字段").click()
    expect(second.get_by_text("该字段必填。")).to_be_visible()
    expect(first.locator("[data-row-problems] > *")).to_have_count(0)
    second.get_by_label("值", exact=True).fill("经理")
    third = add_condition(editor, 3, "姓名", "不为空")
    expect(third.get_by_label("值", exact=True)).to_have_count(0)
    editor.get_by_role("button", name="移除条件 3").press("Enter")
    expect(editor.locator("[data-row]")).to_have_count(2)
    finish(page)

    # It comes back as it was written.
    page.goto("/setup/objects/opportunity/fields/decider__c/")
    expect(editor.get_by_role("group", name="条件 2", exact=True).get_by_label("值", exact=True)).to_have_value("经理")
    kept = json.loads(page.locator("[name=settings-filter]").input_value())
    of_account = {"field": "account_id", "op": "eq", "value": {"field": "account_id"}}
    assert kept == {"and": [of_account, {"field": "title", "op": "contains", "value": "经理"}]}

    # Of all users one only.
    editor = start_field(page, "user", "技术支持", "supporter__c")
    row = add_condition(editor, 1, "姓名", "等于")
    row.get_by_label("值", exact=True).fill("管理员")
    finish(page)

    page.goto("/o/opportunity/new")
    page.locator("[name=name]").fill("仪表更新")
    choose(page, "account_id", "华东仪表")
    assert proposals(page, "decider__c") == ["赵一"]
    page.locator("[data-field=decider__c]").get_by_role("option", name="赵一").click()
    assert proposals(page, "supporter__c") == ["管理员"]
    page.locator("[data-field=supporter__c]").get_by_role("option", name="管理员").click()
    page.locator("[name=close_date]").fill("2026-12-31")
    page.get_by_role("button", name="保存", exact=True).click()
    page.wait_for_url(re.compile(r"/o/opportunity/[0-9a-f-]{36}$"))
    expect(page.get_by_role("main").get_by_text("赵一").first).to_be_visible()


def test_what_rows_can_not_say_is_kept_as_json(sign_in: Callable[..., Page]) -> None:
    page = sign_in("admin", phone=True)
    editor = start_field(page, "department", "协作部门", "partner__c")
    either = '{"or": [{"field": "code", "op": "empty"}, {"field": "name", "op": "starts", "value": "销"}]}'
    page.get_by_role("button", name="以 JSON 编辑").click()
    page.locator("[name=settings-filter]").fill(either)
    finish(page)
    page.goto("/setup/objects/opportunity/fields/partner__c/")
    expect(editor.get_by_text("已原样保留")).to_be_visible()
    assert json.loads(page.locator("[name=settings-filter]").input_value()) == json.loads(either)
    page.locator("[name=settings-filter]").fill('{"field": "name", "op": "starts", "value": "销"}')
    page.get_by_role("button", name="按条件编辑").click()
    expect(editor.get_by_label("值", exact=True)).to_have_value("销")
