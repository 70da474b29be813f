"""A follow-up in a real browser on a phone, in Chinese: written, mentioned, planned, seen, done."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from objects.records.service import RecordService
from tests.e2e.conftest import Site
from tests.objects import world as worlds


def test_a_follow_up_with_a_mention_and_a_next_contact(site: Site, sign_in: Callable[..., Page]) -> None:
    with worlds.inside(site.world.schema_name):
        service = RecordService(site.world.actor("rep"))
        lead = service.create("lead", {"name": "司马懿", "company": "曹魏软件"}).id
    page = sign_in(site.world.users["rep"].username, phone=True)
    page.goto(f"{site.url}/o/lead/{lead}")
    page.get_by_role("link", name="跟进", exact=True).first.click()
    page.locator("#composer").get_by_text("微信").click()

    page.get_by_label("跟进内容").click()
    page.get_by_role("button", name="保存跟进").click()
    expect(page.locator("#composer .field-error")).to_be_visible()
    expect(page.get_by_label("跟进内容")).to_be_visible()

    page.get_by_label("跟进内容").press_sequentially("对方要五十个用户的报价，请@Hea")
    expect(page.get_by_role("option", name=re.compile("Head"))).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_label("跟进内容")).to_have_value("对方要五十个用户的报价，请@Head ")
    page.get_by_role("button", name="明天").click()
    page.get_by_label("下一步计划").fill("发送报价单")
    page.get_by_label("跟进内容").press("Control+Enter")

    first = page.locator("#timeline-entries .tl").first
    expect(first).to_contain_text("微信")
    expect(first).to_contain_text("对方要五十个用户的报价")
    expect(first.locator(".mention")).to_have_text("@Head")
    expect(first).to_contain_text("发送报价单")
    expect(page.get_by_label("跟进内容")).to_have_value("")
    assert page.evaluate("document.querySelector('.page-body').scrollWidth") <= 390

    page.goto(f"{site.url}/tasks/")
    line = page.locator(".task-line", has_text="发送报价单")
    expect(line).to_contain_text("司马懿")
    line.get_by_role("button", name=re.compile("完成")).click()
    done = page.locator(".task-line.is-done", has_text="发送报价单")
    expect(done).to_be_visible()
    done.get_by_role("button", name="撤销").click()
    expect(page.locator(".task-line.is-done")).to_have_count(0)

    page.goto(f"{site.url}/calendar/?view=week")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.goto(f"{site.url}/o/lead/{lead}")
    page.locator(".tl-tabs").get_by_role("link", name="变更").click()
    expect(page.locator("#timeline-entries")).not_to_contain_text("对方要五十个用户的报价")
