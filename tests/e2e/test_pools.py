"""An administrator makes a pool with the mouse; a rep claims from it on a phone and finds his lead; in Chinese."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from objects.records.service import RecordService
from tests.e2e.conftest import Site
from tests.objects import world as worlds
from workflows.pools.models import Pool
from workflows.pools.services.claiming import release


def test_a_pool_is_made_and_claimed_from(site: Site, sign_in: Callable[..., Page]) -> None:
    page = sign_in("admin")
    page.goto("/setup/pools/")
    page.get_by_role("link", name="新建公海").first.click()
    page.get_by_label("对象").select_option("lead")
    page.get_by_role("textbox", name="名称", exact=True).fill("西南公海")
    page.get_by_label("成员").select_option("everyone")
    page.locator("#main").get_by_role("button", name="新建").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("西南公海")
    page.get_by_label("每人最多持有").fill("30")
    page.get_by_role("textbox", name="退回原因", exact=True).fill("联系不上")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_label("每人最多持有")).to_have_value("30")

    with worlds.inside(site.world.schema_name):
        pool = Pool.objects.get(label="西南公海")
        lead = RecordService(site.world.actor("south")).create("lead", {"name": "司马懿", "company": "司马重工"}).id
        release(site.world.actor("south"), "lead", [lead], pool_id=pool.pk, reason="联系不上")

    phone = sign_in(site.world.users["rep"].username, phone=True)
    phone.goto("/pools/")
    phone.get_by_role("link", name="西南公海").click()
    expect(phone.locator("table.records")).to_contain_text("司马懿")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390, "nothing sticks out"
    phone.get_by_role("row", name=re.compile("司马懿")).get_by_role("button", name="领取").click()
    expect(phone.locator(".toasts")).to_contain_text("已领取 1 条记录")
    expect(phone.locator("#list")).to_contain_text("公海里没有待领取的记录")
    phone.goto("/desk/")
    expect(phone.locator("#desk-unhandled")).to_contain_text("司马懿")

    phone.goto(f"/o/lead/{lead}")
    expect(phone.locator("#pool-panel")).to_contain_text("西南公海")
    phone.get_by_role("button", name="更多操作").click()
    phone.get_by_role("menuitem", name="退回公海").click()
    dialog = phone.get_by_role("dialog")
    dialog.get_by_role("button", name="退回").click()
    expect(dialog).to_contain_text("请选择原因。")  # the answer; the list says it without a full stop
    reasons = dialog.get_by_role("combobox", name="原因", exact=True)
    expect(reasons).to_have_count(1)  # those of other pools hide a moment after the answer came
    reasons.select_option("联系不上")
    dialog.get_by_role("button", name="退回").click()
    expect(phone.locator("body")).to_contain_text("已处理 1 条记录")
    with worlds.inside(site.world.schema_name):
        Pool.objects.filter(pk=pool.pk).update(is_active=False)  # other tests have leads of their own
