"""Who may do what, explained over the API: why, who else, and what another role would change. Nothing is written."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from crm_platform.kit.errors import FieldError, ValidationFailed
from objects.access.audience import PAGE, Reached, who_can
from objects.access.explaining import explain
from objects.access.services.field_levels import level_name
from objects.access.simulation import CHANGEABLE, SEVERAL, SINGLE, ObjectChange, simulate_role_change
from openapi.http import Endpoint, json_response, members
from openapi.v1.reading import MemberReader

MAX_PEOPLE = 200


class PermissionExplain(Endpoint):
    """`POST {"user", "object", "record", "action", "field"}`: the verdict, what decided, and every layer on the way."""

    scopes = {"POST": "users:read"}

    def post(self, request: Request) -> HttpResponse:
        reader = MemberReader(members(request.data))
        words, ids = reader.words("object", "action", "field"), reader.references("user", "record")
        reader.done()
        user = ids.get("user") or self.actor.user_id
        missing = [name for name in ("object", "action") if not words.get(name)]
        if missing or user is None:
            raise ValidationFailed([FieldError(name, "required", _("Required.")) for name in missing or ["user"]])
        found = explain(
            self.actor, user, words["object"], ids.get("record"), words["action"], words.get("field") or None
        )
        return json_response(found.to_api(), Cache_Control="no-store")


class RecordAccess(Endpoint):
    """`GET ?action=read&page=1&limit=50`: the active users who can do it to the record, and why each of them."""

    scopes = {"GET": "users:read"}

    def get(self, request: Request, object_name: str, record_id: uuid.UUID) -> HttpResponse:
        limit, page = _number(request, "limit", PAGE, MAX_PEOPLE), _number(request, "page", 1, 10_000)
        action, text = request.GET.get("action", "read"), request.GET.get("q", "")[:100]
        found = who_can(self.actor, object_name, record_id, action, offset=(page - 1) * limit, limit=limit, text=text)
        people = [_person(item) for item in found.people]
        return json_response(
            {"data": people, "total": found.total, "has_more": found.has_more}, Cache_Control="no-store"
        )


class UserSimulation(Endpoint):
    """`POST {"role", "profile", "department", "permission_sets", "groups", "territories"}`: what they would change."""

    scopes = {"POST": "users:read"}

    def post(self, request: Request, user_id: uuid.UUID) -> HttpResponse:
        reader = MemberReader(members(request.data))
        changes: dict[str, Any] = {**reader.references(*SINGLE), **reader.ids(*SEVERAL)}
        reader.done()
        if not changes:
            message = _("Send at least one of: %(names)s.")
            raise ValidationFailed.single(None, "required", message, names=", ".join(CHANGEABLE))
        found = simulate_role_change(self.actor, user_id, changes)
        answer = {
            "user": {"id": found.user_id, "name": found.user_name},
            "functions": {"gained": found.functions_gained, "lost": found.functions_lost},
            "objects": [_change(item) for item in found.objects],
        }
        return json_response(answer, Cache_Control="no-store")


def _number(request: Request, name: str, default: int, most: int) -> int:
    text = request.GET.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= most):
        raise ValidationFailed.single(name, "out_of_range", _("Between 1 and %(max)d."), max=most)
    return int(text)


def _person(item: Reached) -> dict[str, Any]:
    return {
        "user": {"id": item.user_id, "name": item.name, "department": item.department},
        "reasons": [step.to_api() for step in item.reasons],
    }


def _change(item: ObjectChange) -> dict[str, Any]:
    return {
        "object": item.name,
        "label": item.label,
        "records": {"read": asdict(item.read), "edit": asdict(item.edit)},
        "actions": {"gained": item.actions_gained, "lost": item.actions_lost},
        "fields": [
            {"field": field.name, "before": level_name(field.before), "after": level_name(field.after)}
            for field in item.fields
        ],
    }
