"""Samples of fields that the platform works out: every row of the battery is called "Row" and has no children."""

from __future__ import annotations

from tests.kit.samples.shapes import FieldSamples, Valid, match

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
