"""What the caller was told, and what he wants to be told."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from crm_platform.kit.errors import ValidationFailed
from crm_platform.kit.ids import parse_uuid
from crm_platform.notifications import selectors, services
from crm_platform.notifications.selectors import Told
from openapi.http import json_response, members
from openapi.v1.administering import AdministrationEndpoint

DEFAULT_LIMIT, MAX_LIMIT, MOST_IDS = 50, 200, 500
SCOPE = "notifications"


class NotificationList(AdministrationEndpoint):
    """`GET` the caller's notifications, the newest first (`unread`, `kind`, `limit`, `cursor`)."""

    scopes = {"GET": SCOPE}

    def get(self, request: Request) -> HttpResponse:
        asked = request.query_params
        limit = _limit(asked.get("limit", ""))
        unread = asked.get("unread", "").lower() in ("1", "true")
        found = selectors.notifications(
            self.actor, unread=unread, kind=asked.get("kind", ""), cursor=asked.get("cursor"), limit=limit
        )
        page = {"next_cursor": found.next_cursor, "has_more": found.next_cursor is not None, "limit": limit}
        return json_response(
            {"data": [_told(item) for item in found.items], "page": page, "unread": selectors.unread_count(self.actor)}
        )


class NotificationsRead(AdministrationEndpoint):
    """`POST {"ids": […]}` or `{"all": true}`: mark as read."""

    scopes = {"POST": SCOPE}

    def post(self, request: Request) -> HttpResponse:
        def work() -> dict[str, Any]:
            ids = _ids(members(request.data))
            return {"read": services.mark_read(self.actor, ids)}

        return self.change(request, work)


class NotificationPreferences(AdministrationEndpoint):
    """`GET` which kinds come through which channels; `PUT {kind: {"app": true, "mail": false}}` switches them."""

    scopes = {"GET": SCOPE, "PUT": SCOPE}

    def get(self, request: Request) -> HttpResponse:
        return json_response(self._preferences())

    def put(self, request: Request) -> HttpResponse:
        def work() -> dict[str, Any]:
            wanted = members(request.data)
            for kind, channels in wanted.items():
                if not isinstance(channels, dict) or not all(isinstance(is_on, bool) for is_on in channels.values()):
                    raise ValidationFailed.single(kind, "invalid_type", _("Send a JSON object."))
            services.set_preferences(self.actor, wanted)
            return self._preferences()

        return self.change(request, work)

    def _preferences(self) -> dict[str, Any]:
        found = selectors.preferences(self.actor)
        return {
            "data": [{"kind": item.key, "label": str(item.label), "channels": dict(item.channels)} for item in found]
        }


def _told(item: Told) -> dict[str, Any]:
    return {
        "id": item.id,
        "kind": item.kind,
        "kind_label": str(item.kind_label),
        "title": item.title,
        "body": item.body,
        "url": item.url,
        "at": item.at,
        "read_at": item.read_at,
    }


def _limit(text: str) -> int:
    if not text:
        return DEFAULT_LIMIT
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= MAX_LIMIT:
        raise ValidationFailed.single("limit", "out_of_range", _("Choose one of the offered values."))
    return int(text)


def _ids(given: Any) -> list[UUID] | None:
    """Return the ids to mark, None for all of them; raises ValidationFailed for anything else."""
    unknown = sorted(given.keys() - {"ids", "all"})
    if unknown:
        raise ValidationFailed.single(unknown[0], "unknown_field", _("There is no such field."))
    if given.get("all") is True and "ids" not in given:
        return None
    ids = given.get("ids")
    if not isinstance(ids, list) or len(ids) > MOST_IDS or "all" in given:
        raise ValidationFailed.single("ids", "invalid_type", _("Send up to 500 ids, or that all are meant."))
    found = [parse_uuid(item) for item in ids]
    if None in found:
        raise ValidationFailed.single("ids", "invalid_type", _("Send up to 500 ids, or that all are meant."))
    return [item for item in found if item is not None]
