"""Schedules: each turn once, whoever tries; the right time of day in every zone."""

from __future__ import annotations

import itertools
import zoneinfo
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from crm_platform.events.clock import database_now
from crm_platform.jobs.drain import drain
from crm_platform.jobs.models import Job, Schedule, ScheduleFiring
from crm_platform.jobs.schedules import (
    ScheduleSpec,
    ensure_schedules,
    fire_due_schedules,
    next_turn,
    register_schedule,
    schedules,
    wall_time,
)
from tests.kit.work import in_threads, registered

ZONES = {
    name: zoneinfo.ZoneInfo(name)
    for name in ("Asia/Shanghai", "America/New_York", "Australia/Sydney", "Australia/Lord_Howe", "UTC")
}


def due(kind: str, **values: Any) -> Schedule:
    defaults = {"every": timedelta(hours=1), "next_run_at": database_now() - timedelta(seconds=1)}
    return Schedule.objects.create(key="tick", kind=kind, **{**defaults, **values})


def test_a_due_schedule_makes_one_job(quiet: None, kind: Any) -> None:
    row = due(kind(lambda context: None), args={"a": 1})
    assert fire_due_schedules() == 1
    assert fire_due_schedules() == 0
    job = Job.objects.get()
    assert (job.kind, job.args, job.created_by_id) == ("test", {"a": 1}, None)
    assert ScheduleFiring.objects.get().fire_at == row.next_run_at
    row.refresh_from_db()
    assert row.next_run_at > database_now()


def test_three_schedulers_fire_every_turn_once(quiet_organization: Any, kind: Any) -> None:
    """The rows decide: any number of schedulers may try at any time."""
    row = due(kind(lambda context: None), every=timedelta(milliseconds=50))
    start = row.next_run_at

    def tick(_: int) -> None:
        end = database_now() + timedelta(seconds=2)
        while database_now() < end:
            fire_due_schedules()

    in_threads(3, tick)
    turns = sorted(ScheduleFiring.objects.values_list("fire_at", flat=True))
    assert len(turns) == len(set(turns)) >= 10
    assert all((turn - start) % timedelta(milliseconds=50) == timedelta() for turn in turns), "off the rhythm"


def test_missed_turns_run_once(quiet: None, kind: Any) -> None:
    long_ago = database_now() - timedelta(hours=30, minutes=10)
    row = due(kind(lambda context: None), next_run_at=long_ago)
    assert fire_due_schedules() == 1
    row.refresh_from_db()
    assert row.next_run_at == long_ago + timedelta(hours=31)


def test_a_turn_waits_while_the_job_of_the_last_one_runs(quiet: None, kind: Any) -> None:
    row = due(kind(lambda context: None))
    fire_due_schedules()
    Schedule.objects.update(next_run_at=database_now())
    fire_due_schedules()
    assert Job.objects.count() == 1
    assert row.firings.count() == 2


def test_a_disabled_schedule_rests(quiet: None, kind: Any) -> None:
    due(kind(lambda context: None), is_enabled=False)
    assert fire_due_schedules() == 0


def test_a_schedule_of_an_unknown_kind_harms_nobody(quiet: None) -> None:
    row = due("not.here.yet")
    fire_due_schedules()
    row.refresh_from_db()
    assert row.next_run_at > database_now()
    assert not Job.objects.exists()


def test_draining_runs_what_is_scheduled(quiet: None, kind: Any) -> None:
    runs: list[int] = []
    due(kind(lambda context: runs.append(1)))
    drain()
    assert runs == [1]


def test_registered_schedules_get_their_rows(quiet: None) -> None:
    with registered(schedules, ScheduleSpec("nightly", "jobs.purge", daily_at=time(2, 30)), alone=True):
        ensure_schedules()
        ensure_schedules()
        row = Schedule.objects.get()
        Schedule.objects.update(daily_at=time(4, 0))
        ensure_schedules()
    assert (row.key, row.kind) == ("nightly", "jobs.purge")
    assert row.next_run_at.astimezone(ZONES["Asia/Shanghai"]).time() == time(2, 30)
    assert Schedule.objects.get().daily_at == time(4, 0), "an admin's change was overwritten"


def test_a_new_organisation_has_its_schedules(fresh_organization: Any) -> None:
    assert set(schedules.keys()) == set(Schedule.objects.values_list("key", flat=True))


def test_a_schedule_is_either_an_interval_or_a_time_of_day() -> None:
    with registered(schedules), pytest.raises(ValueError, match="either"):
        register_schedule("both", 60, "x", daily_at=time(1))
    with registered(schedules), pytest.raises(ValueError, match="either"):
        register_schedule("none", None, "x")


@pytest.mark.parametrize(
    ("zone", "day", "at", "expected"),
    [
        ("Asia/Shanghai", (2026, 3, 8), (2, 30), "2026-03-07T18:30"),
        ("UTC", (2026, 2, 28), (23, 59), "2026-02-28T23:59"),
        ("UTC", (2028, 2, 29), (0, 0), "2028-02-29T00:00"),
        # New York, 8 March 2026: 02:00–03:00 does not exist; the next valid time is 03:00 EDT.
        ("America/New_York", (2026, 3, 8), (1, 59), "2026-03-08T06:59"),
        ("America/New_York", (2026, 3, 8), (2, 0), "2026-03-08T07:00"),
        ("America/New_York", (2026, 3, 8), (2, 30), "2026-03-08T07:00"),
        ("America/New_York", (2026, 3, 8), (3, 0), "2026-03-08T07:00"),
        # New York, 1 November 2026: 01:00–02:00 comes twice; the first counts.
        ("America/New_York", (2026, 11, 1), (1, 30), "2026-11-01T05:30"),
        ("America/New_York", (2026, 11, 1), (2, 0), "2026-11-01T07:00"),
        # Sydney: clocks go forward on 4 October 2026 at 02:00, back on 5 April 2026 at 03:00.
        ("Australia/Sydney", (2026, 10, 4), (2, 30), "2026-10-03T16:00"),
        ("Australia/Sydney", (2026, 4, 5), (2, 30), "2026-04-04T15:30"),
        # Lord Howe moves by half an hour only.
        ("Australia/Lord_Howe", (2026, 10, 4), (2, 15), "2026-10-03T15:30"),
        ("Australia/Lord_Howe", (2026, 10, 4), (2, 30), "2026-10-03T15:30"),
        ("Australia/Lord_Howe", (2026, 4, 5), (1, 45), "2026-04-04T14:45"),
    ],
)
def test_wall_time(zone: str, day: tuple[int, int, int], at: tuple[int, int], expected: str) -> None:
    moment = wall_time(datetime(*day).date(), time(*at), ZONES[zone])
    assert moment == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize("zone", ZONES)
def test_a_daily_turn_comes_every_day_of_a_year_once(zone: str) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    days = []
    for _ in range(370):
        moment = next_turn(moment, moment, ZONES[zone], every=None, daily_at=time(2, 30))
        days.append(moment.astimezone(ZONES[zone]).date())
    assert all(after - before == timedelta(days=1) for before, after in itertools.pairwise(days))
