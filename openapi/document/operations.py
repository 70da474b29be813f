"""The operations of the Open API, each with its method, summary, scope, parameters and schemas."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

JSON, FORM, BINARY = "application/json", "multipart/form-data", "application/octet-stream"


@dataclass(frozen=True)
class Operation:
    """One operation. `{object}` in the path, the id and schemas is filled in for every object."""

    method: str
    path: str
    id: str
    summary: Promise
    scope: str | None
    parameters: tuple[str, ...] = ()
    body: str = ""  # name of a schema; "{create}" and "{patch}" are those of the object
    answer: str = "Anything"
    body_type: str = JSON
    answer_type: str = JSON
    status: int = 200
    tags: tuple[str, ...] = field(default=("records",))
    errors: tuple[int, ...] = (400, 401, 403, 404, 406, 409, 413, 415, 422, 429, 503)


WRITE = ("IdempotencyKey", "DryRun")
LIST = ("Fields", "Expand", "Filter", "FilterTree", "Sort", "Limit", "Cursor", "Page", "Count", "Include")

RECORD_OPERATIONS = (
    Operation("get", "/records/{object}", "list_{object}", _("List records"), "records:read", LIST, answer="{list}"),
    Operation(
        "post",
        "/records/{object}",
        "create_{object}",
        _("Create a record"),
        "records:write",
        ("Prefer", *WRITE),
        body="{create}",
        answer="{read}",
        status=201,
    ),
    Operation(
        "get",
        "/records/{object}/{id}",
        "get_{object}",
        _("Get a record"),
        "records:read",
        ("Id", "Fields", "Expand", "Include", "IfNoneMatch"),
        answer="{read}",
    ),
    Operation(
        "patch",
        "/records/{object}/{id}",
        "update_{object}",
        _("Change a record"),
        "records:write",
        ("Id", "IfMatch", "Prefer", *WRITE),
        body="{patch}",
        answer="{read}",
        errors=(400, 401, 403, 404, 406, 409, 412, 413, 415, 422, 429, 503),
    ),
    Operation(
        "delete",
        "/records/{object}/{id}",
        "delete_{object}",
        _("Delete a record"),
        "records:delete",
        ("Id", "IfMatch", *WRITE),
        answer="Deletion",
        errors=(400, 401, 403, 404, 406, 409, 412, 422, 429, 503),
    ),
    Operation(
        "post",
        "/records/{object}/{id}/restore",
        "restore_{object}",
        _("Restore a deleted record"),
        "records:write",
        ("Id", *WRITE),
        answer="Restored",
    ),
    Operation(
        "post",
        "/records/{object}/{id}/reveal",
        "reveal_{object}",
        _("Reveal a masked value; it is written into the audit trail"),
        "records:reveal",
        ("Id",),
        body="RevealInput",
        answer="Revealed",
    ),
    Operation(
        "get",
        "/records/{object}/by/{field}/{value}",
        "get_{object}_by_key",
        _("Get a record by a unique field"),
        "records:read",
        ("KeyField", "KeyValue", "Fields", "Expand"),
        answer="{read}",
    ),
    Operation(
        "put",
        "/records/{object}/by/{field}/{value}",
        "upsert_{object}",
        _("Create or change a record by a unique field"),
        "records:write",
        ("KeyField", "KeyValue", *WRITE),
        body="{patch}",
        answer="{read}",
    ),
    Operation(
        "post",
        "/records/{object}/bulk-create",
        "bulk_create_{object}",
        _("Create up to 200 records"),
        "records:write",
        WRITE,
        body="{bulk_create}",
        answer="BulkResult",
    ),
    Operation(
        "post",
        "/records/{object}/bulk-update",
        "bulk_update_{object}",
        _("Change up to 200 records"),
        "records:write",
        WRITE,
        body="{bulk_update}",
        answer="BulkResult",
    ),
)

META_WRITE = ("IfMatch", *WRITE)
META_ERRORS = (400, 401, 403, 404, 406, 409, 412, 413, 415, 422, 429, 503)
STATIC_OPERATIONS = (
    Operation("get", "/me", "get_me", _("The caller"), None, answer="Me", tags=("general",)),
    Operation(
        "get",
        "/meta",
        "get_meta",
        _("Version of the data model and its objects"),
        "meta:read",
        ("IfNoneMatch",),
        tags=("metadata",),
    ),
    Operation("get", "/meta/objects", "list_objects", _("List objects"), "meta:read", tags=("metadata",)),
    Operation(
        "post",
        "/meta/objects",
        "create_object",
        _("Add an object"),
        "meta:write",
        META_WRITE,
        body="ObjectInput",
        status=201,
        errors=META_ERRORS,
        tags=("metadata",),
    ),
    Operation(
        "get", "/meta/objects/{object}", "get_object", _("Get an object"), "meta:read", ("Object",), tags=("metadata",)
    ),
    Operation(
        "patch",
        "/meta/objects/{object}",
        "update_object",
        _("Change an object"),
        "meta:write",
        ("Object", *META_WRITE),
        body="ObjectChanges",
        errors=META_ERRORS,
        tags=("metadata",),
    ),
    Operation(
        "delete",
        "/meta/objects/{object}",
        "delete_object",
        _("Delete an object"),
        "meta:write",
        ("Object", *META_WRITE),
        errors=META_ERRORS,
        tags=("metadata",),
    ),
    Operation(
        "post",
        "/meta/objects/{object}/restore",
        "restore_object",
        _("Restore a deleted object"),
        "meta:write",
        ("Object", *META_WRITE),
        errors=META_ERRORS,
        tags=("metadata",),
    ),
    Operation(
        "get",
        "/meta/objects/{object}/describe",
        "describe_object",
        _("Describe an object as the caller may use it"),
        "meta:read",
        ("Object",),
        tags=("metadata",),
    ),
    Operation(
        "get",
        "/meta/objects/{object}/fields",
        "list_fields",
        _("List fields"),
        "meta:read",
        ("Object",),
        tags=("metadata",),
    ),
    Operation(
        "post",
        "/meta/objects/{object}/fields",
        "create_field",
        _("Add a field"),
        "meta:write",
        ("Object", *META_WRITE),
        body="FieldInput",
        status=201,
        errors=META_ERRORS,
        tags=("metadata",),
    ),
    Operation(
        "get",
        "/meta/objects/{object}/fields/{field}",
        "get_field",
        _("Get a field"),
        "meta:read",
        ("Object", "Field"),
        tags=("metadata",),
    ),
    Operation(
        "patch",
        "/meta/objects/{object}/fields/{field}",
        "update_field",
        _("Change a field"),
        "meta:write",
        ("Object", "Field", *META_WRITE),
        body="FieldChanges",
        errors=META_ERRORS,
        tags=("metadata",),
    ),
    Operation(
        "delete",
        "/meta/objects/{object}/fields/{field}",
        "delete_field",
        _("Delete a field"),
        "meta:write",
        ("Object", "Field", *META_WRITE),
        errors=META_ERRORS,
        tags=("metadata",),
    ),
    Operation(
        "post",
        "/meta/objects/{object}/fields/{field}/restore",
        "restore_field",
        _("Restore a deleted field"),
        "meta:write",
        ("Object", "Field", *META_WRITE),
        errors=META_ERRORS,
        tags=("metadata",),
    ),
    Operation(
        "get",
        "/meta/objects/{object}/fields/{field}/usage",
        "get_field_usage",
        _("Tell where a field is used"),
        "meta:read",
        ("Object", "Field"),
        tags=("metadata",),
    ),
    Operation(
        "post",
        "/meta/objects/{object}/fields/{field}/change-type",
        "change_field_type",
        _("Give a field another type, or preview it"),
        "meta:write",
        ("Object", "Field", *META_WRITE),
        body="TypeChange",
        status=202,
        errors=META_ERRORS,
        tags=("metadata",),
    ),
    Operation(
        "get",
        "/meta/objects/{object}/fields/{field}/change-type",
        "get_field_type_change",
        _("Tell how a change of type stands"),
        "meta:read",
        ("Object", "Field"),
        tags=("metadata",),
    ),
    Operation(
        "delete",
        "/meta/objects/{object}/fields/{field}/change-type",
        "cancel_field_type_change",
        _("Cancel a change of type"),
        "meta:write",
        ("Object", "Field", "IdempotencyKey"),
        errors=META_ERRORS,
        tags=("metadata",),
    ),
    Operation(
        "get",
        "/meta/objects/{object}/fields/{field}/change-type/previews/{job}",
        "get_field_type_preview",
        _("Get the preview that a job makes of a change of type"),
        "meta:read",
        ("Object", "Field", "Job"),
        tags=("metadata",),
    ),
    Operation(
        "get",
        "/meta/objects/{object}/validation-rules",
        "list_validation_rules",
        _("List the validation rules of an object"),
        "meta:read",
        ("Object",),
        errors=META_ERRORS,
        tags=("metadata",),
    ),
    Operation(
        "post",
        "/meta/objects/{object}/validation-rules",
        "create_validation_rule",
        _("Create a validation rule"),
        "meta:write",
        ("Object", *META_WRITE),
        body="ValidationRuleInput",
        status=201,
        errors=META_ERRORS,
        tags=("metadata",),
    ),
    Operation(
        "get",
        "/meta/objects/{object}/validation-rules/{rule}",
        "get_validation_rule",
        _("Get a validation rule"),
        "meta:read",
        ("Object", "Rule"),
        errors=META_ERRORS,
        tags=("metadata",),
    ),
    Operation(
        "patch",
        "/meta/objects/{object}/validation-rules/{rule}",
        "update_validation_rule",
        _("Change a validation rule"),
        "meta:write",
        ("Object", "Rule", *META_WRITE),
        body="ValidationRuleChanges",
        errors=META_ERRORS,
        tags=("metadata",),
    ),
    Operation(
        "delete",
        "/meta/objects/{object}/validation-rules/{rule}",
        "delete_validation_rule",
        _("Delete a validation rule"),
        "meta:write",
        ("Object", "Rule", *META_WRITE),
        errors=META_ERRORS,
        tags=("metadata",),
    ),
    Operation(
        "get",
        "/search",
        "search",
        _("Search across objects"),
        "records:read",
        ("Q", "Objects", "Limit"),
        answer="SearchResult",
        tags=("general",),
    ),
    Operation("get", "/openapi.json", "get_openapi", _("This document"), None, ("OnlyObjects",), tags=("general",)),
)
