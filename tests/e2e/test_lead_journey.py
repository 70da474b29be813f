"""A lead's way from a website to a customer's page, and what the manager sees of it: with the mouse, in Chinese."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from crm_platform.kit.context import system_actor
from objects.records.service import RecordService
from tests.e2e.conftest import Site
from tests.objects import world as worlds
from workflows.intake import submitting
from workflows.intake.models import WebForm
from workflows.intake.services import create_form, delete_form
from workflows.pools.models import Pool
from workflows.pools.services.inputs import MemberInput, PoolInput
from workflows.pools.services.settings import create_pool, set_members

COMPANY, PERSON = "绍兴鉴湖酒业有限公司", "陆游"
SAID, PLAN = "看中了十年陈，要先寄样品", "寄样品并回电"
FIELDS = [{"field": "name", "required": True}, {"field": "company", "required": True}, {"field": "mobile"}]


@dataclass(frozen=True)
class Desk:
    """Where leads arrive: the form on the website, and the pool that everybody may claim from."""

    form: WebForm
    pool: Pool


@pytest.fixture
def desk(site: Site) -> Iterator[Desk]:
    """A form whose leads wait in a pool that the head administers; the company is the rep's customer already."""
    with worlds.inside(site.world.schema_name):
        pool = create_pool(system_actor(), PoolInput(object="lead", label="官网咨询"))
        head = MemberInput(principal=f"user:{site.world.users['head'].pk}", is_admin=True)
        set_members(system_actor(), pool.pk, [MemberInput(principal="everyone"), head])
        form = create_form(system_actor(), "lead", {"label": "产品咨询", "fields": FIELDS, "pool_id": pool.pk})
        RecordService(site.world.actor("rep")).create("account", {"name": COMPANY})
        yield Desk(form, pool)
        delete_form(system_actor(), form.pk)
        Pool.objects.filter(pk=pool.pk).update(is_active=False)  # other tests have leads of their own


def test_a_lead_from_the_website_becomes_part_of_a_customer(
    site: Site,
    desk: Desk,
    open_browser: Callable[..., Page],
    sign_in: Callable[..., Page],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(submitting, "QUICKEST", 0.0)  # the browser types faster than anybody
    ask(open_browser(phone=True), desk.form)
    manager = sign_in(site.world.users["head"].username)
    see_it_waiting(manager)
    rep = sign_in(site.world.users["rep"].username, phone=True)
    claim(rep)
    manager.goto("/desk/team")
    expect(manager.locator("#team-unhandled").get_by_role("row", name=re.compile(PERSON))).to_contain_text("Rep")
    follow_up(rep)
    convert(rep)
    see_the_customer(manager)


def ask(page: Page, form: WebForm) -> None:
    """A stranger fills in the hosted page."""
    page.goto(f"/f/{form.token}")
    page.get_by_label("姓名").fill(PERSON)
    page.get_by_label("公司名称").fill(COMPANY)
    page.get_by_label("手机").fill("13757500001")
    fits(page)
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_role("heading")).to_have_text("感谢您")


def see_it_waiting(page: Page) -> None:
    """The manager goes from the board to what waits in the pool."""
    page.goto("/desk/")
    page.get_by_role("link", name="团队").click()
    waiting = page.locator("#team-waiting").get_by_role("listitem").filter(has_text="官网咨询")
    expect(waiting).to_contain_text("1 条待领取")
    waiting.get_by_role("link", name="官网咨询").click()
    expect(page.locator("table.records")).to_contain_text(PERSON)


def claim(page: Page) -> None:
    """The rep takes it from the pool, on the phone."""
    page.goto("/desk/")
    page.get_by_role("link", name="官网咨询").click()
    fits(page)
    page.get_by_role("row", name=re.compile(PERSON)).get_by_role("button", name="领取").click()
    expect(page.locator(".toasts")).to_contain_text("已领取 1 条记录")


def follow_up(page: Page) -> None:
    """What was said is written down with the next contact, which becomes a task."""
    page.goto("/desk/")
    page.locator("#desk-unhandled").get_by_role("row", name=re.compile(PERSON)).get_by_role("link", name="跟进").click()
    page.locator("#composer").get_by_text("电话").click()
    page.get_by_label("跟进内容").fill(SAID)
    page.get_by_role("button", name="明天").click()
    page.get_by_label("下一步计划").fill(PLAN)
    page.get_by_role("button", name="保存跟进").click()
    expect(page.locator("#timeline-entries .tl").first).to_contain_text(SAID)
    fits(page)
    page.goto("/tasks/")
    expect(page.locator(".task-line", has_text=PLAN)).to_contain_text(PERSON)
    page.goto("/desk/")
    expect(page.locator("#desk-others")).to_contain_text(PERSON)


def convert(page: Page) -> None:
    """The lead goes into the account that is there, with a new contact; it is not edited any more."""
    page.locator("#desk-others").get_by_role("link", name=PERSON).click()
    page.get_by_role("link", name="转换").click()
    account = page.get_by_role("region", name="客户")
    expect(account.get_by_role("radio", name="选择已有")).to_be_checked()
    expect(account.locator(".convert-offer").first).to_contain_text(COMPANY)
    fits(page)
    page.get_by_role("button", name="转换").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("转换结果")
    page.locator("a.kicker").click()
    expect(page.locator(".notice")).to_contain_text("线索已转换")
    expect(page.get_by_role("link", name="编辑")).to_have_count(0)


def see_the_customer(page: Page) -> None:
    """Nothing is left to be handled, and the customer's page tells what was said."""
    page.goto("/desk/team")
    expect(page.locator("#team-waiting").get_by_role("listitem").filter(has_text="官网咨询")).to_contain_text("0 条")
    expect(page.locator("#team-unhandled")).not_to_contain_text(PERSON)
    page.goto(f"/o/account/?q={COMPANY}")
    page.get_by_role("link", name=COMPANY).first.click()
    expect(page.locator("#timeline-entries")).to_contain_text(SAID)
    expect(page.locator("main")).to_contain_text(PERSON)


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, "nothing sticks out"
