"""Base amount: an amount in the organisation's base currency, as roll-ups over amounts return it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types.base import Column
from metadata.field_types.currency import CurrencyType
from metadata.field_types.decimal import DecimalType
from metadata.field_types.formats import money_text
from metadata.field_types.registry import field_types
from metadata.field_types.values import CleanContext, DisplayContext


class BaseCurrencyType(CurrencyType):
    """One amount, whatever the currency of the record: records in different currencies were added up to it."""

    key = "base_currency"
    label = _("Amount in base currency")
    derives_from = ()
    for_admins = False

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        return DecimalType.columns(self, field)

    def to_columns(self, field: FieldSpec, value: Any, ctx: CleanContext) -> dict[str, Any]:
        return {"": value}

    def from_columns(self, field: FieldSpec, parts: Mapping[str, Any]) -> Any:
        return parts[""]

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        return "" if value is None else money_text(value, self.scale(field), ctx.currency, ctx.language)


field_types.register(BaseCurrencyType())
