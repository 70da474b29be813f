"""Record type: which kind of an object's records one is; only for the system field `record_type`.

People and interfaces name it as a choice, by API name. The column has the type's UUID, which the choice's
property `id` tells, so that a type may be looked up and granted by its row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Case, CharField, F, Value, When
from django.db.models.expressions import BaseExpression
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import TYPE_ID, ChoiceSpec, FieldSpec
from metadata.field_types.base import Column, nullable
from metadata.field_types.choices import VALUE_LENGTH, all_choices
from metadata.field_types.picklist import PicklistType
from metadata.field_types.references import UUID_BYTES
from metadata.field_types.registry import field_types
from metadata.field_types.values import CleanContext


class RecordTypeType(PicklistType):
    key = "record_type"
    label = _("Record type")
    icon = "category"
    group = "system"
    for_admins = False
    can_be_default = False

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        return (Column("uuid", nullable(models.UUIDField), UUID_BYTES),)

    def to_columns(self, field: FieldSpec, value: Any, ctx: CleanContext) -> dict[str, Any]:
        return {"": _id_of(field, value)}

    def from_columns(self, field: FieldSpec, parts: Mapping[str, Any]) -> str | None:
        if parts[""] is None:
            return None
        found = str(parts[""])
        return next((choice.value for choice in all_choices(field) if choice.properties[TYPE_ID] == found), None)

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> UUID | None:
        return _id_of(field, super().operand(field, operator, item, ctx))

    def sort_key(self, field: FieldSpec, column: BaseExpression) -> BaseExpression:
        choices = all_choices(field)
        cases = [When(Exact(column, Value(_id(item))), then=Value(place)) for place, item in enumerate(choices)]
        return Case(*cases, default=Value(len(choices)), output_field=models.IntegerField())

    def as_operand(self, field: FieldSpec, column: BaseExpression | F) -> BaseExpression | F:
        choices = all_choices(field)
        cases = [When(Exact(column, Value(_id(item))), then=Value(item.value)) for item in choices]
        return Case(*cases, default=Value(None), output_field=CharField(max_length=VALUE_LENGTH))


def _id(choice: ChoiceSpec) -> UUID:
    return UUID(str(choice.properties[TYPE_ID]))


def _id_of(field: FieldSpec, value: str | None) -> UUID | None:
    choice = field.choice_set.by_value.get(value) if field.choice_set and value else None
    return _id(choice) if choice else None


field_types.register(RecordTypeType())
