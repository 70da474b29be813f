"""校验规则: creating, changing and deleting validation rules."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from typing import Any

from django.utils.translation import gettext as _

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, NotFound, ValidationFailed
from metadata.compiler.spec import ObjectSpec
from metadata.loader import load_spec
from metadata.models import BusinessObject, LabelTranslation, ValidationRule
from metadata.names import label_errors, normal_labels
from metadata.publishing import publish
from metadata.rule_inputs import ValidationRuleInput
from metadata.services.labels import save_translations, set_labels, texts_of
from metadata.services.objects import get_object
from metadata.services.own_errors import own_errors
from metadata.services.rule_checks import name_errors

EVENTS = ("create", "edit", "delete", "convert", "import")
SEVERITIES = ("error", "warning")
RULES_PER_OBJECT = 100
TEXTS = ("label", "message")
PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")


def create_validation_rule(actor: Actor, object_name: str, given: ValidationRuleInput) -> ValidationRule:
    """Add a rule, in force from the commit on; raises NotFound, ValidationFailed with every mistake.

    The condition itself is checked with all others when the new version is published.
    """

    def change() -> ValidationRule:
        owner = get_object(object_name)
        taken = list(owner.validation_rules.values_list("api_name", flat=True))
        row = ValidationRule(business_object=owner, uuid=given.uuid or uuid.uuid4(), is_custom=given.is_custom)
        return _write(row, given, name_errors(given.api_name, taken) + _count_errors(taken))

    with own_errors(f"objects.{object_name}.validation_rules.{given.api_name}"):
        return publish(actor, f"Add validation rule {object_name}.{given.api_name}", change)


def update_validation_rule(actor: Actor, object_name: str, name: str, **changes: Any) -> ValidationRule:
    """Change members of a rule; raises NotFound, ValidationFailed."""

    def change() -> ValidationRule:
        row = get_validation_rule(object_name, name)
        allowed = {item.name for item in fields(ValidationRuleInput)} - {"api_name", "uuid", "is_custom"}
        unknown = [FieldError(item, "unknown_field", _("Unknown member.")) for item in changes.keys() - allowed]
        present = {item.name: getattr(row, item.name) for item in fields(ValidationRuleInput)}
        present |= {text: texts_of(row, text) for text in TEXTS}
        known = {item: value for item, value in changes.items() if item in allowed}
        return _write(row, replace(ValidationRuleInput(**present), **known), unknown)

    with own_errors(f"objects.{object_name}.validation_rules.{name}"):
        return publish(actor, f"Change validation rule {object_name}.{name}", change)


def delete_validation_rule(actor: Actor, object_name: str, name: str) -> None:
    """Remove a rule; raises NotFound."""

    def change() -> None:
        row = get_validation_rule(object_name, name)
        LabelTranslation.objects.filter(target=row.uuid).delete()
        row.delete()

    publish(actor, f"Delete validation rule {object_name}.{name}", change)


def get_validation_rule(object_name: str, name: str) -> ValidationRule:
    """Return the row of a rule; raises NotFound."""
    active = BusinessObject.State.ACTIVE
    row = ValidationRule.objects.filter(
        business_object__api_name=object_name, business_object__state=active, api_name=name
    ).first()
    if row is None:
        raise NotFound(_("There is no such rule."))
    return row


def _write(row: ValidationRule, given: ValidationRuleInput, errors: list[FieldError]) -> ValidationRule:
    spec = load_spec().object_map[row.business_object.api_name]
    errors = errors + validation_errors(spec, given)
    if errors:
        raise ValidationFailed(errors)
    values = asdict(given)
    translations = set_labels(row, **{name: values.pop(name) for name in TEXTS})
    for name in values.keys() - {"uuid", "is_custom", "events", "record_types"}:
        setattr(row, name, values[name])
    row.record_types = list(given.record_types)
    row.events = [event for event in EVENTS if event in given.events]
    row.save()
    save_translations(translations)
    return row


def validation_errors(spec: ObjectSpec, given: ValidationRuleInput) -> list[FieldError]:
    """Return what is wrong with a rule, but for its condition, which is checked with the version it comes into."""
    errors = label_errors(normal_labels(given.label)) + label_errors(normal_labels(given.message), "message")
    if not isinstance(given.condition, str) or not given.condition.strip():
        errors.append(FieldError("condition", "required", _("Write when a record is wrong.")))
    if given.location and given.location not in spec.field_map:
        errors.append(FieldError("location", "invalid_reference", _("There is no such field.")))
    if given.severity not in SEVERITIES:
        errors.append(FieldError("severity", "invalid_choice", _("Choose error or warning.")))
    types = [item.api_name for item in spec.record_types]
    if given.record_types and not _is_list_of(given.record_types, types):
        errors.append(FieldError("record_types", "invalid_reference", _("There is no such record type.")))
    if not _is_list_of(given.events, EVENTS):
        errors.append(FieldError("events", "invalid_choice", _("Choose when the rule is checked.")))
    return errors + _placeholder_errors(spec, given)


def _placeholder_errors(spec: ObjectSpec, given: ValidationRuleInput) -> list[FieldError]:
    texts = given.message.values() if hasattr(given.message, "values") else [given.message]
    named = {name for text in texts for name in PLACEHOLDER.findall(str(text))}
    unknown = sorted(named - spec.field_map.keys())
    if not unknown:
        return []
    message = _("The message names fields that do not exist: %(names)s") % {"names": ", ".join(unknown)}
    return [FieldError("message", "invalid_reference", message)]


def _is_list_of(given: Sequence[str], allowed: Sequence[str]) -> bool:
    return bool(given) and not isinstance(given, str) and all(item in allowed for item in given)


def _count_errors(taken: list[str]) -> list[FieldError]:
    if len(taken) < RULES_PER_OBJECT:
        return []
    message = _("An object has at most %(max)d such rules.") % {"max": RULES_PER_OBJECT}
    return [FieldError(None, "out_of_range", message)]
