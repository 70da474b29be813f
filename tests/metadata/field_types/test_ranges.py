"""Relative periods as tables: weeks, months, quarters, fiscal years, and the edges of the calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils.translation import override

from metadata.field_types import field_types
from metadata.field_types.ranges import PERIODS, day_start, describe, parse, resolve
from metadata.field_types.values import Calendar, InvalidValue
from tests.kit.field_specs import actor, clean_context, field_spec

MONDAY, SUNDAY, SATURDAY = Calendar(), Calendar(week_start=7), Calendar(week_start=6)
APRIL = Calendar(fiscal_start_month=4)


def span(raw: str, today: str, calendar: Calendar = MONDAY) -> tuple[str, str]:
    first, end = resolve(raw, date.fromisoformat(today), calendar)
    return first.isoformat(), end.isoformat()


@pytest.mark.parametrize(
    ("raw", "today", "expected"),
    [
        ("today", "2026-03-15", ("2026-03-15", "2026-03-16")),
        ("yesterday", "2026-01-01", ("2025-12-31", "2026-01-01")),
        ("tomorrow", "2026-12-31", ("2027-01-01", "2027-01-02")),
        ("this_week", "2026-03-15", ("2026-03-09", "2026-03-16")),  # a Sunday
        ("this_week", "2026-03-16", ("2026-03-16", "2026-03-23")),  # a Monday
        ("this_week", "2020-12-31", ("2020-12-28", "2021-01-04")),  # week 53
        ("last_week", "2021-01-04", ("2020-12-28", "2021-01-04")),
        ("next_week", "2020-12-31", ("2021-01-04", "2021-01-11")),
        ("this_month", "2024-02-29", ("2024-02-01", "2024-03-01")),
        ("last_month", "2026-01-31", ("2025-12-01", "2026-01-01")),
        ("next_month", "2026-12-01", ("2027-01-01", "2027-02-01")),
        ("this_quarter", "2026-03-31", ("2026-01-01", "2026-04-01")),
        ("last_quarter", "2026-02-01", ("2025-10-01", "2026-01-01")),
        ("next_quarter", "2026-12-31", ("2027-01-01", "2027-04-01")),
        ("this_year", "2026-12-31", ("2026-01-01", "2027-01-01")),
        ("last_year", "2026-01-01", ("2025-01-01", "2026-01-01")),
        ("next_year", "2026-06-01", ("2027-01-01", "2028-01-01")),
        ("last_n_days:7", "2026-03-15", ("2026-03-08", "2026-03-16")),
        ("last_n_days:0", "2026-03-15", ("2026-03-15", "2026-03-16")),
        ("next_n_days:7", "2026-12-28", ("2026-12-29", "2027-01-05")),
        ("n_days_ago:1", "2026-03-01", ("2026-02-28", "2026-03-01")),
        ("n_days_ago:0", "2026-03-01", ("2026-03-01", "2026-03-02")),
        ("older_than_n_days:30", "2026-03-31", ("0001-01-01", "2026-03-01")),
        ("last_n_weeks:2", "2026-03-18", ("2026-03-02", "2026-03-16")),
        ("next_n_weeks:1", "2026-03-18", ("2026-03-23", "2026-03-30")),
        ("last_n_months:3", "2026-03-31", ("2025-12-01", "2026-03-01")),
        ("next_n_months:12", "2026-03-31", ("2026-04-01", "2027-04-01")),
        ("last_n_quarters:4", "2026-03-31", ("2025-01-01", "2026-01-01")),
        ("next_n_years:1", "2026-03-31", ("2027-01-01", "2028-01-01")),
        (" THIS_Month ", "2026-03-15", ("2026-03-01", "2026-04-01")),
    ],
)
def test_period_spans_whole_days(raw: str, today: str, expected: tuple[str, str]) -> None:
    assert span(raw, today) == expected


@pytest.mark.parametrize(
    ("calendar", "expected"),
    [
        (MONDAY, ("2026-03-09", "2026-03-16")),
        (SUNDAY, ("2026-03-15", "2026-03-22")),
        (SATURDAY, ("2026-03-14", "2026-03-21")),
    ],
)
def test_week_begins_where_the_organisation_says(calendar: Calendar, expected: tuple[str, str]) -> None:
    assert span("this_week", "2026-03-15", calendar) == expected


@pytest.mark.parametrize(
    ("raw", "today", "expected"),
    [
        ("this_fiscal_year", "2026-03-31", ("2025-04-01", "2026-04-01")),
        ("this_fiscal_year", "2026-04-01", ("2026-04-01", "2027-04-01")),
        ("last_fiscal_year", "2026-03-31", ("2024-04-01", "2025-04-01")),
        ("next_fiscal_year", "2026-12-31", ("2027-04-01", "2028-04-01")),
        ("this_fiscal_quarter", "2026-05-15", ("2026-04-01", "2026-07-01")),
        ("last_fiscal_quarter", "2026-04-01", ("2026-01-01", "2026-04-01")),
        ("next_fiscal_quarter", "2026-03-31", ("2026-04-01", "2026-07-01")),
        ("this_quarter", "2026-05-15", ("2026-04-01", "2026-07-01")),
    ],
)
def test_fiscal_periods_begin_in_april(raw: str, today: str, expected: tuple[str, str]) -> None:
    assert span(raw, today, APRIL) == expected


def test_fiscal_quarters_may_begin_in_any_month() -> None:
    assert span("this_fiscal_quarter", "2026-01-31", Calendar(fiscal_start_month=2)) == ("2025-11-01", "2026-02-01")
    assert span("this_fiscal_quarter", "2026-12-31", Calendar(fiscal_start_month=12)) == ("2026-12-01", "2027-03-01")


@pytest.mark.parametrize("key", [key for key, period in PERIODS.items() if not period.takes_count])
def test_neighbouring_periods_join_without_gap_or_overlap(key: str) -> None:
    if not key.startswith("this_"):
        return
    unit = key.removeprefix("this_")
    for calendar in (MONDAY, SUNDAY, APRIL):
        day = date(2023, 12, 1)
        while day < date(2025, 3, 1):
            before, this, after = (resolve(f"{word}_{unit}", day, calendar) for word in ("last", "this", "next"))
            assert before[1] == this[0] <= day < this[1] == after[0]
            day += timedelta(days=1)


@pytest.mark.parametrize(
    "raw",
    ["", "todays", "last_n_days", "last_n_days:", "last_n_days:-1", "last_n_days:x", "today:1", "last_n_days:1:2",
     "last_n_days:１", None, 5, True, [], {}, ["today"], "last_n_days:123456"],
)  # fmt: skip
def test_what_is_no_period_is_refused(raw: object) -> None:
    with pytest.raises(InvalidValue) as refused:
        resolve(raw, date(2026, 1, 1), MONDAY)
    assert refused.value.code == "invalid_choice"


@pytest.mark.parametrize("raw", ["last_n_weeks:0", "next_n_days:0", "last_n_days:10001", "last_n_years:9999"])
def test_numbers_beyond_the_calendar_are_refused(raw: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        resolve(raw, date(2026, 1, 1), MONDAY)
    assert refused.value.code == "out_of_range"


def test_every_period_resolves_and_can_be_said() -> None:
    for period in PERIODS.values():
        raw = period.text.replace("N", "3")
        assert parse(raw)[0] is period
        first, end = resolve(raw, date(2026, 5, 17), APRIL)
        assert first < end
        with override("en"):
            assert describe(raw)
    with override("en"):
        assert describe("last_n_days:7") == "the last 7 days"


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [
        ("Asia/Shanghai", "2026-03-15", "2026-03-14T16:00:00"),
        ("America/New_York", "2026-03-08", "2026-03-08T05:00:00"),  # clocks go forward at two: 23 hours
        ("America/New_York", "2026-03-09", "2026-03-09T04:00:00"),
        ("America/New_York", "2026-11-02", "2026-11-02T05:00:00"),  # after the day of 25 hours
        ("America/Havana", "2026-03-08", "2026-03-08T05:00:00"),  # midnight itself is skipped
        ("America/Havana", "2026-11-01", "2026-11-01T04:00:00"),  # midnight comes twice: the first one counts
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00"),  # the 30th did not happen there
        ("Asia/Kolkata", "2026-01-01", "2025-12-31T18:30:00"),
    ],
)
def test_a_day_begins_at_its_first_moment(zone: str, day: str, expected: str) -> None:
    assert day_start(date.fromisoformat(day), ZoneInfo(zone)) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_the_ends_of_the_calendar_have_a_beginning_everywhere() -> None:
    for zone in ("Asia/Shanghai", "America/Los_Angeles", "UTC"):
        assert day_start(date.min, ZoneInfo(zone)) < day_start(date.max, ZoneInfo(zone))


def test_moments_are_filtered_by_the_callers_day() -> None:
    moment, day = field_types.get("datetime"), field_types.get("date")
    in_shanghai = clean_context()  # 20:00 UTC on the 15th is the 16th there
    in_new_york = clean_context(actor=actor(time_zone="America/New_York"))
    assert day.clean_operand(field_spec("date"), "rel", "today", in_shanghai)[0] == date(2026, 3, 16)
    assert day.clean_operand(field_spec("date"), "rel", "today", in_new_york)[0] == date(2026, 3, 15)
    first, end = moment.clean_operand(field_spec("datetime"), "rel", "today", in_new_york)
    assert (first, end) == (datetime(2026, 3, 15, 4, tzinfo=UTC), datetime(2026, 3, 16, 4, tzinfo=UTC))
