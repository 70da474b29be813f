"""A lead becomes part of a customer whom the firm knows already: with the mouse, in Chinese."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from objects.records.service import Consent, RecordService
from tests.e2e.conftest import Site
from tests.objects import world as worlds

COMPANY = "嘉兴南湖丝绸有限公司"


@pytest.fixture
def known(site: Site) -> Iterator[None]:
    """An account, and a lead of the same company with a follow-up."""
    with worlds.inside(site.world.schema_name):
        service = RecordService(site.world.actor("rep"), consent=Consent(duplicates=True, reason="Another"))
        service.create("account", {"name": COMPANY})
        lead = service.create("lead", {"name": "茅盾", "company": COMPANY, "mobile": "13400001111", "rating": "hot"})
        about = {"object": "lead", "id": str(lead.id)}
        service.create("follow_up", {"name": "首次电话", "content": "想看样品", "related_id": about})
    yield


def test_a_lead_is_converted_into_an_existing_account(site: Site, known: None, sign_in: Callable[..., Page]) -> None:
    page = sign_in(site.world.users["rep"].username)
    page.goto("/o/lead/?q=茅盾")
    page.get_by_role("link", name="茅盾").first.click()
    page.get_by_role("link", name="转换").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("线索转换")
    expect(page.locator(".notice").first).to_contain_text("意向度")

    account = page.get_by_role("region", name="客户")
    expect(account.get_by_role("radio", name="选择已有")).to_be_checked()
    expect(account.locator(".convert-offer").first).to_contain_text(COMPANY)
    account.get_by_role("radio", name="新建").check()
    expect(account.get_by_label("客户名称")).to_have_value(COMPANY)
    account.get_by_role("radio", name="选择已有").check()
    page.get_by_role("region", name="联系人").get_by_label("姓名").fill("茅盾先生")
    deal = page.get_by_role("region", name="商机")
    deal.get_by_role("radio", name="新建").check()
    page.get_by_role("button", name="转换").click()
    expect(deal.locator(".is-invalid").first).to_be_visible()  # an opportunity needs a date
    deal.get_by_label("预计成交日期").fill("2027-06-30")
    page.get_by_role("button", name="转换").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("转换结果")
    page.get_by_role("link", name=COMPANY).first.click()
    expect(page).to_have_url(re.compile("/o/account/"))
    expect(page.locator("main")).to_contain_text("茅盾先生")
    expect(page.locator("main")).to_contain_text("想看样品")
