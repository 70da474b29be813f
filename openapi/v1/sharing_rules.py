"""Sharing rules, restriction rules and the defaults of objects over the API, for those who manage users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request

from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.services import require_function
from metadata.models import BusinessObject
from objects.access.models import RestrictionRule, SharingRule
from objects.access.naming import names_of
from objects.access.services import restriction_rules, sharing_rules
from objects.access.services.object_defaults import set_object_default
from objects.access.services.restriction_rules import RestrictionRuleInput
from objects.access.services.sharing_rules import SharingRuleInput
from openapi.http import json_response, members
from openapi.v1.administering import AdministrationEndpoint
from openapi.v1.sharing_input import LEVEL_NAMES, SharingReader

READ_WRITE = {"GET": "users:read", "POST": "users:write"}
ONE = {"GET": "users:read", "PATCH": "users:write", "DELETE": "users:write"}


class SharingRuleList(AdministrationEndpoint):
    """`GET` the rules, of one object with `?object=`; `POST` a new one."""

    scopes = READ_WRITE

    def get(self, request: Request) -> HttpResponse:
        rows = sharing_rules.sharing_rules(self.actor, request.query_params.get("object"))
        return json_response({"data": _sharing_told(rows)})

    def post(self, request: Request) -> HttpResponse:
        def work() -> dict[str, Any]:
            given = _sharing_changes(members(request.data), is_new=True)
            blank = {"object": "", "label": "", "kind": "", "shared_with": ""}
            return _sharing_told(
                [sharing_rules.create_sharing_rule(self.actor, SharingRuleInput(**{**blank, **given}))]
            )[0]

        return self.change(request, work, 201)


class SharingRuleDetail(AdministrationEndpoint):
    """One rule: `GET`, `PATCH`, `DELETE`."""

    scopes = ONE

    def get(self, request: Request, rule_id: UUID) -> HttpResponse:
        return json_response(_sharing_told([sharing_rules.get_sharing_rule(self.actor, rule_id)])[0])

    def patch(self, request: Request, rule_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            changes = _sharing_changes(members(request.data))
            return _sharing_told([sharing_rules.update_sharing_rule(self.actor, rule_id, **changes)])[0]

        return self.change(request, work)

    def delete(self, request: Request, rule_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            sharing_rules.delete_sharing_rule(self.actor, rule_id)
            return {"id": rule_id, "deleted": True}

        return self.change(request, work)


class RestrictionRuleList(AdministrationEndpoint):
    """`GET` the rules, of one object with `?object=`; `POST` a new one."""

    scopes = READ_WRITE

    def get(self, request: Request) -> HttpResponse:
        rows = restriction_rules.restriction_rules(self.actor, request.query_params.get("object"))
        return json_response({"data": _restrictions_told(rows)})

    def post(self, request: Request) -> HttpResponse:
        def work() -> dict[str, Any]:
            given = _restriction_changes(members(request.data), is_new=True)
            blank = {"object": "", "label": "", "applies_to": "", "condition": None}
            made = restriction_rules.create_restriction_rule(self.actor, RestrictionRuleInput(**{**blank, **given}))
            return _restrictions_told([made])[0]

        return self.change(request, work, 201)


class RestrictionRuleDetail(AdministrationEndpoint):
    """One rule: `GET`, `PATCH`, `DELETE`."""

    scopes = ONE

    def get(self, request: Request, rule_id: UUID) -> HttpResponse:
        return json_response(_restrictions_told([restriction_rules.get_restriction_rule(self.actor, rule_id)])[0])

    def patch(self, request: Request, rule_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            changes = _restriction_changes(members(request.data))
            return _restrictions_told([restriction_rules.update_restriction_rule(self.actor, rule_id, **changes)])[0]

        return self.change(request, work)

    def delete(self, request: Request, rule_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            restriction_rules.delete_restriction_rule(self.actor, rule_id)
            return {"id": rule_id, "deleted": True}

        return self.change(request, work)


class SharingDefaultList(AdministrationEndpoint):
    """`GET` what everybody may do with others' records, object by object."""

    scopes = {"GET": "users:read"}

    def get(self, request: Request) -> HttpResponse:
        require_function(self.actor, MANAGE_USERS)
        rows = BusinessObject.objects.filter(state=BusinessObject.State.ACTIVE).order_by("position", "id")
        return json_response({"data": [_default_told(row) for row in rows]})


class SharingDefaultDetail(AdministrationEndpoint):
    """`PATCH {"sharing": "private" | "read" | "edit" | "full"}` of one object."""

    scopes = {"PATCH": "users:write"}

    def patch(self, request: Request, object_name: str) -> HttpResponse:
        def work() -> dict[str, Any]:
            reader = SharingReader(members(request.data))
            given = reader.words("sharing")
            reader.done()
            return _default_told(set_object_default(self.actor, object_name, given.get("sharing", "")))

        return self.change(request, work)


def _sharing_changes(body: Mapping[str, Any], *, is_new: bool = False) -> dict[str, Any]:
    reader = SharingReader(body)
    changes: dict[str, Any] = {
        **reader.words("label", "kind", "owned_by", "shared_with", *(("object",) if is_new else ())),
        **reader.levels("level"),
        **reader.days("starts_on", "ends_on"),
        **reader.trees("condition"),
        **reader.flags("is_active"),
        **reader.positions("position"),
    }
    reader.done()
    return changes


def _restriction_changes(body: Mapping[str, Any], *, is_new: bool = False) -> dict[str, Any]:
    reader = SharingReader(body)
    changes: dict[str, Any] = {
        **reader.words("label", "applies_to", *(("object",) if is_new else ())),
        **reader.trees("condition"),
        **reader.flags("is_active"),
        **reader.positions("position"),
    }
    reader.done()
    return changes


def _sharing_told(rows: list[SharingRule]) -> list[dict[str, Any]]:
    names = names_of(text for row in rows for text in (row.owned_by, row.shared_with) if text)
    return [
        {
            "id": row.uuid,
            "object": row.business_object.api_name,
            "label": row.label,
            "kind": row.kind,
            "owned_by": row.owned_by or None,
            "owned_by_name": names.get(row.owned_by),
            "condition": row.condition,
            "shared_with": row.shared_with,
            "shared_with_name": names[row.shared_with],
            "level": LEVEL_NAMES[row.level],
            "starts_on": row.starts_on,
            "ends_on": row.ends_on,
            "is_active": row.is_active,
            "position": row.position,
        }
        for row in rows
    ]


def _restrictions_told(rows: list[RestrictionRule]) -> list[dict[str, Any]]:
    names = names_of(row.applies_to for row in rows)
    return [
        {
            "id": row.uuid,
            "object": row.business_object.api_name,
            "label": row.label,
            "applies_to": row.applies_to,
            "applies_to_name": names[row.applies_to],
            "condition": row.condition,
            "is_active": row.is_active,
            "position": row.position,
        }
        for row in rows
    ]


def _default_told(row: BusinessObject) -> dict[str, Any]:
    return {"object": row.api_name, "label": row.label, "sharing": row.sharing}
