"""Writing down a follow-up: its record, who is mentioned, the task for the next contact; doing tasks."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from crm_platform.identity import services as identity
from crm_platform.identity.models import Role
from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import Forbidden, NotFound, StateConflict, ValidationFailed
from objects.activities.services import FollowUpInput, complete_task, log_follow_up, reopen_task
from objects.activities.timeline import Filters, Timeline
from objects.query.conditions import Condition
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.objects.activities.test_touching import LONG_AGO, about, times
from tests.objects.world import World

TOMORROW = timedelta(days=1)


@pytest.fixture
def lead(records: RecordService) -> uuid.UUID:
    return records.create("lead", {"name": "王磊", "company": "云途信息"}).id


def tasks_about(actor: Any, record_id: uuid.UUID) -> list[dict[str, Any]]:
    return RecordQuery(actor, "task").where(Condition("related_id", "eq", str(record_id))).page(10).dicts()


def test_a_follow_up_brings_a_task_and_the_records_times(rep_actor: Any, crm: World, lead: uuid.UUID) -> None:
    at = timezone.now() + TOMORROW
    mentioned = [str(crm.users["head"].pk), str(crm.users["south"].pk)]
    said = "  与采购总监确认了试用范围，希望本周五前给出五十个用户的报价，再看看服务条款和付款方式\n第二行"
    planned = {"next_contact_at": at.isoformat(), "next_plan": "发报价"}
    given = FollowUpInput(said, "wechat", mentions=mentioned, **planned)
    logged = log_follow_up(rep_actor, "lead", lead, given)
    values = RecordQuery(rep_actor, "follow_up").get(logged.record.id)
    assert values["method"] == "wechat"
    assert values["name"].endswith("…")
    assert values["content"].startswith("与采购总监")
    assert values["mentioned_ids"] == mentioned
    assert values["related_id"] == about(lead)
    assert logged.task is not None
    task = RecordQuery(rep_actor, "task").get(logged.task.id)
    assert (task["name"], task["status"], task["owner_id"]) == ("发报价", "open", str(rep_actor.user_id))
    assert task["remind_at"] == values["next_contact_at"]
    assert str(task["due_on"]) == at.astimezone(rep_actor.zone).date().isoformat()
    own = RecordQuery(rep_actor, "lead").get(lead)
    assert own["next_contact_at"] == values["next_contact_at"]
    assert own["last_followup_at"] == values["followed_up_at"]


def test_what_is_wrong_is_said_at_its_place_and_leaves_nothing(rep_actor: Any, crm: World, lead: uuid.UUID) -> None:
    yesterday, tomorrow = ((timezone.now() + day).isoformat() for day in (-TOMORROW, TOMORROW))
    role = Role.objects.get(users=crm.users["rep"])
    identity.update_role(system_actor(), role.uuid, contact_scope="department")
    actor = crm.actor("rep")
    stranger = str(crm.users["south"].pk)
    for wrong, member in (
        (FollowUpInput("   "), "content"),
        (FollowUpInput("x", "smoke"), "method"),
        (FollowUpInput("x", next_contact_at=yesterday), "next_contact_at"),
        (FollowUpInput("x", next_contact_at="soon"), "next_contact_at"),
        (FollowUpInput("x", mentions=[stranger], next_contact_at=tomorrow), "mentions"),
        (FollowUpInput("x", files=[str(uuid.uuid4())]), "files"),
        (FollowUpInput("x", next_plan="y" * 201, next_contact_at=tomorrow), "next_plan"),
    ):
        with pytest.raises(ValidationFailed) as refused:
            log_follow_up(actor, "lead", lead, wrong)
        assert [error.field for error in refused.value.errors] == [member], wrong
    assert not RecordQuery(actor, "follow_up").exists()
    assert tasks_about(actor, lead) == []
    assert times(lead) == (None, None)


def test_who_does_not_see_the_record_finds_none(crm: World, rep_actor: Any, lead: uuid.UUID) -> None:
    for name, object_name, record_id in (
        ("south", "lead", lead),
        ("rep", "account", lead),
        ("rep", "product", lead),
        ("rep", "moon", lead),
        ("rep", "lead", "no id"),
    ):
        with pytest.raises(NotFound):
            log_follow_up(crm.actor(name), object_name, record_id, FollowUpInput("x"))
    with pytest.raises(NotFound):
        Timeline(crm.actor("south"), "lead", lead).page()
    with pytest.raises(NotFound):
        Timeline(crm.actor("south"), "lead", lead, Filters("follow_up")).page()


def test_the_task_is_the_owners_where_the_caller_may_make_it_for_him(crm: World, lead: uuid.UUID) -> None:
    at = (timezone.now() + TOMORROW).isoformat()
    by_head = log_follow_up(crm.actor("head"), "lead", lead, FollowUpInput("x", next_contact_at=at))
    assert by_head.task is not None
    owner = RecordQuery(system_actor(), "task").get(by_head.task.id)
    assert owner["owner_id"] in (str(crm.users["rep"].pk), str(crm.users["head"].pk))
    assert owner["name"] == "联系 王磊" or "王磊" in owner["name"]


def test_completing_a_task_and_taking_it_back(crm: World, records: RecordService, lead: uuid.UUID) -> None:
    task = records.create("task", {"name": "寄样品", "related_id": about(lead)}).id
    actor = records.actor
    done = complete_task(actor, task)
    values = RecordQuery(actor, "task").get(task)
    assert values["status"] == "done"
    assert values["completed_at"]
    assert complete_task(actor, task).version == done.version, "done is done"
    reopen_task(actor, task)
    values = RecordQuery(actor, "task").get(task)
    assert (values["status"], values["completed_at"]) == ("open", None)
    records.update("task", task, {"status": "cancelled"})
    with pytest.raises(StateConflict):
        complete_task(actor, task)
    with pytest.raises((NotFound, Forbidden)):
        complete_task(crm.actor("south"), task)


def test_the_timeline_goes_on_without_repeating_or_leaving_out(
    records: RecordService, lead: uuid.UUID, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    actor = records.actor
    same = LONG_AGO.isoformat()
    row = {"content": "x", "related_id": about(lead), "followed_up_at": same}
    made = records.bulk_create("follow_up", [{**row, "name": f"{n}"} for n in range(30)])
    calls = [{"name": f"c{n}", "related_id": about(lead), "started_at": same} for n in range(12)]
    made += records.bulk_create("call", calls)
    for amount in range(5):
        records.update("lead", lead, {"expected_amount": str(amount + 1)})
    wanted = {result.id for result in made}
    seen: list[Any] = []
    cursor, pages = None, 0
    timeline = Timeline(actor, "lead", lead)
    Timeline(actor, "lead", lead).page()
    with django_assert_max_num_queries(9):
        first = Timeline(actor, "lead", lead).page()
    assert len(first.entries) == 20
    while True:
        page = timeline.page(7, cursor)
        seen += [entry.key for entry in page.entries]
        cursor, pages = page.next_cursor, pages + 1
        if cursor is None:
            break
        if pages == 3:  # what is new meanwhile stands above, and moves nothing
            records.create("call", {"name": "new", "related_id": about(lead)})
    assert len(seen) == len(set(seen)) == 42 + 6
    assert seen == sorted(seen, reverse=True)
    assert wanted <= {uuid.UUID(key[2]) for key in seen if key[1]}
    kinds = {entry.kind for entry in Timeline(actor, "lead", lead, Filters("changes")).page().entries}
    assert kinds == {"change"}
    period = Filters("call", since=LONG_AGO, until=LONG_AGO + timedelta(seconds=1))
    assert len(Timeline(actor, "lead", lead, period).page(100).entries) == 12
    assert not Timeline(actor, "lead", lead, Filters(who=uuid.uuid4())).page().entries
    assert len(Timeline(actor, None, None, Filters("activities")).page(100).entries) == 43
