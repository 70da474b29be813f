"""Checkbox: yes or no, never empty."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from django import forms
from django.db import models
from django.db.models import Q
from django.db.models.expressions import BaseExpression
from django.utils.safestring import SafeString
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.markup import format_html
from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import Column, FieldType
from metadata.field_types.predicates import compare
from metadata.field_types.registry import field_types
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

_TRUE = frozenset({"true", "1", "on", "yes", "y", "是"})
_FALSE = frozenset({"false", "0", "off", "no", "n", "否", ""})


class CheckboxType(FieldType):
    key = "checkbox"
    label = _("Checkbox")
    icon = "checkbox"
    converts_to = ("picklist", "text", "long_text")
    group = "choice"
    expression_type = "boolean"
    can_be_required = False

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        make = partial(models.BooleanField, default=False)
        return (Column("boolean", make, 1, not_null=True, default_sql="false"),)

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> bool:
        if value is None or isinstance(value, bool):
            return bool(value)
        if isinstance(value, str | int):
            text = value.strip().lower() if isinstance(value, str) else {0: "0", 1: "1"}.get(value)
            if text in _TRUE:
                return True
            if text in _FALSE:
                return False
        raise InvalidValue("invalid_type", _("Enter true or false."))

    def default(self, field: FieldSpec, ctx: CleanContext) -> bool:
        return self.clean(field, field.default, ctx)

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> bool:
        if item is None or item == "":
            raise InvalidValue("required", _("Enter a value to compare with."))
        return self.clean(field, item, ctx)

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        with override(ctx.language):
            return gettext("Yes") if value else gettext("No")

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        name = "check-yes" if value else "check-no"
        return format_html('<span class="{}">{}</span>', name, self.to_text(field, value, ctx))

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        return forms.BooleanField(required=False, widget=widgets.Switch)

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        return {"type": "boolean"}

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return ("eq", "ne")

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        return compare(operator, column, params)


field_types.register(CheckboxType())
