"""A form on somebody else's website: a visitor fills it in, and the lead waits in the pool. In Chinese."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from crm_platform.kit.context import system_actor
from metadata.compiler.current import current_snapshot
from tests.e2e.conftest import Site
from tests.objects import world as worlds
from workflows.intake import submitting
from workflows.intake.models import WebForm
from workflows.intake.services import create_form, delete_form
from workflows.pools.services.inputs import PoolInput
from workflows.pools.services.settings import create_pool

FIELDS = [
    {"field": "name", "required": True},
    {"field": "company", "required": True},
    {"field": "mobile"},
    {"field": "city", "hidden": True, "parameter": "utm_campaign"},
]


@pytest.fixture
def website() -> Iterator[tuple[str, dict[str, str]]]:
    """Another origin, whose page is what the test puts into the mapping; its address and that mapping."""
    page: dict[str, str] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page.get("html", "").encode())

        def log_message(self, *_given: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://shop.localhost:{server.server_port}", page
    server.shutdown()


@pytest.fixture
def form(site: Site, website: tuple[str, dict[str, str]]) -> Iterator[WebForm]:
    with worlds.inside(site.world.schema_name):
        pool = create_pool(system_actor(), PoolInput(object="lead", label="官网线索"))
        given = {"label": "官网", "fields": FIELDS, "pool_id": pool.pk, "consent_text": "我同意联系我"}
        made = create_form(system_actor(), "lead", {**given, "origins": [website[0]]})
        yield made
        delete_form(system_actor(), made.pk)


def test_a_visitor_of_a_website_becomes_a_lead_in_the_pool(
    site: Site,
    form: WebForm,
    website: tuple[str, dict[str, str]],
    open_browser: Callable[..., Page],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(submitting, "QUICKEST", 0.0)  # the browser types faster than anybody
    address, content = website
    content["html"] = f'<h1>商店</h1><script src="{site.url}/f/{form.token}/embed.js"></script>'
    page = open_browser(phone=True)
    page.goto(f"{address}/?utm_campaign=spring")
    frame = page.frame_locator("iframe")
    frame.get_by_role("button", name="提交").click()
    expect(frame.locator("main")).to_contain_text("未经您同意")
    frame.get_by_label("姓名").fill("王芳")
    frame.get_by_label("公司名称").fill("云途信息")
    frame.get_by_label("手机").fill("13800138000")
    frame.get_by_label("我同意联系我").check()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    frame.get_by_role("button", name="提交").click()
    expect(frame.get_by_role("heading")).to_have_text("感谢您")
    with worlds.inside(site.world.schema_name):
        sent = form.submissions.get()
        model: Any = current_snapshot().object("lead").model
        lead = model._base_manager.get(pk=sent.record_id)
        assert (lead.value("name"), lead.value("city")) == ("王芳", "spring")
        assert (lead.owner_id, lead.pool_id) == (None, form.pool_id)
        assert sent.page == f"{address}/?utm_campaign=spring"
