"""The operations that explain who may do what, and their schemas."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from objects.access.explanation import Layer, Outcome
from objects.access.field_grants import FieldLevel
from objects.access.grants import ACTIONS
from objects.access.reach import SCOPED_ACTIONS
from objects.access.services.field_levels import level_name
from openapi.document.operations import Operation

EXPLAINING_OPERATIONS = (
    Operation(
        "post",
        "/permissions/explain",
        "explain_permission",
        _("Explain why somebody may or may not do something"),
        "users:read",
        body="ExplainInput",
        answer="Explanation",
        tags=("permissions",),
    ),
    Operation(
        "post",
        "/users/{user}/simulate",
        "simulate_role_change",
        _("What another role, profile or department would change for a user"),
        "users:read",
        ("User",),
        body="SimulationInput",
        answer="Simulation",
        tags=("permissions",),
    ),
)
RECORD_EXPLAINING_OPERATIONS = (
    Operation(
        "get",
        "/records/{object}/{id}/access",
        "list_{object}_access",
        _("Who can see, change, delete, export or transfer a record, and why"),
        "users:read",
        ("Id", "AccessAction", "Limit", "Page"),
        answer="RecordAccess",
    ),
)

_TEXT: dict[str, Any] = {"type": "string"}
_ID: dict[str, Any] = {"type": "string", "format": "uuid"}
_NO_ID: dict[str, Any] = {"type": ["string", "null"], "format": "uuid"}
_IDS: dict[str, Any] = {"type": "array", "items": _ID}
_FLAG: dict[str, Any] = {"type": "boolean"}
_TEXTS: dict[str, Any] = {"type": "array", "items": _TEXT}
_LEVEL: dict[str, Any] = {"type": "string", "enum": [level_name(level) for level in FieldLevel]}
_STEPS: dict[str, Any] = {"type": "array", "items": {"$ref": "#/components/schemas/AccessStep"}}


def _object(properties: dict[str, Any], *required: str, is_closed: bool = False) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        made["required"] = list(required)
    return {**made, "additionalProperties": False} if is_closed else made


_NUMBER = _object({"value": {"type": "integer"}, "is_exact": _FLAG})
_DIFFERENCE = _object({"gained": _NUMBER, "lost": _NUMBER})
_CHANGED = _object({"gained": _TEXTS, "lost": _TEXTS})
_PERSON = _object({"id": _ID, "name": _TEXT, "department": _TEXT})
EXPLAINING_PARAMETERS: dict[str, Any] = {
    "AccessAction": {
        "name": "action",
        "in": "query",
        "schema": {"type": "string", "enum": list(SCOPED_ACTIONS), "default": "read"},
    },
}
EXPLAINING_SCHEMAS: dict[str, Any] = {
    "ExplainInput": _object(
        {
            "user": _ID,
            "object": _TEXT,
            "record": _NO_ID,
            "action": {"type": "string", "enum": list(ACTIONS)},
            "field": _TEXT,
        },
        "object",
        "action",
        is_closed=True,
    ),
    "AccessStep": _object(
        {
            "layer": {"type": "string", "enum": [layer.value for layer in Layer]},
            "outcome": {"type": "string", "enum": [outcome.value for outcome in Outcome]},
            "text": _TEXT,
            "cause": _object({"kind": _TEXT, "id": _TEXT, "name": _TEXT}),
            "steps": _STEPS,
        },
        "layer",
        "outcome",
        "text",
    ),
    "Explanation": _object(
        {
            "user": _PERSON,
            "object": _TEXT,
            "record": _NO_ID,
            "action": _TEXT,
            "field": {"type": ["string", "null"]},
            "allowed": _FLAG,
            "decided_by": {"$ref": "#/components/schemas/AccessStep"},
            "steps": _STEPS,
        }
    ),
    "RecordAccess": _object(
        {
            "data": {"type": "array", "items": _object({"user": _PERSON, "reasons": _STEPS})},
            "total": {"type": "integer"},
            "has_more": _FLAG,
        }
    ),
    "SimulationInput": _object(
        {
            "role": _NO_ID,
            "profile": _NO_ID,
            "department": _NO_ID,
            "permission_sets": _IDS,
            "groups": _IDS,
            "territories": _IDS,
        },
        is_closed=True,
    ),
    "Simulation": _object(
        {
            "user": _PERSON,
            "functions": _CHANGED,
            "objects": {
                "type": "array",
                "items": _object(
                    {
                        "object": _TEXT,
                        "label": _TEXT,
                        "records": _object({"read": _DIFFERENCE, "edit": _DIFFERENCE}),
                        "actions": _CHANGED,
                        "fields": {
                            "type": "array",
                            "items": _object({"field": _TEXT, "before": _LEVEL, "after": _LEVEL}),
                        },
                    }
                ),
            },
        }
    ),
}
