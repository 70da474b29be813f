"""Response times: clocks start with an owner, count working hours, are met by follow-ups or missed, and are told."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from crm_platform.identity.models import OrganizationSettings, User
from crm_platform.jobs.models import Job
from crm_platform.kit.context import system_actor
from crm_platform.kit.workdays import CHINA, add_work_seconds, work_seconds
from crm_platform.notifications.models import Notification
from metadata.models import BusinessObject
from objects.records.service import RecordService
from tests.kit.clients import OrganizationClient
from tests.layouts.hosts import host_of
from tests.objects.world import World
from workflows.pools.models import Pool
from workflows.sla.clocks import JOB, due, settle_some
from workflows.sla.models import SlaClock, SlaPolicy
from workflows.sla.reading import Score, missed, scores

State, Kind = SlaClock.State, SlaClock.Kind


@pytest.fixture
def pool(crm: World) -> Pool:
    lead = BusinessObject.objects.get(api_name="lead")
    Pool.objects.filter(business_object=lead).delete()
    return Pool.objects.create(business_object=lead, api_name="desk__c", label="线索池")


def policy(pool: Pool, **given: Any) -> SlaPolicy:
    return SlaPolicy.objects.create(pool=pool, **{"first_response": 60, "in_hours": False, **given})


def lead(crm: World, owner: str | None = "rep", **values: Any) -> uuid.UUID:
    owner_id = str(crm.users[owner].pk) if owner else None
    given = {"name": "线索", "company": uuid.uuid4().hex, "owner_id": owner_id, **values}
    return RecordService(system_actor()).create("lead", given).id


def follow_up(crm: World, record: uuid.UUID) -> None:
    about = {"object": "lead", "id": str(record)}
    RecordService(crm.actor("rep")).create("follow_up", {"name": "电话", "content": "谈了谈", "related_id": about})


def clock(record: uuid.UUID) -> SlaClock:
    return SlaClock.objects.filter(record_id=record).latest("pk")


def test_working_time_is_added_as_it_is_counted() -> None:
    zone = timezone.get_fixed_timezone(480)
    friday = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)  # 17:00 in China, an hour before the end of work
    later = add_work_seconds(CHINA, friday, 2 * 3600, zone)  # type: ignore[arg-type]
    assert later == datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    for seconds in (1, 3600, 5 * 3600, 40 * 3600):
        end = add_work_seconds(CHINA, friday, seconds, zone)  # type: ignore[arg-type]
        assert end is not None
        assert work_seconds(CHINA, friday, end, zone) == seconds  # type: ignore[arg-type]


def test_a_clock_starts_with_an_owner_and_stops_with_him(crm: World, pool: Pool) -> None:
    policy(pool)
    waiting, owned = lead(crm, None), lead(crm)
    assert not SlaClock.objects.filter(record_id=waiting).exists()
    first = clock(owned)
    assert (first.kind, first.state, first.owner_id) == (Kind.FIRST, State.RUNNING, crm.users["rep"].pk)
    assert first.due_at - first.started_at == timedelta(hours=1)
    assert Job.objects.filter(kind=JOB).count() == 1
    RecordService(crm.actor("boss")).transfer("lead", owned, crm.users["city"].pk)
    first.refresh_from_db()
    assert (first.state, clock(owned).owner_id) == (State.STOPPED, crm.users["city"].pk)


def test_a_follow_up_in_time_meets_it_and_the_next_begins(crm: World, pool: Pool) -> None:
    policy(pool, next_response=120)
    record = lead(crm)
    follow_up(crm, record)
    first = clock(record)
    assert settle_some(first.due_at - timedelta(minutes=1)) == (0, 0)
    assert settle_some(first.due_at) == (1, 0)
    following = clock(record)
    first.refresh_from_db()
    assert (first.state, following.kind, following.state) == (State.MET, Kind.NEXT, State.RUNNING)
    assert following.due_at - following.started_at == timedelta(hours=2)
    assert settle_some(following.due_at) == (1, 1)
    assert clock(record).state == State.MISSED


def test_what_is_missed_is_told_once_to_owner_and_manager(crm: World, pool: Pool) -> None:
    User.objects.filter(pk=crm.users["rep"].pk).update(manager=crm.users["head"])
    policy(pool)
    record = lead(crm)
    late = clock(record).due_at + timedelta(minutes=5)
    assert settle_some(late) == (1, 1)
    assert settle_some(late) == (0, 0)
    told = Notification.objects.filter(kind="sla.missed").values_list("user_id", "url")
    assert sorted(told, key=str) == sorted(
        [(crm.users[name].pk, f"/o/lead/{record}") for name in ("rep", "head")], key=str
    )
    object_id = BusinessObject.objects.get(api_name="lead").pk
    assert missed(object_id, [crm.users["rep"].pk], late, 10) == [record]
    assert scores(object_id, [crm.users["rep"].pk], late) == {crm.users["rep"].pk: Score(0, 1)}


def test_what_is_not_meant_any_more_or_deleted_stops(crm: World, pool: Pool) -> None:
    policy(pool, condition={"field": "status", "op": "eq", "value": "new"})
    done, gone, new = lead(crm, status="working"), lead(crm), lead(crm)
    RecordService(system_actor()).delete("lead", gone)
    assert settle_some(timezone.now() + timedelta(hours=2)) == (3, 1)
    assert [clock(item).state for item in (done, gone, new)] == [State.STOPPED, State.STOPPED, State.MISSED]


def test_nights_and_weekends_do_not_count(crm: World, pool: Pool) -> None:
    OrganizationSettings.objects.update(
        work_days=[1, 2, 3, 4, 5], work_hours=[["09:00", "18:00"]], holidays={}, time_zone="Asia/Shanghai"
    )
    saturday = datetime(2026, 11, 21, 4, tzinfo=UTC)
    assert due(saturday, 60, in_hours=True) == datetime(2026, 11, 23, 2, tzinfo=UTC)
    assert due(saturday, 60, in_hours=False) == saturday + timedelta(hours=1)


def test_an_admin_settles_it_and_an_owner_sees_it(crm: World, pool: Pool) -> None:
    def browser(user: User) -> OrganizationClient:
        client = OrganizationClient(host_of(crm))
        client.force_login(user)
        return client

    admin, url = browser(User.objects.get(username="admin")), f"/setup/pools/{pool.pk}/sla"
    sent = {"first_response": "30", "next_response": "0", "is_active": "on", "condition": ""}
    assert admin.get(url).status_code == 200
    assert admin.post(url, {**sent, "first_response": "0", "next_response": "5"}).status_code == 422
    assert admin.post(url, sent).status_code == 302
    assert SlaPolicy.objects.get(pool=pool).first_response == 30
    record = lead(crm)
    rep: Callable[[str], Any] = browser(crm.users["rep"]).get
    assert f"/o/lead/{record}/sla" in rep(f"/o/lead/{record}").content.decode()
    assert "首次响应" in rep(f"/o/lead/{record}/sla").content.decode()
    assert browser(crm.users["south"]).get(f"/o/lead/{record}/sla").status_code == 404
    assert browser(crm.users["rep"]).get(url).status_code == 403
