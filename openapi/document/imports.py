"""The operations and schemas of imports: previews, mappings, and jobs."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from openapi.document.operations import BINARY, FORM, Operation
from openapi.document.shapes import ID, NO_ID, NO_MOMENT, NO_TEXT, NUMBER, TEXT

_TALLY: dict[str, Any] = {"type": "object", "additionalProperties": NUMBER}
_ANY: dict[str, Any] = {"type": "object"}
READ, CHANGE, TAGS = "records:read", "records:write", ("jobs",)

IMPORT_PARAMETERS: dict[str, Any] = {
    "Part": {"name": "part", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}},
    "Which": {
        "name": "which",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "enum": ["successful", "failed", "unprocessed"]},
    },
    "As": {"name": "as", "in": "query", "schema": {"type": "string", "enum": ["csv", "ndjson"], "default": "csv"}},
    "Before": {"name": "before", "in": "query", "schema": ID, "description": "The `next` of the page before"},
    "ContentSha256": {"name": "X-Content-SHA256", "in": "header", "schema": TEXT},
}


def _act(name: str, summary: Any, parameters: tuple[str, ...] = ()) -> Operation:
    return Operation(
        "post",
        f"/jobs/{{id}}/{name}",
        f"{name}_job",
        summary,
        CHANGE,
        ("Id", "IdempotencyKey", *parameters),
        answer="ImportJob",
        status=202,
        tags=TAGS,
    )


IMPORT_OPERATIONS = (
    Operation(
        "post",
        "/imports/preview",
        "preview_import",
        _("What a file would be read as: format, guessed columns, first problems; nothing is kept"),
        CHANGE,
        body="ImportPreviewInput",
        body_type=FORM,
        answer="ImportPreview",
        tags=TAGS,
    ),
    Operation(
        "get", "/imports/mappings", "list_import_mappings", _("List mappings of columns"), READ,
        answer="ImportMappings", tags=TAGS,
    ),
    Operation(
        "post", "/imports/mappings", "save_import_mapping", _("Keep a mapping of columns under a name"), CHANGE,
        ("IdempotencyKey",), body="ImportMappingInput", answer="ImportMapping", status=201, tags=TAGS,
    ),
    Operation(
        "delete", "/imports/mappings/{id}", "delete_import_mapping", _("Delete a mapping of columns"), CHANGE,
        ("Id", "IdempotencyKey"), answer="Anything", tags=TAGS,
    ),
    Operation("get", "/jobs", "list_jobs", _("List jobs"), READ, ("Before",), answer="ImportJobs", tags=TAGS),
    Operation(
        "post", "/jobs", "create_job", _("Describe a job on many records; its file follows, where it takes one"),
        CHANGE, ("IdempotencyKey",),
        body="ImportJobInput", answer="ImportJob", status=201, tags=TAGS,
    ),
    Operation("get", "/jobs/{id}", "get_job", _("How a job stands"), READ, ("Id",), answer="ImportJob", tags=TAGS),
    Operation(
        "delete", "/jobs/{id}", "delete_job", _("Forget a job that is not running; its records stay"), CHANGE,
        ("Id", "IdempotencyKey"), answer="Anything", tags=TAGS,
    ),
    Operation(
        "put", "/jobs/{id}/data/{part}", "put_job_data", _("Send a part of a job's file"), CHANGE,
        ("Id", "Part", "ContentSha256"), body="FileContent", body_type=BINARY, answer="ImportJob", tags=TAGS,
    ),
    _act(
        "start",
        _("Put the file together and set the job to work, or with dry_run only try its rows; counts as ten calls"),
        ("DryRun",),
    ),
    _act("abort", _("Stop a job after the rows that it is at")),
    _act("resume", _("Go on with a job that was stopped or failed")),
    _act("revert", _("Undo a job: what it deleted or changed comes back, what it created goes to the trash")),
    Operation(
        "get", "/jobs/{id}/events", "watch_job",
        _("How a job goes on, as server-sent events: progress, then end; half a minute at most, then ask again"),
        READ, ("Id",), answer="JobEvents", answer_type="text/event-stream",
        errors=(401, 403, 404, 406, 429, 503), tags=TAGS,
    ),
    Operation(
        "get", "/jobs/{id}/results/{which}", "get_job_results",
        _("The rows of a job that were successful, failed or not reached; of an export (successful) its file"),
        READ, ("Id", "Which", "As"), answer="FileContent", answer_type="text/csv",
        errors=(401, 403, 404, 406, 429, 503), tags=TAGS,
    ),
)  # fmt: skip

_COLUMNS: dict[str, Any] = {
    "description": "By header: the name of a field, or {field, match}; null leaves a column out",
    "type": ["object", "array"],
}
_PLAN: dict[str, Any] = {
    "columns": _COLUMNS,
    "key": {"type": "string", "description": "id, or a unique field"},
    "duplicates": {"enum": ["skip", "allow", "update"], "default": "skip"},
    "blanks": {"enum": ["ignore", "clear"], "default": "ignore"},
    "pool_id": NO_ID,
}
_WISHES: dict[str, Any] = {
    "encoding": {"enum": ["", "utf-8", "gb18030", "utf-16", "utf-16-le", "utf-16-be"]},
    "delimiter": TEXT,
    "sheet": TEXT,
}
_COUNTED = ("processed", "succeeded", "created", "updated", "deleted", "exported", "skipped", "failed")
_COUNTS: dict[str, Any] = dict.fromkeys(_COUNTED, NUMBER)
_OPS = ["insert", "update", "upsert", "delete", "mass_update", "mass_transfer", "export"]
_LIST: dict[str, Any] = {"type": ["array", "null"], "items": TEXT}
_EXPORT: dict[str, Any] = {
    "sort": {"type": "array", "items": TEXT, "description": "Of export: fields, - for descending"},
    "fields": {"type": "array", "items": TEXT, "description": "Of export; all that the caller may read where none is"},
    "format": {"enum": ["csv", "xlsx", "ndjson"], "default": "csv"},
}
_PACE: dict[str, Any] = {
    "rate": {"type": ["number", "null"], "description": "Rows a second"},
    "eta_seconds": {"type": ["integer", "null"]},
}
_STATES = ["draft", "uploading", "queued", "running", "completed", "completed_with_errors", "failed", "aborted"]
_REPORT: dict[str, Any] = {
    "type": ["object", "null"],
    "properties": {"counts": _TALLY, "problems": _TALLY, "rows": {"type": "array", "items": _ANY}},
}
_JOB: dict[str, Any] = {"$ref": "#/components/schemas/ImportJob"}

IMPORT_SCHEMAS: dict[str, Any] = {
    "ImportPreviewInput": {
        "type": "object",
        "required": ["file", "object"],
        "properties": {"file": {"type": "string", "format": "binary"}, "object": TEXT, **_WISHES},
    },
    "ImportPreview": {
        "type": "object",
        "properties": {
            "format": _ANY,
            "sheets": {"type": "array", "items": TEXT},
            "columns": {"type": "array", "items": _ANY},
            "rows": {"type": "array", "items": _ANY},
            "problems": {"type": "array", "items": _ANY},
            "report": _REPORT,
        },
    },
    "ImportMappingInput": {
        "type": "object",
        "required": ["object", "name", "columns"],
        "additionalProperties": False,
        "properties": {"object": TEXT, "name": TEXT, "shared": {"type": "boolean"}, **_PLAN},
    },
    "ImportMapping": {
        "type": "object",
        "properties": {
            "id": ID,
            "object": TEXT,
            "name": TEXT,
            "columns": _ANY,
            "options": _ANY,
            "shared": {"type": "boolean"},
            "user_id": NO_ID,
            "updated_at": NO_MOMENT,
        },
    },
    "ImportMappings": {
        "type": "object",
        "properties": {"data": {"type": "array", "items": {"$ref": "#/components/schemas/ImportMapping"}}},
    },
    "ImportJobInput": {
        "type": "object",
        "required": ["object", "op"],
        "additionalProperties": False,
        "properties": {
            "object": TEXT,
            "op": {"enum": _OPS},
            "name": TEXT,
            **_PLAN,
            **_WISHES,
            "filter": {
                "description": "A condition, [] for all records, or filter[field][operator]=value as lists take it;"
                " of mass_update and mass_transfer (required), and of export",
                "type": ["object", "array", "string", "null"],
            },
            "values": {"type": "object", "description": "Of mass_update: values by field"},
            "owner_id": {**ID, "description": "Of mass_transfer"},
            **_EXPORT,
        },
    },
    "ImportJob": {
        "type": "object",
        "required": ["id", "object", "op", "state"],
        "properties": {
            "id": ID,
            "object": TEXT,
            "op": {"enum": _OPS},
            "state": {"enum": _STATES},
            "name": TEXT,
            "columns": _ANY,
            "key": NO_TEXT,
            "duplicates": TEXT,
            "blanks": TEXT,
            "pool_id": NO_ID,
            "filter": {"type": ["object", "null"]},
            "values": {"type": ["object", "null"]},
            "sort": _LIST,
            "fields": _LIST,
            "format": NO_TEXT,
            "sha256": NO_TEXT,
            "total": {"type": ["integer", "null"]},
            **_COUNTS,
            "problems": _TALLY,
            **_PACE,
            "error": NO_TEXT,
            "check": _REPORT,
            "revert": _ANY,
            "created_by_id": NO_ID,
            "created_at": NO_MOMENT,
            "started_at": NO_MOMENT,
            "finished_at": NO_MOMENT,
            "expires_at": {**NO_MOMENT, "description": "Until when the file of an export can be had"},
        },
    },
    "JobEvents": {
        "type": "string",
        "description": "Each event's data: id, state, total, the counts, problems, rate and eta_seconds of the job",
    },
    "ImportJobs": {"type": "object", "properties": {"data": {"type": "array", "items": _JOB}, "next": NO_ID}},
}
