"""The base of fields whose values the platform works out: formulas, roll-ups, values of related records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.db.models import Q
from django.db.models.expressions import BaseExpression
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import Column, FieldType, SettingsForm
from metadata.field_types.registry import field_types
from metadata.field_types.values import CleanContext, DisplayContext

RESULTS = (
    ("text", _("Text")),
    ("decimal", _("Decimal number")),
    ("integer", _("Whole number")),
    ("currency", _("Currency")),
    ("percent", _("Percent")),
    ("checkbox", _("Checkbox")),
    ("date", _("Date")),
    ("datetime", _("Date and time")),
)


IS_SAFE = "is_safe"


class ComputedSettings(SettingsForm):
    """Base of the parameters of computed fields: whether the result may be read without what it is made of."""

    flags = (IS_SAFE,)
    is_safe = forms.BooleanField(
        label=_("Safe to show by itself"),
        help_text=_(
            "Whoever may read this field reads it, even without the right to read the fields from which it is worked "
            "out. Otherwise it is hidden from those who may not read all of them."
        ),
        required=False,
        widget=widgets.Switch,
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields[IS_SAFE] = self.fields.pop(IS_SAFE)  # comes last, whatever the type adds


class ComputedType(FieldType):
    """A field that nobody writes. `settings["returns"]` names the type of which its values are.

    A compiled field has the type of its values (`behaves_as`), so that filters, cells and forms need not know
    that it is computed; what is here serves callers who only have the specification.
    """

    group = "computed"
    is_read_only = True  # nothing but the platform's own results is ever cleaned
    can_be_required = False
    can_be_default = False

    def behaves_as(self, field: FieldSpec) -> FieldType:
        return field_types.get(str(field.settings["returns"]))

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        return self.behaves_as(field).columns(field)

    def can_change_to(self, field: FieldSpec, new: FieldSpec) -> bool:
        same = new.type == self.key and new.settings.get("returns") == field.settings.get("returns")
        return same and self.behaves_as(field).columns(field) == self.behaves_as(new).columns(new)

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> Any:
        return self.behaves_as(field).clean(field, value, ctx)

    def default(self, field: FieldSpec, ctx: CleanContext) -> Any:
        return None

    def to_columns(self, field: FieldSpec, value: Any, ctx: CleanContext) -> dict[str, Any]:
        return self.behaves_as(field).to_columns(field, value, ctx)

    def from_columns(self, field: FieldSpec, parts: Mapping[str, Any]) -> Any:
        return self.behaves_as(field).from_columns(field, parts)

    def to_api(self, field: FieldSpec, value: Any) -> Any:
        return self.behaves_as(field).to_api(field, value)

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        return self.behaves_as(field).to_text(field, value, ctx)

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        return self.behaves_as(field).cell(field, value, ctx)

    def search_text(self, field: FieldSpec, value: Any) -> str:
        return self.behaves_as(field).search_text(field, value)

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        return self.behaves_as(field).form_field(field, language)

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        return {**self.behaves_as(field).json_schema(field, language), "readOnly": True}

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return self.behaves_as(field).filters(field)

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> Any:
        return self.behaves_as(field).operand(field, operator, item, ctx)

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        return self.behaves_as(field).predicate(field, operator, column, params)

    def sort_key(self, field: FieldSpec, column: BaseExpression) -> BaseExpression:
        return self.behaves_as(field).sort_key(field, column)
