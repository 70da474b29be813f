"""The operations and schemas of what is settled about pools: pools, members, returns, caps, assignment, response."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from openapi.document.operations import META_ERRORS, WRITE, Operation
from openapi.document.shapes import FLAG, ID, NUMBER, TEXT, TEXTS
from workflows.assignment.models import ENTRIES, AssignmentRule
from workflows.pools.models import Clock, OpenTasks, Pool, RecycleRule

READ, CHANGE, TAGS = "meta:read", "meta:write", ("pools",)
POOL = "/meta/pools/{pool}"
RULES, RULE = f"{POOL}/assignment-rules", f"{POOL}/assignment-rules/{{id}}"


def _get(path: str, name: str, summary: Promise, answer: str, *parameters: str) -> Operation:
    known = ("Pool",) if "{pool}" in path else ()
    return Operation("get", path, name, summary, READ, (*known, *parameters), answer=answer, tags=TAGS)


def _change(
    method: str, path: str, name: str, summary: Promise, body: str, answer: str, *parameters: str, status: int = 200
) -> Operation:
    known = ("Pool",) if "{pool}" in path else ()
    return Operation(
        method,
        path,
        name,
        summary,
        CHANGE,
        (*known, *parameters, *WRITE),
        body,
        answer,
        status=status,
        tags=TAGS,
        errors=META_ERRORS,
    )


_IF = "IfMatch"
POOL_SETTINGS_OPERATIONS = (
    _get(
        "/meta/pools", "list_pool_settings", _("List the pools with their settings"), "PoolSettingsList", "PoolObject"
    ),
    _change("post", "/meta/pools", "create_pool", _("Create a pool"), "PoolInput", "PoolSettings", status=201),
    _get(POOL, "get_pool_settings", _("Get the settings of a pool"), "PoolSettings"),
    _change("patch", POOL, "update_pool", _("Change the settings of a pool"), "PoolChanges", "PoolSettings", _IF),
    _change("delete", POOL, "delete_pool", _("Delete a pool that is switched off and empty"), "", "Anything", _IF),
    _get(f"{POOL}/members", "list_pool_members", _("List who works with a pool"), "PoolMembers"),
    _change(
        "put",
        f"{POOL}/members",
        "set_pool_members",
        _("Set who works with a pool"),
        "PoolMembersInput",
        "PoolMembers",
        _IF,
    ),
    _get(f"{POOL}/recycle-rules", "list_recycle_rules", _("List when records return to a pool"), "RecycleRules"),
    _change(
        "put",
        f"{POOL}/recycle-rules",
        "set_recycle_rules",
        _("Set when records return to a pool"),
        "RecycleRulesInput",
        "RecycleRules",
        _IF,
    ),
    _get(
        "/meta/objects/{object}/hold-caps",
        "list_hold_caps",
        _("List how much people may hold over all pools of an object"),
        "HoldCaps",
        "Object",
    ),
    _change(
        "put",
        "/meta/objects/{object}/hold-caps",
        "set_hold_caps",
        _("Set how much people may hold over all pools of an object"),
        "HoldCapsInput",
        "HoldCaps",
        "Object",
    ),
    _get(RULES, "list_assignment_rules", _("List the rules by which a pool is given out"), "AssignmentRuleList"),
    _change(
        "post",
        RULES,
        "create_assignment_rule",
        _("Create a rule by which a pool is given out"),
        "AssignmentRuleInput",
        "AssignmentRule",
        status=201,
    ),
    _get(RULE, "get_assignment_rule", _("Get a rule by which a pool is given out"), "AssignmentRule", "Id"),
    _change(
        "patch",
        RULE,
        "update_assignment_rule",
        _("Change a rule by which a pool is given out"),
        "AssignmentRuleChanges",
        "AssignmentRule",
        "Id",
        _IF,
    ),
    _change(
        "delete",
        RULE,
        "delete_assignment_rule",
        _("Delete a rule by which a pool is given out"),
        "",
        "Anything",
        "Id",
        _IF,
    ),
    _get(
        f"{POOL}/response-times",
        "get_response_times",
        _("Get how soon records of a pool are to be followed up"),
        "ResponseTimes",
    ),
    _change(
        "patch",
        f"{POOL}/response-times",
        "update_response_times",
        _("Change how soon records of a pool are to be followed up"),
        "ResponseTimesChanges",
        "ResponseTimes",
        _IF,
    ),
)

_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
_CAP: dict[str, Any] = {"type": ["integer", "null"], "minimum": 0}
_MINUTES: dict[str, Any] = {**_COUNT, "description": "Minutes; 0: no demand"}
_TREE: dict[str, Any] = {"type": ["object", "null"], "description": "A condition; null: none"}
_VERSION = {"version": NUMBER}


def _object(properties: dict[str, Any], *required: str, is_input: bool = False) -> dict[str, Any]:
    closed = {"additionalProperties": False} if is_input else {}
    return {"type": "object", **({"required": list(required)} if required else {}), "properties": properties, **closed}


def _list(name: str) -> dict[str, Any]:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}


_POOL: dict[str, Any] = {
    "label": {**TEXT, "maxLength": 80},
    "description": {**TEXT, "maxLength": 300},
    "mode": {"enum": Pool.Mode.values},
    "open_tasks": {"enum": OpenTasks.values},
    "clock": {"enum": Clock.values},
    "position": NUMBER,
    "batch_size": {"type": "integer", "minimum": 1, "maximum": 1000},
    "run_cap": {"type": "integer", "minimum": 1},
    **dict.fromkeys(
        ("cool_down_days", "protection_hours", "own_department_hours", "extension_days", "protected_cap"), _COUNT
    ),
    **dict.fromkeys(("hold_cap", "daily_cap", "hourly_cap", "daily_views"), _CAP),
    **dict.fromkeys(
        ("is_active", "members_release", "keeps_team", "recycles", "waits_for_leave", "reminds_manager"), FLAG
    ),
    **dict.fromkeys(("masked_fields", "order", "cool_down_exempt", "reasons"), TEXTS),
    "reminder_days": {"type": "array", "maxItems": 5, "items": {"type": "integer", "minimum": 1, "maximum": 365}},
    **dict.fromkeys(("scope", "uncounted", "exempt"), _TREE),
    "recycles_to": {"type": ["string", "null"], "format": "uuid"},
}
_MEMBER: dict[str, Any] = {"principal": TEXT, "is_admin": FLAG}
_RECYCLE_RULE: dict[str, Any] = {
    "id": {"type": "integer", "description": "Of a rule that there is already"},
    "label": {**TEXT, "maxLength": 80},
    "kind": {"enum": RecycleRule.Kind.values},
    "days": {"type": "integer", "minimum": 0, "maximum": 3650},
    "variants": {"type": "array", "items": _object({"condition": {"type": "object"}, "days": _COUNT})},
    "settings": {"type": "object"},
    "group": {"type": "integer", "minimum": 0, "maximum": 100},
    "is_active": FLAG,
}
_HOLD_CAP: dict[str, Any] = {"principal": TEXT, "cap": _COUNT, "uncounted": _TREE}
_RULE: dict[str, Any] = {
    "label": {**TEXT, "maxLength": 80},
    "entries": {"type": "array", "minItems": 1, "items": {"enum": [str(kind) for kind in ENTRIES]}},
    "condition": _TREE,
    "strategy": {"enum": AssignmentRule.Strategy.values},
    "sticky_fields": TEXTS,
    "only_in_hours": FLAG,
    "accept_minutes": _COUNT,
    "most_tries": {"type": "integer", "minimum": 1, "maximum": 20},
    "position": {"type": "integer", "minimum": -1000, "maximum": 1000},
    "is_active": FLAG,
    "members": _list("AssignmentMember"),
}
_TIMES: dict[str, Any] = {
    **dict.fromkeys(("first_response", "next_response"), _MINUTES),
    **dict.fromkeys(("in_hours", "notifies_manager", "is_active"), FLAG),
    "condition": _TREE,
}
POOL_SETTINGS_SCHEMAS: dict[str, Any] = {
    "PoolSettings": _object({"id": ID, "object": TEXT, "api_name": TEXT, **_POOL, **_VERSION}),
    "PoolSettingsList": _object({"data": _list("PoolSettings")}),
    "PoolInput": _object({"object": TEXT, "api_name": TEXT, **_POOL}, "object", "label", is_input=True),
    "PoolChanges": _object(_POOL, is_input=True),
    "PoolMembers": _object(
        {"pool_id": ID, "members": {"type": "array", "items": _object({**_MEMBER, "name": TEXT})}, **_VERSION}
    ),
    "PoolMembersInput": _object(
        {"members": {"type": "array", "items": _object(_MEMBER, "principal", is_input=True)}}, "members", is_input=True
    ),
    "RecycleRules": _object({"pool_id": ID, "rules": {"type": "array", "items": _object(_RECYCLE_RULE)}, **_VERSION}),
    "RecycleRulesInput": _object(
        {"rules": {"type": "array", "items": _object(_RECYCLE_RULE, "label", "kind", is_input=True)}},
        "rules",
        is_input=True,
    ),
    "HoldCaps": _object({"object": TEXT, "caps": {"type": "array", "items": _object({**_HOLD_CAP, "name": TEXT})}}),
    "HoldCapsInput": _object(
        {"caps": {"type": "array", "items": _object(_HOLD_CAP, "principal", "cap", is_input=True)}},
        "caps",
        is_input=True,
    ),
    "AssignmentMember": _object(
        {
            "user_id": ID,
            "weight": {"type": "integer", "minimum": 1, "maximum": 100, "default": 1},
            "capacity": _CAP,
            "tags": {"type": "object", "additionalProperties": TEXTS},
        },
        "user_id",
        is_input=True,
    ),
    "AssignmentRule": _object({"id": ID, "pool_id": ID, **_RULE, **_VERSION}),
    "AssignmentRuleList": _object({"data": _list("AssignmentRule")}),
    "AssignmentRuleInput": _object(_RULE, "label", is_input=True),
    "AssignmentRuleChanges": _object(_RULE, is_input=True),
    "ResponseTimes": _object({"pool_id": ID, **_TIMES, **_VERSION}),
    "ResponseTimesChanges": _object(_TIMES, is_input=True),
}
