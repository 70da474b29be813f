"""Somebody leaves: the administrator hands over with the mouse, in Chinese; access ends, the successor goes on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from crm_platform.identity.models import User
from objects.records.service import RecordService
from tests.e2e.conftest import Site
from tests.e2e.test_sales_rep import choose
from tests.kit import make
from tests.kit.work import run_queued_jobs
from tests.objects import world as worlds


@pytest.fixture
def leaver(site: Site) -> Iterator[User]:
    """A colleague with two accounts."""
    with worlds.inside(site.world.schema_name):
        person = make.user("linghu", name="令狐冲", department=site.world.departments["north"])
        site.world.users["linghu"] = person
        records = RecordService(site.world.actor("linghu"))
        for name in ("华山剑社", "衡山琴行"):
            records.create("account", {"name": name})
    yield person
    del site.world.users["linghu"]


def test_a_leaver_is_handed_over_with_the_mouse(site: Site, leaver: User, sign_in: Callable[..., Page]) -> None:
    theirs = sign_in("linghu")
    theirs.goto("/o/account/")
    expect(theirs.locator("table.records")).to_contain_text("华山剑社")

    page = sign_in("admin")
    page.goto("/setup/handovers/")
    choose(page, "离职人员", "令狐冲")
    page.get_by_role("button", name="继续").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("令狐冲")
    expect(page.locator("tr", has_text="客户").first).to_contain_text("2")
    choose(page, "接收人", "City")
    page.get_by_role("button", name="离职交接", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="离职交接", exact=True).click()
    page.wait_for_url(re.compile("/setup/handovers/[0-9a-f-]{36}"))

    theirs.reload()
    expect(theirs).to_have_url(re.compile("sign-in"))
    with worlds.inside(site.world.schema_name):
        run_queued_jobs()
    expect(page.locator("#handover")).to_contain_text("已移交 2 条")
    heir = sign_in(site.world.users["city"].username)
    heir.goto("/o/account/")
    expect(heir.locator("table.records")).to_contain_text("华山剑社")


def test_the_form_fits_a_phone(site: Site, sign_in: Callable[..., Page]) -> None:
    page = sign_in("admin", phone=True)
    page.goto(f"/setup/handover/{site.world.users['south'].pk}")
    page.get_by_label("全部移交给").select_option("round_robin")
    expect(page.get_by_role("combobox", name="轮流接收人")).to_be_visible()
    expect(page.get_by_role("combobox", name="接收人", exact=True)).to_be_hidden()
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390, "nothing sticks out"
