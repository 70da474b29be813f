"""Samples of numbers, amounts and check boxes."""

from __future__ import annotations

from decimal import Decimal

from tests.kit.samples.shapes import EMPTY, FieldSamples, Invalid, Valid, match

NO_NUMBER = tuple(
    Invalid(raw, "invalid_type")
    for raw in (
        True,
        [],
        {},
        "abc",
        "1,000",
        "1_000",
        "NaN",
        "Infinity",
        "--1",
        "1e",
        Decimal("NaN"),
        Decimal("-Infinity"),
        float("nan"),
    )
)


HUGE = tuple(Invalid(raw, "out_of_range") for raw in (10**19, -(10**400), "1e30", Decimal("1e900")))


def integer() -> FieldSamples:
    return FieldSamples(
        "integer",
        settings={"min": -10, "max": 5_000_000},
        bad_settings=({"min": 5, "max": 1}, {"min": "a"}, {"max": 2**63}),
        valid=(
            *EMPTY,
            Valid(0, 0),
            Valid("42", 42),
            Valid(" 42 ", 42),
            Valid("-10", -10),
            Valid(Decimal("3.0"), 3),
            Valid("1e3", 1000),
            Valid(5_000_000, 5_000_000),
        ),
        invalid=(
            *NO_NUMBER,
            *HUGE,
            Invalid(-11, "out_of_range"),
            Invalid(5_000_001, "out_of_range"),
            Invalid("1.5", "invalid_type"),
            Invalid(1.5, "invalid_type"),
        ),
        rows=(7, 0, 1000, None),
        matches=(
            match("eq", 7, 0),
            match("eq", "7", 0),
            match("ne", 7, 1, 2, 3),
            match("gt", 7, 2),
            match("gte", 7, 0, 2),
            match("lt", 7, 1),
            match("lte", 7, 0, 1),
            match("between", [1, 1000], 0, 2),
            match("in", [0, 1000, 9], 1, 2),
            match("nin", [0, 1000], 0, 3),
            match("empty", None, 3),
            match("nempty", None, 0, 1, 2),
        ),
        ascending=(1, 0, 2),
        texts=((None, "", ""), (1234567, "1,234,567", "1,234,567"), (-5, "-5", "-5")),
        update=8,
    )


def decimal() -> FieldSamples:
    return FieldSamples(
        "decimal",
        settings={"digits": 12, "scale": 3, "min": "-1000"},
        bad_settings=({"digits": 2, "scale": 3}, {"digits": 19}, {"scale": 9}, {"min": "x"}),
        valid=(
            *EMPTY,
            Valid("1.5", Decimal("1.500"), "1.500"),
            Valid(Decimal("0.001"), Decimal("0.001"), "0.001"),
            Valid(0.1, Decimal("0.100"), "0.100"),
            Valid("-0", Decimal("0.000"), "0.000"),
            Valid("123456789.123", Decimal("123456789.123"), "123456789.123"),
            Valid("1e2", Decimal("100.000"), "100.000"),
            Valid("2.5000000", Decimal("2.500"), "2.500"),
        ),
        invalid=(
            *NO_NUMBER,
            *HUGE,
            Invalid("1.0001", "out_of_range"),
            Invalid(0.1 + 0.2, "out_of_range"),
            Invalid("1234567890", "out_of_range"),
            Invalid("-1000.001", "out_of_range"),
            Invalid(Decimal("1e-900"), "out_of_range"),
        ),
        rows=("1.5", "-2", "100.125", None),
        matches=(
            match("eq", "1.5000", 0),
            match("eq", "1.50001"),
            match("ne", Decimal("1.5"), 1, 2, 3),
            match("gt", "1.5", 2),
            match("gte", "1.5", 0, 2),
            match("lt", 1.5, 1),
            match("lte", "1.5", 0, 1),
            match("between", ["-2", "1.5"], 0, 1),
            match("in", ["-2.0", "100.125"], 1, 2),
            match("nin", ["-2.0"], 0, 2, 3),
            match("empty", None, 3),
            match("nempty", None, 0, 1, 2),
        ),
        ascending=(1, 0, 2),
        texts=((None, "", ""), (Decimal("1234.500"), "1,234.500", "1,234.500")),
        update="9.25",
    )


def currency() -> FieldSamples:
    return FieldSamples(
        "currency",
        settings={"scale": 2},
        bad_settings=({"scale": 7}, {"digits": 3}),
        valid=(
            *EMPTY,
            Valid("1234.5", Decimal("1234.50"), "1234.50"),
            Valid(480000, Decimal("480000.00"), "480000.00"),
            Valid("-0.01", Decimal("-0.01"), "-0.01"),
            Valid("9999999999999999.99", Decimal("9999999999999999.99"), "9999999999999999.99"),
        ),
        invalid=(*NO_NUMBER, *HUGE, Invalid("0.001", "out_of_range"), Invalid("10000000000000000", "out_of_range")),
        rows=("1234.50", "0", "-3", None),
        matches=(
            match("eq", "1234.5", 0),
            match("ne", "1234.5", 1, 2, 3),
            match("gt", 0, 0),
            match("gte", 0, 0, 1),
            match("lt", 0, 2),
            match("lte", 0, 1, 2),
            match("between", [-3, 0], 1, 2),
            match("in", ["0.00", "-3"], 1, 2),
            match("nin", ["0.00"], 0, 2, 3),
            match("empty", None, 3),
            match("nempty", None, 0, 1, 2),
        ),
        ascending=(2, 1, 0),
        texts=((None, "", ""), (Decimal("1234567.50"), "CN¥1,234,567.50", "¥1,234,567.50")),
        update="99.99",
    )


def percent() -> FieldSamples:
    return FieldSamples(
        "percent",
        settings={"scale": 1},
        bad_settings=({"scale": 7},),
        valid=(
            *EMPTY,
            Valid("0.2", Decimal("0.200"), "0.200"),
            Valid(Decimal("0.125"), Decimal("0.125"), "0.125"),
            Valid(1, Decimal("1.000"), "1.000"),
            Valid("-0.5", Decimal("-0.500"), "-0.500"),
        ),
        invalid=(*NO_NUMBER, *HUGE, Invalid("0.1234", "out_of_range"), Invalid("20%", "invalid_type")),
        rows=("0.2", "0", "1.5", None),
        matches=(
            match("eq", "0.20", 0),
            match("ne", "0.2", 1, 2, 3),
            match("gt", "0.2", 2),
            match("gte", "0.2", 0, 2),
            match("lt", "0.2", 1),
            match("lte", "0.2", 0, 1),
            match("between", [0, 1], 0, 1),
            match("in", ["0", "1.5"], 1, 2),
            match("nin", ["0"], 0, 2, 3),
            match("empty", None, 3),
            match("nempty", None, 0, 1, 2),
        ),
        ascending=(1, 0, 2),
        texts=((None, "", ""), (Decimal("0.200"), "20%", "20%"), (Decimal("0.125"), "12.5%", "12.5%")),
        update="0.35",
    )


def checkbox() -> FieldSamples:
    return FieldSamples(
        "checkbox",
        valid=(
            *(Valid(raw, True) for raw in (True, "true", "on", "1", 1, "是")),
            *(Valid(raw, False) for raw in (False, None, "", "false", "0", 0, "否")),
        ),
        invalid=tuple(Invalid(raw, "invalid_type") for raw in ("maybe", 2, 1.0, [], {}, [True])),
        rows=(True, False, None),
        matches=(
            match("eq", True, 0),
            match("eq", "false", 1, 2),
            match("ne", True, 1, 2),
        ),
        ascending=(1, 0),
        texts=((True, "Yes", "是"), (False, "No", "否")),
        update=False,
    )
