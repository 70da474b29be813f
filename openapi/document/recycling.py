"""The operations and schemas of recycling."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from openapi.document.operations import Operation
from openapi.document.shapes import ID, MOMENT, NO_ID, NO_MOMENT, NUMBER, TEXT

_PLACE: dict[str, Any] = {"type": ["array", "null"], "items": TEXT, "minItems": 2, "maxItems": 2}
SCOPE, TAGS = "pools", ("pools",)

RECYCLING_OPERATIONS = (
    Operation(
        "post",
        "/pools/{pool}/recycle-preview",
        "preview_recycling",
        _("Tell what would return to a pool, since when it is due, and why"),
        SCOPE,
        ("Pool",),
        body="RecyclePreviewInput",
        answer="RecyclePreview",
        tags=TAGS,
    ),
    Operation(
        "get",
        "/pools/{pool}/recycle-runs",
        "list_recycle_runs",
        _("List the last runs of a pool"),
        SCOPE,
        ("Pool",),
        answer="RecycleRuns",
        tags=TAGS,
    ),
    Operation(
        "post",
        "/pools/{pool}/recycle-run",
        "run_recycling",
        _("Take back at once what is due, by a job"),
        SCOPE,
        ("Pool", "IdempotencyKey"),
        answer="RecycleJob",
        status=202,
        tags=TAGS,
    ),
    Operation(
        "post",
        "/pools/{pool}/recycle-runs/{run}/undo",
        "undo_recycling",
        _("Give the records of a run back to their owners, by a job"),
        SCOPE,
        ("Pool", "Run", "IdempotencyKey"),
        answer="RecycleJob",
        status=202,
        tags=TAGS,
    ),
)

_REASON: dict[str, Any] = {
    "type": "object",
    "properties": {"rule": TEXT, "kind": TEXT, "since": NO_MOMENT, "days": NUMBER},
}
_ROW: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": ID,
        "name": TEXT,
        "owner": {"type": "object", "properties": {"id": ID, "name": TEXT}},
        "due_at": NO_MOMENT,
        "reasons": {"type": "array", "items": _REASON},
    },
}
_RUN: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": ID,
        "scheduled_for": MOMENT,
        "cutoff": MOMENT,
        "finished_at": NO_MOMENT,
        "recycled": NUMBER,
        "refused": NUMBER,
        "error": {"type": ["string", "null"]},
        "is_undone": {"type": "boolean"},
        "ordered_by": NO_ID,
    },
}
RECYCLING_SCHEMAS: dict[str, Any] = {
    "RecyclePreviewInput": {
        "type": "object",
        "properties": {
            "at": NO_MOMENT,
            "limit": {"type": "integer", "minimum": 1, "maximum": 200, "default": 50},
            "after": _PLACE,
        },
        "additionalProperties": False,
    },
    "RecyclePreview": {
        "type": "object",
        "properties": {
            "pool": ID,
            "at": MOMENT,
            "total": NUMBER,
            "takes_at_once": NUMBER,
            "data": {"type": "array", "items": _ROW},
            "next": _PLACE,
        },
    },
    "RecycleRuns": {"type": "object", "properties": {"data": {"type": "array", "items": _RUN}}},
    "RecycleJob": {"type": "object", "properties": {"job": ID, "state": TEXT}},
}
