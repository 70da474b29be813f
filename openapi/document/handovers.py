"""The operations and schemas of handovers."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from openapi.document.operations import WRITE, Operation
from openapi.document.shapes import ID, NO_ID, NO_TEXT, NUMBER

_PLACES: dict[str, Any] = {"enum": ["keep", "pass", "remove"], "default": "keep"}
_FLAG: dict[str, Any] = {"type": "boolean", "default": False}
READ, CHANGE, TAGS = "users:read", "users:write", ("handovers",)

HANDOVER_OPERATIONS = (
    Operation(
        "post",
        "/handovers",
        "create_handover",
        _("Hand over what a person owns; with dry_run only tell what that is"),
        CHANGE,
        WRITE,
        body="HandoverInput",
        answer="Handover",
        status=202,
        tags=TAGS,
    ),
    Operation(
        "get", "/handovers/{id}", "get_handover", _("Get a handover"), READ, ("Id",), answer="Handover", tags=TAGS
    ),
    Operation(
        "get",
        "/handovers/{id}/records",
        "list_handover_records",
        _("Every record of a handover with its old and new owner"),
        READ,
        ("Id",),
        answer="HandoverRecords",
        tags=TAGS,
    ),
    Operation(
        "post",
        "/handovers/{id}/cancel",
        "cancel_handover",
        _("Cancel a handover"),
        CHANGE,
        ("Id", "IdempotencyKey"),
        answer="Handover",
        tags=TAGS,
    ),
    Operation(
        "post",
        "/handovers/{id}/retry",
        "retry_handover",
        _("Try the records of a handover again that did not move"),
        CHANGE,
        ("Id", "IdempotencyKey"),
        answer="Handover",
        status=202,
        tags=TAGS,
    ),
)

_RECORD: dict[str, Any] = {
    "type": "object",
    "properties": {
        "object": {"type": "string"},
        "id": ID,
        "old_owner": NO_ID,
        "new_owner": NO_ID,
        "state": {"enum": ["waiting", "moved", "failed", "skipped"]},
        "code": NO_TEXT,
        "message": NO_TEXT,
    },
}
_COUNTS: dict[str, Any] = dict.fromkeys(("total", "moved", "failed", "skipped"), NUMBER)
_RULE: dict[str, Any] = {"$ref": "#/components/schemas/HandoverRule"}

HANDOVER_SCHEMAS: dict[str, Any] = {
    "HandoverRule": {
        "type": "object",
        "required": ["to"],
        "properties": {
            "to": {"enum": ["user", "manager", "parent", "round_robin", "department_head", "nobody", "pool", "keep"]},
            "pool": NO_ID,
            "user": NO_ID,
            "users": {"type": "array", "items": ID, "maxItems": 50},
            "through": {"type": "string"},
        },
    },
    "HandoverInput": {
        "type": "object",
        "required": ["user"],
        "additionalProperties": False,
        "properties": {
            "user": ID,
            "everything": _RULE,
            "objects": {"type": "object", "additionalProperties": _RULE},
            "only_open_activities": _FLAG,
            "teams": _PLACES,
            "shares": _PLACES,
            "heir": NO_ID,
            "reports_to": NO_ID,
            "mentions": {
                "type": "object",
                "additionalProperties": {"type": "array", "items": {"type": "string"}},
                "description": "By object, the fields in which `mentions_to` takes the person's place",
            },
            "mentions_to": NO_ID,
            "leave_groups": _FLAG,
            "leave_permission_sets": _FLAG,
            "end_delegations": _FLAG,
            "deactivate": _FLAG,
        },
    },
    "Handover": {
        "type": "object",
        "properties": {
            "id": ID,
            "kind": {"enum": ["leaver", "transfer"]},
            "state": {"enum": ["running", "done", "cancelled"]},
            "user": NO_ID,
            "plan": {"type": "object"},
            **_COUNTS,
            "objects": {"type": "object", "additionalProperties": {"type": "object", "properties": _COUNTS}},
            "people": {"type": "object"},
            "job": NO_ID,
            "ordered_by": NO_ID,
            "ordered_at": {"type": "string", "format": "date-time"},
            "finished_at": {"type": ["string", "null"], "format": "date-time"},
            "stayed": {"type": "array", "items": _RECORD},
        },
    },
    "HandoverRecords": {
        "type": "object",
        "properties": {"data": {"type": "array", "items": _RECORD}, "next": NO_TEXT},
    },
}
