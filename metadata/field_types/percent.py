"""Percent: kept as a fraction (0.2), shown and typed as percent (20 %)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import SettingsForm
from metadata.field_types.decimal import DecimalType
from metadata.field_types.formats import number_text
from metadata.field_types.numbers import DIGITS, scale_field
from metadata.field_types.registry import field_types
from metadata.field_types.values import DisplayContext

DEFAULT_SCALE = 2
MOST_DECIMALS = 6


class PercentSettings(SettingsForm):
    fixed = ("scale",)
    scale = scale_field(MOST_DECIMALS, DEFAULT_SCALE)


class PercentField(forms.DecimalField):
    """A form field in which 20 stands for 0.2. `form_initial` of the type makes its initial value."""

    def clean(self, value: Any) -> Decimal | None:
        percent = super().clean(value)
        return None if percent is None else percent.scaleb(-2)


class PercentType(DecimalType):
    """`scale` counts the decimals of the percentage, so the fraction has two more."""

    key = "percent"
    label = _("Percent")
    icon = "percentage"
    converts_to = ("integer", "decimal", "currency", "percent", "text", "long_text")
    settings_form = PercentSettings

    def scale(self, field: FieldSpec) -> int:
        return int(field.settings.get("scale", DEFAULT_SCALE)) + 2

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        if value is None:
            return ""
        return number_text(value.scaleb(2), self.scale(field) - 2, ctx.language, trim=True) + "%"

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        return PercentField(
            max_digits=DIGITS,
            decimal_places=self.scale(field) - 2,
            widget=widgets.PercentInput(attrs={"inputmode": "decimal"}),
        )

    def form_initial(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> Any:
        if value is None:
            return None
        percent = value.scaleb(2).normalize()
        return Decimal(format(percent, "f"))


field_types.register(PercentType())
