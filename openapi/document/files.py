"""The operations on files, whose bodies are no JSON, and their schemas."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from crm_platform.files.kinds import KINDS
from crm_platform.files.store import THUMBNAIL_SIDES
from openapi.document.operations import BINARY, FORM, Operation

_TEXT, _SIZE = {"type": "string"}, {"type": ["integer", "null"]}
FILE_PARAMETERS: dict[str, Any] = {
    "Size": {
        "name": "size",
        "in": "query",
        "schema": {"type": "integer", "enum": list(THUMBNAIL_SIDES)},
        "description": "A small copy of a picture, as WebP",
    },
    "Download": {"name": "download", "in": "query", "schema": {"type": "string", "enum": ["1"]}},
    "Range": {"name": "Range", "in": "header", "schema": _TEXT},
}
FILE_SCHEMAS: dict[str, Any] = {
    "FileUpload": {
        "type": "object",
        "required": ["file"],
        "properties": {"file": {"type": "string", "format": "binary"}},
    },
    "FileContent": {"type": "string", "format": "binary"},
    "File": {
        "type": "object",
        "required": ["id", "name", "size", "content_type", "kind", "sha256", "created_at", "is_attached"],
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "name": _TEXT,
            "size": {"type": "integer"},
            "size_text": _TEXT,
            "content_type": _TEXT,
            "kind": {"type": "string", "enum": list(KINDS)},
            "width": _SIZE,
            "height": _SIZE,
            "sha256": _TEXT,
            "created_at": {"type": "string", "format": "date-time"},
            "is_attached": {"type": "boolean"},
        },
    },
}
_READING = (401, 403, 404, 406, 429, 503)
FILE_OPERATIONS = (
    Operation(
        "post",
        "/files",
        "upload_file",
        _("Upload a file, to be given to a field of a record within a day"),
        "files",
        body="FileUpload",
        body_type=FORM,
        answer="File",
        status=201,
        tags=("files",),
    ),
    Operation(
        "get",
        "/files/{id}",
        "get_file",
        _("What is known of a file"),
        "files",
        ("Id",),
        answer="File",
        errors=_READING,
        tags=("files",),
    ),
    Operation(
        "get",
        "/files/{id}/content",
        "get_file_content",
        _("The content of a file, whole or a range of it"),
        "files",
        ("Id", "Size", "Download", "Range", "IfNoneMatch"),
        answer="FileContent",
        answer_type=BINARY,
        errors=_READING,
        tags=("files",),
    ),
)
