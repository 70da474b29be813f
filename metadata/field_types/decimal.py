"""Decimal: a number with a fixed count of decimals, exact."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import Column, SettingsForm, nullable
from metadata.field_types.formats import number_text
from metadata.field_types.numbers import (
    DIGITS,
    NUMERIC_BYTES,
    NumberType,
    RangeSettings,
    bound,
    check_range,
    decimal_pattern,
    exact_number,
    fit,
    round_half_up,
    scale_field,
)
from metadata.field_types.registry import field_types
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

DEFAULT_SCALE = 2
MOST_DECIMALS = 8


class DecimalSettings(RangeSettings):
    fixed = ("scale",)
    digits = forms.IntegerField(
        label=_("Digits in all"),
        help_text=_("Before and after the decimal point together, up to 18."),
        min_value=1,
        max_value=DIGITS,
        required=False,
        widget=widgets.NumberInput,
    )
    scale = scale_field(MOST_DECIMALS, DEFAULT_SCALE)
    min = forms.DecimalField(label=_("Smallest value"), max_digits=DIGITS, required=False, widget=widgets.NumberInput)
    max = forms.DecimalField(label=_("Largest value"), max_digits=DIGITS, required=False, widget=widgets.NumberInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        digits, scale = cleaned.get("digits") or DIGITS, cleaned.get("scale")
        if digits <= (DEFAULT_SCALE if scale is None else scale):
            self.add_error("digits", _("There must be more digits than decimals."))
        return cleaned


class DecimalType(NumberType):
    """The column always holds 18 digits, so that `digits` may change without touching it."""

    key = "decimal"
    label = _("Decimal number")
    icon = "decimal"
    converts_to: ClassVar[tuple[str, ...]] = ("integer", "decimal", "currency", "percent", "text", "long_text")
    settings_form: ClassVar[type[SettingsForm]] = DecimalSettings

    def digits(self, field: FieldSpec) -> int:
        return int(field.settings.get("digits", DIGITS))

    def scale(self, field: FieldSpec) -> int:
        """Return the number of decimals of the stored value."""
        return int(field.settings.get("scale", DEFAULT_SCALE))

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        scale = self.scale(field)
        make = nullable(models.DecimalField, max_digits=DIGITS, decimal_places=scale)
        return (Column(f"numeric({DIGITS},{scale})", make, NUMERIC_BYTES),)

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> Decimal | None:
        number = exact_number(value)
        if number is None:
            return None
        number = fit(number, self.digits(field), self.scale(field))
        check_range(number, field)
        return number

    def rounded(self, field: FieldSpec, value: Any) -> Any:
        return round_half_up(value, self.scale(field))

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> Decimal:
        number = exact_number(item)
        if number is None:
            raise InvalidValue("required", _("Enter a value to compare with."))
        # More decimals than the column has are welcome in a comparison; only the size is bounded.
        if number and not -60 < number.adjusted() < 60:
            raise InvalidValue("out_of_range", _("The number is too large."))
        return number

    def to_api(self, field: FieldSpec, value: Any) -> Any:
        return None if value is None else format(value, "f")

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        return "" if value is None else number_text(value, self.scale(field), ctx.language)

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        return forms.DecimalField(
            min_value=bound(field, "min"),
            max_value=bound(field, "max"),
            max_digits=self.digits(field),
            decimal_places=self.scale(field),
            widget=widgets.NumberInput(attrs={"inputmode": "decimal"}),
        )

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        return {"type": "string", "format": "decimal", "pattern": decimal_pattern(self.scale(field))}


field_types.register(DecimalType())
