"""The operations and schemas of duplicates, their rules and merges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from openapi.document.operations import META_ERRORS, META_WRITE, WRITE, Operation
from openapi.document.shapes import TEXTS

_LABELS: dict[str, Any] = {"type": ["string", "object"]}


def _rule_operations(path: str, noun: str, schema: str, texts: tuple[Promise, ...]) -> Iterator[Operation]:
    all_of, one_of = f"/meta/objects/{{object}}/{path}", f"/meta/objects/{{object}}/{path}/{{rule}}"
    common: dict[str, Any] = {"errors": META_ERRORS, "tags": ("metadata",)}
    write, rule = ("Object", *META_WRITE), ("Object", "Rule")
    yield Operation("get", all_of, f"list_{noun}s", texts[0], "meta:read", ("Object",), **common)
    yield Operation(
        "post", all_of, f"create_{noun}", texts[1], "meta:write", write, body=f"{schema}Input", status=201, **common
    )
    yield Operation("get", one_of, f"get_{noun}", texts[2], "meta:read", rule, **common)
    yield Operation(
        "patch",
        one_of,
        f"update_{noun}",
        texts[3],
        "meta:write",
        (*rule, *META_WRITE),
        body=f"{schema}Changes",
        **common,
    )
    yield Operation("delete", one_of, f"delete_{noun}", texts[4], "meta:write", (*rule, *META_WRITE), **common)


DUPLICATE_RULE_OPERATIONS = (
    *_rule_operations(
        "matching-rules",
        "matching_rule",
        "MatchingRule",
        (
            _("List the matching rules of an object"),
            _("Create a matching rule"),
            _("Get a matching rule"),
            _("Change a matching rule"),
            _("Delete a matching rule"),
        ),
    ),
    *_rule_operations(
        "duplicate-rules",
        "duplicate_rule",
        "DuplicateRule",
        (
            _("List the duplicate rules of an object"),
            _("Create a duplicate rule"),
            _("Get a duplicate rule"),
            _("Change a duplicate rule"),
            _("Delete a duplicate rule"),
        ),
    ),
)

DUPLICATE_OPERATIONS = (
    Operation(
        "post",
        "/records/{object}/duplicates",
        "find_{object}_duplicates",
        _("Find duplicates of values before they are sent"),
        "records:read",
        body="{patch}",
        answer="Duplicates",
    ),
    Operation(
        "get",
        "/records/{object}/{id}/duplicates",
        "list_{object}_duplicates",
        _("Find duplicates of a record"),
        "records:read",
        ("Id",),
        answer="Duplicates",
    ),
    Operation(
        "post",
        "/records/{object}/merge",
        "merge_{object}",
        _("Merge records into one"),
        "records:write",
        WRITE,
        body="MergeInput",
        answer="Merge",
    ),
    Operation(
        "post",
        "/records/{object}/merges/{merge}/undo",
        "undo_{object}_merge",
        _("Undo a merge"),
        "records:write",
        ("Merge", *WRITE),
        answer="Anything",
    ),
)

_MATCHER = {
    "type": "object",
    "required": ["method", "fields"],
    "additionalProperties": False,
    "properties": {
        "method": {"type": "string"},
        "fields": TEXTS,
        "target_fields": TEXTS,
        "threshold": {"type": "integer"},
        "blank": {"enum": ["no_match", "match", "ignore"]},
    },
}
_MATCHING = {
    "label": _LABELS,
    "target": {"type": "string"},
    "matchers": {"type": "array", "items": _MATCHER},
    "is_active": {"type": "boolean"},
    "position": {"type": "integer"},
}
_ACTION = {"enum": ["off", "report", "route", "warn", "block"]}
_DUPLICATE = {
    "label": _LABELS,
    "message": _LABELS,
    "matching_rules": TEXTS,
    "actions": {
        "type": "object",
        "additionalProperties": False,
        "properties": dict.fromkeys(("create", "edit", "import", "api", "convert"), _ACTION),
    },
    "scope": {"enum": ["all", "owner", "department", "record_type"]},
    "period_days": {"type": "integer", "minimum": 0},
    "include_trashed": {"type": "boolean"},
    "include_converted": {"type": "boolean"},
    "condition": {"type": "string"},
    "override": {"type": "string"},
    "shown_fields": TEXTS,
    "is_active": {"type": "boolean"},
    "position": {"type": "integer"},
}


def _body(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    made = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**made, "required": list(required)} if required else made


_NAMED: dict[str, Any] = {"api_name": {"type": "string"}}
DUPLICATE_SCHEMAS: dict[str, Any] = {
    "MatchingRuleInput": _body({**_NAMED, **_MATCHING}, "api_name", "label", "target", "matchers"),
    "MatchingRuleChanges": _body(_MATCHING),
    "DuplicateRuleInput": _body({**_NAMED, **_DUPLICATE}, "api_name", "label", "matching_rules", "actions"),
    "DuplicateRuleChanges": _body(_DUPLICATE),
    "Duplicates": {
        "type": "object",
        "properties": {
            "object": {"type": "string"},
            "duplicates": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["rule", "count", "records"],
                    "properties": {
                        "rule": {"type": "string"},
                        "action": _ACTION,
                        "count": {"type": "integer"},
                        "records": {"type": "array", "items": {"type": "object"}},
                        "masked": {"type": "array", "items": {"type": "object"}},
                        "hint": {"type": "string"},
                    },
                },
            },
        },
    },
    "MergeInput": _body(
        {
            "survivor": {"type": "string", "format": "uuid"},
            "losers": {
                "type": "array",
                "minItems": 1,
                "maxItems": 4,
                "items": {"type": "string", "format": "uuid"},
            },
            "fields": {"type": "object", "additionalProperties": {"type": "string"}},
        },
        "survivor",
        "losers",
    ),
    "Merge": {
        "type": "object",
        "properties": {
            "id": {"type": ["string", "null"], "format": "uuid"},
            "object": {"type": "string"},
            "survivor": {"type": "string", "format": "uuid"},
            "version": {"type": "integer"},
            "redirects": {"type": "object"},
            "moved": {"type": "object"},
            "kept": {"type": "object"},
            "values": {"type": "object"},
            "dry_run": {"type": "boolean"},
        },
    },
}
