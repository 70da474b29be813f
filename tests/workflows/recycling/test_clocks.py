"""Days until a record returns: cutoff and due moment are each other's inverse, on calendar and working days."""

from __future__ import annotations

import random
import zoneinfo
from datetime import UTC, datetime, timedelta

import pytest

from crm_platform.kit.workdays import CHINA
from workflows.pools.models import Clock
from workflows.pools.recycling.clocks import KnownDays, RecycleClock

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("base", "days", "due"),
    [
        ("2026-09-30 10:00", 1, "2026-10-08 10:00"),  # over the National Day holiday
        ("2026-10-03 10:00", 1, "2026-10-09 00:00"),  # counts from the first working day on
        ("2026-11-20 18:30", 3, "2026-11-25 18:30"),  # over a weekend
        ("2026-11-21 09:00", 0, "2026-11-23 00:00"),
        ("2026-02-13 09:00", 1, "2026-02-14 09:00"),  # a Saturday that is worked on
    ],
)
def test_working_days_pass_over_holidays(base: str, days: int, due: str) -> None:
    clock = RecycleClock(Clock.WORKDAYS, KnownDays(CHINA), SHANGHAI)
    assert clock.due(at(base), days) == at(due)


@pytest.mark.parametrize("kind", Clock.values)
def test_a_record_is_due_exactly_when_its_base_is_before_the_cutoff(kind: str) -> None:
    clock, dice = RecycleClock(kind, KnownDays(CHINA), SHANGHAI), random.Random(7)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for _round in range(3_000):
        base = start + timedelta(minutes=dice.randrange(60 * 24 * 300))
        days = dice.choice((0, 1, 3, 7, 15))
        now = base + timedelta(days=days * dice.uniform(0.6, 2.2), minutes=dice.randrange(-500, 4_000))
        for moment in (now, clock.due(base, days), clock.due(base, days) + timedelta(microseconds=1)):
            assert (base < clock.cutoff(moment, days)) == (clock.due(base, days) < moment)


@pytest.mark.parametrize("kind", Clock.values)
def test_leave_is_not_counted_whichever_way_one_looks(kind: str) -> None:
    usual, dice = RecycleClock(kind, KnownDays(CHINA), SHANGHAI), random.Random(8)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for _round in range(300):
        edges = sorted(start + timedelta(hours=dice.randrange(24 * 120)) for _number in range(6))
        away = tuple((edges[place], edges[place + 1]) for place in (0, 2, 4) if edges[place] < edges[place + 1])
        clock = usual.without(away)
        for base in (*edges, *(start + timedelta(minutes=dice.randrange(60 * 24 * 120)) for _number in range(6))):
            days = dice.choice((0, 1, 3, 7, 15))
            due = clock.due(base, days)
            assert due >= usual.due(base, days)
            for moment in (base + timedelta(days=days), due, due + timedelta(microseconds=1), *edges):
                assert clock.cutoff(moment, days) <= usual.cutoff(moment, days)
                if moment >= base:
                    assert (base < clock.cutoff(moment, days)) == (due < moment)


def test_a_day_of_leave_is_none_of_the_working_days() -> None:
    leave = ((at("2026-10-12 09:00"), at("2026-10-13 18:00")), (at("2026-10-14 09:00"), at("2026-10-14 12:00")))
    clock = RecycleClock(Clock.WORKDAYS, KnownDays(CHINA), SHANGHAI).without(leave)
    assert clock.due(at("2026-10-09 15:00"), 2) == at("2026-10-14 15:00")  # a Saturday is worked on, half a day off
    assert clock.due(at("2026-10-12 15:00"), 0) == at("2026-10-14 00:00")
    days = RecycleClock(Clock.CALENDAR, KnownDays(CHINA), SHANGHAI).without(leave)
    assert days.due(at("2026-10-12 08:00"), 1) == at("2026-10-14 20:00")


def test_days_left_are_those_of_the_organisations_calendar() -> None:
    clock = RecycleClock(Clock.CALENDAR, KnownDays(CHINA), SHANGHAI)
    assert clock.left(at("2026-11-20 23:50"), at("2026-11-21 00:10")) == 1
