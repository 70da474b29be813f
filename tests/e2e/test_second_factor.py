"""A person's second factor in a real browser: set up, signed out, signed in with a code and with a recovery code."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Page, expect

from crm_platform.identity.models import User
from crm_platform.identity.sign_in_models import RecoveryCode, SecondFactor
from crm_platform.tenancy.context import tenant_context
from tests.e2e.conftest import Site
from tests.kit import make

STEP_SECONDS = 30


@pytest.fixture
def enrolled(site: Site, django_db_blocker: Any) -> Any:
    """Nobody's second factor outlives the test: the organisation is shared."""
    yield
    with django_db_blocker.unblock(), tenant_context(site.world.schema_name):
        RecoveryCode.objects.all().delete()
        SecondFactor.objects.all().delete()
        User.objects.update(second_factor_since=None)


def send_password(page: Page) -> None:
    page.goto("/sign-in")
    page.get_by_label("用户名").fill("admin")
    page.get_by_label("密码").fill(make.PASSWORD)
    page.get_by_role("button", name="登录").click()


def sign_out(page: Page) -> None:
    page.context.clear_cookies()


def test_second_factor_from_set_up_to_lost_phone(sign_in: Callable[..., Page], enrolled: Any) -> None:
    page = sign_in("admin")
    page.goto("/account/security")
    page.get_by_role("link", name="开始设置").click()
    page.get_by_role("button", name="开始设置").click()
    expect(page.locator("main svg.segno")).to_be_visible()
    app = pyotp.TOTP(page.locator("main code").first.inner_text().replace(" ", ""))
    page.get_by_label("验证码").fill(app.now())
    page.get_by_role("button", name="开启").click()
    codes = page.locator("main li code").all_inner_texts()
    assert len(codes) == 10

    sign_out(page)
    send_password(page)
    page.wait_for_url(re.compile("sign-in/code"))
    page.goto("/o/account/")
    expect(page.get_by_role("button", name="登录")).to_be_visible()  # the password alone opens nothing
    send_password(page)
    page.get_by_label("验证码").fill(app.at(int(time.time()) + STEP_SECONDS))  # this step's code is used up
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(re.compile(r"^(?!.*sign-in)"))
    page.goto("/account/security")
    expect(page.get_by_text("动态验证码").first).to_be_visible()

    sign_out(page)
    send_password(page)
    page.get_by_label("验证码").fill(codes[3])
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(re.compile(r"^(?!.*sign-in)"))
    page.goto("/account/second-factor")
    expect(page.get_by_text("剩余 9 个恢复码")).to_be_visible()
