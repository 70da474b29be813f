"""Samples of fields that the platform works out: every row of the battery is called "Row" and has no children."""

from __future__ import annotations

from decimal import Decimal

from tests.kit.samples.shapes import FieldSamples, Invalid, Valid, match

EVERY = (0, 1, 2)


def formula() -> FieldSamples:
    return FieldSamples(
        "formula",
        settings={"expression": "LEN(name) * 2", "returns": "integer"},
        bad_settings=({"returns": "integer"}, {"expression": "1", "returns": "lookup"}, {"expression": "1"}),
        valid=(Valid(None, None), Valid(6, 6)),
        invalid=(),
        rows=(None, None, None),
        matches=(
            match("eq", 6, *EVERY),
            match("ne", 6),
            match("gt", 5, *EVERY),
            match("gte", 6, *EVERY),
            match("lt", 6),
            match("lte", 6, *EVERY),
            match("between", [1, 6], *EVERY),
            match("in", [5, 6], *EVERY),
            match("nin", [6]),
            match("empty", None),
            match("nempty", None, *EVERY),
        ),
        ascending=(),
        texts=((None, "", ""), (6, "6", "6")),
    )


def base_currency() -> FieldSamples:
    return FieldSamples(
        "base_currency",
        settings={"scale": 2},
        valid=(Valid(None, None), Valid("1234.5", Decimal("1234.50"), "1234.50")),
        invalid=(Invalid("x", "invalid_type"), Invalid("0.001", "out_of_range")),
        rows=("1234.50", "0", None),
        matches=(
            match("eq", "1234.5", 0),
            match("ne", "1234.5", 1, 2),
            match("gt", 0, 0),
            match("gte", 0, 0, 1),
            match("lt", 1, 1),
            match("lte", 0, 1),
            match("between", [0, 1], 1),
            match("in", ["0"], 1),
            match("nin", ["0"], 0, 2),
            match("empty", None, 2),
            match("nempty", None, 0, 1),
        ),
        ascending=(1, 0),
        texts=((None, "", ""), (Decimal("1234567.50"), "CN¥1,234,567.50", "¥1,234,567.50")),
        update="99.99",
    )


def rollup() -> FieldSamples:
    return FieldSamples(
        "rollup",
        settings={"object": "child__c", "lookup": "sample__c", "operation": "count", "returns": "integer"},
        bad_settings=(
            {"object": "child__c", "lookup": "sample__c", "operation": "sum", "returns": "integer"},
            {"object": "child__c", "lookup": "sample__c", "operation": "median", "returns": "integer"},
            {"lookup": "sample__c", "operation": "count", "returns": "integer"},
        ),
        valid=(Valid(None, None), Valid(0, 0)),
        invalid=(),
        rows=(None, None, None),
        matches=(
            match("eq", 0, *EVERY),
            match("ne", 0),
            match("gt", 0),
            match("gte", 0, *EVERY),
            match("lt", 1, *EVERY),
            match("lte", 1, *EVERY),
            match("between", [0, 1], *EVERY),
            match("in", [0], *EVERY),
            match("nin", [0]),
            match("empty", None),
            match("nempty", None, *EVERY),
        ),
        ascending=(),
        texts=((None, "", ""), (12, "12", "12")),
    )


def dynamic_url() -> FieldSamples:
    address = "https://example.com/find?n=Row"
    return FieldSamples(
        "dynamic_url",
        settings={"template": "https://example.com/find?n={name}", "display": "button"},
        bad_settings=(
            {},
            {"template": "javascript:alert({name})"},
            {"template": "https://{name}.example.com/"},
            {"template": "https://example.com{name}"},
            {"template": "https://example.com/{na me}"},
            {"template": 'https://example.com/"{name}'},
            {"template": "https://example.com/{name}", "display": "shout"},
        ),
        valid=(Valid(None, None), Valid(address, address)),
        invalid=(),
        rows=(None, None, None),
        matches=(
            match("contains", "FIND", *EVERY),
            match("ncontains", "find"),
            match("eq", address, *EVERY),
            match("ne", address),
            match("starts", "https", *EVERY),
            match("ends", "row", *EVERY),
            match("regex", "n=[A-Z]", *EVERY),
            match("in", [address], *EVERY),
            match("nin", [address]),
            match("empty", None),
            match("nempty", None, *EVERY),
        ),
        ascending=(),
        texts=((None, "", ""), (address, address, address)),
    )


def lookup_value() -> FieldSamples:
    return _borrowed("lookup_value", {})


def copied_value() -> FieldSamples:
    return _borrowed("copied_value", {"when": "change"})


def _borrowed(key: str, settings: dict[str, str]) -> FieldSamples:
    """Every row has an owner; the text is what the battery's caller is called."""
    return FieldSamples(
        key,
        settings={"path": "owner.name", "returns": "text", **settings},
        bad_settings=({"returns": "text"},),
        valid=(Valid(None, None), Valid("a@example.com", "a@example.com")),
        invalid=(),
        rows=(None, None, None),
        matches=(
            match("contains", "用户", *EVERY),
            match("ncontains", "用户"),
            match("eq", "nobody"),
            match("ne", "nobody", *EVERY),
            match("starts", "nobody"),
            match("ends", "nobody"),
            match("regex", "^用户", *EVERY),
            match("in", ["nobody"]),
            match("nin", ["nobody"], *EVERY),
            match("empty", None),
            match("nempty", None, *EVERY),
        ),
        ascending=(),
        texts=((None, "", ""), ("a@example.com", "a@example.com", "a@example.com")),
    )
