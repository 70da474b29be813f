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
from openapi.document.shapes import FLAG, ID, IDS, NO_ID, TEXT, TEXTS

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

_LEVEL: dict[str, Any] = {"type": "string", "enum": [level_name(level) for level in FieldLevel]}
_STEPS: dict[str, Any] = {"type": "array", "items": {"$ref": "#/components/schemas/AccessStep"}}


def _object(properties: dict[str, Any], *required: str, is_closed: bool = False) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        made["required"] = list(required)
    return {**made, "additionalProperties": False} if is_closed else made


_NUMBER = _object({"value": {"type": "integer"}, "is_exact": FLAG})
_DIFFERENCE = _object({"gained": _NUMBER, "lost": _NUMBER})
_CHANGED = _object({"gained": TEXTS, "lost": TEXTS})
_PERSON = _object({"id": ID, "name": TEXT, "department": TEXT})
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
            "user": ID,
            "object": TEXT,
            "record": NO_ID,
            "action": {"type": "string", "enum": list(ACTIONS)},
            "field": TEXT,
        },
        "object",
        "action",
        is_closed=True,
    ),
    "AccessStep": _object(
        {
            "layer": {"type": "string", "enum": [layer.value for layer in Layer]},
            "outcome": {"type": "string", "enum": [outcome.value for outcome in Outcome]},
            "text": TEXT,
            "cause": _object({"kind": TEXT, "id": TEXT, "name": TEXT}),
            "steps": _STEPS,
        },
        "layer",
        "outcome",
        "text",
    ),
    "Explanation": _object(
        {
            "user": _PERSON,
            "object": TEXT,
            "record": NO_ID,
            "action": TEXT,
            "field": {"type": ["string", "null"]},
            "allowed": FLAG,
            "decided_by": {"$ref": "#/components/schemas/AccessStep"},
            "steps": _STEPS,
        }
    ),
    "RecordAccess": _object(
        {
            "data": {"type": "array", "items": _object({"user": _PERSON, "reasons": _STEPS})},
            "total": {"type": "integer"},
            "has_more": FLAG,
        }
    ),
    "SimulationInput": _object(
        {
            "role": NO_ID,
            "profile": NO_ID,
            "department": NO_ID,
            "permission_sets": IDS,
            "groups": IDS,
            "territories": IDS,
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
                        "object": TEXT,
                        "label": TEXT,
                        "records": _object({"read": _DIFFERENCE, "edit": _DIFFERENCE}),
                        "actions": _CHANGED,
                        "fields": {
                            "type": "array",
                            "items": _object({"field": TEXT, "before": _LEVEL, "after": _LEVEL}),
                        },
                    }
                ),
            },
        }
    ),
}
