"""Samples of times, durations, ratings and sliders."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from tests.kit.samples.shapes import EMPTY, FieldSamples, Invalid, Match, Valid, match


def _compared(*rows: str) -> tuple[Match, ...]:
    """Return the filters of an ordered type for three rows that rise, and a fourth that is empty."""
    first, second, third = rows
    return (
        match("eq", second, 1),
        match("ne", second, 0, 2, 3),
        match("gt", first, 1, 2),
        match("gte", second, 1, 2),
        match("lt", second, 0),
        match("lte", second, 0, 1),
        match("between", [first, second], 0, 1),
        match("in", [first, third], 0, 2),
        match("nin", [first], 1, 2, 3),
        match("empty", None, 3),
        match("nempty", None, 0, 1, 2),
    )


def time_() -> FieldSamples:
    return FieldSamples(
        "time",
        settings={"step": 15},
        bad_settings=({"step": 0}, {"step": 721}, {"step": "x"}),
        valid=(
            *EMPTY,
            Valid("09:30", time(9, 30), "09:30:00"),
            Valid(" 9:45:00 ", time(9, 45), "09:45:00"),
            Valid(time(23, 45), time(23, 45), "23:45:00"),
            Valid("00:00", time(0, 0), "00:00:00"),
        ),
        invalid=(
            *(
                Invalid(raw, "invalid_type")
                for raw in ("24:00", "9", "09:60", "9:5", "noon", "２３:00", 930, True, [], {}, time(9, 0, tzinfo=UTC))
            ),
            Invalid(datetime(2026, 1, 5), "invalid_type"),
            Invalid(time(9, 0, 0, 5), "invalid_type"),
            Invalid("09:31", "out_of_range"),
            Invalid("09:30:01", "out_of_range"),
        ),
        rows=("08:00", "12:30", "18:45", None),
        matches=(*_compared("08:00", "12:30", "18:45"), match("gt", "12:29:59", 1, 2)),
        ascending=(0, 1, 2),
        texts=((None, "", ""), (time(9, 30), "09:30", "09:30"), (time(9, 30, 5), "09:30:05", "09:30:05")),
        update="10:15",
    )


def duration() -> FieldSamples:
    hours = timedelta(hours=2, minutes=30)
    return FieldSamples(
        "duration",
        settings={"format": "words"},
        bad_settings=({"unit": "week"}, {"format": "x"}),
        valid=(
            *EMPTY,
            Valid("2:30", hours, "PT2H30M"),
            Valid("2 h 30 min", hours, "PT2H30M"),
            Valid("2小时30分钟", hours, "PT2H30M"),
            Valid("pt2h30m", hours, "PT2H30M"),
            Valid("2.5h", hours, "PT2H30M"),
            Valid("150", hours, "PT2H30M"),
            Valid(150, hours, "PT2H30M"),
            Valid(hours, hours, "PT2H30M"),
            Valid("26:00", timedelta(days=1, hours=2), "P1DT2H"),
            Valid(0, timedelta(0), "PT0S"),
            Valid("P3D", timedelta(days=3), "P3D"),
        ),
        invalid=(
            *(Invalid(raw, "invalid_type") for raw in ("soon", "2:75", "2 weeks", "P", "PT", "1:2:3", True, [], {})),
            Invalid("0:00:30", "invalid_type"),
            Invalid("0.001", "invalid_type"),
            *(Invalid(raw, "out_of_range") for raw in (-1, "1e30", "40000 d", timedelta(days=-1))),
        ),
        rows=("PT15M", "1:30", "3 d", None),
        matches=(*_compared("0:15", "90", "72:00"), match("lt", "1.5 h", 0)),
        ascending=(0, 1, 2),
        texts=(
            (None, "", ""),
            (timedelta(days=1, hours=2, minutes=5), "1 d 2 h 5 min", "1 天 2 小时 5 分钟"),
            (timedelta(0), "0 min", "0 分钟"),
        ),
        update="4:00",
    )


def rating() -> FieldSamples:
    return FieldSamples(
        "rating",
        settings={"max": 5, "icon": "heart"},
        bad_settings=({"max": 1}, {"max": 11}, {"icon": "nope"}),
        valid=(*EMPTY, Valid(4, 4), Valid("5", 5), Valid(0, 0), Valid(Decimal("3"), 3)),
        invalid=(
            *(Invalid(raw, "invalid_type") for raw in ("many", 2.5, True, [], {})),
            *(Invalid(raw, "out_of_range") for raw in (-1, 6, 10**30)),
        ),
        rows=(1, 3, 5, None),
        matches=_compared("1", "3", "5"),
        ascending=(0, 1, 2),
        texts=((None, "", ""), (4, "4", "4")),
        update=2,
    )


def slider() -> FieldSamples:
    return FieldSamples(
        "slider",
        settings={"min": "-1", "max": "10", "step": "0.5", "bands": [{"from": "2", "color": "red"}]},
        bad_settings=(
            {"step": 0},
            {"step": "0.0001", "max": 100},
            {"min": 100},
            {"min": 5, "max": 4},
            {"bands": "1 mauve"},
            {"bands": [{"from": "x", "color": "red"}]},
            {"bands": 5},
        ),
        valid=(
            *EMPTY,
            Valid("2.5", Decimal("2.5"), "2.5"),
            Valid(10, Decimal("10.0"), "10.0"),
            Valid(-1, Decimal("-1.0"), "-1.0"),
        ),
        invalid=(
            *(Invalid(raw, "invalid_type") for raw in ("much", True, [], {})),
            *(Invalid(raw, "out_of_range") for raw in ("2.25", 10.5, -2, "2.7")),
        ),
        rows=("-0.5", "2", "10", None),
        matches=_compared("-0.5", "2", "10"),
        ascending=(0, 1, 2),
        texts=((None, "", ""), (Decimal("2.5"), "2.5", "2.5"), (Decimal("2.0"), "2", "2")),
        update="7.5",
    )
