"""Open tasks by period, the calendar, and reminders that come once."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from crm_platform.notifications.models import Notification
from objects.activities import reminders
from objects.activities.calendar import calendar
from objects.activities.tasks import open_tasks, period
from objects.records.service import RecordService
from tests.objects.activities.test_touching import about
from tests.objects.world import World


class Turn:
    """What a job's handler is given, as far as reminding looks at it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def progress(self, done: int) -> None:
        assert done > 0


def test_periods() -> None:
    wednesday = date(2026, 11, 25)
    for days, expected in ((-1, "overdue"), (0, "today"), (1, "week"), (4, "week"), (5, "later")):
        assert period(wednesday + timedelta(days=days), wednesday) == expected, days
    assert period(None, wednesday) == "later"


def test_tasks_of_mine_of_one_and_of_all_within_reach(crm: World, records: RecordService, rep_actor: Any) -> None:
    today = date(2026, 11, 25)
    for name, due in (("旧", "2026-11-20"), ("今", "2026-11-25"), ("周", "2026-11-27"), ("后", None)):
        records.create("task", {"name": name, "due_on": due})
    records.create("task", {"name": "完", "status": "done"})
    RecordService(crm.actor("head")).create("task", {"name": "主管的"})
    mine = open_tasks(rep_actor, today, owner=None)
    assert mine is not None
    assert [[row.values["name"] for row in group.rows] for group in mine.groups.values()] == [
        ["旧"],
        ["今"],
        ["周"],
        ["后"],
    ]
    head = crm.actor("head")
    everybody = open_tasks(head, today, owner=None, everybody=True)
    assert everybody is not None
    assert everybody.count == 5
    of_rep = open_tasks(head, today, owner=crm.users["rep"].pk)
    assert of_rep is not None
    assert of_rep.count == 4
    not_his = open_tasks(rep_actor, today, owner=crm.users["head"].pk)
    assert not_his is not None
    assert not_his.count == 0


def test_the_calendar_holds_what_has_a_day(crm: World, records: RecordService, rep_actor: Any) -> None:
    first, last = date(2026, 11, 2), date(2026, 11, 30)
    lead = records.create("lead", {"name": "王磊", "company": "云途", "next_contact_at": "2026-11-10T09:00:00+08:00"})
    late = {"starts_at": "2026-10-31T09:00:00+08:00", "ends_at": "2026-11-02T18:00:00+08:00"}
    records.create("event", {"name": "展会", **late})
    records.create("event", {"name": "旧", "starts_at": "2026-10-01T09:00:00Z", "ends_at": "2026-10-01T10:00:00Z"})
    visit = {"name": "拜访", "planned_at": "2026-11-10T08:00:00+08:00", "related_id": about(lead.id)}
    records.create("visit", visit)
    records.create("task", {"name": "报价", "due_on": "2026-11-10"})
    records.create("task", {"name": "已完", "due_on": "2026-11-10", "status": "done"})
    found = calendar(rep_actor, first, last)
    assert [(entry.kind, entry.title) for entry in found] == [
        ("event", "展会"),
        ("task", "报价"),
        ("visit", "拜访"),
        ("next_contact", "王磊"),
    ]
    assert (found[0].day, found[0].last_day) == (date(2026, 10, 31), date(2026, 11, 2))
    assert [entry.kind for entry in calendar(rep_actor, first, last, kind="visit")] == ["visit"]
    assert calendar(crm.actor("south"), first, last, everybody=True) == []


def test_everybody_is_reminded_once(crm: World, records: RecordService) -> None:
    now = timezone.now()
    due = (now - timedelta(minutes=1)).isoformat()
    task = records.create("task", {"name": "打电话", "remind_at": due}).id
    records.create("event", {"name": "会议", "remind_at": due, "starts_at": due, "ends_at": due})
    for values in (
        {"name": "完", "remind_at": due, "status": "done"},
        {"name": "未到", "remind_at": (now + timedelta(hours=1)).isoformat()},
        {"name": "太久", "remind_at": (now - timedelta(days=3)).isoformat()},
    ):
        records.create("task", values)
    assert reminders.remind(Turn(now))["reminded"] == 2
    assert reminders.remind(Turn(now))["reminded"] == 0
    told = Notification.objects.filter(kind=reminders.KIND, user_id=crm.users["rep"].pk)
    assert {row.data["name"] for row in told} == {"打电话", "会议"}
    assert any(row.url.endswith(f"/o/task/{task}") for row in told)
    later = now - timedelta(seconds=1)
    records.update("task", task, {"remind_at": later.isoformat()})
    assert reminders.remind(Turn(now))["reminded"] == 1, "another time is another reminder"
