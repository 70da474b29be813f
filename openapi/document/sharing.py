"""The operations and schemas of sharing: rules, defaults, shares and teams of records, delegations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from openapi.document.operations import WRITE, Operation
from openapi.document.shapes import FLAG, ID, NO_DAY, NO_MOMENT, NO_TEXT, NUMBER, TEXT

READ, CHANGE = "users:read", "users:write"
_LEVEL: dict[str, Any] = {"type": "string", "enum": ["read", "edit", "full"]}
_TEAM_LEVEL: dict[str, Any] = {"type": "string", "enum": ["read", "edit"]}
_DEFAULT: dict[str, Any] = {"type": "string", "enum": ["private", "read", "edit", "full"]}
_CONDITION: dict[str, Any] = {"type": ["object", "null"]}
_PRINCIPAL: dict[str, Any] = {
    "type": "string",
    "pattern": "^(everyone|(user|role|role_below|group|department|department_below|territory|territory_below):"
    "[0-9a-fA-F-]{36})$",
}


def _rule_operations(path: str, noun: str, schema: str, texts: tuple[Promise, ...]) -> Iterator[Operation]:
    one, tags = f"/{path}/{{id}}", ("sharing",)
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
        "patch", one, f"update_{noun}", texts[3], CHANGE, ("Id", *WRITE), f"{schema}Changes", schema, tags=tags
    )
    yield Operation("delete", one, f"delete_{noun}", texts[4], CHANGE, ("Id", *WRITE), tags=tags)


SHARING_OPERATIONS = (
    *_rule_operations(
        "sharing-rules",
        "sharing_rule",
        "SharingRule",
        (
            _("List the sharing rules"),
            _("Create a sharing rule"),
            _("Get a sharing rule"),
            _("Change a sharing rule"),
            _("Delete a sharing rule"),
        ),
    ),
    *_rule_operations(
        "restriction-rules",
        "restriction_rule",
        "RestrictionRule",
        (
            _("List the restriction rules"),
            _("Create a restriction rule"),
            _("Get a restriction rule"),
            _("Change a restriction rule"),
            _("Delete a restriction rule"),
        ),
    ),
    Operation(
        "get",
        "/sharing-defaults",
        "list_sharing_defaults",
        _("List what everybody may do with others' records"),
        READ,
        answer="SharingDefaultList",
        tags=("sharing",),
    ),
    Operation(
        "patch",
        "/sharing-defaults/{object}",
        "set_sharing_default",
        _("Set what everybody may do with others' records of an object"),
        CHANGE,
        ("Object", *WRITE),
        "SharingDefaultInput",
        "SharingDefault",
        tags=("sharing",),
    ),
    Operation(
        "get",
        "/delegations",
        "list_delegations",
        _("List who stands in for whom"),
        READ,
        answer="DelegationList",
        tags=("sharing",),
    ),
    Operation(
        "post",
        "/delegations",
        "create_delegation",
        _("Let somebody stand in for a person"),
        CHANGE,
        WRITE,
        "DelegationInput",
        "Delegation",
        status=201,
        tags=("sharing",),
    ),
    Operation(
        "get",
        "/delegations/{number}",
        "get_delegation",
        _("Get a delegation"),
        READ,
        ("Number",),
        answer="Delegation",
        tags=("sharing",),
    ),
    Operation(
        "delete",
        "/delegations/{number}",
        "end_delegation",
        _("End a delegation now"),
        CHANGE,
        ("Number", *WRITE),
        tags=("sharing",),
    ),
)
_RECORD = "/records/{object}/{id}"
_SEE, _WRITE = "records:read", "records:write"
RECORD_SHARING_OPERATIONS = (
    Operation(
        "get",
        f"{_RECORD}/shares",
        "list_{object}_shares",
        _("List with whom a record is shared"),
        _SEE,
        ("Id",),
        answer="ShareList",
    ),
    Operation(
        "post",
        f"{_RECORD}/shares",
        "share_{object}",
        _("Share a record"),
        _WRITE,
        ("Id", *WRITE),
        "ShareInput",
        "Share",
        status=201,
    ),
    Operation(
        "patch",
        f"{_RECORD}/shares/{{number}}",
        "update_{object}_share",
        _("Change a share of a record"),
        _WRITE,
        ("Id", "Number", *WRITE),
        "ShareChanges",
        "Share",
    ),
    Operation(
        "delete",
        f"{_RECORD}/shares/{{number}}",
        "unshare_{object}",
        _("Take a share of a record back"),
        _WRITE,
        ("Id", "Number", *WRITE),
    ),
    Operation(
        "get",
        f"{_RECORD}/team",
        "list_{object}_team",
        _("List the team of a record"),
        _SEE,
        ("Id",),
        answer="Team",
    ),
    Operation(
        "post",
        f"{_RECORD}/team",
        "add_{object}_team_member",
        _("Add a member to the team of a record"),
        _WRITE,
        ("Id", *WRITE),
        "TeamMemberInput",
        "TeamMember",
        status=201,
    ),
    Operation(
        "patch",
        f"{_RECORD}/team/{{user}}",
        "update_{object}_team_member",
        _("Change a member of the team of a record"),
        _WRITE,
        ("Id", "User", *WRITE),
        "TeamMemberChanges",
        "TeamMember",
    ),
    Operation(
        "delete",
        f"{_RECORD}/team/{{user}}",
        "remove_{object}_team_member",
        _("Take a member off the team of a record"),
        _WRITE,
        ("Id", "User", *WRITE),
    ),
    Operation(
        "post",
        f"{_RECORD}/transfer",
        "transfer_{object}",
        _("Give a record to another owner"),
        _WRITE,
        ("Id", *WRITE),
        "TransferInput",
    ),
)


def _object(properties: dict[str, Any], *required: str, is_input: bool = False) -> dict[str, Any]:
    closed = {"additionalProperties": False} if is_input else {}
    return {"type": "object", **({"required": list(required)} if required else {}), "properties": properties, **closed}


def _list(name: str) -> dict[str, Any]:
    return _object({"data": {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}})


_RULE = {"label": TEXT, "condition": _CONDITION, "is_active": FLAG, "position": NUMBER}
_SHARING = {
    **_RULE,
    "kind": {"type": "string", "enum": ["owner", "criteria"]},
    "owned_by": NO_TEXT,
    "shared_with": _PRINCIPAL,
    "level": _LEVEL,
    "starts_on": NO_DAY,
    "ends_on": NO_DAY,
}
_RESTRICTION = {**_RULE, "applies_to": _PRINCIPAL}
_SHARE = {"level": _LEVEL, "expires_at": NO_MOMENT, "note": TEXT, "ends_with_owner": FLAG}
_MEMBER = {"level": _TEAM_LEVEL, "role": TEXT}
_DELEGATION = {"user_id": ID, "delegate_id": ID, "starts_at": NO_MOMENT, "ends_at": NO_MOMENT, "note": TEXT}
SHARING_SCHEMAS: dict[str, Any] = {
    "SharingRule": _object({"id": ID, "object": TEXT, **_SHARING, "owned_by_name": NO_TEXT, "shared_with_name": TEXT}),
    "SharingRuleInput": _object(
        {"object": TEXT, **_SHARING, "owned_by": _PRINCIPAL}, "object", "label", "kind", "shared_with", is_input=True
    ),
    "SharingRuleChanges": _object({**_SHARING, "owned_by": _PRINCIPAL}, is_input=True),
    "SharingRuleList": _list("SharingRule"),
    "RestrictionRule": _object({"id": ID, "object": TEXT, **_RESTRICTION, "applies_to_name": TEXT}),
    "RestrictionRuleInput": _object(
        {"object": TEXT, **_RESTRICTION}, "object", "label", "applies_to", "condition", is_input=True
    ),
    "RestrictionRuleChanges": _object(_RESTRICTION, is_input=True),
    "RestrictionRuleList": _list("RestrictionRule"),
    "SharingDefault": _object({"object": TEXT, "label": TEXT, "sharing": _DEFAULT}),
    "SharingDefaultInput": _object({"sharing": _DEFAULT}, "sharing", is_input=True),
    "SharingDefaultList": _list("SharingDefault"),
    "Share": _object(
        {
            "id": NUMBER,
            "principal": _PRINCIPAL,
            "name": TEXT,
            **_SHARE,
            "granted_by_id": NO_TEXT,
            "granted_at": NO_MOMENT,
        }
    ),
    "ShareInput": _object({"principal": _PRINCIPAL, **_SHARE}, "principal", is_input=True),
    "ShareChanges": _object(_SHARE, is_input=True),
    "ShareList": _list("Share"),
    "TeamMember": _object({"user_id": ID, "name": TEXT, **_MEMBER, "added_by_id": NO_TEXT, "added_at": NO_MOMENT}),
    "TeamMemberInput": _object({"user_id": ID, **_MEMBER}, "user_id", is_input=True),
    "TeamMemberChanges": _object(_MEMBER, is_input=True),
    "Team": _list("TeamMember"),
    "TransferInput": _object(
        {"owner_id": ID, "keep": {"type": ["string", "null"], "enum": ["read", "edit", None]}},
        "owner_id",
        is_input=True,
    ),
    "Delegation": _object({"id": NUMBER, **_DELEGATION, "user_name": TEXT, "delegate_name": TEXT}),
    "DelegationInput": _object(_DELEGATION, "delegate_id", "starts_at", "ends_at", is_input=True),
    "DelegationList": _list("Delegation"),
}
SHARING_PARAMETERS: dict[str, Any] = {
    "Number": {"name": "number", "in": "path", "required": True, "schema": NUMBER},
    "User": {"name": "user", "in": "path", "required": True, "schema": ID},
}
