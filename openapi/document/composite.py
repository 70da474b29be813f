"""The operations and schemas of several requests as one: composites, batches, trees of records."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from openapi.document.operations import META_ERRORS, WRITE, Operation
from openapi.document.shapes import NUMBER, TEXT

_REQUESTS: dict[str, Any] = {
    "type": "array",
    "minItems": 1,
    "maxItems": 100,
    "items": {"$ref": "#/components/schemas/SubRequest"},
}
TAGS = ("composite",)

COMPOSITE_OPERATIONS = (
    Operation(
        "post",
        "/composite",
        "composite",
        _("Carry out up to 100 requests in order, with references, all or none"),
        None,
        WRITE,
        body="CompositeInput",
        answer="CompositeResult",
        errors=META_ERRORS,
        tags=TAGS,
    ),
    Operation(
        "post",
        "/composite/batch",
        "composite_batch",
        _("Carry out up to 100 independent requests"),
        None,
        WRITE,
        body="BatchInput",
        answer="CompositeResult",
        errors=META_ERRORS,
        tags=TAGS,
    ),
    Operation(
        "post",
        "/composite/tree/{object}",
        "composite_tree",
        _("Create a tree of up to 200 records, parents and children"),
        "records:write",
        ("Object", "Prefer", *WRITE),
        body="TreeInput",
        answer="TreeResult",
        status=201,
        errors=META_ERRORS,
        tags=TAGS,
    ),
)

COMPOSITE_SCHEMAS: dict[str, Any] = {
    "SubRequest": {
        "type": "object",
        "required": ["id", "method", "path"],
        "additionalProperties": False,
        "properties": {
            "id": {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_-]{0,39}$"},
            "method": {"enum": ["GET", "POST", "PUT", "PATCH", "DELETE"]},
            "path": {
                **TEXT,
                "maxLength": 8192,
                "description": "Below /api/v1, with its query: records, leads, pools, activities, search, describing",
            },
            "body": {"description": "What the request would have as its body"},
            "headers": {
                "type": "object",
                "additionalProperties": False,
                "properties": dict.fromkeys(("If-Match", "If-None-Match", "Prefer"), TEXT),
            },
        },
    },
    "CompositeInput": {
        "type": "object",
        "required": ["requests"],
        "additionalProperties": False,
        "properties": {
            "requests": {
                **_REQUESTS,
                "description": "In paths and bodies @{id.name} and @{id.data[0].name} stand for single values of "
                "earlier answers; @@{ stands for the text @{",
            },
            "all_or_none": {"type": "boolean", "default": True},
        },
    },
    "BatchInput": {
        "type": "object",
        "required": ["requests"],
        "additionalProperties": False,
        "properties": {"requests": _REQUESTS},
    },
    "CompositeResult": {
        "type": "object",
        "required": ["results", "summary"],
        "properties": {
            "results": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["id", "state", "status", "headers", "body"],
                    "properties": {
                        "id": TEXT,
                        "state": {
                            "enum": ["done", "failed", "undone", "skipped"],
                            "description": "undone: carried out, and taken back because another request failed",
                        },
                        "status": {"type": ["integer", "null"]},
                        "headers": {"type": "object", "additionalProperties": TEXT},
                        "body": {},
                    },
                },
            },
            "summary": {
                "type": "object",
                "properties": {"total": NUMBER, "succeeded": NUMBER, "failed": NUMBER},
            },
            "dry_run": {"type": "boolean"},
        },
    },
    "TreeInput": {
        "type": "object",
        "required": ["records"],
        "additionalProperties": False,
        "properties": {
            "records": {
                "type": "array",
                "minItems": 1,
                "items": {"$ref": "#/components/schemas/TreeRecord"},
                "description": "At most 200 records in 5 levels",
            }
        },
    },
    "TreeRecord": {
        "type": "object",
        "description": "Values by field name; children by their relation as describing an object names it",
        "patternProperties": {
            r"^[a-z0-9_]+\.[a-z0-9_]+$": {"type": "array", "items": {"$ref": "#/components/schemas/TreeRecord"}}
        },
    },
    "TreeResult": {
        "type": "object",
        "required": ["records", "summary"],
        "properties": {
            "records": {"type": "array", "items": {"$ref": "#/components/schemas/TreeNode"}},
            "summary": {"type": "object", "properties": {"total": NUMBER}},
            "dry_run": {"type": "boolean"},
        },
    },
    "TreeNode": {
        "type": "object",
        "required": ["object", "id", "version"],
        "properties": {
            "object": TEXT,
            "id": {"type": ["string", "null"], "format": "uuid"},
            "version": {"type": ["integer", "null"]},
            "diverted": {"type": "object"},
            "children": {
                "type": "object",
                "additionalProperties": {"type": "array", "items": {"$ref": "#/components/schemas/TreeNode"}},
            },
        },
    },
}
