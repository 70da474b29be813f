"""The operations and schemas of web forms, those for strangers among them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from openapi.document.operations import FORM, WRITE, Operation
from openapi.document.shapes import FLAG, ID, NO_ID, TEXT

_TEXTS: dict[str, Any] = {"type": "object", "additionalProperties": TEXT}
READ, CHANGE, TAGS = "meta:read", "meta:write", ("forms",)
ONE = "/forms/{id}"

WEB_FORM_OPERATIONS = (
    Operation("get", "/forms", "list_forms", _("List the web forms"), READ, answer="WebFormList", tags=TAGS),
    Operation(
        "post",
        "/forms",
        "create_form",
        _("Create a web form"),
        CHANGE,
        WRITE,
        body="WebFormInput",
        answer="WebForm",
        status=201,
        tags=TAGS,
    ),
    Operation("get", ONE, "get_form", _("Get a web form"), READ, ("Id",), answer="WebForm", tags=TAGS),
    Operation(
        "patch",
        ONE,
        "update_form",
        _("Change a web form"),
        CHANGE,
        ("Id", "IfMatch", *WRITE),
        body="WebFormChanges",
        answer="WebForm",
        errors=(400, 401, 403, 404, 406, 409, 412, 413, 415, 422, 429, 503),
        tags=TAGS,
    ),
    Operation("delete", ONE, "delete_form", _("Delete a web form"), CHANGE, ("Id", *WRITE), tags=TAGS),
    Operation(
        "get",
        f"{ONE}/submissions",
        "list_form_submissions",
        _("List what came through a web form"),
        "records:read",
        ("Id", "SubmissionState", "Cursor"),
        answer="FormSubmissionList",
        tags=TAGS,
    ),
    Operation(
        "post",
        f"{ONE}/submissions/{{submission}}/release",
        "release_form_submission",
        _("Make the record of what was held back"),
        "records:write",
        ("Id", "Submission", *WRITE),
        answer="FormSubmission",
        tags=TAGS,
    ),
    Operation(
        "get",
        "/public/forms/{token}",
        "get_public_form",
        _("What a web form asks; without a key"),
        None,
        ("FormToken",),
        answer="PublicForm",
        tags=TAGS,
    ),
    Operation(
        "post",
        "/public/forms/{token}",
        "send_public_form",
        _("Send what somebody has filled in; without a key"),
        None,
        ("FormToken",),
        body="PublicFormInput",
        answer="PublicFormAnswer",
        status=201,
        tags=TAGS,
    ),
    Operation(
        "post",
        "/public/forms/{token}/files",
        "upload_public_form_file",
        _("Upload a file for a field of a web form; without a key"),
        None,
        ("FormToken",),
        body="PublicFileInput",
        body_type=FORM,
        answer="PublicFile",
        status=201,
        tags=TAGS,
    ),
    Operation(
        "post",
        "/public/leads/{token}",
        "send_public_lead",
        _("Send a lead from a server, signed with the form's secret"),
        None,
        ("FormToken", "SignatureTime", "Signature"),
        body="PublicLeadInput",
        answer="PublicLeadAnswer",
        status=201,
        tags=TAGS,
    ),
)
_SETTINGS: dict[str, Any] = {
    **dict.fromkeys(("label", "title", "intro", "consent_text", "success_text", "redirect_url"), TEXT),
    "fields": {"type": "array", "maxItems": 40, "items": {"$ref": "#/components/schemas/WebFormField"}},
    "pool_id": NO_ID,
    "owner_id": NO_ID,
    "duplicates": {"enum": ["allow", "attach", "refuse"]},
    "origins": {"type": "array", "maxItems": 20, "items": TEXT},
    "is_active": FLAG,
}
_SENT: dict[str, Any] = {
    "values": {"type": "object"},
    "consent": FLAG,
    "page": TEXT,
    "referrer": TEXT,
    "parameters": _TEXTS,
}
WEB_FORM_PARAMETERS: dict[str, Any] = {
    "FormToken": {"name": "token", "in": "path", "required": True, "schema": TEXT},
    "Submission": {"name": "submission", "in": "path", "required": True, "schema": ID},
    "SubmissionState": {
        "name": "state",
        "in": "query",
        "schema": {"type": "string", "enum": ["accepted", "attached", "held", "refused"]},
    },
    "SignatureTime": {
        "name": "X-Crm-Timestamp",
        "in": "header",
        "required": True,
        "schema": {"type": "integer"},
        "description": "Unix time, within 300 seconds of ours",
    },
    "Signature": {
        "name": "X-Crm-Signature",
        "in": "header",
        "required": True,
        "schema": TEXT,
        "description": "hex HMAC-SHA256 of `timestamp.body` with the form's secret",
    },
}


def _object(properties: dict[str, Any], *required: str, is_input: bool = False) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        made["required"] = list(required)
    return {**made, "additionalProperties": False} if is_input else made


def _list(schema: str) -> dict[str, Any]:
    return _object({"data": {"type": "array", "items": {"$ref": f"#/components/schemas/{schema}"}}})


WEB_FORM_SCHEMAS: dict[str, Any] = {
    "WebFormField": _object(
        {
            **dict.fromkeys(("field", "label", "help", "default", "parameter"), TEXT),
            "required": FLAG,
            "hidden": FLAG,
        },
        "field",
        is_input=True,
    ),
    "WebForm": _object({"id": ID, "token": TEXT, "object": TEXT, **_SETTINGS, "version": {"type": "integer"}}),
    "WebFormList": _list("WebForm"),
    "WebFormInput": _object({"object": TEXT, **_SETTINGS}, "object", "label", is_input=True),
    "WebFormChanges": _object(_SETTINGS, is_input=True),
    "FormSubmission": _object(
        {
            "id": ID,
            "at": {"type": "string", "format": "date-time"},
            "state": {"enum": ["accepted", "attached", "held", "refused"]},
            **dict.fromkeys(("reason", "detail", "consent_text", "page", "referrer", "record_object"), TEXT),
            "values": {"type": "object"},
            "parameters": _TEXTS,
            "record_id": NO_ID,
        }
    ),
    "FormSubmissionList": _list("FormSubmission"),
    "PublicForm": _object(
        {
            **dict.fromkeys(("title", "intro", "consent_text", "start", "trap"), TEXT),
            "fields": {"type": "array", "items": {"type": "object"}},
        }
    ),
    "PublicFormInput": _object({"start": TEXT, **_SENT}, "start", "values"),
    "PublicFormAnswer": _object({"message": TEXT, "redirect_url": TEXT}),
    "PublicFileInput": _object(
        {"start": TEXT, "field": TEXT, "file": {"type": "string", "format": "binary"}}, "start", "field", "file"
    ),
    "PublicFile": _object({"id": ID, "name": TEXT, "size": {"type": "integer"}}, "id"),
    "PublicLeadInput": _object(_SENT, "values"),
    "PublicLeadAnswer": _object({"id": ID, "state": TEXT, "record_id": NO_ID}),
}
