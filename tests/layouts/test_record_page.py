"""The page of a record: fields, stages, related lists, timeline; what follows a change of the data model."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from crm_platform.kit.context import system_actor
from layouts.models import RecentRecord
from layouts.services import note_opened
from metadata import services
from metadata.inputs import FieldInput, ObjectInput
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.kit.clients import OrganizationClient
from tests.layouts.pages import detail
from tests.objects.world import World

HTMX = {"HX-Request": "true"}


@pytest.fixture
def deal(records: RecordService) -> Any:
    account = records.create("account", {"name": "云途信息"}).id
    given = {"name": "企业版 200 用户", "account_id": account, "close_date": "2030-12-20", "amount": "480000"}
    return records.create("opportunity", given)


def test_page_shows_highlights_sections_and_stages(rep: OrganizationClient, deal: Any) -> None:
    html = rep.get(f"/o/opportunity/{deal.id}").content.decode()
    assert "<h1>企业版 200 用户</h1>" in html
    assert detail(html, "amount") == "¥480,000.00"
    assert detail(html, "account_id") == "云途信息"
    assert detail(html, "description") == "—"
    assert 'class="path-step now"' in html
    assert html.count('name="stage"') == 6, "five other stages, and the next one"


def test_a_click_on_a_stage_moves_the_record(rep: OrganizationClient, deal: Any, rep_actor: Any) -> None:
    answer = rep.post(f"/o/opportunity/{deal.id}/stage", {"stage": "proposal", "version": "1"})
    assert answer.status_code == 302
    assert RecordQuery(rep_actor, "opportunity").get(deal.id)["stage"] == "proposal"
    html = rep.get(f"/o/opportunity/{deal.id}").content.decode()
    assert html.count('class="path-step done"') == 2
    assert "第 1 天" in html


def test_a_stage_is_not_moved_on_a_stale_page(
    rep: OrganizationClient, deal: Any, records: RecordService, rep_actor: Any
) -> None:
    records.update("opportunity", deal.id, {"stage": "lost"})
    answer = rep.post(f"/o/opportunity/{deal.id}/stage", {"stage": "won", "version": "1"}, follow=True)
    assert "其间有人修改了这条记录" in answer.content.decode()
    assert RecordQuery(rep_actor, "opportunity").get(deal.id)["stage"] == "lost"


def test_an_unknown_stage_is_refused_in_words(rep: OrganizationClient, deal: Any) -> None:
    answer = rep.post(f"/o/opportunity/{deal.id}/stage", {"stage": "moon", "version": "1"}, follow=True)
    assert "toast-error" in answer.content.decode()
    assert rep.post(f"/o/account/{deal.id}/stage", {"stage": "won"}).status_code == 404


def test_related_lists_show_rows_count_and_the_way_to_all(rep: OrganizationClient, records: RecordService) -> None:
    account = records.create("account", {"name": "云途信息"}).id
    for name in ["赵一", "钱二", "孙三", "李四", "周五", "吴六", "郑七", "冯八"]:
        records.create("contact", {"name": name, "account_id": account})
    html = rep.get(f"/o/account/{account}").content.decode()
    card = html[html.index('id="related-contact-account_id"') :]
    card = card[: card.index("</section>")]
    assert '<span class="card-count">8</span>' in card
    assert card.count("<tr>") == 1 + 6
    assert f'href="/o/contact/?account_id__eq={account}"' in card
    assert f"/o/contact/new?account_id={account}" in card
    assert rep.get(f"/o/contact/?account_id__eq={account}").content.decode().count('class="primary"') == 8


def test_timeline_merges_activities_and_changes(rep: OrganizationClient, records: RecordService, deal: Any) -> None:
    about = {"object": "opportunity", "id": str(deal.id)}
    records.create("call", {"name": "电话沟通", "related_id": about, "started_at": "2026-01-05T10:00:00+08:00"})
    records.create("task", {"name": "寄送样品", "related_id": about, "description": "两套"})
    records.update("opportunity", deal.id, {"amount": "500000"})
    html = rep.get(f"/o/opportunity/{deal.id}").content.decode()
    every = rep.get(f"/o/opportunity/{deal.id}/timeline", headers=HTMX).content.decode()
    assert "电话沟通" in every
    assert "两套" in every
    assert "<del>¥480,000.00</del>" in every
    only = rep.get(f"/o/opportunity/{deal.id}/timeline?kind=activities", headers=HTMX).content.decode()
    assert "寄送样品" in only
    assert "¥480,000.00" not in only
    assert "related-task-related_id" not in html, "activities stand in the timeline, not among the lists"


def test_a_new_object_works_at_once_and_shows_on_what_it_points_at(
    browser: Callable[[str], OrganizationClient], records: RecordService, crm: World
) -> None:
    account = records.create("account", {"name": "云途信息"}).id
    boss = browser("boss")
    actor = system_actor(language="zh-hans")
    lookup = FieldInput("customer__c", "lookup", "客户", settings={"target": "account"})
    services.create_object(actor, ObjectInput("work_order__c", "派工单", fields=[lookup]))
    assert "派工单" not in boss.get(f"/o/account/{account}").content.decode(), "nobody was granted it yet"
    assert boss.get("/o/work_order__c/").status_code == 404

    crm.users["boss"].profile = crm.users["boss"].profile.__class__.objects.get(api_name="administrator")
    crm.users["boss"].save()
    html = boss.get(f"/o/account/{account}").content.decode()
    assert 'id="related-work_order__c-customer__c"' in html
    assert boss.get(f"/o/work_order__c/new?customer__c={account}").status_code == 200

    services.add_field(actor, "work_order__c", FieldInput("urgent__c", "checkbox", "加急"))
    made = RecordService(crm.actor("boss")).create("work_order__c", {"name": "PG-1", "customer__c": account})
    assert detail(boss.get(f"/o/work_order__c/{made.id}").content.decode(), "urgent__c") == "否"


def test_opening_a_record_is_noted_and_the_oldest_is_forgotten(
    rep: OrganizationClient, deal: Any, rep_actor: Any, crm: World
) -> None:
    rep.get(f"/o/opportunity/{deal.id}")
    rep.get(f"/o/opportunity/{deal.id}")
    mine = RecentRecord.objects.filter(user=crm.users["rep"])
    assert list(mine.values_list("record_id", flat=True)) == [deal.id]
    assert "企业版 200 用户" in rep.get("/").content.decode()

    for number in range(60):
        note_opened(rep_actor, 1, uuid.UUID(int=number), datetime(2030, 1, 1, 0, number, tzinfo=UTC))
    assert mine.count() == 50
    assert not mine.filter(record_id=deal.id).exists()


def test_page_speaks_english_to_who_reads_english(
    browser: Callable[[str], OrganizationClient], deal: Any, crm: World
) -> None:
    crm.users["rep"].language = "en"
    crm.users["rep"].save()
    html = browser("rep").get(f"/o/opportunity/{deal.id}").content.decode()
    assert '<html lang="en"' in html
    assert "First contact" in html
    assert "Next stage" in html
    assert "阶段" not in html
