"""The operations and schemas of leads: conversion, giving up, and the mapping of their fields."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from objects.conversion.models import Existing
from openapi.document.operations import META_ERRORS, WRITE, Operation
from openapi.document.shapes import ID, NO_ID

_COUNTS: dict[str, Any] = {"type": "object", "additionalProperties": {"type": "integer"}}
_WISH: dict[str, Any] = {"$ref": "#/components/schemas/LeadBecomes"}
_TARGETS = ("account", "contact", "opportunity")
_INPUT: dict[str, Any] = {
    **dict.fromkeys(_TARGETS, _WISH),
    "owner_id": NO_ID,
    "reason": {"type": "string", "maxLength": 500},
}
_ERRORS = (400, 401, 403, 404, 406, 409, 412, 413, 415, 422, 423, 429, 503)
TAGS = ("leads",)

LEAD_OPERATIONS = (
    Operation(
        "post",
        "/leads/{id}/convert",
        "convert_lead",
        _("Convert a lead into an account, a contact and an opportunity, each new or existing"),
        "records:write",
        ("Id", "IfMatch", "Prefer", *WRITE),
        body="LeadConversionInput",
        answer="LeadConversion",
        tags=TAGS,
        errors=_ERRORS,
    ),
    Operation(
        "post",
        "/leads/bulk-convert",
        "bulk_convert_leads",
        _("Convert up to 100 leads, with a result for each"),
        "records:write",
        ("Prefer", *WRITE),
        body="LeadBulkConversionInput",
        answer="LeadBulkConversion",
        tags=TAGS,
        errors=_ERRORS,
    ),
    Operation(
        "post",
        "/leads/{id}/disqualify",
        "disqualify_lead",
        _("Give a lead up, for a reason"),
        "records:write",
        ("Id", "IfMatch", *WRITE),
        body="LeadDisqualification",
        answer="LeadState",
        tags=TAGS,
        errors=_ERRORS,
    ),
    Operation(
        "post",
        "/leads/{id}/reopen",
        "reopen_lead",
        _("Take up a lead again that was given up"),
        "records:write",
        ("Id", "IfMatch", *WRITE),
        answer="LeadState",
        tags=TAGS,
        errors=_ERRORS,
    ),
    Operation(
        "get",
        "/meta/conversion-mappings",
        "get_conversion_mappings",
        _("Get where fields of leads go when these are converted"),
        "meta:read",
        answer="ConversionMappings",
        tags=("metadata",),
        errors=META_ERRORS,
    ),
    Operation(
        "put",
        "/meta/conversion-mappings",
        "set_conversion_mappings",
        _("Say where fields of leads go when these are converted"),
        "meta:write",
        ("IdempotencyKey",),
        body="ConversionMappings",
        answer="ConversionMappings",
        tags=("metadata",),
        errors=META_ERRORS,
    ),
)

LEAD_SCHEMAS: dict[str, Any] = {
    "LeadBecomes": {
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": {
            "mode": {"enum": ["new", "existing", "none"], "default": "new"},
            "id": NO_ID,
            "values": {"type": "object"},
            "allow_duplicates": {"type": "boolean", "default": False},
            "existing": {
                "enum": [*Existing.values, ""],
                "description": "What an existing record does with the lead's values; without it, as the mapping says",
            },
        },
    },
    "LeadConversionInput": {"type": "object", "additionalProperties": False, "properties": _INPUT},
    "LeadBulkConversionInput": {
        "type": "object",
        "required": ["ids"],
        "additionalProperties": False,
        "properties": {
            "ids": {"type": "array", "items": ID, "maxItems": 100},
            "all_or_none": {"type": "boolean", "default": True},
            **_INPUT,
        },
    },
    "LeadConversion": {
        "type": "object",
        "properties": {
            "object": {"type": "string"},
            "id": ID,
            "version": {"type": "integer"},
            **{f"{name}_id": NO_ID for name in _TARGETS},
            "created": {"type": "array", "items": {"enum": list(_TARGETS)}},
            "moved": _COUNTS,
            "left": _COUNTS,
            "unmapped": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "field": {"type": "string"},
                        "label": {"type": "string"},
                        "target": {"type": ["string", "null"]},
                        "reason": {"type": "string"},
                    },
                },
            },
            "repeated": {"type": "boolean"},
        },
    },
    "LeadBulkConversion": {
        "type": "object",
        "properties": {"results": {"type": "array", "items": {"type": "object"}}, "summary": {"type": "object"}},
    },
    "LeadDisqualification": {
        "type": "object",
        "required": ["reason"],
        "additionalProperties": False,
        "properties": {"reason": {"type": "string"}},
    },
    "LeadState": {
        "type": "object",
        "properties": {
            "object": {"type": "string"},
            "id": ID,
            "version": {"type": "integer"},
            "status": {"type": ["string", "null"]},
        },
    },
    "ConversionMappings": {
        "type": "object",
        "required": ["mappings"],
        "additionalProperties": False,
        "properties": {
            "mappings": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["field", "target"],
                    "additionalProperties": False,
                    "properties": {
                        "field": {"type": "string"},
                        "target": {"enum": list(_TARGETS)},
                        "to": {"type": ["string", "null"]},
                        "existing": {"enum": Existing.values, "default": Existing.FILL.value},
                    },
                },
            }
        },
    },
}
