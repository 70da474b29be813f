"""Currency: an amount in the record's currency, and its worth in the organisation's base currency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import Column, SettingsForm
from metadata.field_types.decimal import DecimalType
from metadata.field_types.formats import money_text
from metadata.field_types.numbers import DIGITS, fit, scale_field
from metadata.field_types.registry import field_types
from metadata.field_types.values import CleanContext, DisplayContext

DEFAULT_SCALE = 2
MOST_DECIMALS = 6
BASE = "_base"


class CurrencySettings(SettingsForm):
    fixed = ("scale",)
    scale = scale_field(MOST_DECIMALS, DEFAULT_SCALE)


class CurrencyType(DecimalType):
    """An amount. Its code is the record's system field `currency`, one for all amounts of a record.

    The base amount is written together with the amount, at the rate of the day, and again when the record's
    currency changes; a later rate leaves it alone. Filters and order work on the amount as it is.
    """

    key = "currency"
    label = _("Currency")
    icon = "currency-yuan"
    converts_to = ("integer", "decimal", "currency", "percent", "text", "long_text")
    settings_form = CurrencySettings
    derives_from = ("currency",)

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        (amount,) = super().columns(field)
        return (amount, replace(amount, suffix=BASE))

    def to_columns(self, field: FieldSpec, value: Any, ctx: CleanContext) -> dict[str, Any]:
        if value is None:
            return {"": None, BASE: None}
        rate = ctx.rate(ctx.currency, ctx.today) if ctx.currency else Decimal(1)
        scale = self.scale(field)
        base = (value * rate).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
        return {"": value, BASE: fit(base, DIGITS, scale)}

    def from_columns(self, field: FieldSpec, parts: Mapping[str, Any]) -> Any:
        return parts[""]

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        if value is None:
            return ""
        code = ctx.record.get("currency") or ctx.currency
        return money_text(value, self.scale(field), str(code or ""), ctx.language)

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        return forms.DecimalField(
            max_digits=DIGITS,
            decimal_places=self.scale(field),
            widget=widgets.MoneyInput(attrs={"inputmode": "decimal"}),
        )


field_types.register(CurrencyType())
