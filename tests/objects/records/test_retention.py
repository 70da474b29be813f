"""The nightly job that empties the trash."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from crm_platform.jobs.context import JobContext
from crm_platform.jobs.schedules import schedules
from crm_platform.jobs.services import enqueue
from objects.records.models import Deletion
from objects.records.retention import KIND, TRASH_DAYS, empty_trash
from objects.records.service import RecordService
from tests.jobs.conftest import silence, take
from tests.objects.records.shop import row


@pytest.fixture
def job(rep: RecordService) -> JobContext:
    silence()
    enqueue(KIND, {})
    return JobContext(take())


def age(days: int) -> None:
    for deletion in Deletion.objects.all():
        deletion.at -= timedelta(days=days)
        deletion.save()


def test_it_runs_every_night() -> None:
    assert KIND in schedules


def test_only_what_is_old_goes_and_what_is_held_on_to_stays(rep: RecordService, job: Any) -> None:
    customer = rep.create("customer", {"name": "A"}).id
    bought = rep.create("purchase", {"customer_id": customer}).id
    rep.delete("purchase", bought)
    old = rep.create("customer", {"name": "old"}).id
    rep.delete("customer", old)
    age(TRASH_DAYS + 1)
    rep.delete("customer", customer)
    young = rep.create("customer", {"name": "young"}).id
    rep.delete("customer", young)
    assert empty_trash(job) == {"records": 2}
    assert [row("customer", item, "id") is None for item in (old, young, customer)] == [True, False, False]
    assert row("purchase", bought, "id") is None
    assert empty_trash(job) == {"records": 0}


def test_what_can_not_go_yet_holds_nobody_up(rep: RecordService, job: Any) -> None:
    customer = rep.create("customer", {"name": "A"}).id
    bought = rep.create("purchase", {"customer_id": customer}).id
    first = rep.delete("purchase", bought)
    rep.delete("customer", customer)
    rep.delete("customer", rep.create("customer", {"name": "B"}).id)
    age(TRASH_DAYS + 1)
    Deletion.objects.filter(pk=first).update(at="2999-01-01T00:00:00Z")
    assert empty_trash(job) == {"records": 1}
    assert row("customer", customer, "id") == (customer,)
