"""The operations and schemas of roles, profiles and permission sets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from openapi.document.operations import WRITE, Operation
from openapi.document.shapes import ID, IDS, NO_ID, TEXT, TEXTS

READ, CHANGE = "users:read", "users:write"


def _crud(path: str, noun: str, schema: str, texts: tuple[Promise, ...]) -> Iterator[Operation]:
    """Yield the five operations on a kind of thing: list, create, get, change, delete."""
    tags, one = (path.replace("-", "_"),), f"/{path}/{{id}}"
    yield Operation("get", f"/{path}", f"list_{noun}s", texts[0], READ, answer=f"{schema}List", tags=tags)
    yield Operation(
        "post",
        f"/{path}",
        f"create_{noun}",
        texts[1],
        CHANGE,
        WRITE,
        body=f"{schema}Input",
        answer=schema,
        status=201,
        tags=tags,
    )
    yield Operation("get", one, f"get_{noun}", texts[2], READ, ("Id",), answer=schema, tags=tags)
    yield Operation(
        "patch",
        one,
        f"update_{noun}",
        texts[3],
        CHANGE,
        ("Id", *WRITE),
        body=f"{schema}Changes",
        answer=schema,
        tags=tags,
    )
    yield Operation("delete", one, f"delete_{noun}", texts[4], CHANGE, ("Id", *WRITE), tags=tags)


def _matrices(path: str, noun: str) -> Iterator[Operation]:
    """Yield the operations on what a profile or permission set allows with objects and fields."""
    tags, objects, fields = (path.replace("-", "_"),), f"/{path}/{{id}}/objects", f"/{path}/{{id}}/fields/{{object}}"
    of_field = ("Id", "Object")
    yield Operation(
        "get",
        objects,
        f"get_{noun}_objects",
        _("What may be done with objects"),
        READ,
        ("Id",),
        "",
        "ObjectGrants",
        tags=tags,
    )
    yield Operation(
        "patch",
        objects,
        f"set_{noun}_objects",
        _("Set what may be done with some objects"),
        CHANGE,
        ("Id", *WRITE),
        body="ObjectActions",
        answer="ObjectGrants",
        tags=tags,
    )
    yield Operation(
        "get",
        fields,
        f"get_{noun}_fields",
        _("What may be done with fields"),
        READ,
        of_field,
        "",
        "FieldGrants",
        tags=tags,
    )
    yield Operation(
        "patch",
        fields,
        f"set_{noun}_fields",
        _("Set what may be done with some fields"),
        CHANGE,
        (*of_field, *WRITE),
        body="FieldLevels",
        answer="FieldGrants",
        tags=tags,
    )


def _record_types(path: str, noun: str) -> Iterator[Operation]:
    """Yield the operations on which record types a profile or permission set allows."""
    tags, types = (path.replace("-", "_"),), f"/{path}/{{id}}/record-types/{{object}}"
    texts = _("Which record types of an object may be used"), _("Set which record types of an object may be used")
    of_object, name = ("Id", "Object"), f"{noun}_record_types"
    yield Operation("get", types, f"get_{name}", texts[0], READ, of_object, "", "TypeRights", tags=tags)
    yield Operation(
        "put",
        types,
        f"set_{name}",
        texts[1],
        CHANGE,
        (*of_object, *WRITE),
        body="TypeRights",
        answer="TypeRights",
        tags=tags,
    )


_ROLE_TEXTS = (_("List roles"), _("Create a role"), _("Get a role"), _("Change a role"), _("Delete a role"))
_PROFILE_TEXTS = (
    _("List profiles"),
    _("Create a profile"),
    _("Get a profile"),
    _("Change a profile"),
    _("Delete a profile"),
)
_SET_TEXTS = (
    _("List permission sets"),
    _("Create a permission set"),
    _("Get a permission set"),
    _("Change a permission set"),
    _("Delete a permission set"),
)
ACCESS_OPERATIONS: tuple[Operation, ...] = (
    *_crud("roles", "role", "Role", _ROLE_TEXTS),
    *_crud("profiles", "profile", "Profile", _PROFILE_TEXTS),
    *_matrices("profiles", "profile"),
    *_record_types("profiles", "profile"),
    *_crud("permission-sets", "permission_set", "PermissionSet", _SET_TEXTS),
    *_matrices("permission-sets", "permission_set"),
    *_record_types("permission-sets", "permission_set"),
    Operation(
        "get",
        "/permission-sets/{id}/members",
        "get_permission_set_members",
        _("Who has a permission set"),
        READ,
        ("Id",),
        answer="PermissionSetMembers",
        tags=("permission_sets",),
    ),
    Operation(
        "put",
        "/permission-sets/{id}/members",
        "set_permission_set_members",
        _("Set who has a permission set"),
        CHANGE,
        ("Id", *WRITE),
        body="PermissionSetMembers",
        answer="PermissionSetMembers",
        tags=("permission_sets",),
    ),
)


def _body(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    made = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**made, "required": list(required)} if required else made


def _list(schema: str) -> dict[str, Any]:
    items = {"type": "array", "items": {"$ref": f"#/components/schemas/{schema}"}}
    return {"type": "object", "properties": {"data": items}}


_SCOPES = ["own", "subordinates", "roles_below", "department", "department_below", "all"]
_REACH = _body({"data_scope": {"enum": ["none", *_SCOPES, "chosen"]}, "departments": IDS}, "data_scope")
_ROLE = {
    "name": TEXT,
    "api_name": TEXT,
    "parent": NO_ID,
    "data_scope": {"enum": _SCOPES},
    "contact_scope": {"enum": ["department", "department_below", "chosen", "all"]},
    "contact_departments": IDS,
    "hides_contact_details": {"type": "boolean"},
    "scopes": {
        "type": "object",
        "description": "Object → action (read, edit, delete, export, transfer) → scope; null follows data_scope.",
        "additionalProperties": {
            "type": "object",
            "additionalProperties": {"oneOf": [_REACH, {"type": "null"}]},
        },
    },
}
_PROFILE = {"name": TEXT, "api_name": TEXT, "functions": TEXTS}
_SET = {**_PROFILE, "description": TEXT}
_SOURCE = {"source": {**NO_ID, "description": "Whose rights the new one copies"}}
_ACTIONS = {
    "enum": [
        *("read", "create", "edit", "delete", "import", "export", "mass_update", "merge", "convert", "transfer"),
        *("share", "restore", "view_all", "modify_all"),
    ]
}
_OBJECT_ACTIONS = {"type": "object", "additionalProperties": {"type": "array", "items": _ACTIONS}}
_FIELD_LEVELS = {"type": "object", "additionalProperties": {"enum": ["hidden", "masked", "read", "edit"]}}
ACCESS_SCHEMAS: dict[str, Any] = {
    "Role": {"type": "object", "properties": {"id": ID, **_ROLE}},
    "RoleList": _list("Role"),
    "RoleInput": _body(_ROLE, "name"),
    "RoleChanges": _body(_ROLE),
    "Profile": {"type": "object", "properties": {"id": ID, **_PROFILE}},
    "ProfileList": _list("Profile"),
    "ProfileInput": _body({**_PROFILE, **_SOURCE}, "name"),
    "ProfileChanges": _body(_PROFILE),
    "PermissionSet": {"type": "object", "properties": {"id": ID, **_SET}},
    "PermissionSetList": _list("PermissionSet"),
    "PermissionSetInput": _body({**_SET, **_SOURCE}, "name"),
    "PermissionSetChanges": _body(_SET),
    "PermissionSetMembers": _body({"users": IDS}, "users"),
    "ObjectActions": _OBJECT_ACTIONS,
    "ObjectGrants": {"type": "object", "properties": {"objects": _OBJECT_ACTIONS}},
    "FieldLevels": _FIELD_LEVELS,
    "TypeRights": _body({"used": TEXTS, "default": TEXT}, "used"),
    "FieldGrants": {"type": "object", "properties": {"fields": _FIELD_LEVELS}},
}
