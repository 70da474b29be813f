"""Reading objects, fields, choices and rules from JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from crm_platform.kit.errors import FieldError, ValidationFailed
from metadata.inputs import ChoiceInput, FieldInput, ObjectInput
from metadata.retyping.requests import TypeChange
from metadata.rule_inputs import DuplicateRuleInput, MatchingRuleInput, RecordTypeInput, ValidationRuleInput
from openapi.v1.reading import MemberReader

OBJECT_TEXTS = ("label", "plural_label", "description")
OBJECT_WORDS = ("api_name", "icon", "color", "name_type")
OBJECT_FLAGS = ("is_activity", "has_pools", "in_navigation", "is_searchable")
FIELD_TEXTS = ("label", "help_text")
FIELD_CONDITIONS = ("default_formula", "required_if", "visible_if", "readonly_if", "sensitivity")
FIELD_WORDS = ("api_name", "type", "choice_set", *FIELD_CONDITIONS)
FIELD_FLAGS = (
    "is_required",
    "is_unique",
    "is_indexed",
    "is_searchable",
    "track_history",
    "is_case_sensitive",
    "is_deprecated",
)


def object_input(data: Mapping[str, Any]) -> ObjectInput:
    """Return the new object; raises ValidationFailed."""
    reader = MemberReader(data)
    given: dict[str, Any] = {
        **reader.texts(*OBJECT_TEXTS, "name_label"),
        **reader.words(*OBJECT_WORDS),
        "open_to_profiles": True,
        **reader.flags(*OBJECT_FLAGS, "open_to_profiles"),
        **reader.objects("name_settings"),
    }
    fields = reader.lists("fields").get("fields", [])
    reader.done()
    _require(given, "api_name", "label")
    return ObjectInput(**given, fields=[field_input(_mapping(item, "fields")) for item in fields])


def object_changes(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changes to an object; raises ValidationFailed."""
    reader = MemberReader(data)
    changes = {
        **reader.texts(*OBJECT_TEXTS),
        **reader.words("icon", "color"),
        **reader.flags(*OBJECT_FLAGS),
        **reader.integers("position"),
    }
    reader.done()
    return changes


def field_input(data: Mapping[str, Any]) -> FieldInput:
    """Return the new field; raises ValidationFailed."""
    reader = MemberReader(data)
    default = {"default": reader.left.pop("default")} if "default" in reader.left else {}
    given = {
        **reader.texts(*FIELD_TEXTS),
        **reader.words(*FIELD_WORDS),
        **reader.flags(*FIELD_FLAGS, "backfill"),
        **reader.objects("settings"),
        **reader.lists("unique_scope"),
    }
    choices = reader.lists("choices").get("choices", [])
    reader.done()
    _require(given, "api_name", "type", "label")
    return FieldInput(**given, **default, choices=[choice_input(_mapping(item, "choices")) for item in choices])


def field_changes(data: Mapping[str, Any]) -> tuple[dict[str, Any], list[ChoiceInput] | None]:
    """Return the changes to a field and, when given, its new choices; raises ValidationFailed."""
    reader = MemberReader(data)
    default = {"default": reader.left.pop("default")} if "default" in reader.left else {}
    changes = {
        **reader.texts(*FIELD_TEXTS),
        **reader.words("type", *FIELD_CONDITIONS),
        **reader.flags(*FIELD_FLAGS),
        **reader.lists("unique_scope"),
        **reader.objects("settings"),
        **reader.integers("position"),
    }
    choices = reader.lists("choices").get("choices")
    reader.done()
    read = None if choices is None else [choice_input(_mapping(item, "choices")) for item in choices]
    return {**changes, **default}, read


def validation_rule_input(data: Mapping[str, Any]) -> ValidationRuleInput:
    """Return the new rule; raises ValidationFailed."""
    reader = MemberReader(data)
    given = {**reader.words("api_name"), **_rule_members(reader)}
    reader.done()
    _require(given, "api_name", "label", "condition", "message")
    return ValidationRuleInput(**given)


def validation_rule_changes(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changes to a rule; raises ValidationFailed."""
    reader = MemberReader(data)
    changes = _rule_members(reader)
    reader.done()
    return changes


def _rule_members(reader: MemberReader) -> dict[str, Any]:
    return {
        **reader.texts("label", "message"),
        **reader.words("condition", "location", "severity"),
        **reader.lists("events", "record_types"),
        **reader.flags("can_be_bypassed", "is_active"),
        **reader.integers("position"),
    }


def record_type_input(data: Mapping[str, Any]) -> RecordTypeInput:
    """Return the new record type; raises ValidationFailed."""
    reader = MemberReader(data)
    given = {**reader.words("api_name"), **_type_members(reader)}
    reader.done()
    _require(given, "api_name", "label")
    return RecordTypeInput(**given)


def record_type_changes(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changes to a record type; raises ValidationFailed."""
    reader = MemberReader(data)
    changes = _type_members(reader)
    reader.done()
    return changes


def _type_members(reader: MemberReader) -> dict[str, Any]:
    return {
        **reader.texts("label", "description"),
        **reader.words("color"),
        **reader.objects("choices"),
        **reader.flags("is_active", "is_default"),
        **reader.integers("position"),
    }


def matching_rule_input(data: Mapping[str, Any]) -> MatchingRuleInput:
    """Return the new matching rule; raises ValidationFailed."""
    reader = MemberReader(data)
    given = {**reader.words("api_name"), **_matching_members(reader)}
    reader.done()
    _require(given, "api_name", "label", "target", "matchers")
    return MatchingRuleInput(**given)


def matching_rule_changes(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changes to a matching rule; raises ValidationFailed."""
    reader = MemberReader(data)
    changes = _matching_members(reader)
    reader.done()
    return changes


def _matching_members(reader: MemberReader) -> dict[str, Any]:
    return {
        **reader.texts("label"),
        **reader.words("target"),
        **reader.lists("matchers"),
        **reader.flags("is_active"),
        **reader.integers("position"),
    }


def duplicate_rule_input(data: Mapping[str, Any]) -> DuplicateRuleInput:
    """Return the new duplicate rule; raises ValidationFailed."""
    reader = MemberReader(data)
    given = {**reader.words("api_name"), **_duplicate_members(reader)}
    reader.done()
    _require(given, "api_name", "label", "matching_rules", "actions")
    return DuplicateRuleInput(**given)


def duplicate_rule_changes(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changes to a duplicate rule; raises ValidationFailed."""
    reader = MemberReader(data)
    changes = _duplicate_members(reader)
    reader.done()
    return changes


def _duplicate_members(reader: MemberReader) -> dict[str, Any]:
    return {
        **reader.texts("label", "message"),
        **reader.lists("matching_rules", "shown_fields"),
        **reader.objects("actions"),
        **reader.words("scope", "condition", "override"),
        **reader.flags("include_trashed", "include_converted", "is_active"),
        **reader.integers("period_days", "position"),
    }


def type_change(object_name: str, field_name: str, data: Mapping[str, Any]) -> TypeChange:
    """Return the wish to give a field another type; raises ValidationFailed."""
    reader = MemberReader(data)
    given: dict[str, Any] = {**reader.words("type", "choice_set", "on_failure"), **reader.objects("settings")}
    choices = reader.lists("choices").get("choices", [])
    reader.done()
    _require(given, "type")
    read = [choice_input(_mapping(item, "choices")) for item in choices]
    return TypeChange(object_name, field_name, choices=read, **given)


def choice_input(data: Mapping[str, Any]) -> ChoiceInput:
    """Return one choice; raises ValidationFailed."""
    reader = MemberReader(data)
    given: dict[str, Any] = {
        **reader.texts("label"),
        **reader.words("value", "color"),
        **reader.flags("is_active", "is_default"),
        **reader.objects("properties"),
    }
    reader.done()
    _require(given, "value", "label")
    return ChoiceInput(**given)


def _mapping(item: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(item, dict):
        raise ValidationFailed.single(name, "invalid_type", _("Send JSON objects."))
    return item


def _require(given: Mapping[str, Any], *names: str) -> None:
    missing = [FieldError(name, "required", _("This member is required.")) for name in names if name not in given]
    if missing:
        raise ValidationFailed(missing)
