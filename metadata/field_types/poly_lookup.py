"""Polymorphic lookup: points at a record of one of several objects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.db import models
from django.utils.choices import CallableChoiceIterator
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import INLINE_BYTES, Column, SettingsForm, nullable
from metadata.field_types.labels import object_choices
from metadata.field_types.lookup import API_NAME, OpensToOwnerField
from metadata.field_types.references import UUID_BYTES, ReferenceField, ReferenceType, clean_reference
from metadata.field_types.registry import field_types
from metadata.field_types.touching import TouchesField, TouchesWhenField
from metadata.field_types.values import CleanContext, InvalidValue, Reference

MAX_TARGETS = 20
OBJECT = "_object"


class ApiNamesField(forms.Field):
    """A list of API names, each once; in a form, check boxes."""

    def to_python(self, value: Any) -> list[str]:
        names = list(dict.fromkeys(value)) if isinstance(value, list | tuple) and _are_texts(value) else None
        if names is None or len(names) > MAX_TARGETS or not all(re.match(API_NAME, name) for name in names):
            raise forms.ValidationError(_("Choose one object or more, at most %(max)d.") % {"max": MAX_TARGETS})
        return names


def _are_texts(items: Any) -> bool:
    return all(isinstance(item, str) for item in items)


class PolyLookupSettings(SettingsForm):
    flags = ("opens_to_owner",)
    targets = ApiNamesField(
        label=_("Objects"),
        help_text=_("What the field may point at."),
        widget=widgets.Chips(choices=CallableChoiceIterator(object_choices)),
    )
    opens_to_owner = OpensToOwnerField()
    touches = TouchesField()
    touches_when = TouchesWhenField()


class PolyLookupType(ReferenceType):
    """The object's API name and the id, without a foreign key; ids are unique across all objects."""

    key = "poly_lookup"
    label = _("Lookup to several objects")
    icon = "arrows-split"
    settings_form = PolyLookupSettings

    def targets(self, field: FieldSpec) -> tuple[str, ...]:
        return tuple(field.settings.get("targets", ()))

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        name = nullable(models.CharField, max_length=40)
        return (
            Column(
                "uuid",
                nullable(
                    models.UUIDField,
                ),
                UUID_BYTES,
            ),
            Column("varchar(40)", name, INLINE_BYTES, suffix=OBJECT),
        )

    def can_change_to(self, field: FieldSpec, new: FieldSpec) -> bool:
        return new.type == self.key and set(self.targets(new)) >= set(self.targets(field))

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> Reference | None:
        return clean_reference(value, self.targets(field))

    def to_columns(self, field: FieldSpec, value: Any, ctx: CleanContext) -> dict[str, Any]:
        return {"": value.id if value else None, OBJECT: value.object if value else None}

    def from_columns(self, field: FieldSpec, parts: Mapping[str, Any]) -> Reference | None:
        return Reference(parts[OBJECT], parts[""]) if parts[""] and parts[OBJECT] else None

    def to_api(self, field: FieldSpec, value: Any) -> Any:
        return {"object": value.object, "id": str(value.id)} if value else None

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        return ReferenceField(self.targets(field), language)

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        targets = list(self.targets(field))
        members = {"object": {"type": "string", "enum": targets}, "id": {"type": "string", "format": "uuid"}}
        required = ["object", "id"]
        return {"type": "object", "properties": members, "required": required, "additionalProperties": False}

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> Any:
        if isinstance(item, str):  # an id says enough to find a record, though not to set the field
            item = {"object": next(iter(self.targets(field)), ""), "id": item}
        found = clean_reference(item, self.targets(field))
        if found is None:
            raise InvalidValue("required", _("Enter a value to compare with."))
        return found.id


field_types.register(PolyLookupType())
