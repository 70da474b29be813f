"""Putting the document together for one caller, kept with the snapshot it was made from."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.conf import settings

from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from objects.access.policy import AccessPolicy
from openapi.document.access import ACCESS_OPERATIONS, ACCESS_SCHEMAS
from openapi.document.activities import (
    ACTIVITY_OPERATIONS,
    ACTIVITY_PARAMETERS,
    ACTIVITY_SCHEMAS,
    RECORD_ACTIVITY_OPERATIONS,
)
from openapi.document.components import PARAMETERS, SCHEMAS
from openapi.document.composite import COMPOSITE_OPERATIONS, COMPOSITE_SCHEMAS
from openapi.document.currencies import CURRENCY_OPERATIONS, CURRENCY_PARAMETERS, CURRENCY_SCHEMAS
from openapi.document.duplicates import DUPLICATE_OPERATIONS, DUPLICATE_RULE_OPERATIONS, DUPLICATE_SCHEMAS
from openapi.document.explaining import (
    EXPLAINING_OPERATIONS,
    EXPLAINING_PARAMETERS,
    EXPLAINING_SCHEMAS,
    RECORD_EXPLAINING_OPERATIONS,
)
from openapi.document.files import FILE_OPERATIONS, FILE_PARAMETERS, FILE_SCHEMAS
from openapi.document.handovers import HANDOVER_OPERATIONS, HANDOVER_SCHEMAS
from openapi.document.hooks import HOOK_OPERATIONS, HOOK_PARAMETERS, HOOK_SCHEMAS
from openapi.document.imports import IMPORT_OPERATIONS, IMPORT_PARAMETERS, IMPORT_SCHEMAS
from openapi.document.leads import LEAD_OPERATIONS, LEAD_SCHEMAS
from openapi.document.notifications import (
    NOTIFICATION_OPERATIONS,
    NOTIFICATION_PARAMETERS,
    NOTIFICATION_SCHEMAS,
)
from openapi.document.operations import RECORD_OPERATIONS, STATIC_OPERATIONS, Operation
from openapi.document.organization import (
    ORGANIZATION_OPERATIONS,
    ORGANIZATION_PARAMETERS,
    ORGANIZATION_SCHEMAS,
)
from openapi.document.pool_settings import POOL_SETTINGS_OPERATIONS, POOL_SETTINGS_SCHEMAS
from openapi.document.pools import POOL_OPERATIONS, POOL_PARAMETERS, POOL_SCHEMAS
from openapi.document.record_types import RECORD_TYPE_OPERATIONS, RECORD_TYPE_SCHEMAS
from openapi.document.recycling import RECYCLING_OPERATIONS, RECYCLING_SCHEMAS
from openapi.document.schemas import record_schemas, schema_names
from openapi.document.sharing import (
    RECORD_SHARING_OPERATIONS,
    SHARING_OPERATIONS,
    SHARING_PARAMETERS,
    SHARING_SCHEMAS,
)
from openapi.document.web_forms import WEB_FORM_OPERATIONS, WEB_FORM_PARAMETERS, WEB_FORM_SCHEMAS

PROBLEM = "application/problem+json"
FIXED_OPERATIONS = (
    *STATIC_OPERATIONS,
    *COMPOSITE_OPERATIONS,
    *ORGANIZATION_OPERATIONS,
    *ACCESS_OPERATIONS,
    *HANDOVER_OPERATIONS,
    *ACTIVITY_OPERATIONS,
    *LEAD_OPERATIONS,
    *NOTIFICATION_OPERATIONS,
    *WEB_FORM_OPERATIONS,
    *HOOK_OPERATIONS,
    *FILE_OPERATIONS,
    *IMPORT_OPERATIONS,
    *CURRENCY_OPERATIONS,
    *RECORD_TYPE_OPERATIONS,
    *DUPLICATE_RULE_OPERATIONS,
    *SHARING_OPERATIONS,
    *POOL_OPERATIONS,
    *POOL_SETTINGS_OPERATIONS,
    *RECYCLING_OPERATIONS,
    *EXPLAINING_OPERATIONS,
)
OBJECT_OPERATIONS = (
    *RECORD_OPERATIONS,
    *DUPLICATE_OPERATIONS,
    *RECORD_SHARING_OPERATIONS,
    *RECORD_EXPLAINING_OPERATIONS,
    *RECORD_ACTIVITY_OPERATIONS,
)
BULK = {"all_or_none": {"type": "boolean", "default": True}}


def document(policy: AccessPolicy, only: Collection[str] = ()) -> dict[str, Any]:
    """Return the document of what the caller may use; `only` narrows it to some objects.

    Made once for each version of the data model, set of rights and language.
    """
    snapshot = current_snapshot()
    key = ("openapi.document", policy.fingerprint, policy.actor.language, frozenset(only))
    found: dict[str, Any] | None = snapshot.memo.get(key)
    if found is None:
        found = snapshot.memo[key] = _build(policy, only)
    return found


def _build(policy: AccessPolicy, only: Collection[str]) -> dict[str, Any]:
    snapshot = current_snapshot()
    objects = [
        snapshot.object(spec.api_name) for spec in policy.readable_objects() if not only or spec.api_name in only
    ]
    paths: dict[str, dict[str, Any]] = {}
    schemas = (
        EXPLAINING_SCHEMAS
        | SCHEMAS
        | COMPOSITE_SCHEMAS
        | ACCESS_SCHEMAS
        | HANDOVER_SCHEMAS
        | ACTIVITY_SCHEMAS
        | LEAD_SCHEMAS
        | NOTIFICATION_SCHEMAS
        | WEB_FORM_SCHEMAS
        | HOOK_SCHEMAS
        | FILE_SCHEMAS
        | IMPORT_SCHEMAS
        | CURRENCY_SCHEMAS
        | DUPLICATE_SCHEMAS
        | RECORD_TYPE_SCHEMAS
        | SHARING_SCHEMAS
        | POOL_SCHEMAS
        | POOL_SETTINGS_SCHEMAS
        | RECYCLING_SCHEMAS
        | ORGANIZATION_SCHEMAS
    )
    for operation in FIXED_OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation, None)
    for obj in objects:
        schemas |= record_schemas(policy, obj) | _envelopes(obj)
        for operation in OBJECT_OPERATIONS:
            path = operation.path.replace("{object}", obj.name)
            paths.setdefault(path, {})[operation.method] = _operation(operation, obj, policy.actor.language)
    return {
        "openapi": "3.1.0",
        "info": {"title": "CRM Open API", "version": f"{settings.VERSION}+{snapshot.version}"},
        "servers": [{"url": "/api/v1"}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "parameters": PARAMETERS
            | FILE_PARAMETERS
            | ACTIVITY_PARAMETERS
            | IMPORT_PARAMETERS
            | CURRENCY_PARAMETERS
            | ORGANIZATION_PARAMETERS
            | SHARING_PARAMETERS
            | POOL_PARAMETERS
            | NOTIFICATION_PARAMETERS
            | WEB_FORM_PARAMETERS
            | HOOK_PARAMETERS
            | EXPLAINING_PARAMETERS,
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "bearerFormat": "crm_sk_live_<org>_<secret>"}
            },
        },
    }


def _operation(operation: Operation, obj: CompiledObject | None, language: str = "en") -> dict[str, Any]:
    names = _names(obj) if obj is not None else {}
    label = f": {obj.spec.label.text(language)}" if obj is not None else ""
    made: dict[str, Any] = {
        "operationId": operation.id.format(**names) if obj is not None else operation.id,
        "summary": f"{operation.summary}{label}",
        "tags": [obj.name] if obj is not None else list(operation.tags),
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in operation.parameters],
        "responses": {
            str(operation.status): _content(operation.answer.format(**names), operation.answer_type),
            **{str(status): _content("Problem", PROBLEM) for status in operation.errors},
        },
    }
    if operation.method == "put":
        made["responses"]["201"] = made["responses"]["200"]
    if operation.diverts:
        made["responses"]["202"] = _content("Diverted", operation.answer_type)
    if "IfNoneMatch" in operation.parameters:
        made["responses"]["304"] = {"description": "Not modified"}
    if operation.scope:
        made["x-scope"] = operation.scope
    if operation.body:
        made["requestBody"] = {"required": True, **_content(operation.body.format(**names), operation.body_type)}
        del made["requestBody"]["description"]
    return made


def _names(obj: CompiledObject) -> dict[str, str]:
    read, create, patch = schema_names(obj)
    stem = read.removesuffix("Read")
    return {
        "object": obj.name,
        "read": read,
        "create": create,
        "patch": patch,
        "list": f"{stem}List",
        "bulk_create": f"{stem}BulkCreate",
        "bulk_update": f"{stem}BulkUpdate",
    }


def _envelopes(obj: CompiledObject) -> dict[str, Any]:
    names = _names(obj)
    page = {"$ref": "#/components/schemas/PageInfo"}
    return {
        names["list"]: {
            "type": "object",
            "required": ["data", "page"],
            "properties": {
                "data": {"type": "array", "items": _ref(names["read"])},
                "page": page,
                "count": {"type": "object"},
            },
        },
        names["bulk_create"]: _bulk(_ref(names["create"])),
        names["bulk_update"]: _bulk({"type": "object", "required": ["id"]}),
    }


def _bulk(items: dict[str, Any]) -> dict[str, Any]:
    records = {"type": "array", "maxItems": 200, "items": items}
    return {
        "type": "object",
        "required": ["records"],
        "additionalProperties": False,
        "properties": {"records": records, **BULK},
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _content(schema: str, media_type: str) -> dict[str, Any]:
    return {"description": schema, "content": {media_type: {"schema": _ref(schema)}}}
