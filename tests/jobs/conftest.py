"""Kinds of jobs for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from crm_platform.events.clock import database_now
from crm_platform.jobs.drain import settle
from crm_platform.jobs.kinds import JobKind, job_kinds
from crm_platform.jobs.leases import Claim
from crm_platform.jobs.models import Job, Schedule
from crm_platform.tenancy.models import WakeUp
from tests.kit.work import registered


@pytest.fixture
def kind() -> Iterator[Callable[..., str]]:
    """A function that registers a handler as the kind "test" for the length of the test."""
    with registered(job_kinds):

        def add(handler: Callable[[Any], Any], **options: Any) -> str:
            job_kinds._items["test"] = JobKind("test", handler, "Test", **options)
            return "test"

        yield add


@pytest.fixture
def quiet(db: None) -> None:
    """An organisation with nothing else to do."""
    silence()


@pytest.fixture
def quiet_organization(fresh_organization: Any) -> Any:
    """A committed organisation with nothing else to do."""
    silence()
    return fresh_organization


def silence() -> None:
    Schedule.objects.all().delete()
    Job.objects.all().delete()
    WakeUp.objects.filter(schema_name=connection.schema_name).delete()


def take() -> Claim:
    """Claim the job that is due; fails when there is none."""
    claim, _ = settle()
    assert claim is not None
    return claim


def expire_leases() -> None:
    """Let every lease be over, as if its worker had been silent for a minute."""
    Job.objects.filter(state=Job.State.RUNNING).update(lease_until=database_now())
