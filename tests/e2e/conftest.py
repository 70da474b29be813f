"""A real browser against a real server: one committed organisation with the CRM, one Chromium.

The server runs in threads of this process on the test database; the browser reaches it by the organisation's
own host name, which Chromium resolves to this machine (`*.localhost`). A test that fails leaves a screenshot
in `var/e2e/`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.test.testcases import LiveServerThread
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from crm_platform.kit.context import system_actor
from metadata.packages.portable import CRM_PACKAGE, apply, load_package
from tests.e2e.chromium import executable
from tests.kit import make
from tests.layouts.hosts import host_of
from tests.objects import world as worlds
from tests.objects.world import World

DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
BUNDLE = settings.BASE_DIR / "crm_platform" / "frontend" / "dist" / "console.js"
SHOTS = settings.BASE_DIR / "var" / "e2e"
PATIENCE_MS = 10_000
expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@dataclass(frozen=True)
class Site:
    """The running server: its address, and the people who work there (all with `make.PASSWORD`)."""

    url: str
    world: World


@pytest.fixture(scope="session")
def site(django_db_setup: None, django_db_blocker: Any) -> Iterator[Site]:
    """A server with the CRM's organisation behind it, and its administrator `admin`."""
    assert BUNDLE.exists(), "the front end is not built: run `make frontend`"

    def prepare() -> None:
        apply(system_actor(), load_package(CRM_PACKAGE))

    with django_db_blocker.unblock(), worlds.world(prepare=prepare) as made:
        server = LiveServerThread("127.0.0.1", StaticFilesHandler, connections_override={})
        server.daemon = True
        server.start()
        server.is_ready.wait()
        if server.error:
            raise server.error
        yield Site(f"http://{host_of(made)}:{server.port}", made)
        server.terminate()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    # Playwright keeps an event loop in this thread, which Django takes for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_browser(chromium: Browser, site: Site, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """A function that opens a browser window; every page in it must load without a script error."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def open_window(*, phone: bool = False, scripts: bool = True, language: str = "zh-CN") -> Page:
        context = chromium.new_context(
            base_url=site.url, viewport=PHONE if phone else DESKTOP, locale=language, java_script_enabled=scripts
        )
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text) if _is_csp(message.text) else None)
        return page

    yield open_window
    _keep_shots(request, contexts)
    for context in contexts:
        context.close()
    assert not problems, f"the browser complains: {problems}"


@pytest.fixture
def sign_in(open_browser: Callable[..., Page]) -> Callable[..., Page]:
    """A function from a user name to a browser window in which that person is signed in."""

    def enter(username: str, password: str = make.PASSWORD, **window: Any) -> Page:
        page = open_browser(**window)
        page.goto("/sign-in")
        page.get_by_label("用户名").fill(username)
        page.get_by_label("密码").fill(password)
        page.get_by_role("button", name="登录").click()
        page.wait_for_url(re.compile(r"^(?!.*sign-in)"))
        return page

    return enter


def _is_csp(text: str) -> bool:
    return "Content Security Policy" in text


def _keep_shots(request: pytest.FixtureRequest, contexts: list[BrowserContext]) -> None:
    report = getattr(request.node, "report_of_call", None)
    if report is None or not report.failed:
        return
    SHOTS.mkdir(parents=True, exist_ok=True)
    for number, page in enumerate(page for context in contexts for page in context.pages):
        page.screenshot(path=SHOTS / f"{request.node.name}-{number}.png")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Iterator[None]:
    outcome: Any = yield
    report = outcome.get_result()
    if report.when == "call":
        item.report_of_call = report  # type: ignore[attr-defined]
