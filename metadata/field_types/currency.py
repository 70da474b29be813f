"""Currency: an amount in the record's currency, and its worth in the organisation's base currency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, ClassVar

from django import forms
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.markup import format_html
from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import Column, SettingsForm
from metadata.field_types.decimal import DecimalType
from metadata.field_types.formats import money_text
from metadata.field_types.numbers import DIGITS, exact_number, fit, scale_field
from metadata.field_types.registry import field_types
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

DEFAULT_SCALE = 2
MOST_DECIMALS = 6
BASE = "_base"
RECORD, ORGANIZATION = "record", "organization"


class CurrencySettings(SettingsForm):
    fixed = ("scale", "currency_mode")
    scale = scale_field(MOST_DECIMALS, DEFAULT_SCALE)
    currency_mode = forms.ChoiceField(
        label=_("Currency of the amount"),
        help_text=_("The record's currency is converted at the rate of the day. It can't be changed later."),
        choices=[(RECORD, _("that of the record")), (ORGANIZATION, _("always the organisation's"))],
        required=False,
        widget=widgets.Select,
    )


class Amount(Decimal):
    """An amount that knows what it is worth in the base currency; equal to the plain number."""

    base: Decimal

    @classmethod
    def of(cls, value: Decimal, base: Decimal) -> Amount:
        made = cls(value)
        made.base = base
        return made


class CurrencyType(DecimalType):
    """An amount. Its code is the record's system field `currency`, one for all amounts of a record.

    The base amount is written together with the amount, at the rate of the day, and again when the record's
    currency changes; a later rate leaves it alone. Filters and order work on the amount as it is.
    """

    key = "currency"
    label = _("Currency")
    icon = "currency-yuan"
    converts_to: ClassVar[tuple[str, ...]] = ("integer", "decimal", "currency", "percent", "text", "long_text")
    settings_form = CurrencySettings
    derives_from: ClassVar[tuple[str, ...]] = ("currency",)

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        (amount,) = super().columns(field)
        return (amount, replace(amount, suffix=BASE))

    def to_columns(self, field: FieldSpec, value: Any, ctx: CleanContext) -> dict[str, Any]:
        if value is None:
            return {"": None, BASE: None}
        rate = ctx.rate(ctx.currency, ctx.today) if ctx.currency and self.follows_record(field) else Decimal(1)
        scale = self.scale(field)
        base = (value * rate).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
        return {"": value, BASE: fit(base, DIGITS, scale)}

    def follows_record(self, field: FieldSpec) -> bool:
        """Tell whether the amount is in the record's currency; otherwise it is in the base currency."""
        return bool(field.settings.get("currency_mode", RECORD) == RECORD)

    def from_columns(self, field: FieldSpec, parts: Mapping[str, Any]) -> Any:
        value, base = parts[""], parts.get(BASE)
        if isinstance(value, Decimal) and isinstance(base, Decimal) and base != value:
            return Amount.of(value, base)
        return value

    def is_same_input(self, field: FieldSpec, raw: Any, before: Any) -> bool:
        """Equal numbers are the same, whatever they know of their worth."""
        if before is None or isinstance(raw, bool):
            return super().is_same_input(field, raw, before)
        try:
            return bool(exact_number(raw) == before)
        except InvalidValue:
            return False

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        """Return the amount, with its worth in the base currency as the title where that is another."""
        text = self.to_text(field, value, ctx)
        if not isinstance(value, Amount):
            return format_html("{}", text)
        worth = money_text(value.base, self.scale(field), ctx.currency, ctx.language)
        return format_html('<span title="{}">{}</span>', f"≈ {worth}", text)

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        if value is None:
            return ""
        code = (self.follows_record(field) and ctx.record.get("currency")) or ctx.currency
        return money_text(value, self.scale(field), str(code or ""), ctx.language)

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        return forms.DecimalField(
            max_digits=DIGITS,
            decimal_places=self.scale(field),
            widget=widgets.MoneyInput(attrs={"inputmode": "decimal"}),
        )


field_types.register(CurrencyType())
