"""The operations and schemas of notifications."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from openapi.document.operations import WRITE, Operation
from openapi.document.shapes import FLAG, ID, MOMENT, NO_MOMENT, TEXT

_CHANNELS: dict[str, Any] = {"type": "object", "properties": {"app": FLAG, "mail": FLAG}}
SCOPE, TAGS = "notifications", ("notifications",)

NOTIFICATION_OPERATIONS = (
    Operation(
        "get",
        "/notifications",
        "list_notifications",
        _("List the caller's notifications"),
        SCOPE,
        ("Unread", "NotificationKind", "Limit", "Cursor"),
        answer="NotificationList",
        tags=TAGS,
    ),
    Operation(
        "post",
        "/notifications/read",
        "read_notifications",
        _("Mark notifications as read"),
        SCOPE,
        WRITE,
        body="NotificationsReadInput",
        answer="NotificationsRead",
        tags=TAGS,
    ),
    Operation(
        "get",
        "/notifications/preferences",
        "get_notification_preferences",
        _("What the caller is told, and through which channels"),
        SCOPE,
        answer="NotificationPreferences",
        tags=TAGS,
    ),
    Operation(
        "put",
        "/notifications/preferences",
        "set_notification_preferences",
        _("Switch kinds of notifications on and off"),
        SCOPE,
        WRITE,
        body="NotificationPreferencesInput",
        answer="NotificationPreferences",
        tags=TAGS,
    ),
)
NOTIFICATION_PARAMETERS: dict[str, Any] = {
    "Unread": {"name": "unread", "in": "query", "schema": {"type": "string", "enum": ["true", "false"]}},
    "NotificationKind": {"name": "kind", "in": "query", "schema": TEXT},
}
NOTIFICATION_SCHEMAS: dict[str, Any] = {
    "Notification": {
        "type": "object",
        "properties": {
            "id": ID,
            **dict.fromkeys(("kind", "kind_label", "title", "body", "url"), TEXT),
            "at": MOMENT,
            "read_at": NO_MOMENT,
        },
    },
    "NotificationList": {
        "type": "object",
        "properties": {
            "data": {"type": "array", "items": {"$ref": "#/components/schemas/Notification"}},
            "page": {"$ref": "#/components/schemas/PageInfo"},
            "unread": {"type": "integer", "description": "At most 100 are counted"},
        },
    },
    "NotificationsReadInput": {
        "type": "object",
        "additionalProperties": False,
        "properties": {"ids": {"type": "array", "items": ID, "maxItems": 500}, "all": {"const": True}},
    },
    "NotificationsRead": {"type": "object", "properties": {"read": {"type": "integer"}}},
    "NotificationPreferences": {
        "type": "object",
        "properties": {
            "data": {
                "type": "array",
                "items": {"type": "object", "properties": {"kind": TEXT, "label": TEXT, "channels": _CHANNELS}},
            }
        },
    },
    "NotificationPreferencesInput": {"type": "object", "additionalProperties": _CHANNELS},
}
