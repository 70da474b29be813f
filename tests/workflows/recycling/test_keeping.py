"""What keeps records from returning, and what tells people before they do."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from crm_platform.events.clock import database_now
from crm_platform.jobs.queue import add_job
from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import Forbidden, NotFound, StateConflict, ValidationFailed
from crm_platform.notifications.models import Notification
from metadata.compiler.current import current_snapshot
from objects.extensions import columns_of
from objects.records.drafts import Movement
from objects.records.ownership import Holder, Move
from objects.records.service import RecordService
from tests.kit.clients import OrganizationClient
from tests.kit.work import run_queued_jobs
from tests.layouts.hosts import host_of
from tests.objects.world import World
from tests.workflows.recycling.conftest import MakeLead
from workflows.pools.models import Pool, PoolExtension, RecordProtection
from workflows.pools.recycling.countdown import due_dates
from workflows.pools.recycling.finding import due_among
from workflows.pools.recycling.keeping import ask_extension, decide_extension, protect, protected_count, unprotect
from workflows.pools.recycling.predicate import due_plan


def is_due(pool: Pool, record: uuid.UUID, days: float = 0) -> bool:
    return bool(due_among(due_plan(pool, database_now() + timedelta(days=days)), [record]))


@pytest.fixture
def generous(pool: Pool) -> Pool:
    pool.extension_days, pool.protected_cap, pool.reminder_days, pool.reminds_manager = 5, 2, [3, 1], True
    pool.save()
    return pool


def test_an_owner_asks_for_days_and_gets_them_from_the_day_it_would_return(
    crm: World, generous: Pool, lead: MakeLead
) -> None:
    record, actor = lead(8), crm.actor("rep")
    with pytest.raises(ValidationFailed):
        ask_extension(actor, "lead", record, 6, "再谈")
    with pytest.raises(Forbidden):
        ask_extension(crm.actor("boss"), "lead", record, 5, "再谈")
    row = ask_extension(actor, "lead", record, 5, "再谈")
    assert not is_due(generous, record)
    with pytest.raises(StateConflict):
        ask_extension(actor, "lead", record, 5, "再谈")
    for stranger in ("rep", "south"):
        with pytest.raises(NotFound):
            decide_extension(crm.actor(stranger), row.pk, is_granted=True)
    decided = decide_extension(crm.actor("head"), row.pk, is_granted=True)
    assert decided.until is not None and timedelta(days=4.9) < decided.until - database_now() < timedelta(days=5)
    assert not is_due(generous, record) and is_due(generous, record, 5.1)
    assert due_dates(current_snapshot().object("lead"), [record], database_now())[record].at == decided.until
    with pytest.raises(StateConflict):
        decide_extension(crm.actor("head"), row.pk, is_granted=False)
    told = [(row.user.username, row.title[:9]) for row in Notification.objects.order_by("id")]
    assert told == [(crm.users["head"].username, "%(name)s "), (crm.users["rep"].username, "You have ")]
    refused = decide_extension(crm.actor("head"), ask_extension(actor, "lead", record, 1, "…").pk, is_granted=False)
    assert refused.until is None and refused.state == PoolExtension.State.REFUSED


def test_protection_ends_with_its_quota_its_time_and_its_owner(crm: World, generous: Pool, lead: MakeLead) -> None:
    actor, lead_object = crm.actor("rep"), current_snapshot().object("lead")
    ids = [lead(8) for _number in range(3)]
    protect(actor, "lead", ids[0])
    protect(actor, "lead", ids[1], database_now() + timedelta(days=2))
    assert [is_due(generous, item) for item in ids] == [False, False, True]
    assert is_due(generous, ids[1], 2.1)
    with pytest.raises(StateConflict):
        protect(actor, "lead", ids[2])
    protect(actor, "lead", ids[0], database_now() + timedelta(days=9))  # the same one again takes no more room
    with pytest.raises(Forbidden):
        protect(crm.actor("boss"), "lead", ids[2])
    unprotect(crm.actor("head"), "lead", ids[0])
    assert is_due(generous, ids[0])
    city = crm.users["city"].pk
    RecordService(system_actor()).move("lead", [Move(ids[1], Holder(city, generous.pk))], Movement("transfer"))
    assert protected_count(generous, lead_object, crm.users["rep"].pk) == 0


def test_owners_and_managers_are_reminded_once_at_each_mark(crm: World, generous: Pool, lead: MakeLead) -> None:
    rep, boss = crm.users["rep"], crm.users["boss"]
    rep.__class__.objects.filter(pk=rep.pk).update(manager=boss)
    soon, sooner, _later, _due = lead(4.5), lead(6.5), lead(3), lead(9)
    for _again in range(2):
        add_job("pools.remind", {})
        run_queued_jobs()
    told = [
        (row.user.username, row.data["days"], row.data["count"])
        for row in Notification.objects.filter(kind="pools.reminder").order_by("id")
    ]
    assert sorted(told) == sorted((person.username, mark, 1) for person in (rep, boss) for mark in (1, 3))
    urls = set(Notification.objects.filter(user=rep).values_list("url", flat=True))
    assert urls == {reverse("record", args=["lead", item]) for item in (soon, sooner)}


def test_lists_count_down_in_few_statements(
    crm: World, generous: Pool, lead: MakeLead, django_assert_max_num_queries: Any
) -> None:
    actor, obj = crm.actor("rep"), current_snapshot().object("lead")
    ids = [lead(days) for days in (1, 4.5, 6.5, 9)]
    (column,) = [item for item in columns_of(actor, obj) if item.key == "pools.countdown"]
    column.cells(actor, obj, ids)
    with django_assert_max_num_queries(5):  # those who were away are the fifth
        cells = column.cells(actor, obj, ids)
    assert ["tag-red" in cells[item] for item in ids] == [False, False, True, True]
    assert ["tag-orange" in cells[item] for item in ids] == [False, True, False, False]
    assert "七天未跟进" in cells[ids[0]]


def test_the_dialogs_do_what_they_say(crm: World, generous: Pool, lead: MakeLead) -> None:
    record = lead(8)
    owner, manager = (OrganizationClient(host_of(crm)) for _person in range(2))
    owner.force_login(crm.users["rep"])
    manager.force_login(crm.users["head"])

    def path(name: str) -> str:
        return reverse(name, args=["lead", record])

    page = owner.get(path("record")).content.decode()
    assert path("record-more-time") in page and path("record-protect") in page
    assert path("record-more-time-answer") not in manager.get(path("record")).content.decode()
    assert owner.post(path("record-more-time"), {"is_sent": "1", "days": "9", "reason": "再谈"}).status_code == 422
    assert owner.post(path("record-more-time"), {"is_sent": "1", "days": "5", "reason": "再谈"}).status_code == 302
    assert path("record-more-time-answer") in manager.get(path("record")).content.decode()
    assert "再谈" in manager.get(path("record-more-time-answer")).content.decode()
    assert owner.get(path("record-more-time-answer")).status_code == 404
    assert manager.post(path("record-more-time-answer"), {"is_sent": "1", "answer": "grant"}).status_code == 302
    assert PoolExtension.objects.get().state == PoolExtension.State.GRANTED
    assert owner.post(path("record-protect"), {"is_sent": "1", "until": ""}).status_code == 302
    assert RecordProtection.objects.get().until is None
    assert owner.post(path("record-protect"), {"is_sent": "1"}).status_code == 302
    assert not RecordProtection.objects.exists()
    assert "七天未跟进" in owner.get(reverse("record-list", args=["lead"])).content.decode()
