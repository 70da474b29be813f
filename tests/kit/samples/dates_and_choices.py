"""Samples of dates, moments and picklists."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime

from tests.kit.samples.shapes import EMPTY, FieldSamples, Invalid, SampleChoice, Valid, match

CHOICES = (
    SampleChoice("new", "New", "新建", "blue"),
    SampleChoice("working", "Working", "跟进中", "orange"),
    SampleChoice("old", "Old", "旧的", "gray", is_active=False),
    SampleChoice("done", "Done", "完成", "green"),
)


STAGES = (
    SampleChoice("qualify", "Qualify", "确认需求", "blue", properties={"probability": 20, "category": "open"}),
    SampleChoice("won", "Won", "赢单", "green", properties={"probability": 100, "category": "won"}),
    SampleChoice("lost", "Lost", "输单", "red", properties={"probability": 0, "category": "lost"}),
)


NO_CHOICE = (
    Invalid("other", "invalid_choice"),
    Invalid("NEW", "invalid_choice"),
    Invalid(1, "invalid_type"),
    Invalid(["new"], "invalid_type"),
    Invalid({}, "invalid_type"),
    Invalid(True, "invalid_type"),
)


def date_() -> FieldSamples:
    return FieldSamples(
        "date",
        valid=(
            *EMPTY,
            Valid("2026-02-28", date(2026, 2, 28), "2026-02-28"),
            Valid(date(2024, 2, 29), date(2024, 2, 29), "2024-02-29"),
            Valid("0001-01-01", date(1, 1, 1), "0001-01-01"),
            Valid("9999-12-31", date(9999, 12, 31), "9999-12-31"),
        ),
        invalid=tuple(
            Invalid(raw, "invalid_type")
            for raw in (
                "2026-02-29",
                "20260228",
                "2026-W01-1",
                "2026-1-5",
                "05/01/2026",
                "today",
                "2026-01-05T00:00:00Z",
                20260105,
                True,
                [],
                {},
                datetime(2026, 1, 5, tzinfo=UTC),
            )
        ),
        rows=("2001-02-03", "2020-12-31", "2999-01-01", None),
        matches=(
            match("rel", "older_than_n_days:1", 0, 1),
            match("rel", "today"),
            match("between", ["2001-02-03", "2020-12-31"], 0, 1),
            match("eq", "2001-02-03", 0),
            match("ne", "2001-02-03", 1, 2, 3),
            match("gt", "2020-12-31", 2),
            match("gte", "2020-12-31", 1, 2),
            match("lt", "2020-12-31", 0),
            match("lte", "2020-12-31", 0, 1),
            match("empty", None, 3),
            match("nempty", None, 0, 1, 2),
        ),
        ascending=(0, 1, 2),
        texts=((None, "", ""), (date(2026, 12, 20), "Dec 20, 2026", "2026-12-20")),
        update="2002-03-04",
    )


def datetime_() -> FieldSamples:
    moment = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
    return FieldSamples(
        "datetime",
        valid=(
            *EMPTY,
            Valid("2026-01-05T10:00:00+08:00", moment, "2026-01-05T02:00:00Z"),
            Valid("2026-01-05T02:00Z", moment, "2026-01-05T02:00:00Z"),
            Valid("2026-01-05t02:00:00.123z", moment.replace(microsecond=123000), "2026-01-05T02:00:00.123000Z"),
            Valid("2026-01-05 02:00:00-0000", moment, "2026-01-05T02:00:00Z"),
            Valid(moment, moment, "2026-01-05T02:00:00Z"),
        ),
        invalid=(
            Invalid("2026-01-05T10:00:00", "naive_datetime"),
            Invalid(datetime(2026, 1, 5), "naive_datetime"),
            *(
                Invalid(raw, "invalid_type")
                for raw in (
                    "2026-01-05",
                    "2026-06-31T10:00:00Z",
                    "2026-01-05T25:00:00Z",
                    "now",
                    1767578400,
                    True,
                    [],
                    {},
                    date(2026, 1, 5),
                )
            ),
            Invalid("0001-01-01T00:00:00+08:00", "out_of_range"),
            Invalid("9999-12-31T23:59:59-08:00", "out_of_range"),
        ),
        # The caller is in Asia/Shanghai: the first moment is late on the 3rd there, the second early on the 4th.
        rows=("2001-02-03T15:59:59Z", "2001-02-03T16:00:00Z", "2999-01-01T00:00:00Z", None),
        matches=(
            match("rel", "older_than_n_days:1", 0, 1),
            match("rel", "this_week"),
            match("eq", "2001-02-03", 0),
            match("eq", "2001-02-03T16:00:00Z", 1),
            match("ne", "2001-02-03", 1, 2, 3),
            match("ne", "2001-02-03T16:00:00Z", 0, 2, 3),
            match("between", ["2001-02-03", "2001-02-03"], 0),
            match("between", ["2001-02-03T15:59:59Z", "2001-02-03T16:00:00Z"], 0, 1),
            match("gt", "2001-02-03", 1, 2),
            match("gt", "2001-02-03T16:00:00Z", 2),
            match("gte", "2001-02-04", 1, 2),
            match("lt", "2001-02-04", 0),
            match("lte", "2001-02-03", 0),
            match("lte", "2001-02-03T16:00:00Z", 0, 1),
            match("empty", None, 3),
            match("nempty", None, 0, 1, 2),
        ),
        ascending=(0, 1, 2),
        texts=((None, "", ""), (moment, "Jan 5, 2026 10:00", "2026-01-05 10:00")),
        update="2002-03-04T00:00:00Z",
    )


def picklist() -> FieldSamples:
    return FieldSamples(
        "picklist",
        choices=CHOICES,
        valid=(*EMPTY, Valid("new", "new"), Valid("done", "done")),
        invalid=(*NO_CHOICE, Invalid("old", "invalid_choice")),
        rows=("working", "new", "done", None),
        matches=(
            match("in", ["new", "done", "old"], 1, 2),
            match("nin", ["new"], 0, 2, 3),
            match("eq", "new", 1),
            match("ne", "new", 0, 2, 3),
            match("empty", None, 3),
            match("nempty", None, 0, 1, 2),
        ),
        ascending=(1, 0, 2),
        texts=((None, "", ""), ("working", "Working", "跟进中"), ("gone", "gone", "gone")),
        update="done",
    )


RECORD_TYPES = tuple(
    SampleChoice(item.value, item.en, item.zh, item.color, item.is_active, {"id": str(uuid.UUID(int=number + 1))})
    for number, item in enumerate(CHOICES)
)


def record_type() -> FieldSamples:
    """Named as a choice, stored as the UUID of the type."""
    return FieldSamples(
        "record_type",
        choices=RECORD_TYPES,
        valid=(*EMPTY, Valid("new", "new"), Valid("done", "done")),
        invalid=(*NO_CHOICE, Invalid("old", "invalid_choice"), Invalid(str(uuid.UUID(int=1)), "invalid_choice")),
        rows=("working", "new", "done", None),
        matches=(
            match("in", ["new", "done", "old"], 1, 2),
            match("nin", ["new"], 0, 2, 3),
            match("eq", "new", 1),
            match("ne", "new", 0, 2, 3),
            match("empty", None, 3),
            match("nempty", None, 0, 1, 2),
        ),
        ascending=(1, 0, 2),
        texts=((None, "", ""), ("working", "Working", "跟进中"), ("gone", "gone", "gone")),
        update="done",
    )


def stage() -> FieldSamples:
    return FieldSamples(
        "stage",
        choices=STAGES,
        valid=(*EMPTY, Valid("qualify", "qualify"), Valid("won", "won")),
        invalid=NO_CHOICE,
        rows=("won", "qualify", "lost", None),
        matches=(
            match("in", ["won", "lost"], 0, 2),
            match("nin", ["won"], 1, 2, 3),
            match("eq", "won", 0),
            match("ne", "won", 1, 2, 3),
            match("empty", None, 3),
            match("nempty", None, 0, 1, 2),
        ),
        ascending=(1, 0, 2),
        texts=((None, "", ""), ("won", "Won", "赢单")),
        update="lost",
    )


def multi_picklist() -> FieldSamples:
    return FieldSamples(
        "multi_picklist",
        choices=CHOICES,
        settings={"max_chosen": 2},
        bad_settings=({"max_chosen": 0}, {"max_chosen": "x"}),
        valid=(
            Valid(None, None, []),
            Valid("", None, []),
            Valid([], None, []),
            Valid([None, ""], None, []),
            Valid(["done", "new"], ["new", "done"]),
            Valid(("new", "new"), ["new"]),
        ),
        invalid=(
            Invalid("new", "invalid_type"),
            Invalid({"new": 1}, "invalid_type"),
            Invalid(["other"], "invalid_choice"),
            Invalid(["old"], "invalid_choice"),
            Invalid([["new"]], "invalid_type"),
            Invalid([1], "invalid_type"),
            Invalid(["new", "working", "done"], "too_long"),
        ),
        rows=(["new", "done"], ["working"], ["new"], None),
        matches=(
            match("any", ["new", "old"], 0, 2),
            match("any", "working", 1),
            match("all", ["done", "new"], 0),
            match("none", ["new"], 1, 3),
            match("eq", ["done", "new"], 0),
            match("eq", "new", 2),
            match("empty", None, 3),
            match("nempty", None, 0, 1, 2),
        ),
        ascending=(),
        texts=((None, "", ""), (["new", "done"], "New, Done", "新建、完成")),
        update=["working"],
    )
