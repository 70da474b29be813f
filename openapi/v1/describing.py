"""Objects and fields as the Open API shows them."""

from __future__ import annotations

from typing import Any

from crm_platform.kit.frozen import thaw
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import ChoiceSetSpec, Labels, ObjectSpec
from objects.access.policy import AccessPolicy


def object_summary(spec: ObjectSpec, language: str) -> dict[str, Any]:
    """Return what lists of objects show."""
    return {
        "api_name": spec.api_name,
        "uuid": spec.uuid,
        "label": spec.label.text(language),
        "plural_label": spec.plural_label.text(language),
        "labels": labels(spec.label),
        "icon": spec.icon,
        "color": spec.color,
        "name_field": spec.name_field,
        "is_custom": spec.is_custom,
        "is_activity": spec.is_activity,
    }


def field_summary(field: CompiledField, language: str, *, is_editable: bool) -> dict[str, Any]:
    """Return a field with its type, parameters, operators and choices."""
    spec, field_type = field.spec, field.type
    summary = {
        "api_name": spec.api_name,
        "uuid": spec.uuid,
        "type": spec.type,
        "label": spec.label.text(language),
        "labels": labels(spec.label),
        "help_text": spec.help_text.text(language),
        "settings": thaw(spec.settings),
        "default": thaw(spec.default),
        "is_required": spec.is_required,
        "is_unique": spec.is_unique,
        "is_indexed": spec.is_indexed,
        "is_searchable": spec.is_searchable,
        "track_history": spec.track_history,
        "unique_scope": list(spec.unique_scope),
        "is_case_sensitive": spec.is_case_sensitive,
        "default_formula": spec.default_formula,
        "required_if": spec.required_if,
        "visible_if": spec.visible_if,
        "readonly_if": spec.readonly_if,
        "sensitivity": spec.sensitivity,
        "is_deprecated": spec.is_deprecated,
        "is_custom": spec.is_custom,
        "is_system": spec.is_system,
        "is_editable": is_editable,
        "is_sortable": field_type.is_sortable,
        "operators": list(field_type.filters(spec)),
        "schema": field_type.json_schema(spec, language),
    }
    if field.main.references:
        summary["path"] = spec.path_name
    if spec.choice_set is not None:
        summary["choices"] = choices(spec.choice_set, language)
    return summary


def describe(policy: AccessPolicy, obj: CompiledObject) -> dict[str, Any]:
    """Return an object as the caller may use it: readable fields, relations, rights."""
    language = policy.actor.language
    editable = {field.name for field in policy.editable_fields(obj)}
    fields = [field_summary(f, language, is_editable=f.name in editable) for f in policy.readable_fields(obj)]
    actions = ("read", "create", "edit", "delete", "import", "export")
    return {
        **object_summary(obj.spec, language),
        "fields": fields,
        "child_relations": child_relations(policy, obj.name),
        "rights": {action: policy.can(obj.name, action) for action in actions},
    }


def child_relations(policy: AccessPolicy, object_name: str) -> list[dict[str, Any]]:
    """Return the lookups of readable objects that point here."""
    found = []
    for spec in policy.readable_objects():
        obj = current_snapshot().object(spec.api_name)
        for field in policy.readable_fields(obj):
            if field.main.references == object_name:
                found.append({"object": spec.api_name, "field": field.name, "type": field.spec.type})
    return found


def choices(choice_set: ChoiceSetSpec, language: str) -> list[dict[str, Any]]:
    return [
        {
            "value": choice.value,
            "label": choice.label.text(language),
            "labels": labels(choice.label),
            "color": choice.color,
            "is_active": choice.is_active,
            "is_default": choice.is_default,
            "properties": thaw(choice.properties),
        }
        for choice in choice_set.choices
    ]


def labels(texts: Labels) -> dict[str, str]:
    """Return the texts by language tag; an untagged text stands under `default`."""
    tags = {"zh-hans": "zh-CN", "": "default"}
    return {tags.get(locale, locale): text for locale, text in texts.items() if text}
