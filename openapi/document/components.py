"""The parts of the document that do not depend on the data model: parameters, common schemas, errors."""

from __future__ import annotations

from typing import Any

from openapi.document.shapes import FLAG, ID, TEXT


def _query(name: str, schema: dict[str, Any], **extra: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, **extra}


def _path(name: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema or {"type": "string"}}


def _header(name: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"name": name, "in": "header", "schema": schema or {"type": "string"}}


PARAMETERS: dict[str, Any] = {
    "Id": _path("id", ID),
    "Object": _path("object"),
    "Field": _path("field"),
    "Rule": _path("rule"),
    "RecordType": _path("type"),
    "Job": _path("job", ID),
    "Merge": _path("merge"),
    "KeyField": _path("field"),
    "KeyValue": _path("value"),
    "Fields": _query("fields", TEXT, description="Fields and paths, separated by commas: name,account.name"),
    "Expand": _query("expand", TEXT, description="Lookups to expand, separated by commas: account,owner"),
    "Filter": _query(
        "filter[field][operator]", TEXT, description="filter[amount][gte]=100, filter[stage][in]=a,b; repeatable"
    ),
    "FilterTree": _query("filter", TEXT, description='A JSON tree: {"and": [{"field": …, "op": …, "value": …}]}'),
    "Sort": _query("sort", TEXT, description="-created_at,name"),
    "Limit": _query("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 50}),
    "Cursor": _query("cursor", TEXT),
    "Page": _query("page", {"type": "integer", "minimum": 1, "maximum": 10000}),
    "Count": _query("count", {"type": "string", "enum": ["none", "capped", "exact", "estimate"], "default": "none"}),
    "Include": _query("include", {"type": "string", "enum": ["labels"]}),
    "DryRun": _query("dry_run", {"type": "string", "enum": ["true", "false"]}),
    "Q": {**_query("q", TEXT), "required": True},
    "Objects": _query("objects", TEXT),
    "OnlyObjects": _query("objects", TEXT, description="Only these objects, separated by commas"),
    "IfMatch": _header("If-Match"),
    "IfNoneMatch": _header("If-None-Match"),
    "IdempotencyKey": _header("Idempotency-Key", {"type": "string", "maxLength": 255}),
    "Prefer": _header("Prefer"),
}

PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "code", "request_id"],
    "properties": {
        "type": TEXT,
        "title": TEXT,
        "status": {"type": "integer"},
        "code": TEXT,
        "request_id": TEXT,
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "message"],
                "properties": {"pointer": TEXT, "code": TEXT, "message": TEXT, "params": {"type": "object"}},
            },
        },
    },
}
LABEL: dict[str, Any] = {"anyOf": [TEXT, {"type": "object", "additionalProperties": TEXT}]}
CHOICE: dict[str, Any] = {
    "type": "object",
    "required": ["value", "label"],
    "additionalProperties": False,
    "properties": {
        "value": TEXT,
        "label": LABEL,
        "color": TEXT,
        "is_active": {"type": "boolean"},
        "is_default": {"type": "boolean"},
        "properties": {"type": "object"},
    },
}
_FIELD_MEMBERS: dict[str, Any] = {
    "label": LABEL,
    "help_text": LABEL,
    "settings": {"type": "object"},
    "default": {},
    "choices": {"type": "array", "items": CHOICE},
    "type": TEXT,
    **dict.fromkeys(("default_formula", "required_if", "visible_if", "readonly_if"), TEXT),
    "sensitivity": {"type": "string", "enum": ["normal", "personal", "secret"]},
    "unique_scope": {"type": "array", "items": TEXT},
    **dict.fromkeys(
        (
            "is_required",
            "is_unique",
            "is_indexed",
            "is_searchable",
            "track_history",
            "is_case_sensitive",
            "is_deprecated",
        ),
        FLAG,
    ),
}
_RULE_MEMBERS: dict[str, Any] = {
    "label": LABEL,
    "message": LABEL,
    "condition": TEXT,
    "location": TEXT,
    "severity": {"type": "string", "enum": ["error", "warning"]},
    "events": {"type": "array", "items": {"enum": ["create", "edit", "delete", "convert", "import"]}},
    "record_types": {"type": "array", "items": TEXT, "description": "Of which the records are judged; none: of any"},
    "can_be_bypassed": FLAG,
    "is_active": FLAG,
    "position": {"type": "integer"},
}
_OBJECT_MEMBERS: dict[str, Any] = {
    "label": LABEL,
    "plural_label": LABEL,
    "description": LABEL,
    "icon": TEXT,
    "color": TEXT,
    **dict.fromkeys(("is_activity", "has_pools", "in_navigation", "is_searchable"), FLAG),
}
FIELD_INPUT: dict[str, Any] = {
    "type": "object",
    "required": ["api_name", "type", "label"],
    "additionalProperties": False,
    "properties": {"api_name": TEXT, "choice_set": TEXT, "backfill": FLAG, **_FIELD_MEMBERS},
}
SCHEMAS: dict[str, Any] = {
    "Anything": {"type": "object"},
    "Problem": PROBLEM,
    "Me": {"type": "object", "required": ["id", "name"], "properties": {"id": ID, "name": TEXT}},
    "Deletion": {"type": "object", "properties": {"id": ID, "object": TEXT, "deletion_id": ID}},
    "RevealInput": {"type": "object", "required": ["field"], "properties": {"field": TEXT}},
    "Revealed": {
        "type": "object",
        "properties": {"id": ID, "object": TEXT, "field": TEXT, "value": {"type": ["string", "null"]}},
    },
    "Restored": {"type": "object", "properties": {"id": ID, "object": TEXT, "restored": {"type": "integer"}}},
    "PageInfo": {
        "type": "object",
        "required": ["next_cursor", "has_more", "limit"],
        "properties": {
            "next_cursor": {"type": ["string", "null"]},
            "has_more": FLAG,
            "limit": {"type": "integer"},
        },
    },
    "BulkResult": {
        "type": "object",
        "required": ["results", "summary"],
        "properties": {"results": {"type": "array", "items": {"type": "object"}}, "summary": {"type": "object"}},
    },
    "Diverted": {
        "type": "object",
        "required": ["diverted"],
        "properties": {
            "diverted": {
                "type": "object",
                "required": ["rule", "into"],
                "properties": {
                    "rule": TEXT,
                    "into": {
                        "type": "object",
                        "required": ["object", "id"],
                        "properties": {"object": TEXT, "id": {"anyOf": [ID, {"type": "null"}]}},
                    },
                },
            }
        },
    },
    "SearchResult": {"type": "object", "properties": {"data": {"type": "array", "items": {"type": "object"}}}},
    "FormulaTrial": {
        "type": "object",
        "required": ["object", "expression"],
        "additionalProperties": False,
        "properties": {
            "object": TEXT,
            "expression": TEXT,
            "purpose": {"enum": ["formula", "rule", "default", "condition"]},
            "returns": TEXT,
            "blank_as": {"enum": ["zero", "blank"]},
            "record": ID,
        },
    },
    "Assessment": {
        "type": "object",
        "required": ["object", "valid", "values", "fields"],
        "properties": {
            "object": TEXT,
            "valid": FLAG,
            "values": {"type": "object"},
            "problem": {"anyOf": [{"$ref": "#/components/schemas/Problem"}, {"type": "null"}]},
            "fields": {"type": "object", "additionalProperties": {"type": "object"}},
        },
    },
    "FieldInput": FIELD_INPUT,
    "TypeChange": {
        "type": "object",
        "required": ["type"],
        "additionalProperties": False,
        "properties": {
            "type": TEXT,
            "settings": {"type": "object"},
            "choices": {"type": "array", "items": CHOICE},
            "choice_set": TEXT,
            "on_failure": {"type": "string", "enum": ["block", "empty"], "default": "block"},
        },
    },
    "ValidationRuleInput": {
        "type": "object",
        "required": ["api_name", "label", "condition", "message"],
        "additionalProperties": False,
        "properties": {"api_name": TEXT, **_RULE_MEMBERS},
    },
    "ValidationRuleChanges": {"type": "object", "additionalProperties": False, "properties": _RULE_MEMBERS},
    "FieldChanges": {
        "type": "object",
        "additionalProperties": False,
        "properties": {"position": {"type": "integer"}, **_FIELD_MEMBERS},
    },
    "ObjectInput": {
        "type": "object",
        "required": ["api_name", "label"],
        "additionalProperties": False,
        "properties": {
            "api_name": TEXT,
            "name_label": LABEL,
            "open_to_profiles": {"type": "boolean", "default": True},
            "name_type": {"type": "string", "enum": ["text", "auto_number"]},
            "name_settings": {"type": "object"},
            "fields": {"type": "array", "items": FIELD_INPUT},
            **_OBJECT_MEMBERS,
        },
    },
    "ObjectChanges": {
        "type": "object",
        "additionalProperties": False,
        "properties": {"position": {"type": "integer"}, **_OBJECT_MEMBERS},
    },
}
