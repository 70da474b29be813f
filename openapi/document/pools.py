"""The operations and schemas of pools."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from openapi.document.operations import LIST, WRITE, Operation
from openapi.document.shapes import FLAG, ID, IDS, NO_ID, NO_MOMENT, NUMBER, TEXT, TEXTS
from workflows.pools.models import Pool, PoolMovement

_CAP: dict[str, Any] = {"type": ["integer", "null"], "minimum": 0}
SCOPE, TAGS = "pools", ("pools",)


def _read(path: str, name: str, summary: Promise, answer: str, *parameters: str) -> Operation:
    known = ("Pool",) if "{pool}" in path else ()
    return Operation("get", path, name, summary, SCOPE, (*known, *parameters), answer=answer, tags=TAGS)


def _act(name: str, summary: Promise, body: str) -> Operation:
    path = f"/pools/{{pool}}/{name.replace('_', '-')}"
    return Operation("post", path, f"pool_{name}", summary, SCOPE, ("Pool", *WRITE), body, "PoolResults", tags=TAGS)


POOL_OPERATIONS = (
    _read("/pools", "list_pools", _("List the pools in which you work, with your limits"), "PoolList", "PoolObject"),
    _read("/pools/{pool}", "get_pool", _("Get a pool"), "Pool"),
    _read("/pools/{pool}/records", "list_pool_records", _("List what waits in a pool"), "Anything", *LIST),
    _read(
        "/pools/{pool}/records/{id}",
        "get_pool_record",
        _("Open a record that waits in a pool"),
        "Anything",
        "Id",
        "Fields",
    ),
    _read(
        "/pools/{pool}/log",
        "list_pool_movements",
        _("List what came into a pool and left it"),
        "PoolLog",
        "MovementsBefore",
        "MovementLimit",
        "MovementKind",
        "MovementRecord",
    ),
    _act("claim", _("Claim records that wait in a pool"), "PoolClaimInput"),
    _act("claim_next", _("Claim the next records of a pool"), "PoolClaimNextInput"),
    _act("assign", _("Assign records that wait in a pool"), "PoolAssignInput"),
    _act("auto_assign", _("Have the rules of a pool give out what waits in it"), "PoolAutoAssignInput"),
    _act("release", _("Give records back into a pool"), "PoolReturnInput"),
    _act("recall", _("Take records of a pool back from their owners"), "PoolReturnInput"),
    _act("move", _("Move records of a pool into another one"), "PoolMoveInput"),
    _read(
        "/pools/{pool}/quotas", "list_pool_quotas", _("List how much people hold of a pool, and may"), "PoolQuotaList"
    ),
    Operation(
        "put",
        "/pools/{pool}/quotas/{user}",
        "set_pool_quota",
        _("Set the limits of one person in a pool"),
        SCOPE,
        ("Pool", "User", *WRITE),
        "PoolQuotaInput",
        "PoolQuotaInput",
        tags=TAGS,
    ),
)


def _object(properties: dict[str, Any], *required: str, is_input: bool = False) -> dict[str, Any]:
    closed = {"additionalProperties": False} if is_input else {}
    return {"type": "object", **({"required": list(required)} if required else {}), "properties": properties, **closed}


def _list(name: str) -> dict[str, Any]:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}


_LIMITS = {
    "used": NUMBER,
    "cap": _CAP,
    "claimed_today": NUMBER,
    "daily_cap": _CAP,
    "claimed_this_hour": NUMBER,
    "hourly_cap": _CAP,
}
_RESULT = {
    "id": ID,
    "status": {"enum": ["claimed", "assigned", "released", "recalled", "moved", "rejected"]},
    "version": NUMBER,
    "code": TEXT,
    "message": TEXT,
    "params": {"type": "object"},
    "owner_id": {**NO_ID, "description": "Of auto-assign: who got it"},
    "assignment_rule_id": {**NO_ID, "description": "Of auto-assign: the rule that looked at it"},
    "evidence": {"type": ["object", "null"], "description": "Of auto-assign: why he got it, as the log keeps it"},
}
_RETURN = {"ids": IDS, "reason": TEXT, "note": TEXT}
POOL_SCHEMAS: dict[str, Any] = {
    "Pool": _object(
        {
            "id": ID,
            "object": TEXT,
            "api_name": TEXT,
            "label": TEXT,
            "description": TEXT,
            "is_active": FLAG,
            "mode": {"enum": Pool.Mode.values},
            "is_admin": FLAG,
            "may_claim": FLAG,
            "version": NUMBER,
            "batch_size": NUMBER,
            "cool_down_days": NUMBER,
            "protection_hours": NUMBER,
            "masked_fields": TEXTS,
            "reasons": TEXTS,
            **_LIMITS,
            "settings": {"type": "object", "description": "For the pool's administrators"},
        }
    ),
    "PoolList": _object({"data": _list("Pool")}),
    "PoolMovement": _object(
        {
            "id": NUMBER,
            "record_id": ID,
            "kind": {"enum": PoolMovement.Kind.values},
            **dict.fromkeys(("from_owner_id", "to_owner_id", "from_pool_id", "to_pool_id", "actor_id"), NO_ID),
            "via": TEXT,
            "reason": TEXT,
            "note": TEXT,
            "rule_id": {"type": ["integer", "null"]},
            "run_id": NO_ID,
            "evidence": {"type": ["object", "null"]},
            "at": NO_MOMENT,
            "undone_at": NO_MOMENT,
        }
    ),
    "PoolLog": _object({"data": _list("PoolMovement"), "next": {"type": ["integer", "null"]}}),
    "PoolClaimInput": _object({"ids": IDS}, "ids", is_input=True),
    "PoolClaimNextInput": _object({"count": {**NUMBER, "minimum": 1, "default": 1}}, is_input=True),
    "PoolAssignInput": _object({"ids": IDS, "owner_id": ID}, "ids", "owner_id", is_input=True),
    "PoolAutoAssignInput": _object({"ids": {**IDS, "maxItems": 100}}, is_input=True),
    "PoolReturnInput": _object(_RETURN, "ids", is_input=True),
    "PoolMoveInput": _object({"ids": IDS, "to_pool_id": ID, "note": TEXT}, "ids", "to_pool_id", is_input=True),
    "PoolResult": _object(_RESULT),
    "PoolResults": _object(
        {"results": _list("PoolResult"), "summary": {"type": "object"}, "quota": _object(_LIMITS)}, "results"
    ),
    "PoolQuota": _object({"user_id": ID, **_LIMITS}),
    "PoolQuotaList": _object({"data": _list("PoolQuota")}),
    "PoolQuotaInput": _object({"hold_cap": _CAP, "daily_cap": _CAP}),
}


def _query(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema}


POOL_PARAMETERS: dict[str, Any] = {
    "Pool": {"name": "pool", "in": "path", "required": True, "schema": ID},
    "Run": {"name": "run", "in": "path", "required": True, "schema": ID},
    "PoolObject": _query("object", TEXT),
    "MovementsBefore": _query("before", NUMBER),
    "MovementLimit": _query("limit", {**NUMBER, "minimum": 1, "maximum": 200}),
    "MovementKind": _query("kind", {"enum": PoolMovement.Kind.values}),
    "MovementRecord": _query("record", ID),
}
