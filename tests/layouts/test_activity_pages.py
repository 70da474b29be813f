"""The composer, the timeline, tasks and the calendar as pages: with scripts and without, for whom they are."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from crm_platform.identity.models import Profile
from crm_platform.kit.context import Actor, system_actor
from metadata.models import BusinessObject
from objects.access.services.field_levels import set_field_levels
from objects.activities.services import FollowUpInput, log_follow_up
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.kit.clients import OrganizationClient
from tests.objects.world import World

HTMX = {"HX-Request": "true"}


@pytest.fixture
def lead(records: RecordService) -> uuid.UUID:
    return records.create("lead", {"name": "王磊", "company": "云途信息"}).id


def test_the_composer_answers_with_the_entry_or_with_what_is_wrong(
    rep: OrganizationClient, lead: uuid.UUID, crm: World
) -> None:
    url = f"/o/lead/{lead}/follow-up"
    assert f'action="{url}"' in rep.get(f"/o/lead/{lead}").content.decode()
    head = crm.users["head"]
    sent = {"method": "wechat", "content": "<b>请</b>@Head 报价", "mentioned_ids": [str(head.pk)]}
    soon = timezone.localtime(timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    wrong = rep.post(url, {**sent, "content": " ", "next_contact_at": soon, "next_plan": "报价"}, headers=HTMX)
    html = wrong.content.decode()
    assert (wrong.status_code, wrong.headers["HX-Retarget"]) == (422, "#composer")
    assert "field-error" in html
    assert 'value="报价"' in html
    assert f'value="{head.pk}" data-mentioned="Head"' in html
    past = rep.post(url, {**sent, "next_contact_at": "2020-01-01T09:00"}, headers=HTMX)
    assert "下次联系时间必须晚于现在" in past.content.decode()
    made = rep.post(url, {**sent, "next_contact_at": soon}, headers=HTMX)
    html = made.content.decode()
    assert made.status_code == 200
    assert '&lt;b&gt;请&lt;/b&gt;<b class="mention">@Head</b> 报价' in html
    assert 'hx-swap-oob="true"' in html
    assert "toast" in made.headers["HX-Trigger"]
    assert "王磊" in rep.get("/tasks/").content.decode()


def test_without_scripts_it_is_a_page(rep: OrganizationClient, lead: uuid.UUID, rep_actor: Actor) -> None:
    url = f"/o/lead/{lead}/follow-up"
    assert 'name="content"' in rep.get(url).content.decode()
    assert rep.post(url, {"content": ""}).status_code == 422
    answer = rep.post(url, {"content": "电话"})
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/o/lead/{lead}")
    assert RecordQuery(rep_actor, "follow_up").count("exact").value == 1
    page = rep.get(f"/o/lead/{lead}/timeline?kind=follow_up").content.decode()
    assert "<h1>王磊</h1>" in page
    assert "电话" in page


def test_who_may_not_see_it_finds_no_such_page(
    browser: Callable[[str], OrganizationClient], lead: uuid.UUID, crm: World
) -> None:
    stranger = browser("south")
    for address in (f"/o/lead/{lead}/timeline", f"/o/lead/{lead}/timeline?kind=call", f"/o/lead/{lead}/follow-up"):
        assert stranger.get(address).status_code == 404, address
    assert stranger.post(f"/o/lead/{lead}/follow-up", {"content": "x"}).status_code == 404


def test_hidden_fields_and_narrowed_timelines(
    rep: OrganizationClient, lead: uuid.UUID, rep_actor: Actor, crm: World
) -> None:
    log_follow_up(rep_actor, "lead", lead, FollowUpInput("机密内容，共计二十五个字，足够长，以免标题说出全部的内容来"))
    url = f"/o/lead/{lead}/timeline"
    assert "足够长" in rep.get(url, headers=HTMX).content.decode()
    other = crm.users["head"].pk
    assert "足够长" not in rep.get(f"{url}?who={other}", headers=HTMX).content.decode()
    assert "足够长" not in rep.get(f"{url}?until=2020-01-01", headers=HTMX).content.decode()
    assert "足够长" in rep.get(f"{url}?since=2020-01-01&who={rep_actor.user_id}", headers=HTMX).content.decode()
    assert rep.get(f"{url}?kind=moon&who=x&since=y", headers=HTMX).status_code == 200
    profile = Profile.objects.get(api_name="sales_rep")
    assert BusinessObject.objects.filter(api_name="follow_up").exists()
    set_field_levels(system_actor(), profile, "follow_up", {"content": "hidden", "name": "hidden"})
    html = rep.get(url, headers=HTMX).content.decode()
    assert "机密" not in html
    assert "Rep" in html


def test_tasks_are_added_done_and_taken_back(
    rep: OrganizationClient, browser: Callable[[str], OrganizationClient], records: RecordService
) -> None:
    assert rep.post("/tasks/", {"name": ""}).status_code == 422
    assert "寄合同" in rep.post("/tasks/", {"name": "寄合同", "due_on": "2020-01-01"}, headers=HTMX).content.decode()
    task = RecordQuery(records.actor, "task").ids(1)[0]
    html = rep.get("/tasks/").content.decode()
    assert "已逾期" in html
    assert "who=all" not in html
    assert "is-done" in rep.post(f"/tasks/{task}/complete", headers=HTMX).content.decode()
    assert "寄合同" not in rep.get("/tasks/").content.decode()
    assert "is-done" not in rep.post(f"/tasks/{task}/reopen", headers=HTMX).content.decode()
    assert browser("south").post(f"/tasks/{task}/complete").status_code == 404
    head = browser("head")
    assert "寄合同" not in head.get("/tasks/").content.decode()
    assert "寄合同" in head.get("/tasks/?who=all").content.decode()
    assert rep.post(f"/tasks/{task}/complete").status_code == 302


def test_the_calendar_turns_its_pages(
    rep: OrganizationClient, browser: Callable[[str], OrganizationClient], records: RecordService
) -> None:
    at = {"starts_at": "2026-11-10T09:30:00+08:00", "ends_at": "2026-11-11T10:00:00+08:00"}
    records.create("event", {"name": "产品演示", **at})
    month = rep.get("/calendar/?day=2026-11-22").content.decode()
    assert "2026年11月" in month
    assert month.count('<td class="cal-day') == 42
    assert month.count("09:30") == 4, "on both of its days, in the grid and in the list"
    assert "starts_at=2026-11-10T09" in month
    week = rep.get("/calendar/?view=week&day=2026-11-10&kind=event").content.decode()
    assert week.count('<td class="cal-day') == 7
    assert "day=2026-11-16" in week
    assert "产品演示" not in rep.get("/calendar/?day=2026-11-22&kind=visit").content.decode()
    assert "产品演示" in browser("head").get("/calendar/?day=2026-11-22&who=all").content.decode()
    assert rep.get("/calendar/?day=9999-99-99&view=x&kind=x&who=x").status_code == 200
