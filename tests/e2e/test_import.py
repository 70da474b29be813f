"""A Chinese file in GB18030 is imported with the mouse: columns guessed, tried, imported, and taken back."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Site
from tests.kit.work import run_queued_jobs
from tests.objects import world as worlds
from tests.objects.exchange.files import csv_bytes

ROWS = [
    ["客户名称", "手机号", "公司", "备注栏"],
    ["欧阳锋", "13800138111", "白驼山庄", "镕堃"],
    ["洪七公", "不是号码", "丐帮", ""],
]


def test_a_file_becomes_leads_and_goes_back(site: Site, sign_in: Callable[..., Page], tmp_path: Path) -> None:
    file = tmp_path / "线索.csv"
    file.write_bytes(csv_bytes(ROWS, "gb18030"))
    page = sign_in("admin")
    page.goto("/o/lead/")
    page.get_by_role("link", name="导入").click()
    page.get_by_label("文件").set_input_files(file)
    page.get_by_role("button", name="继续").click()
    expect(page.get_by_label("“手机号”对应的字段")).to_have_value("mobile")
    expect(page.locator("table.records")).to_contain_text("欧阳锋")
    expect(page.get_by_label("查找已有记录的字段")).to_be_hidden()
    page.get_by_role("button", name="试运行前几行").click()
    expect(page.locator("#import")).to_contain_text("将新建 1 条")
    page.get_by_role("button", name="导入", exact=True).click()
    with worlds.inside(site.world.schema_name):
        run_queued_jobs()
    expect(page.locator("#import")).to_contain_text("完成，有剩余的行")
    with page.expect_download() as caught:
        page.get_by_role("link", name="失败或跳过的行").click()
    text = caught.value.path().read_text("utf-8-sig")
    assert "洪七公" in text and "欧阳锋" not in text and text.startswith(",".join(ROWS[0]))
    page.goto("/o/lead/?q=欧阳锋")
    expect(page.locator("table.records")).to_contain_text("白驼山庄")
    page.goto("/imports/")
    page.get_by_role("link", name="线索.csv").first.click()
    page.get_by_role("button", name="撤销导入").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("撤销|Undo")).click()
    expect(page.locator("#import")).to_contain_text("结果等待中")
    with worlds.inside(site.world.schema_name):
        run_queued_jobs()
    expect(page.locator("#import")).to_contain_text("回收站中 1 条")


def test_a_file_is_imported_on_a_phone(site: Site, sign_in: Callable[..., Page], tmp_path: Path) -> None:
    file = tmp_path / "展会名单.csv"
    file.write_bytes(csv_bytes([ROWS[0], ["黄药师", "13800138112", "桃花岛", ""], ROWS[2]], "gb18030"))
    page = sign_in("admin", phone=True)
    page.goto("/o/lead/import")
    fits(page)
    page.get_by_label("文件").set_input_files(file)
    page.get_by_role("button", name="继续").click()
    expect(page.get_by_label("“公司”对应的字段")).to_have_value("company")
    fits(page)
    page.get_by_role("button", name="试运行前几行").click()
    expect(page.locator("#import")).to_contain_text("将新建 1 条")
    fits(page)
    page.get_by_role("button", name="导入", exact=True).click()
    expect(page.locator("#import")).to_contain_text("等待中")
    expect(page.get_by_role("link", name="成功的行")).to_have_count(0)
    with worlds.inside(site.world.schema_name):
        run_queued_jobs()
    expect(page.locator("#import")).to_contain_text("完成，有剩余的行")
    expect(page.get_by_role("link", name="成功的行")).to_be_visible()
    fits(page)
    page.goto("/imports/")
    expect(page.get_by_role("row", name=re.compile("展会名单"))).to_contain_text("完成，有剩余的行")
    fits(page)
    page.goto("/o/lead/?q=黄药师")
    expect(page.locator("table.records")).to_contain_text("桃花岛")


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, "nothing sticks out"
