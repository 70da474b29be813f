"""记录类型: creating, changing and retiring the kinds of an object's records."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from django.utils.translation import gettext as _

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, NotFound, ValidationFailed
from metadata.compiler.spec import ObjectSpec
from metadata.field_types.choices import COLORS
from metadata.loader import load_spec
from metadata.models import BusinessObject, RecordType
from metadata.names import label_errors, normal_labels
from metadata.publishing import publish
from metadata.rule_inputs import RecordTypeInput
from metadata.services.labels import save_translations, set_labels, texts_of
from metadata.services.objects import get_object
from metadata.services.own_errors import own_errors
from metadata.services.rule_checks import name_errors

TYPES_PER_OBJECT = 50
TEXTS = ("label", "description")
NARROWED_TYPES = frozenset({"picklist", "multi_picklist", "stage"})


def create_record_type(actor: Actor, object_name: str, given: RecordTypeInput) -> RecordType:
    """Add a type, to be chosen from the commit on; raises NotFound, ValidationFailed with every mistake."""

    def change() -> RecordType:
        owner = get_object(object_name)
        taken = list(owner.record_types.values_list("api_name", flat=True))
        row = RecordType(business_object=owner, uuid=given.uuid or uuid.uuid4(), is_custom=given.is_custom)
        return _write(row, given, name_errors(given.api_name, taken) + _count_errors(taken))

    with own_errors(f"objects.{object_name}.record_types.{given.api_name}"):
        return publish(actor, f"Add record type {object_name}.{given.api_name}", change)


def update_record_type(actor: Actor, object_name: str, name: str, **changes: Any) -> RecordType:
    """Change members of a type, but for its API name; raises NotFound, ValidationFailed."""

    def change() -> RecordType:
        row = get_record_type(object_name, name)
        allowed = {item.name for item in fields(RecordTypeInput)} - {"api_name", "uuid", "is_custom"}
        unknown = [FieldError(item, "unknown_field", _("Unknown member.")) for item in changes.keys() - allowed]
        present = {item: getattr(row, item) for item in allowed - set(TEXTS)}
        present |= {item: texts_of(row, item) for item in TEXTS}
        known = {item: value for item, value in changes.items() if item in allowed}
        return _write(row, replace(RecordTypeInput(row.api_name, **present), **known), unknown)

    with own_errors(f"objects.{object_name}.record_types.{name}"):
        return publish(actor, f"Change record type {object_name}.{name}", change)


def get_record_type(object_name: str, name: str) -> RecordType:
    """Return the row of a type; raises NotFound."""
    active = BusinessObject.State.ACTIVE
    row = RecordType.objects.filter(
        business_object__api_name=object_name, business_object__state=active, api_name=name
    ).first()
    if row is None:
        raise NotFound(_("There is no such record type."))
    return row


def write_record_type(row: RecordType, given: RecordTypeInput) -> None:
    """Store what an input that has been checked says; the default of an object is one type at most."""
    values = asdict(given)
    translations = set_labels(row, **{name: values.pop(name) for name in TEXTS})
    for name in values.keys() - {"uuid", "is_custom"}:
        setattr(row, name, values[name])
    row.choices = {field: list(allowed) for field, allowed in given.choices.items()}
    if row.is_default:
        others = RecordType.objects.filter(business_object=row.business_object, is_default=True)
        others.exclude(pk=row.pk).update(is_default=False)
    row.save()
    save_translations(translations)


def record_type_errors(spec: ObjectSpec, given: RecordTypeInput) -> list[FieldError]:
    """Return what is wrong with a type, but for its name."""
    errors = label_errors(normal_labels(given.label))
    errors += label_errors(normal_labels(given.description), "description", required=False)
    if given.color and given.color not in COLORS:
        errors.append(FieldError("color", "invalid_choice", _("Unknown colour.")))
    if given.is_default and not given.is_active:
        errors.append(FieldError("is_default", "invalid_choice", _("A type that is not in use can't be the default.")))
    return errors + _choices_errors(spec, given.choices)


def _write(row: RecordType, given: RecordTypeInput, errors: list[FieldError]) -> RecordType:
    spec = load_spec().object_map[row.business_object.api_name]
    errors = errors + record_type_errors(spec, given)
    if errors:
        raise ValidationFailed(errors)
    write_record_type(row, given)
    return row


def _choices_errors(spec: ObjectSpec, given: object) -> list[FieldError]:
    """Return what is wrong with the map of fields and the values that the type allows in them."""
    if not isinstance(given, Mapping):
        return [FieldError("choices", "invalid_type", _("Say for each field which values it may have."))]
    errors = []
    for name, allowed in given.items():
        field = spec.field_map.get(str(name))
        place = f"choices.{name}"[:120]
        if field is None or field.type not in NARROWED_TYPES or field.choice_set is None:
            errors.append(FieldError(place, "invalid_reference", _("Choose a picklist of the object.")))
        elif (
            not isinstance(allowed, list | tuple)
            or not allowed
            or not set(map(str, allowed)) <= set(field.choice_set.by_value)
        ):
            errors.append(FieldError(place, "invalid_choice", _("Choose at least one value of the picklist.")))
    return errors


def _count_errors(taken: list[str]) -> list[FieldError]:
    if len(taken) < TYPES_PER_OBJECT:
        return []
    message = _("An object has at most %(max)d record types.") % {"max": TYPES_PER_OBJECT}
    return [FieldError(None, "out_of_range", message)]
