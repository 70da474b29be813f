"""A newcomer's walk, in Chinese: from an idea to records in the browser and over the API, by clicks alone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Site

FIELDS: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    # (type as the wizard names it, label, API name, parameters by label)
    ("单选列表", "优先级", "priority__c", {}),
    ("关联", "客户", "account__c", {}),
    ("日期", "上门日期", "due_date__c", {}),
    ("货币", "费用", "fee__c", {}),
    ("电话", "联系电话", "phone__c", {}),
    ("多行文本", "故障描述", "description__c", {}),
    ("复选框", "是否保修", "warranty__c", {}),
    ("用户", "工程师", "engineer__c", {}),
)


def add_field(page: Page, kind: str, label: str, api_name: str) -> None:
    """One round of the field wizard."""
    page.get_by_role("link", name="新建字段").click()
    page.locator("#main").get_by_role("link", name=kind, exact=True).click()
    page.locator("[name=label_zh_hans]").fill(label)
    page.locator("[name=api_name]").fill(api_name)
    if kind == "单选列表":
        rows = page.locator("[data-row]")
        for row, (text, value) in enumerate((("紧急", "urgent"), ("普通", "normal"))):
            rows.nth(row).locator("[name$=label_zh_hans]").fill(text)
            rows.nth(row).locator("[name$=value]").fill(value)
    if kind == "关联":
        page.locator("[name=settings-target]").select_option("account")
    page.get_by_role("button", name="创建字段").click()
    expect(page.get_by_text("字段已生效")).to_be_visible()


def choose(page: Page, field: str, text: str) -> None:
    """Type into a lookup and take the first proposal."""
    box = page.locator(f"[data-field={field}]").get_by_role("combobox")
    box.click()
    box.fill(text)
    page.locator(f"[data-field={field}]").get_by_role("option").first.click()


def test_a_newcomer_builds_an_object_and_works_with_it(sign_in: Callable[..., Page], site: Site) -> None:
    page = sign_in("admin")

    # The object, by clicks.
    page.get_by_role("link", name="业务对象").click()
    page.get_by_role("link", name="新建对象").click()
    page.locator("[name=label_zh_hans]").fill("派工单")
    page.locator("[name=api_name]").fill("work_order__c")
    page.get_by_role("button", name="创建对象").click()
    expect(page.get_by_role("heading", name="派工单")).to_be_visible()
    for kind, label, api_name, _parameters in FIELDS:
        add_field(page, kind, label, api_name)
    expect(page.locator("tbody tr")).to_have_count(len(FIELDS) + 1)

    # A customer, and the first work order.
    page.goto("/o/account/new")
    page.locator("[name=name]").fill("上海云途信息技术有限公司")
    page.get_by_role("button", name="保存", exact=True).click()
    page.wait_for_url(re.compile(r"/o/account/[0-9a-f-]{36}"))
    account_url = page.url
    page.goto("/o/work_order__c/")
    page.get_by_role("main").get_by_role("link", name=re.compile("^新建")).first.click()
    page.locator("[name=name]").fill("打印机上门维修")
    page.locator("[name=priority__c]").select_option("urgent")
    choose(page, "account__c", "云途")
    page.locator("[name=due_date__c]").fill("2026-12-01")
    page.locator("[name=fee__c]").fill("380")
    page.locator("[name=phone__c]").fill("13800138000")
    page.locator("[name=description__c]").fill("卡纸，需要更换滚轴。")
    page.get_by_role("button", name="保存", exact=True).click()
    page.wait_for_url(re.compile(r"/o/work_order__c/[0-9a-f-]{36}$"))
    record_id = page.url.rsplit("/", 1)[1]
    expect(page.get_by_role("heading", name="打印机上门维修")).to_be_visible()
    expect(page.get_by_role("main").get_by_text("紧急").first).to_be_visible()

    # Edit it.
    page.get_by_role("link", name="编辑").first.click()
    page.locator("[name=fee__c]").fill("420.50")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_role("main").get_by_text("¥420.50").first).to_be_visible()

    # Find it by filter, by search, and on its customer's page.
    page.goto("/o/work_order__c/?priority__c__eq=urgent")
    expect(page.locator("tbody").get_by_role("link", name="打印机上门维修")).to_be_visible()
    page.goto("/o/work_order__c/?priority__c__eq=normal")
    expect(page.locator("tbody").get_by_role("link", name="打印机上门维修")).to_have_count(0)
    page.goto("/search?q=打印机")
    expect(page.get_by_role("main").get_by_role("link", name=re.compile("打印机上门维修"))).to_be_visible()
    page.goto(account_url)
    expect(page.get_by_role("main").get_by_role("link", name="打印机上门维修")).to_be_visible()

    # A key, and the record over the API.
    key = make_key(page)
    record = call(site, key, "GET", f"/records/work_order__c/{record_id}")
    assert (record["name"], record["fee__c"], record["priority__c"]) == ("打印机上门维修", "420.50", "urgent")
    changed = call(site, key, "PATCH", f"/records/work_order__c/{record_id}", {"priority__c": "normal"})
    assert changed["version"] == record["version"] + 1
    page.goto(f"/o/work_order__c/{record_id}")
    expect(page.get_by_role("main").get_by_text("普通").first).to_be_visible()


def make_key(page: Page) -> str:
    """Make an API key on its page and read it, the only time it is shown."""
    page.goto("/setup/api-keys/")
    form = page.locator("form.form-narrow")
    form.locator("[name=name]").fill("集成测试")
    for scope in ("records:read", "records:write"):
        form.locator(f"[name=scopes][value='{scope}']").check()
    form.get_by_role("button", name="创建密钥").click()
    return page.locator("#new-key").inner_text()


def call(site: Site, key: str, method: str, path: str, body: Any = None) -> Any:
    """Call the API as an integrator's program would."""
    address = urlsplit(site.url)
    request = Request(
        f"http://127.0.0.1:{address.port}/api/v1{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Host": address.netloc, "Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with urlopen(request, timeout=10) as answer:
        return json.load(answer)
