"""The operations and schemas of record types."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from openapi.document.components import LABEL
from openapi.document.operations import META_ERRORS, META_WRITE, Operation
from openapi.document.shapes import TEXT

_ALL, _ONE = "/meta/objects/{object}/record-types", "/meta/objects/{object}/record-types/{type}"
_COMMON: dict[str, Any] = {"errors": META_ERRORS, "tags": ("metadata",)}
_WRITE = ("Object", *META_WRITE)
RECORD_TYPE_OPERATIONS = (
    Operation(
        "get", _ALL, "list_record_types", _("List the record types of an object"), "meta:read", ("Object",), **_COMMON
    ),
    Operation(
        "post",
        _ALL,
        "create_record_type",
        _("Create a record type"),
        "meta:write",
        _WRITE,
        body="RecordTypeInput",
        status=201,
        **_COMMON,
    ),
    Operation("get", _ONE, "get_record_type", _("Get a record type"), "meta:read", ("Object", "RecordType"), **_COMMON),
    Operation(
        "patch",
        _ONE,
        "update_record_type",
        _("Change a record type, or take it out of use"),
        "meta:write",
        ("RecordType", *_WRITE),
        body="RecordTypeChanges",
        **_COMMON,
    ),
)
_CHOICES = {"type": "object", "additionalProperties": {"type": "array", "items": TEXT}}
_MEMBERS: dict[str, Any] = {
    "label": LABEL,
    "description": LABEL,
    "color": TEXT,
    "choices": {**_CHOICES, "description": "For picklists that the type narrows: the values that it allows"},
    "is_active": {"type": "boolean"},
    "is_default": {"type": "boolean"},
    "position": {"type": "integer"},
}
RECORD_TYPE_SCHEMAS: dict[str, Any] = {
    "RecordTypeInput": {
        "type": "object",
        "required": ["api_name", "label"],
        "additionalProperties": False,
        "properties": {"api_name": TEXT, **_MEMBERS},
    },
    "RecordTypeChanges": {"type": "object", "additionalProperties": False, "properties": _MEMBERS},
}
