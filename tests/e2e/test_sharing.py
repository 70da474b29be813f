"""An owner adds a colleague to the team of a record with the mouse, and the colleague opens it; in Chinese."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from objects.records.service import RecordService
from tests.e2e.conftest import Site
from tests.objects import world as worlds


def test_a_colleague_on_the_team_opens_the_record(site: Site, sign_in: Callable[..., Page]) -> None:
    owner, colleague = site.world.users["rep"], site.world.users["south"]
    with worlds.inside(site.world.schema_name):
        account = RecordService(site.world.actor("rep")).create("account", {"name": "荆州物流"}).id
    address = f"/o/account/{account}"
    assert sign_in(colleague.username).goto(address).status == 404

    page = sign_in(owner.username)
    page.goto(address)
    panel = page.locator("#sharing")
    expect(panel).to_contain_text("除负责人外还没有团队成员")
    panel.get_by_role("link", name="添加团队成员").click()
    dialog = page.get_by_role("dialog")
    box = dialog.get_by_role("combobox", name="同事")
    box.click()
    box.fill("South")
    page.get_by_role("option", name=re.compile("South")).first.click()
    dialog.get_by_label("团队角色").fill("售前")
    dialog.get_by_role("button", name="保存").click()
    expect(panel).to_contain_text("South")
    expect(panel).to_contain_text("售前")

    page = sign_in(colleague.username)
    assert page.goto(address).status == 200
    expect(page.get_by_role("heading", level=1)).to_have_text("荆州物流")
    expect(page.locator("#sharing")).to_contain_text("South")
    expect(page.get_by_role("link", name="编辑")).to_have_count(0)
