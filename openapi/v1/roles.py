"""Roles over the API: their place in the hierarchy and how far they reach, for those who manage users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from crm_platform.identity import services
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import Department, Role
from crm_platform.identity.services import require_function
from crm_platform.identity.services.roles import RoleInput
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, ValidationFailed
from crm_platform.kit.ids import parse_uuid
from objects.access.rules import Reach
from objects.access.services.role_scopes import Table, change_role, get_role, scope_table
from openapi.http import json_response, members
from openapi.v1.administering import AdministrationEndpoint
from openapi.v1.reading import MemberReader


class RoleList(AdministrationEndpoint):
    """`GET` the roles, `POST` a new one."""

    scopes = {"GET": "users:read", "POST": "users:write"}

    def get(self, request: Request) -> HttpResponse:
        require_function(self.actor, MANAGE_USERS)
        rows = Role.objects.select_related("parent").prefetch_related("contact_departments").order_by("id")
        return json_response({"data": [_summary(row) for row in rows]})

    def post(self, request: Request) -> HttpResponse:
        def work() -> dict[str, Any]:
            changes, scopes = _changes(members(request.data))
            role = services.create_role(self.actor, RoleInput(**{"name": "", **changes}))
            return _detail(self.actor, change_role(self.actor, role.uuid, scopes) if scopes else role)

        return self.change(request, work, 201)


class RoleDetail(AdministrationEndpoint):
    """One role with its scopes per object and action: `GET`, `PATCH`, `DELETE`."""

    scopes = {"GET": "users:read", "PATCH": "users:write", "DELETE": "users:write"}

    def get(self, request: Request, role_id: UUID) -> HttpResponse:
        return json_response(_detail(self.actor, get_role(self.actor, role_id)))

    def patch(self, request: Request, role_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            changes, scopes = _changes(members(request.data))
            return _detail(self.actor, change_role(self.actor, role_id, scopes, **changes))

        return self.change(request, work)

    def delete(self, request: Request, role_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            services.delete_role(self.actor, role_id)
            return {"id": role_id, "deleted": True}

        return self.change(request, work)


def _summary(role: Role) -> dict[str, Any]:
    return {
        "id": role.uuid,
        "api_name": role.api_name,
        "name": role.name,
        "parent": role.parent.uuid if role.parent else None,
        "data_scope": role.data_scope,
        "contact_scope": role.contact_scope,
        "contact_departments": [item.pk for item in role.contact_departments.all()],
        "hides_contact_details": role.hides_contact_details,
    }


def _detail(actor: Actor, role: Role) -> dict[str, Any]:
    return {**_summary(role), "scopes": _scopes(scope_table(actor, role))}


def _scopes(table: Table) -> dict[str, Any]:
    return {
        name: {
            action: {"data_scope": reach.data_scope, "departments": list(reach.departments)}
            for action, reach in cells.items()
        }
        for name, cells in table.items()
    }


def _changes(body: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, dict[str, Reach | None]]]:
    """Return what a body says about a role, and about its scopes; raises ValidationFailed."""
    reader = MemberReader(body)
    changes: dict[str, Any] = {
        **reader.words("name", "api_name", "data_scope", "contact_scope"),
        **reader.flags("hides_contact_details"),
    }
    parent, departments = reader.references("parent"), reader.ids("contact_departments")
    scopes = reader.objects("scopes").get("scopes", {})
    reader.done()
    if "parent" in parent:
        changes["parent"] = _parent(parent["parent"])
    if "contact_departments" in departments:
        changes["contact_departments"] = _departments(departments["contact_departments"])
    return changes, {str(name): _cells(str(name), cells) for name, cells in scopes.items()}


def _parent(role_id: UUID | None) -> Role | None:
    found = Role.objects.filter(uuid=role_id).first() if role_id else None
    if role_id and found is None:
        raise ValidationFailed.single("parent", "invalid_reference", _("There is no such role."))
    return found


def _departments(ids: list[UUID]) -> list[Department]:
    found = list(Department.objects.filter(pk__in=ids).order_by("path"))
    if len(found) != len(set(ids)):
        raise ValidationFailed.single("contact_departments", "invalid_reference", _("There is no such department."))
    return found


def _cells(name: str, cells: Any) -> dict[str, Reach | None]:
    if not isinstance(cells, dict):
        raise ValidationFailed.single(f"scopes.{name}"[:120], "invalid_type", _("Send a JSON object."))
    return {str(action): _reach(f"scopes.{name}.{action}"[:120], given) for action, given in cells.items()}


def _reach(place: str, given: Any) -> Reach | None:
    """Return a scope; null follows the general one."""
    if given is None:
        return None
    scope = given.get("data_scope") if isinstance(given, dict) else None
    texts = given.get("departments", []) if isinstance(given, dict) else None
    departments = [parse_uuid(item) for item in texts] if isinstance(texts, list) else [None]
    if not isinstance(scope, str) or None in departments or set(given) - {"data_scope", "departments"}:
        raise ValidationFailed([FieldError(place, "invalid_type", _("Send data_scope and departments, or null."))])
    return Reach(scope, tuple(item for item in departments if item))
