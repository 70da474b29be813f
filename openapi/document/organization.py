"""The operations and schemas of users, departments, groups and territories."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from openapi.document.operations import WRITE, Operation
from openapi.document.shapes import FLAG, ID, IDS, NO_ID, NUMBER, TEXT

READ, CHANGE = "users:read", "users:write"


def _get(path: str, name: str, summary: Promise, answer: str, *parameters: str) -> Operation:
    return Operation("get", path, name, summary, READ, parameters, answer=answer, tags=(path.split("/")[1],))


def _write(
    method: str, path: str, name: str, summary: Promise, answer: str, *, body: str = "", status: int = 200
) -> Operation:
    parameters = (*(("Id",) if "{id}" in path else ()), *WRITE)
    tags = (path.split("/")[1],)
    return Operation(method, path, name, summary, CHANGE, parameters, body, answer, status=status, tags=tags)


ORGANIZATION_OPERATIONS: tuple[Operation, ...] = (
    _get(
        "/users", "list_users", _("List users"), "UserList", "FindUsers", "UserState", "OfDepartment", "Limit", "Cursor"
    ),
    _write("post", "/users", "create_user", _("Create a user"), "User", body="UserInput", status=201),
    _get("/users/{id}", "get_user", _("Get a user"), "User", "Id"),
    _write("patch", "/users/{id}", "update_user", _("Change a user"), "User", body="UserChanges"),
    _write("post", "/users/{id}/deactivate", "deactivate_user", _("Deactivate a user"), "DeactivatedUser"),
    _write("post", "/users/{id}/activate", "activate_user", _("Activate a user again"), "User"),
    Operation(
        "post",
        "/users/{id}/invite",
        "invite_user",
        _("Make a link by which a user sets the first password"),
        CHANGE,
        ("Id",),
        answer="Invitation",
        status=201,
        tags=("users",),
    ),
    _get("/departments", "list_departments", _("List departments"), "DepartmentList"),
    _write(
        "post",
        "/departments",
        "create_department",
        _("Create a department"),
        "Department",
        body="DepartmentInput",
        status=201,
    ),
    _get("/departments/tree", "get_department_tree", _("Get departments as a tree"), "DepartmentTree"),
    _get("/departments/{id}", "get_department", _("Get a department"), "Department", "Id"),
    _write(
        "patch",
        "/departments/{id}",
        "update_department",
        _("Change a department"),
        "Department",
        body="DepartmentChanges",
    ),
    _write(
        "post",
        "/departments/{id}/move",
        "move_department",
        _("Move a department"),
        "Department",
        body="DepartmentMove",
    ),
    _write("post", "/departments/{id}/deactivate", "deactivate_department", _("Close a department"), "Department"),
    _write("post", "/departments/{id}/activate", "activate_department", _("Open a department again"), "Department"),
    _get("/groups", "list_groups", _("List groups"), "GroupList"),
    _write("post", "/groups", "create_group", _("Create a group"), "Group", body="GroupInput", status=201),
    _get("/groups/{id}", "get_group", _("Get a group"), "Group", "Id"),
    _write("patch", "/groups/{id}", "update_group", _("Change a group"), "Group", body="GroupChanges"),
    _write("delete", "/groups/{id}", "delete_group", _("Delete a group"), "Anything"),
    _write(
        "put",
        "/groups/{id}/members",
        "set_group_members",
        _("Set who is in a group"),
        "Group",
        body="GroupMembers",
    ),
    _get("/territories", "list_territories", _("List territories"), "TerritoryList"),
    _write(
        "post",
        "/territories",
        "create_territory",
        _("Create a territory"),
        "Territory",
        body="TerritoryInput",
        status=201,
    ),
    _get("/territories/{id}", "get_territory", _("Get a territory"), "Territory", "Id"),
    _write(
        "patch",
        "/territories/{id}",
        "update_territory",
        _("Rename, move, close or open a territory"),
        "Territory",
        body="TerritoryChanges",
    ),
    _write("delete", "/territories/{id}", "delete_territory", _("Delete a territory"), "Anything"),
    _write(
        "put",
        "/territories/{id}/members",
        "set_territory_members",
        _("Set who is in a territory"),
        "Territory",
        body="TerritoryMembers",
    ),
)


def _body(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    made = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**made, "required": list(required)} if required else made


def _list(schema: str, **more: Any) -> dict[str, Any]:
    items = {"type": "array", "items": {"$ref": f"#/components/schemas/{schema}"}}
    return {"type": "object", "properties": {"data": items, **more}}


_USER = {
    **dict.fromkeys(("username", "name", "email", "phone", "title", "language", "time_zone"), TEXT),
    "department": NO_ID,
    "role": NO_ID,
    "profile": NO_ID,
    "manager": NO_ID,
    "other_departments": {
        "type": "array",
        "items": _body({"department": ID, "title": TEXT}, "department"),
    },
}
_NEW_USER = {**_USER, "password": {**TEXT, "description": "Without one the user is invited by a link."}}
_READ_USER = {"id": ID, **_USER, "is_active": FLAG}
_OWNED = {"type": "object", "properties": {"label": TEXT, "count": NUMBER}}
_DEPARTMENT = {
    "id": ID,
    "name": TEXT,
    "code": TEXT,
    "parent": NO_ID,
    "level": NUMBER,
    "is_active": FLAG,
    "member_count": NUMBER,
    "member_count_below": NUMBER,
}
_GROUP = {"name": TEXT, "api_name": TEXT, "description": TEXT}
_TERRITORY = {
    "id": ID,
    "name": TEXT,
    "parent": NO_ID,
    "level": NUMBER,
    "is_active": FLAG,
    "member_count": NUMBER,
    "member_count_below": NUMBER,
    "sharing_rule_count": NUMBER,
}
_NODES = {"type": "array", "items": {"$ref": "#/components/schemas/DepartmentNode"}}
ORGANIZATION_SCHEMAS: dict[str, Any] = {
    "User": {"type": "object", "properties": _READ_USER},
    "UserList": _list("User", page={"$ref": "#/components/schemas/PageInfo"}),
    "UserInput": _body(_NEW_USER, "username", "name", "department", "role", "profile"),
    "UserChanges": _body(_USER),
    "DeactivatedUser": {"type": "object", "properties": {**_READ_USER, "owns": {"type": "array", "items": _OWNED}}},
    "Invitation": {"type": "object", "properties": {"url": TEXT, "expires_at": {**TEXT, "format": "date-time"}}},
    "Department": {"type": "object", "properties": _DEPARTMENT},
    "DepartmentList": _list("Department"),
    "DepartmentNode": {"type": "object", "properties": {**_DEPARTMENT, "children": _NODES}},
    "DepartmentTree": {"type": "object", "properties": {"data": _NODES}},
    "DepartmentInput": _body({"name": TEXT, "code": TEXT, "parent": ID}, "name", "parent"),
    "DepartmentChanges": _body({"name": TEXT, "code": TEXT}),
    "DepartmentMove": _body({"parent": ID}, "parent"),
    "Group": {"type": "object", "properties": {"id": ID, **_GROUP, "members": IDS, "member_count": NUMBER}},
    "GroupList": _list("Group"),
    "GroupInput": _body({**_GROUP, "members": IDS}, "name"),
    "GroupChanges": _body(_GROUP),
    "GroupMembers": _body({"members": IDS}, "members"),
    "Territory": {"type": "object", "properties": {**_TERRITORY, "members": IDS}},
    "TerritoryList": _list("Territory"),
    "TerritoryInput": _body({"name": TEXT, "parent": NO_ID, "members": IDS}, "name"),
    "TerritoryChanges": _body({"name": TEXT, "parent": NO_ID, "is_active": FLAG}),
    "TerritoryMembers": _body({"members": IDS}, "members"),
}
ORGANIZATION_PARAMETERS: dict[str, Any] = {
    "FindUsers": {"name": "q", "in": "query", "schema": TEXT},
    "UserState": {"name": "state", "in": "query", "schema": {"enum": ["active", "inactive", "all"]}},
    "OfDepartment": {"name": "department", "in": "query", "schema": ID},
}
