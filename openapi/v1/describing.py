"""Objects and fields as the Open API shows them."""

from __future__ import annotations

from typing import Any

from crm_platform.kit.errors import NotFound
from crm_platform.kit.frozen import thaw
from metadata.compiler.compiled import CompiledField, CompiledObject, UnknownField
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import ChoiceSetSpec, Labels, ObjectSpec
from metadata.expression_uses import field_uses
from metadata.field_types.target_filters import FILTER, target_filter
from objects.access.field_grants import FieldLevel
from objects.access.field_security import is_writable
from objects.access.masking import MaskedView
from objects.access.policy import AccessPolicy
from objects.access.taint import is_computed, read_by, reads_of
from objects.access.type_grants import offered_types
from objects.query.binding import resolve_readable
from objects.query.conditions import from_json, leaves
from objects.records.lookup_filters import operand_fields


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
        "has_pools": spec.has_pools,
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
        "is_masked": isinstance(field_type, MaskedView),
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
    """Return an object as the caller may use it: the fields that exist for him, relations, rights."""
    fields = [told_field(policy, obj, field) for field in policy.visible_fields(obj)]
    actions = ("read", "create", "edit", "delete", "import", "export", "share", "restore")
    return {
        **told_object(policy, obj.spec),
        "fields": fields,
        "child_relations": child_relations(policy, obj.name),
        "record_types": told_record_types(policy, obj),
        "rights": {action: policy.can(obj.name, action) for action in actions},
    }


def told_record_types(policy: AccessPolicy, obj: CompiledObject) -> list[dict[str, Any]]:
    """Return the record types: which ones the caller may choose, which is his usual one, what they narrow for him."""
    offered, language = offered_types(policy, obj.spec), policy.actor.language
    return [
        {
            "api_name": item.api_name,
            "uuid": item.uuid,
            "label": item.label.text(language),
            "labels": labels(item.label),
            "description": item.description.text(language),
            "color": item.color,
            "is_active": item.is_active,
            "is_available": item.api_name in offered.names,
            "is_default": item.api_name == offered.default,
            "choices": {name: list(item.choices[name]) for name in item.choices if policy.can_read_field(obj, name)},
        }
        for item in obj.spec.record_types
    ]


def told_object(policy: AccessPolicy, spec: ObjectSpec) -> dict[str, Any]:
    """Return `object_summary` without the name field for a caller for whom that does not exist."""
    summary = object_summary(spec, policy.actor.language)
    if not policy.can_see_field(current_snapshot().object(spec.api_name), spec.name_field):
        summary["name_field"] = None
    return summary


def told_field(policy: AccessPolicy, obj: CompiledObject, field: CompiledField) -> dict[str, Any]:
    """Return `field_summary` without what names fields that the caller may not read, or tells a masked value."""
    is_editable = policy.field_level(obj, field.name) == FieldLevel.EDIT and is_writable(field)
    summary = field_summary(field, policy.actor.language, is_editable=is_editable)
    for use in field_uses(obj.spec, field.spec):
        if use.attribute in summary and not policy.reads_all_of(reads_of(current_snapshot(), use)):
            summary[use.attribute] = ""
    if summary["is_masked"]:
        summary.update(default=None, settings={})
        summary.pop("choices", None)
    summary["settings"] = _told_settings(policy, obj, field, summary["settings"])
    summary["unique_scope"] = [name for name in summary["unique_scope"] if policy.can_see_field(obj, name)]
    return summary


def _told_settings(
    policy: AccessPolicy, obj: CompiledObject, field: CompiledField, settings: dict[str, Any]
) -> dict[str, Any]:
    """Return those of a field's parameters that name nothing which is kept from the caller."""
    if is_computed(field.spec) and not policy.reads_all_of(read_by(current_snapshot(), obj.spec, field.spec)):
        return {name: value for name, value in settings.items() if name in ("returns", "scale")}
    named = dict(field.definition.named_fields(field.spec.settings))
    if FILTER in settings:
        named[FILTER] = operand_fields(field.spec)
    silent = {key for key, names in named.items() if not all(policy.can_see_field(obj, name) for name in names)}
    if FILTER in settings and not _reads_filter(policy, obj, field):
        silent.add(FILTER)
    return {name: value for name, value in settings.items() if name not in silent}


def _reads_filter(policy: AccessPolicy, obj: CompiledObject, field: CompiledField) -> bool:
    """Tell whether the caller may read what the filter of a lookup asks of its target."""
    targets = field.definition.targets(field.spec)
    try:
        for leaf in leaves(from_json(thaw(target_filter(field.spec)))):
            resolve_readable(obj.target(targets[0]), policy, leaf.path)
    except (UnknownField, NotFound):
        return False
    return True


def child_relations(policy: AccessPolicy, object_name: str) -> list[dict[str, Any]]:
    """Return the lookups of readable objects that point here; `relation` names one in a tree of records."""
    found = []
    for spec in policy.readable_objects():
        obj = current_snapshot().object(spec.api_name)
        for field in policy.readable_fields(obj):
            if field.main.references == object_name:
                relation = f"{spec.api_name}.{field.name}"
                found.append(
                    {"relation": relation, "object": spec.api_name, "field": field.name, "type": field.spec.type}
                )
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
