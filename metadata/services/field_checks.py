"""What is wrong with the description of a field, all of it at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import FieldError, ValidationFailed
from crm_platform.kit.frozen import FrozenDict, freeze
from metadata.compiler.spec import ChoiceSetSpec, ChoiceSpec, FieldSpec, Labels
from metadata.field_types import field_types
from metadata.field_types.base import FieldType
from metadata.field_types.values import CleanContext, InvalidValue
from metadata.inputs import FieldInput
from metadata.limits import FIELDS_PER_OBJECT, INDEXED_FIELDS_PER_OBJECT, MASTER_DEPTH, SETTINGS_BYTES
from metadata.models import BusinessField, BusinessObject, ChoiceSet
from metadata.names import field_name_errors, label_errors, normal_labels
from metadata.services.choices import choice_errors
from metadata.services.known import KnownFields, KnownRows

CHANGEABLE = (
    "label",
    "help_text",
    "is_required",
    "is_unique",
    "is_indexed",
    "is_searchable",
    "track_history",
    "settings",
    "default",
    "position",
    "type",
    "unique_scope",
    "is_case_sensitive",
    "default_formula",
    "required_if",
    "visible_if",
    "readonly_if",
    "sensitivity",
    "is_deprecated",
)
SCOPE_SYSTEM_FIELDS = frozenset({"owner_id", "owner_department_id", "record_type", "currency"})
MAX_SCOPE = 3
SENSITIVITIES = ("normal", "personal", "secret")


def input_errors(known: KnownRows, business_object: BusinessObject, given: FieldInput) -> list[FieldError]:
    """Return every mistake in a new field's description."""
    errors = field_name_errors(given.api_name, is_custom=given.is_custom)
    errors += label_errors(normal_labels(given.label))
    errors += label_errors(normal_labels(given.help_text), "help_text", required=False)
    errors += _quota_errors(known.fields_of(business_object), given)
    if given.type not in field_types:
        return [*errors, FieldError("type", "invalid_choice", _("Unknown field type."))]
    if not errors:
        errors += _taken(known.fields_of(business_object), given.api_name)
    field_type = field_types.get(given.type)
    errors += _flag_errors(field_type, given.is_required, given.is_unique)
    errors += _parameter_errors(given.sensitivity, given.default_formula, given.default)
    errors += _scope_errors(known.fields_of(business_object), given.api_name, given.unique_scope, given.is_unique)
    errors += _settings_errors(field_type, given.settings)
    errors += _choices_of(known, field_type, given)
    errors += _name_form(field_type, given)
    if not errors:
        errors += _target_errors(known, business_object, field_type, given.settings)
        errors += _named_errors(known.fields_of(business_object), given.api_name, field_type, given.settings)
        errors += _default_errors(known, field_type, given)
    return errors


def change_errors(row: BusinessField, changes: Mapping[str, Any]) -> list[FieldError]:
    """Return every mistake in a set of changes to an existing field."""
    errors = [FieldError(n, "unknown_field", _("This can't be changed.")) for n in changes if n not in CHANGEABLE]
    for name in ("label", "help_text"):
        if name in changes:
            errors += label_errors(normal_labels(changes[name]), name, required=name == "label")
    if row.type not in field_types:
        return [*errors, FieldError("type", "invalid_choice", _("Unknown field type."))]
    field_type = field_types.get(row.type)
    errors += _flag_errors(field_type, row.is_required, row.is_unique)
    errors += _parameter_errors(row.sensitivity, row.default_formula, row.default)
    if "unique_scope" in changes:
        fields = KnownRows().fields_of(row.business_object)
        errors += _scope_errors(fields, row.api_name, row.unique_scope, row.is_unique)
    errors += _place_errors(row) + _deprecation_errors(row, field_type)
    if "settings" in changes and not errors:
        known = KnownRows()
        if field_type.key == "master_detail":
            known.masters.pop(row.business_object.api_name, None)  # the field itself is no second master
        errors += _target_errors(known, row.business_object, field_type, row.settings)
        errors += _named_errors(known.fields_of(row.business_object), row.api_name, field_type, row.settings)
    if changes.get("default") is not None and not errors:
        spec = FieldSpec(
            row.id,
            None,
            row.api_name,
            row.type,
            Labels(),
            settings=FrozenDict(row.settings),
            choice_set=_stored_choices(row.choice_set),
            default=freeze(row.default),
        )
        errors += _clean_default(field_type, spec)
    return errors


def _deprecation_errors(row: BusinessField, field_type: FieldType) -> list[FieldError]:
    """A field without which no record can be stays in use."""
    is_needed = field_type.always_required or row.api_name == row.business_object.name_field
    if not (row.is_deprecated and is_needed):
        return []
    return [FieldError("is_deprecated", "invalid_choice", _("Records can't be without this field."))]


def _place_errors(row: BusinessField) -> list[FieldError]:
    """A field of the second table can't be unique: the index would not know which records are deleted."""
    if not (row.part and row.is_unique):
        return []
    message = _("This field was added when the object was nearly full, and can't be unique. Change its type instead.")
    return [FieldError("is_unique", "invalid_choice", message)]


def _taken(fields: KnownFields, api_name: str) -> list[FieldError]:
    state = fields.states.get(api_name)
    if state is None:
        return _path_clash(fields, api_name)
    if state == BusinessField.State.HIDDEN:
        return [FieldError("api_name", "not_unique", _("A deleted field has this name: restore it or choose another."))]
    return [FieldError("api_name", "not_unique", _("This name is taken."))]


def _path_clash(fields: KnownFields, api_name: str) -> list[FieldError]:
    """A field may not be called like the path through a lookup (`account` beside `account_id`)."""
    partner = api_name.removesuffix("_id") if api_name.endswith("_id") else f"{api_name}_id"
    if partner in fields.states:
        return [FieldError("api_name", "not_unique", _("This name is the path of a lookup."))]
    return []


def _quota_errors(fields: KnownFields, given: FieldInput) -> list[FieldError]:
    errors = []
    if len(fields.states) >= FIELDS_PER_OBJECT:
        errors.append(FieldError(None, "quota_exceeded", _("The object has as many fields as it may have.")))
    if given.is_indexed and fields.indexed >= INDEXED_FIELDS_PER_OBJECT:
        errors.append(FieldError("is_indexed", "quota_exceeded", _("Too many indexed fields on this object.")))
    return errors


def _flag_errors(field_type: FieldType, is_required: bool, is_unique: bool) -> list[FieldError]:
    errors = []
    if is_required and not field_type.can_be_required:
        errors.append(FieldError("is_required", "invalid_choice", _("A field of this type can't be required.")))
    if is_unique and not field_type.can_be_unique:
        errors.append(FieldError("is_unique", "invalid_choice", _("A field of this type can't be unique.")))
    return errors


def _parameter_errors(sensitivity: str, default_formula: str, default: Any) -> list[FieldError]:
    errors = []
    if sensitivity not in SENSITIVITIES:
        errors.append(FieldError("sensitivity", "invalid_choice", _("Normal, personal or secret.")))
    if default_formula and default is not None:
        message = _("A field has a fixed default or a formula for it, not both.")
        errors.append(FieldError("default_formula", "invalid_choice", message))
    return errors


def _scope_errors(fields: KnownFields, api_name: str, scope: Sequence[Any], is_unique: bool) -> list[FieldError]:
    """A scope names up to three other fields of the object; system fields are the owner's and the record type."""
    if not scope:
        return []
    if not is_unique:
        return [FieldError("unique_scope", "invalid_choice", _("Only a unique field has a scope."))]
    known = SCOPE_SYSTEM_FIELDS | {name for name, state in fields.states.items() if state == BusinessField.State.ACTIVE}
    if len(scope) > MAX_SCOPE or not all(isinstance(name, str) and name in known - {api_name} for name in scope):
        return [FieldError("unique_scope", "invalid_reference", _("Choose up to three fields of the object."))]
    if not fields.second.isdisjoint(scope):
        message = _("This field was added when the object was nearly full, and can't be part of a scope: %(name)s")
        names = ", ".join(sorted(fields.second.intersection(scope)))
        return [FieldError("unique_scope", "invalid_reference", message % {"name": names})]
    return []


def _settings_errors(field_type: FieldType, settings: Any) -> list[FieldError]:
    if not isinstance(settings, Mapping) or len(json.dumps(settings, default=str)) > SETTINGS_BYTES:
        return [FieldError("settings", "invalid_type", _("The parameters are not valid."))]
    try:
        field_type.check_settings(settings)
    except ValidationFailed as failed:
        return list(failed.errors)
    return []


def _choices_of(known: KnownRows, field_type: FieldType, given: FieldInput) -> list[FieldError]:
    if not field_type.uses_choices:
        return []
    if given.choice_set:
        exists = given.choice_set in known.shared_sets
        return [] if exists else [FieldError("choice_set", "invalid_reference", _("There is no such picklist."))]
    return choice_errors(given.choices)


def _name_form(field_type: FieldType, given: FieldInput) -> list[FieldError]:
    """A standard field with one target is named `…_id`, so that its path can drop the ending."""
    has_target = "target" in given.settings or given.type == "user"
    if has_target and field_type.is_reference and not given.is_custom and not given.api_name.endswith("_id"):
        return [FieldError("api_name", "invalid_type", _("The name of a standard lookup ends in _id."))]
    return []


def _target_errors(
    known: KnownRows, business_object: BusinessObject, field_type: FieldType, settings: Mapping[str, Any]
) -> list[FieldError]:
    if not field_type.has_targets:
        return []
    wanted = settings.get("targets") or ([settings["target"]] if "target" in settings else [])
    missing = [name for name in wanted if name not in known.active_objects]
    if missing:
        message = _("There is no such object: %(names)s") % {"names": ", ".join(map(str, missing))}
        return [FieldError("settings.target", "invalid_reference", message)]
    if field_type.key == "master_detail" and wanted:
        return _master_errors(known, business_object, str(wanted[0]))
    return []


def _named_errors(
    fields: KnownFields, api_name: str, field_type: FieldType, settings: Mapping[str, Any]
) -> list[FieldError]:
    """Parameters may name other fields of the object, of the types that they are made for."""
    errors = []
    for parameter, names in field_type.named_fields(settings).items():
        for name in names:
            is_there = fields.states.get(name) == BusinessField.State.ACTIVE and name != api_name
            if not is_there or fields.types[name] not in field_type.nameable_types:
                message = _("The object has no such field of a fitting type: %(name)s") % {"name": name}
                errors.append(FieldError(f"settings.{parameter}", "invalid_reference", message))
    return errors


def _master_errors(known: KnownRows, business_object: BusinessObject, master: str) -> list[FieldError]:
    """Masters form chains of at most three, without a circle, one master per object."""
    if business_object.api_name in known.masters:
        return [FieldError("type", "invalid_choice", _("The object has a master already."))]
    chain = [business_object.api_name, master]
    while (above := known.masters.get(chain[-1])) is not None:
        chain.append(above)
        if above in chain[:-1] or len(chain) > MASTER_DEPTH:
            break
    if len(set(chain)) < len(chain) or len(chain) > MASTER_DEPTH:
        return [
            FieldError(
                "settings.target",
                "invalid_reference",
                _("Master and detail would form a circle or a chain of more than three."),
            )
        ]
    return []


def _default_errors(known: KnownRows, field_type: FieldType, given: FieldInput) -> list[FieldError]:
    if given.default is None:
        return []
    if not field_type.can_be_default:
        return [FieldError("default", "invalid_choice", _("A field of this type has no default."))]
    choice_set = _given_choices(known, given) if field_type.uses_choices else None
    spec = FieldSpec(
        0,
        None,
        given.api_name,
        given.type,
        Labels(),
        settings=FrozenDict(field_type.check_settings(given.settings)),
        choice_set=choice_set,
        default=freeze(given.default),
    )
    return _clean_default(field_type, spec)


def _clean_default(field_type: FieldType, spec: FieldSpec) -> list[FieldError]:
    try:
        field_type.default(spec, CleanContext(actor=system_actor(), now=timezone.now()))
    except InvalidValue as invalid:
        return [FieldError("default", invalid.code, invalid.message)]
    return []


def _given_choices(known: KnownRows, given: FieldInput) -> ChoiceSetSpec | None:
    if given.choice_set:
        return _stored_choices(known.shared_sets.get(given.choice_set))
    choices = tuple(ChoiceSpec(item.value, normal_labels(item.label)) for item in given.choices)
    return ChoiceSetSpec(0, given.uuid, "", Labels(), choices)  # type: ignore[arg-type]


def _stored_choices(row: ChoiceSet | None) -> ChoiceSetSpec | None:
    if row is None:
        return None
    choices = tuple(ChoiceSpec(c.value, Labels({"": c.label}), is_active=c.is_active) for c in row.choices.all())
    return ChoiceSetSpec(row.id, row.uuid, row.api_name, Labels(), choices)
