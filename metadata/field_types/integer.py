"""Number: a whole number."""

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
    NumberType,
    RangeSettings,
    bound,
    check_range,
    exact_number,
    round_half_up,
)
from metadata.field_types.registry import field_types
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

SMALLEST, LARGEST = -(2**63), 2**63 - 1  # bigint


class IntegerSettings(RangeSettings):
    min = forms.IntegerField(
        label=_("Smallest value"), min_value=SMALLEST, max_value=LARGEST, required=False, widget=widgets.NumberInput
    )
    max = forms.IntegerField(
        label=_("Largest value"), min_value=SMALLEST, max_value=LARGEST, required=False, widget=widgets.NumberInput
    )
    thousands = forms.TypedChoiceField(
        label=_("Digits"),
        choices=[("True", _("in groups of three: 1,234,567")), ("False", _("without a separator: 1234567"))],
        coerce=lambda value: value == "True",
        empty_value=None,
        required=False,
        widget=widgets.Select,
    )


class IntegerType(NumberType):
    key = "integer"
    label = _("Whole number")
    icon = "number-123"
    converts_to: ClassVar[tuple[str, ...]] = ("integer", "decimal", "currency", "percent", "text", "long_text")
    settings_form: ClassVar[type[SettingsForm]] = IntegerSettings
    can_be_unique = True

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        return (Column("bigint", nullable(models.BigIntegerField), 8),)

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> int | None:
        number = self.operand_or_none(value)
        if number is not None:
            check_range(number, field)
        return number

    def rounded(self, field: FieldSpec, value: Any) -> Any:
        return int(round_half_up(Decimal(value), 0))

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> int:
        number = self.operand_or_none(item)
        if number is None:
            raise InvalidValue("required", _("Enter a value to compare with."))
        return number

    @staticmethod
    def operand_or_none(value: Any) -> int | None:
        """Return a whole number within bigint, None when empty; raises InvalidValue."""
        number = exact_number(value)
        if number is None:
            return None
        if (number and number.adjusted() > 18) or not SMALLEST <= number <= LARGEST:
            raise InvalidValue("out_of_range", _("The number is too large."))
        if number != number.to_integral_value():
            raise InvalidValue("invalid_type", _("Enter a whole number."))
        return int(number)

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        if value is None or not field.settings.get("thousands", True):
            return "" if value is None else str(value)
        return number_text(Decimal(value), 0, ctx.language)

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        low, high = bound(field, "min"), bound(field, "max")
        return forms.IntegerField(
            min_value=None if low is None else int(low),
            max_value=None if high is None else int(high),
            widget=widgets.NumberInput(attrs={"inputmode": "numeric"}),
        )

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        low, high = bound(field, "min"), bound(field, "max")
        schema: dict[str, Any] = {"type": "integer", "format": "int64"}
        if low is not None:
            schema["minimum"] = int(low)
        if high is not None:
            schema["maximum"] = int(high)
        return schema


field_types.register(IntegerType())
