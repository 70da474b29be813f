"""Record ID: the identity of a record or of something else that has no object; only for system fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.db import models
from django.db.models import Q
from django.db.models.expressions import BaseExpression
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.ids import parse_uuid
from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import Column, FieldType, nullable
from metadata.field_types.predicates import compare
from metadata.field_types.references import REFERENCE_FILTERS, UUID_BYTES
from metadata.field_types.registry import field_types
from metadata.field_types.values import CleanContext, InvalidValue


class RecordIdType(FieldType):
    key = "record_id"
    label = _("Record ID")
    icon = "fingerprint"
    group = "system"
    expression_type = "reference"
    for_admins = False
    is_read_only = True
    can_be_required = False
    can_be_default = False

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        return (
            Column(
                "uuid",
                nullable(
                    models.UUIDField,
                ),
                UUID_BYTES,
            ),
        )

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> UUID | None:
        if value is None or value == "":
            return None
        found = parse_uuid(value)
        if found is None:
            raise InvalidValue("invalid_type", _("Enter an ID."))
        return found

    def to_api(self, field: FieldSpec, value: Any) -> Any:
        return str(value) if value else None

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        return forms.UUIDField(widget=widgets.TextInput)

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        return {"type": "string", "format": "uuid"}

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return REFERENCE_FILTERS

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        return compare(operator, column, params)


field_types.register(RecordIdType())
