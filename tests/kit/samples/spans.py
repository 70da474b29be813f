"""Samples of ranges of days and moments, and of JSON."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from metadata.field_types.json import JsonValue
from metadata.field_types.spans import Span
from tests.kit.samples.shapes import EMPTY, FieldSamples, Invalid, Valid, match

FIRST, LAST = date(2026, 1, 5), date(2026, 1, 9)
NINE, TEN = datetime(2026, 1, 5, 1, 0, tzinfo=UTC), datetime(2026, 1, 5, 2, 0, tzinfo=UTC)


def date_range() -> FieldSamples:
    week, form = Span(FIRST, LAST), {"start": "2026-01-05", "end": "2026-01-09"}
    return FieldSamples(
        "date_range",
        settings={"open_end": True},
        bad_settings=({"open_end": "x"},),
        valid=(
            *EMPTY,
            Valid({}, None),
            Valid({"start": "", "end": None}, None),
            Valid(form, week, form),
            Valid("2026-01-05/2026-01-09", week, form),
            Valid("2026-01-05 – 2026-01-09", week, form),
            Valid("Jan 5, 2026 – Jan 9, 2026", week, form),
            Valid("2026-01-05 至 2026-01-09", week, form),
            Valid({"start": FIRST, "end": FIRST}, Span(FIRST, FIRST), {"start": "2026-01-05", "end": "2026-01-05"}),
            Valid({"start": "2026-01-05"}, Span(FIRST, None), {"start": "2026-01-05", "end": None}),
            Valid({"end": "2026-01-09"}, Span(None, LAST), {"start": None, "end": "2026-01-09"}),
        ),
        invalid=(
            *(Invalid(raw, "invalid_type") for raw in (5, True, [], ["2026-01-05", "2026-01-09"], {"a": 1}, "soon")),
            Invalid({"start": "2026-02-30", "end": "2026-03-01"}, "invalid_type"),
            Invalid({"start": ["2026-01-05"]}, "invalid_type"),
            Invalid({"start": "2026-01-09", "end": "2026-01-05"}, "out_of_range"),
            Invalid({"start": "2026-01-09", "end": "9999-12-31"}, "out_of_range"),
        ),
        rows=("2001-02-03/2001-02-05", "2001-02-05/2001-02-09", {"start": "2999-01-01"}, None),
        matches=(
            match("overlaps", ["2001-02-04", "2001-02-04"], 0),
            match("overlaps", ["2001-02-05", "2001-02-07"], 0, 1),
            match("overlaps", ["2001-02-10", "2998-12-31"]),
            match("overlaps", ["2001-02-10", "2999-01-01"], 2),
            match("contains", "2001-02-05", 0, 1),
            match("contains", "3500-01-01", 2),
            match("rel", "older_than_n_days:1", 0, 1),
            match("gte", "2001-02-05", 1, 2),
            match("gt", "2001-02-05", 2),
            match("lte", "2001-02-05", 0),
            match("lt", "2001-02-05"),
            match("lt", "2001-02-06", 0),
            match("empty", None, 3),
            match("nempty", None, 0, 1, 2),
        ),
        ascending=(0, 1, 2),
        texts=(
            (None, "", ""),
            (week, "Jan 5, 2026 – Jan 9, 2026", "2026-01-05 – 2026-01-09"),
            (Span(FIRST, None), "Jan 5, 2026 – ", "2026-01-05 – "),
        ),
        update={"start": "2002-03-04", "end": "2002-03-05"},
    )


def datetime_range() -> FieldSamples:
    hour, form = Span(NINE, TEN), {"start": "2026-01-05T01:00:00Z", "end": "2026-01-05T02:00:00Z"}
    return FieldSamples(
        "datetime_range",
        bad_settings=({"open_end": "x"},),
        valid=(
            *EMPTY,
            Valid(form, hour, form),
            Valid("2026-01-05T09:00:00+08:00/2026-01-05T10:00:00+08:00", hour, form),
            Valid({"start": NINE, "end": TEN}, hour, form),
        ),
        invalid=(
            *(Invalid(raw, "invalid_type") for raw in (5, True, [], {"a": 1}, "2026-01-05", "2026-01-05/2026-01-06")),
            Invalid({"start": "2026-01-05T09:00:00", "end": "2026-01-05T10:00:00"}, "naive_datetime"),
            Invalid({"start": "2026-01-05T09:00:00Z"}, "required"),
            Invalid({"start": NINE, "end": NINE}, "out_of_range"),
            Invalid({"start": TEN, "end": NINE}, "out_of_range"),
        ),
        # The caller is in Asia/Shanghai: nine to ten in the morning there, ten to noon, and far away.
        rows=(
            "2001-02-03T01:00Z/2001-02-03T02:00Z",
            "2001-02-03T02:00Z/2001-02-03T04:00Z",
            "2999-01-01T00:00Z/2999-01-02T00:00Z",
            None,
        ),
        matches=(
            match("overlaps", ["2001-02-03", "2001-02-03"], 0, 1),
            match("overlaps", ["2001-02-03T01:30:00Z", "2001-02-03T02:00:00Z"], 0),
            match("overlaps", ["2001-02-02", "2001-02-02"]),
            match("contains", "2001-02-03T02:00:00Z", 1),
            match("contains", "2001-02-03", 0, 1),
            match("rel", "older_than_n_days:1", 0, 1),
            match("gte", "2001-02-03T02:00:00Z", 1, 2),
            match("gt", "2001-02-03", 2),
            match("lte", "2001-02-03T02:00:00Z", 0),
            match("lte", "2001-02-03", 0, 1),
            match("lt", "2001-02-03"),
            match("empty", None, 3),
            match("nempty", None, 0, 1, 2),
        ),
        ascending=(0, 1, 2),
        texts=((None, "", ""), (hour, "Jan 5, 2026 09:00 – Jan 5, 2026 10:00", "2026-01-05 09:00 – 2026-01-05 10:00")),
        update={"start": "2002-03-04T00:00:00Z", "end": "2002-03-05T00:00:00Z"},
    )


def json_() -> FieldSamples:
    schema = {
        "type": "object",
        "properties": {
            "city": {"type": "string", "maxLength": 20},
            "size": {"type": "number"},
            "parts": {"type": "array", "items": {"type": "object", "properties": {"code": {"type": "string"}}}},
        },
    }
    return FieldSamples(
        "json",
        settings={"schema": schema},
        bad_settings=(
            {"schema": "{"},
            {"schema": [1]},
            {"schema": {"type": "thing"}},
            {"schema": {"pattern": "(a(?=b))+"}},
            {"schema": {"$ref": "https://example.com/schema.json"}},
        ),
        valid=(
            *EMPTY,
            Valid({"city": "上海", "a": None}, JsonValue('{"a":null,"city":"上海"}'), {"a": None, "city": "上海"}),
            Valid(
                '{"city": "x", "b": [1, true]}', JsonValue('{"b":[1,true],"city":"x"}'), {"b": [1, True], "city": "x"}
            ),
            Valid({"size": Decimal("1.50")}, JsonValue('{"size":1.5}'), {"size": 1.5}),
            Valid({"size": 1e22}, JsonValue('{"size":1e+22}'), {"size": 1e22}),
            Valid('{"size": 12345678901234567}', JsonValue('{"size":12345678901234567}'), {"size": 12345678901234567}),
            Valid("null", None),
            Valid({}, JsonValue("{}"), {}),
        ),
        invalid=(
            *(Invalid(raw, "invalid_type") for raw in (5, True, "5", "{", "plain", [1], {"city": 5}, {"a": {1, 2}})),
            Invalid({"a": "\x00"}, "invalid_type"),
            Invalid({"\ud800": 1}, "invalid_type"),
            Invalid({"a": [[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]}, "invalid_type"),
            Invalid('{"a": 1e999}', "out_of_range"),
            Invalid({"a": "x" * 100_001}, "too_long"),
        ),
        rows=({"city": "Shanghai", "parts": [{"code": "a"}]}, {"size": 2, "city": ""}, None),
        matches=(
            match("has_key", "city", 0, 1),
            match("has_key", "parts.0.code", 0),
            match("has_key", "nothing"),
            match("path_eq", "city=Shanghai", 0),
            match("path_eq", "size=2", 1),
            match("path_eq", "parts.0.code = a", 0),
            match("path_eq", "city=shanghai"),
            match("empty", None, 2),
            match("nempty", None, 0, 1),
        ),
        ascending=(),
        texts=((None, "", ""), (JsonValue('{"a":1}'), '{"a":1}', '{"a":1}')),
        update={"city": "Beijing"},
    )
