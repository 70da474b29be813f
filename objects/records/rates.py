"""The organisation's base currency and its dated exchange rates, read when a record needs them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from crm_platform.identity.models import OrganizationSettings
from crm_platform.kit.context import Actor
from metadata.field_types.values import InvalidValue
from metadata.models import ExchangeRate

ONE = Decimal(1)


class RateBook:
    """Rates of one batch: every (currency, day) is read at most once, the base currency once per caller."""

    def __init__(self, actor: Actor) -> None:
        self._memo = actor.memo
        self._rates: dict[tuple[str, date], Decimal] = {}

    @property
    def base_currency(self) -> str:
        if "base_currency" not in self._memo:
            self._memo["base_currency"] = (
                OrganizationSettings.objects.values_list("base_currency", flat=True).first() or "CNY"
            )
        return str(self._memo["base_currency"])

    def rate(self, code: str, on: date) -> Decimal:
        """Return base units per unit of the currency on a day; raises InvalidValue when no rate is known."""
        if code == self.base_currency:
            return ONE
        key = (code, on)
        if key not in self._rates:
            self._rates[key] = self._read(code, on)
        return self._rates[key]

    @staticmethod
    def _read(code: str, on: date) -> Decimal:
        rates = ExchangeRate.objects.filter(currency_id=code, valid_from__lte=on).order_by("-valid_from")
        found = rates.values_list("rate", flat=True).first()
        if found is None:
            message = _("There is no exchange rate for %(code)s on %(day)s.")
            raise InvalidValue("invalid_choice", message % {"code": code, "day": on.isoformat()}, currency=code)
        return found
