"""What the types that point at something share: ids in, links out; no field type itself."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django import forms
from django.db import models
from django.db.models import Q
from django.db.models.expressions import BaseExpression
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.ids import parse_uuid
from crm_platform.kit.markup import format_html
from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import Column, FieldType, nullable
from metadata.field_types.labels import object_label
from metadata.field_types.predicates import compare
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue, Reference

UUID_BYTES = 16
REFERENCE_FILTERS = ("eq", "ne", "in", "nin", "empty", "nempty")


def clean_reference(value: Any, targets: Sequence[str]) -> Reference | None:
    """Return the reference in an id (text or UUID), a Reference or `{"object", "id"}`; None when empty.

    Only the form is checked; the record service checks for many records at once that the targets exist and
    are visible to the caller. An id alone means the only target. Raises InvalidValue.
    """
    if value is None or value == "":
        return None
    target: Any
    found: uuid.UUID | None
    if isinstance(value, Reference):
        target, found = value.object, value.id
    elif isinstance(value, Mapping):
        target, found = value.get("object", targets[0] if len(targets) == 1 else None), parse_uuid(value.get("id"))
    elif isinstance(value, str | uuid.UUID):
        target, found = targets[0] if len(targets) == 1 else None, parse_uuid(value)
    else:
        raise InvalidValue("invalid_type", _("Enter the ID of a record."))
    if found is None:
        raise InvalidValue("invalid_reference", _("This is not the ID of a record."))
    if target is None:
        raise InvalidValue("invalid_type", _("Enter the object and the ID of a record."))
    if not isinstance(target, str) or target not in targets:
        raise InvalidValue("invalid_reference", _("The field can't point at such a record."))
    return Reference(target, found, value.name if isinstance(value, Reference) else "")


class ReferenceType(FieldType):
    """Base of the types whose value is a Reference to one kind of thing."""

    group = "reference"
    expression_type = "reference"
    is_reference = True
    is_sortable = False  # by an id; lists sort by a path to the name instead

    def target(self, field: FieldSpec) -> str:
        """Return what the field points at: an API name, "user" or "department"."""
        return str(field.settings.get("target", ""))

    def targets(self, field: FieldSpec) -> tuple[str, ...]:
        return (self.target(field),)

    def on_delete(self, field: FieldSpec) -> str:
        return "RESTRICT"

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        make = nullable(
            models.UUIDField,
        )
        target, rule = self.target(field), self.on_delete(field)
        return (Column("uuid", make, UUID_BYTES, references=target, on_delete=rule),)

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> Reference | None:
        return clean_reference(value, (self.target(field),))

    def to_columns(self, field: FieldSpec, value: Any, ctx: CleanContext) -> dict[str, Any]:
        return {"": value.id if value else None}

    def from_columns(self, field: FieldSpec, parts: Mapping[str, Any]) -> Reference | None:
        return Reference(self.target(field), parts[""]) if parts[""] else None

    def to_api(self, field: FieldSpec, value: Any) -> Any:
        return str(value.id) if value else None

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        return (value.name or str(value.id)) if value else ""

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        if not value:
            return SafeString()
        return format_html('<a href="/o/{}/{}">{}</a>', value.object, value.id, self.to_text(field, value, ctx))

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        return ReferenceField((self.target(field),), language)

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        return {"type": "string", "format": "uuid", "x-references": self.target(field)}

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return REFERENCE_FILTERS

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> Any:
        found = clean_reference(item, (self.target(field),))
        if found is None:
            raise InvalidValue("required", _("Enter a value to compare with."))
        return found.id

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        return compare(operator, column, params)


class ReferenceField(forms.Field):
    """A form field that returns the chosen id, or `{"object", "id"}` where there are several targets."""

    default_error_messages = {"not_chosen": _("Choose one of the suggestions.")}

    def __init__(self, targets: Sequence[str], language: str) -> None:
        self.is_poly = len(targets) > 1
        labels = [(target, partial(object_label, target, language)) for target in targets]
        super().__init__(widget=widgets.LookupInput(labels))

    def clean(self, value: Any) -> Any:
        if isinstance(value, widgets.Chosen):
            if not value.id:  # typed, but never chosen: to drop it silently would lose input
                raise forms.ValidationError(self.error_messages["not_chosen"], "not_chosen")
            value = {"object": value.object, "id": value.id} if self.is_poly else value.id
        return super().clean(value or None)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return _id_in(initial) != _id_in(data) or (isinstance(data, widgets.Chosen) and not data.id)


def _id_in(value: Any) -> str:
    found = value.get("id") if isinstance(value, Mapping) else getattr(value, "id", value)
    return str(found or "")
