"""What counts as an activity or a follow-up shows on the records that it points at."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from crm_platform.events.models import OutboxMessage
from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import ValidationFailed
from metadata import services
from metadata.compiler.current import pinned_snapshot
from metadata.inputs import FieldInput
from objects.history.models import RecordChange
from objects.records.service import RecordService
from tests.objects import world as worlds
from tests.objects.world import World, compiled

LONG_AGO = datetime(2026, 1, 5, 2, tzinfo=UTC)


def about(record_id: uuid.UUID, name: str = "lead") -> dict[str, str]:
    return {"object": name, "id": str(record_id)}


def times(record_id: uuid.UUID, name: str = "lead") -> tuple[datetime | None, datetime | None]:
    row = compiled(name).model._base_manager.get(pk=record_id)
    return row.last_activity_at, row.last_followup_at


@pytest.fixture
def lead(records: RecordService) -> uuid.UUID:
    return records.create("lead", {"name": "王磊", "company": "云途信息"}).id


def follow_up(records: RecordService, to: uuid.UUID, at: datetime | str, **values: Any) -> uuid.UUID:
    given = {"name": "电话", "content": "谈了报价", "related_id": about(to), "followed_up_at": at, **values}
    return records.create("follow_up", given).id


def test_a_follow_up_counts_at_its_own_time_and_only_moves_on(records: RecordService, lead: uuid.UUID) -> None:
    follow_up(records, lead, LONG_AGO)
    assert times(lead) == (LONG_AGO, LONG_AGO)
    follow_up(records, lead, LONG_AGO - timedelta(days=9))
    assert times(lead) == (LONG_AGO, LONG_AGO), "an older one that is written down later takes nothing back"
    before = timezone.now()
    follow_up(records, lead, before + timedelta(days=9))
    activity, followup = times(lead)
    assert activity == followup
    assert followup is not None
    assert before <= followup <= timezone.now(), "nothing has happened later than now"
    row = compiled("lead").model._base_manager.get(pk=lead)
    assert row.version == 1
    assert RecordChange.objects.filter(record_id=lead).count() == 1
    assert OutboxMessage.objects.filter(record_id=lead).count() == 1


def test_a_visit_is_a_follow_up_once_it_is_done(records: RecordService, lead: uuid.UUID) -> None:
    given = {"name": "拜访", "planned_at": LONG_AGO, "related_id": about(lead)}
    visit = records.create("visit", given).id
    assert times(lead) == (LONG_AGO, None)
    records.update("visit", visit, {"status": "checked_in"})
    assert times(lead) == (LONG_AGO, None)
    records.update("visit", visit, {"status": "done"})
    assert times(lead) == (LONG_AGO, LONG_AGO)


def test_tasks_and_events_are_activities(records: RecordService, lead: uuid.UUID) -> None:
    at = LONG_AGO.isoformat()
    records.create("event", {"name": "会议", "starts_at": at, "ends_at": at, "related_id": about(lead)})
    assert times(lead) == (LONG_AGO, None)
    task = records.create("task", {"name": "寄样品", "related_id": about(lead)}).id
    made = times(lead)[0]
    records.update("task", task, {"status": "in_progress"})
    assert times(lead)[0] == made
    records.update("task", task, {"status": "done"})
    done = times(lead)[0]
    assert made is not None
    assert done is not None
    assert done > made
    other = records.create("lead", {"name": "李四", "company": "乙"}).id
    records.update("task", task, {"related_id": about(other)})
    assert times(other)[0] is not None, "what it points at now is touched, too"


def test_a_batch_touches_each_record_once_with_its_latest(
    records: RecordService, lead: uuid.UUID, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    account = records.create("account", {"name": "云途信息"}).id
    contact = records.create("contact", {"name": "刘思远", "account_id": account}).id
    targets = [about(lead), about(account, "account")]
    rows = [
        {
            "name": f"第{number}次",
            "content": "电话",
            "related_id": targets[number % 2],
            "contact_id": str(contact),
            "followed_up_at": (LONG_AGO + timedelta(hours=number)).isoformat(),
        }
        for number in range(60)
    ]
    counted: list[int] = []
    for size in (10, 60):
        with django_assert_max_num_queries(40) as seen:
            results = records.bulk_create("follow_up", rows[:size])
        assert all(result.id for result in results)
        counted.append(len(seen))
    assert counted[0] >= counted[1] - 2, "however many rows, as many statements"
    latest = LONG_AGO + timedelta(hours=59)
    assert times(account, "account") == times(contact, "contact") == (latest, latest)
    assert times(lead)[1] == LONG_AGO + timedelta(hours=58)


def test_formulas_and_rollups_follow(records: RecordService, lead: uuid.UUID) -> None:
    actor = system_actor()
    settings = {"expression": "last_followup_at", "returns": "datetime"}
    services.add_field(actor, "lead", FieldInput("spoken__c", "formula", "Spoken", settings=settings))
    rollup = {"object": "opportunity", "lookup": "account_id", "operation": "max", "field": "last_followup_at"}
    services.add_field(actor, "account", FieldInput("last_deal__c", "rollup", "Last", settings=rollup))
    account = records.create("account", {"name": "云途信息"}).id
    deal = {"name": "企业版", "account_id": account, "close_date": "2030-12-20"}
    opportunity = records.create("opportunity", deal).id
    follow_up(records, lead, LONG_AGO)
    follow_up(records, lead, LONG_AGO, related_id=about(opportunity, "opportunity"))
    assert compiled("lead").model._base_manager.get(pk=lead).value("spoken__c") == LONG_AGO
    assert compiled("account").model._base_manager.get(pk=account).value("last_deal__c") == LONG_AGO


def test_when_it_is_done_must_name_a_picklist_and_its_values(crm: World) -> None:
    actor = system_actor()
    for wrong in ("moon=done", "status=moon", "name=x", "status"):
        settings = {"target": "lead", "touches": "follow_up", "touches_when": wrong}
        with pytest.raises(ValidationFailed) as refused:
            services.add_field(actor, "visit", FieldInput("lead__c", "lookup", "Lead", settings=settings))
        assert refused.value.errors[0].field == "settings.touches_when", wrong
    settings = {"target": "lead", "touches": "follow_up", "touches_when": "status = done, cancelled"}
    services.add_field(actor, "visit", FieldInput("lead__c", "lookup", "Lead", settings=settings))


def test_of_two_at_once_the_later_one_stays(the_crm: World, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock(), worlds.inside(the_crm.schema_name):
        own = RecordService(the_crm.actor("rep"))
        record = own.create("lead", {"name": "周五", "company": "并行"}).id
        moments = [LONG_AGO + timedelta(minutes=number) for number in range(24)]
        start, failures = threading.Barrier(4), []

        def write(mine: list[datetime]) -> None:
            try:
                with worlds.inside(the_crm.schema_name), pinned_snapshot():
                    service = RecordService(the_crm.actor("rep"))
                    start.wait(timeout=20)
                    for at in mine:
                        follow_up(service, record, at)
            except Exception as error:
                failures.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=write, args=(moments[place::4][::-1],)) for place in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert failures == []
        assert times(record) == (moments[-1], moments[-1])
