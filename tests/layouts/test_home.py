"""The home page: each card shows mine, and goes away with its object."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from crm_platform.kit.context import system_actor
from layouts.pages.home import Home
from metadata import services
from objects.records.service import RecordService
from tests.kit.clients import OrganizationClient
from tests.layouts.pages import hide_field, plain_text
from tests.objects.world import World


def card(html: str, key: str) -> str:
    found = re.search(rf'<section class="cardx" id="home-{key}">.*?</section>', html, re.S)
    assert found, f"no card {key}"
    return found[0]


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def test_empty_cards_say_that_nothing_is_left(rep: OrganizationClient) -> None:
    html = rep.get("/").content.decode()
    for key, text in {"tasks": "没有待办任务", "events": "今天没有日程", "visits": "今天没有拜访"}.items():
        assert text in card(html, key)
    assert html.count("<h1") == 1


def test_cards_show_my_day_and_nobody_else_s(
    browser: Callable[[str], OrganizationClient], crm: World, records: RecordService, now: datetime
) -> None:
    today = now.astimezone(crm.actor("rep").zone)
    records.create("task", {"name": "迟到的任务", "due_on": str((today - timedelta(days=3)).date())})
    records.create("task", {"name": "做完的任务", "status": "done"})
    records.create("event", {"name": "产品演示", "starts_at": today.isoformat(), "ends_at": today.isoformat()})
    records.create("visit", {"name": "上门拜访", "planned_at": today.isoformat()})
    records.create("visit", {"name": "下周拜访", "planned_at": (today + timedelta(days=7)).isoformat()})
    records.create("lead", {"name": "没人跟进的线索", "company": "甲"})
    RecordService(crm.actor("south")).create("task", {"name": "别人的任务"})
    html = browser("rep").get("/").content.decode()
    assert "迟到的任务" in card(html, "tasks")
    assert 'class="line-when is-late"' in card(html, "tasks")
    assert "做完的任务" not in html
    assert "别人的任务" not in html
    assert "产品演示" in card(html, "events")
    assert today.strftime("%H:%M") in card(html, "events")
    assert "上门拜访" in card(html, "visits")
    assert "下周拜访" not in html
    assert "没人跟进的线索" in card(html, "leads")


def test_stages_add_up_my_open_opportunities_in_the_base_currency(
    rep: OrganizationClient, records: RecordService
) -> None:
    account = records.create("account", {"name": "云途信息"}).id
    for amount, stage in (("100", "contact"), ("250", "contact"), ("70", "proposal"), ("999", "won")):
        given = {"name": amount, "account_id": account, "close_date": "2030-01-01", "amount": amount, "stage": stage}
        records.create("opportunity", given)
    shown = card(rep.get("/").content.decode(), "stages")
    lines = [plain_text(line) for line in re.findall(r"<li.*?</li>", shown, re.S)]
    assert [" ".join(line.split()) for line in lines] == [
        "初步接洽 2 ¥350", "需求确认 0 ¥0", "方案报价 1 ¥70", "商务谈判 0 ¥0",
    ]  # fmt: skip


def test_a_card_goes_away_with_its_object_or_its_field(rep: OrganizationClient) -> None:
    hide_field("task", "priority")
    services.delete_object(system_actor(), "visit")
    html = rep.get("/").content.decode()
    assert 'id="home-tasks"' not in html
    assert 'id="home-visits"' not in html
    assert 'id="home-events"' in html


def test_greeting_follows_the_clock_of_the_person(crm: World) -> None:
    actor: Any = crm.actor("rep")
    said = {Home(actor, datetime(2026, 1, 5, hour, tzinfo=UTC)).greeting for hour in (0, 6, 12)}
    assert len(said) == 3
    assert all("Rep" in text for text in said)
