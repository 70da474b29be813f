"""Currencies in use and their dated rates: reading them for one request, and changing them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from crm_platform.kit.context import Actor
from crm_platform.kit.db import fetch_prepared
from crm_platform.kit.errors import FieldError, Forbidden, NotFound, StateConflict, ValidationFailed
from metadata.field_types.values import missing_rate
from metadata.models import Currency, ExchangeRate

ONE = Decimal(1)
FALLBACK_CURRENCY = "CNY"
PERMISSION = "identity.manage_organization"
_MEMO = "metadata.currencies"
_CODE = re.compile(r"[A-Z]{3}", re.ASCII)
_LARGEST_RATE = Decimal(10) ** 10


class RateTable:
    """The rates of one request: every currency is read once, when an amount in it is first met."""

    def __init__(self) -> None:
        self.base_currency = base_currency()
        self._rates: dict[str, list[tuple[date, Decimal]]] = {}

    def rate(self, code: str, on: date) -> Decimal:
        """Return base units per unit of the currency on a day; raises InvalidValue when none is known."""
        if not code or code == self.base_currency:
            return ONE
        if code not in self._rates:
            rows = ExchangeRate.objects.filter(currency_id=code).order_by("-valid_from")
            self._rates[code] = list(rows.values_list("valid_from", "rate"))
        for valid_from, rate in self._rates[code]:
            if valid_from <= on:
                return rate
        raise missing_rate(code, on)


def base_currency() -> str:
    """Return the currency in which the organisation counts."""
    rows = fetch_prepared("base_currency", "SELECT base_currency::text FROM identity_organizationsettings")
    return str(rows[0][0]) if rows else FALLBACK_CURRENCY


def active_currencies() -> tuple[str, ...]:
    """Return the codes that new records may use, the base currency first."""
    base = base_currency()
    others = Currency.objects.filter(is_active=True).exclude(code=base).values_list("code", flat=True)
    return (base, *others)


def rate_table(actor: Actor) -> RateTable:
    """Return the caller's rate table, made when it is first asked for in a request."""
    table: RateTable = _memo(actor, "rates", RateTable)
    return table


def currencies_in_use(actor: Actor) -> frozenset[str]:
    """Return `active_currencies`, read once per request."""
    found: frozenset[str] = _memo(actor, "codes", lambda: frozenset(active_currencies()))
    return found


def add_currency(actor: Actor, code: str) -> Currency:
    """Put a currency (ISO 4217) into use, also one that was out of use; raises ValidationFailed."""
    _require_permission(actor)
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        raise ValidationFailed.single("code", "invalid_choice", _("Enter a currency code such as CNY."))
    currency, _created = Currency.objects.update_or_create(code=code, defaults={"is_active": True})
    _forget(actor)
    return currency


def retire_currency(actor: Actor, code: str) -> None:
    """Take a currency out of use; records that are in it stay. The base currency can't go."""
    _require_permission(actor)
    if code == base_currency():
        raise StateConflict(_("The base currency can't be taken out of use."))
    Currency.objects.filter(code=code).update(is_active=False)
    _forget(actor)


def set_rate(actor: Actor, code: str, valid_from: date, rate: Decimal) -> ExchangeRate:
    """Set what one unit is worth in the base currency from a day on; base amounts already written stay.

    Raises ValidationFailed.
    """
    _require_permission(actor)
    errors = []
    if not rate.is_finite() or not 0 < rate < _LARGEST_RATE or rate != round(rate, 8):
        message = _("Enter a rate above zero with at most 8 decimals.")
        errors.append(FieldError("rate", "out_of_range", message))
    if code == base_currency():
        errors.append(FieldError("code", "invalid_choice", _("The base currency needs no rate.")))
    elif not Currency.objects.filter(code=code).exists():
        errors.append(FieldError("code", "invalid_choice", _("This currency is not in use here.")))
    if errors:
        raise ValidationFailed(errors)
    row, _created = ExchangeRate.objects.update_or_create(
        currency_id=code, valid_from=valid_from, defaults={"rate": rate}
    )
    _forget(actor)
    return row


def remove_rate(actor: Actor, code: str, valid_from: date) -> None:
    """Take a rate back, as if it had never been set; base amounts already written stay. Raises NotFound."""
    _require_permission(actor)
    deleted, _by_model = ExchangeRate.objects.filter(currency_id=code, valid_from=valid_from).delete()
    if not deleted:
        raise NotFound
    _forget(actor)


@dataclass(frozen=True, slots=True)
class CurrencyInUse:
    """A currency as the organisation has it: the rate of today and from when, None without one or for the base."""

    code: str
    is_base: bool
    is_active: bool
    rate: Decimal | None = None
    valid_from: date | None = None


def all_currencies(today: date) -> tuple[CurrencyInUse, ...]:
    """Return every currency that is or was in use, the base currency first; two statements."""
    base = base_currency()
    newest = (
        ExchangeRate.objects.filter(valid_from__lte=today)
        .order_by("currency_id", "-valid_from")
        .distinct("currency_id")
    )
    rates = {row.currency_id: row for row in newest}
    others = [
        CurrencyInUse(row.code, False, row.is_active, getattr(rate, "rate", None), getattr(rate, "valid_from", None))
        for row in Currency.objects.exclude(code=base)
        for rate in [rates.get(row.code)]
    ]
    return (CurrencyInUse(base, True, True), *others)


def rates_of(code: str) -> tuple[ExchangeRate, ...]:
    """Return the rates of a currency, the newest first; raises NotFound for one that was never in use."""
    if not Currency.objects.filter(code=code).exists() and code != base_currency():
        raise NotFound
    return tuple(ExchangeRate.objects.filter(currency_id=code).order_by("-valid_from"))


def _require_permission(actor: Actor) -> None:
    if not actor.has_function(PERMISSION):
        raise Forbidden


def _memo(actor: Actor, part: str, make: Callable[[], Any]) -> Any:
    key = (_MEMO, part)
    if key not in actor.memo:
        actor.memo[key] = make()
    return actor.memo[key]


def _forget(actor: Actor) -> None:
    for key in [key for key in actor.memo if isinstance(key, tuple) and key[0] == _MEMO]:
        del actor.memo[key]
