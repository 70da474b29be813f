"""The department tree over the API."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from crm_platform.identity import selectors, services
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import Department
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import NotFound, ValidationFailed
from openapi.http import json_response, members
from openapi.v1.administering import AdministrationEndpoint
from openapi.v1.reading import MemberReader


class DepartmentList(AdministrationEndpoint):
    """`GET` all departments in the order of the tree, `POST` a new one."""

    scopes = {"GET": "users:read", "POST": "users:write"}

    def get(self, request: Request) -> HttpResponse:
        return json_response({"data": [_told(row) for row in selectors.department_tree(self.actor)]})

    def post(self, request: Request) -> HttpResponse:
        def work() -> dict[str, Any]:
            reader = MemberReader(members(request.data))
            texts, parent = reader.words("name", "code"), reader.references("parent").get("parent")
            reader.done()
            if parent is None:
                raise ValidationFailed.single("parent", "required", _("This field is required."))
            name, code = texts.get("name", ""), texts.get("code", "")
            return _one(self.actor, services.create_department(self.actor, name, parent, code=code))

        return self.change(request, work, 201)


class DepartmentTree(AdministrationEndpoint):
    """`GET` the departments as a tree: each with its `children`."""

    scopes = {"GET": "users:read"}

    def get(self, request: Request) -> HttpResponse:
        return json_response({"data": _nested(selectors.department_tree(self.actor))})


class DepartmentDetail(AdministrationEndpoint):
    """One department: `GET`, `PATCH` its name and code."""

    scopes = {"GET": "users:read", "PATCH": "users:write"}

    def get(self, request: Request, department_id: UUID) -> HttpResponse:
        return json_response(_one(self.actor, selectors.get_department(self.actor, department_id)))

    def patch(self, request: Request, department_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            reader = MemberReader(members(request.data))
            texts = reader.words("name", "code")
            reader.done()
            services.require_function(self.actor, MANAGE_USERS)
            name = texts.get("name", selectors.get_department(self.actor, department_id).name)
            made = services.rename_department(self.actor, department_id, name, code=texts.get("code"))
            return _one(self.actor, made)

        return self.change(request, work)


class DepartmentMove(AdministrationEndpoint):
    """`POST {"parent": id}`: put a department with everything below it under another one."""

    scopes = {"POST": "users:write"}

    def post(self, request: Request, department_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            reader = MemberReader(members(request.data))
            parent = reader.references("parent").get("parent")
            reader.done()
            if parent is None:
                raise ValidationFailed.single("parent", "required", _("This field is required."))
            return _one(self.actor, services.move_department(self.actor, department_id, parent))

        return self.change(request, work)


class DepartmentDeactivate(AdministrationEndpoint):
    """`POST`: close a department and those below it; nobody active may be left in them."""

    scopes = {"POST": "users:write"}

    def post(self, request: Request, department_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            services.deactivate_department(self.actor, department_id)
            return _one(self.actor, selectors.get_department(self.actor, department_id))

        return self.change(request, work)


class DepartmentActivate(AdministrationEndpoint):
    """`POST`: open a closed department again, with those above it."""

    scopes = {"POST": "users:write"}

    def post(self, request: Request, department_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            services.reactivate_department(self.actor, department_id)
            return _one(self.actor, selectors.get_department(self.actor, department_id))

        return self.change(request, work)


def _told(row: selectors.DepartmentRow) -> dict[str, Any]:
    department = row.department
    return {
        "id": department.pk,
        "name": department.name,
        "code": department.code,
        "parent": row.parent_id,
        "level": row.level,
        "is_active": department.is_active,
        "member_count": row.members,
        "member_count_below": row.within,
    }


def _one(actor: Actor, department: Department) -> dict[str, Any]:
    for row in selectors.department_tree(actor):
        if row.department.pk == department.pk:
            return _told(row)
    raise NotFound


def _nested(rows: Iterable[selectors.DepartmentRow]) -> list[dict[str, Any]]:
    """Return the roots, parents coming before their children."""
    roots: list[dict[str, Any]] = []
    found: dict[UUID, dict[str, Any]] = {}
    for row in rows:
        node = found[row.department.pk] = {**_told(row), "children": []}
        (found[row.parent_id]["children"] if row.parent_id else roots).append(node)
    return roots
