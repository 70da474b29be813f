"""JSON Schemas of one object's records: as they are read, created and changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from metadata.compiler.compiled import CompiledField, CompiledObject
from objects.access.masking import MaskedView
from objects.access.policy import AccessPolicy


def schema_names(obj: CompiledObject) -> tuple[str, str, str]:
    """Return the names of the read, create and patch schemas of an object."""
    stem = "".join(part.title() for part in obj.name.split("_") if part)
    return f"{stem}Read", f"{stem}Create", f"{stem}Patch"


def record_schemas(policy: AccessPolicy, obj: CompiledObject) -> dict[str, Any]:
    """Return the three schemas of an object, as the caller may use it."""
    language = policy.actor.language
    read, create, patch = schema_names(obj)
    for_create = policy.editable_fields(obj, for_create=True)
    required = [f.name for f in for_create if f.type.is_mandatory(f.spec) and f.spec.default is None]
    title = obj.spec.label.text(language)
    return {
        read: {
            "title": title,
            "type": "object",
            "properties": {
                "object": {"const": obj.name},
                **_properties(policy.visible_fields(obj), language, nullable=True),
            },
            "required": ["id", "object"],
        },
        create: _writable(title, _properties(for_create, language, nullable=True), required),
        patch: _writable(title, _properties(policy.editable_fields(obj), language, nullable=True), []),
    }


def _writable(title: str, properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "title": title,
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    return {**schema, "required": required} if required else schema


def _properties(fields: Iterable[CompiledField], language: str, *, nullable: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in fields:
        schema = {**field.type.json_schema(field.spec, language), "title": field.spec.label.text(language)}
        if field.spec.help_text.text(language):
            schema["description"] = field.spec.help_text.text(language)
        found[field.name] = _nullable(schema) if nullable and field.name not in ("id", "version") else schema
        is_told = not isinstance(field.type, MaskedView)
        if is_told and any(column.suffix == "_base" for column in field.columns):
            found[f"{field.name}_base"] = _nullable({"type": "string", "format": "decimal", "readOnly": True})
    return found


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with null beside its values, in the spelling of JSON Schema 2020-12."""
    kind = schema.get("type")
    if kind is None:
        return {"anyOf": [schema, {"type": "null"}]}
    widened = {**schema, "type": [*(kind if isinstance(kind, list) else [kind]), "null"]}
    if "enum" in widened:
        widened["enum"] = [*widened["enum"], None]
    return widened
