"""Currencies in use and their dated rates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.request import Request

from crm_platform.kit.errors import ValidationFailed
from metadata import currencies
from metadata.currencies import CurrencyInUse
from metadata.field_types.numbers import exact_number
from metadata.field_types.values import InvalidValue
from metadata.models import ExchangeRate
from openapi.http import Endpoint, json_response, members
from openapi.v1.reading import refuse_unknown


class CurrencyList(Endpoint):
    """`GET` the currencies, `POST {"code": "USD"}` to put one into use."""

    scopes = {"GET": "meta:read", "POST": "meta:write"}

    def get(self, request: Request) -> HttpResponse:
        today = timezone.now().astimezone(self.actor.zone).date()
        return json_response({"data": [_currency(row) for row in currencies.all_currencies(today)]})

    def post(self, request: Request) -> HttpResponse:
        def work() -> HttpResponse:
            body = _only(members(request.data), "code")
            row = currencies.add_currency(self.actor, body.get("code", ""))
            return json_response({"code": row.code, "is_active": True}, 201)

        return self.write(request, work)


class CurrencyRates(Endpoint):
    """`GET` the rates of a currency, `PUT {"valid_from": "2026-01-01", "rate": "7.1"}` to set one."""

    scopes = {"GET": "meta:read", "PUT": "meta:write"}

    def get(self, request: Request, code: str) -> HttpResponse:
        return json_response({"data": [_rate(row) for row in currencies.rates_of(code)]})

    def put(self, request: Request, code: str) -> HttpResponse:
        def work() -> HttpResponse:
            body = _only(members(request.data), "valid_from", "rate")
            row = currencies.set_rate(self.actor, code, _day(body.get("valid_from")), _number(body.get("rate")))
            return json_response(_rate(row))

        return self.write(request, work)


def _currency(row: CurrencyInUse) -> dict[str, Any]:
    rate = None if row.rate is None else format(row.rate.normalize(), "f")
    return {
        "code": row.code,
        "is_base": row.is_base,
        "is_active": row.is_active,
        "rate": "1" if row.is_base else rate,
        "valid_from": row.valid_from,
    }


def _rate(row: ExchangeRate) -> dict[str, Any]:
    return {"valid_from": row.valid_from, "rate": format(row.rate.normalize(), "f")}


def _only(body: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    refuse_unknown(body, names)
    return body


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValidationFailed.single("valid_from", "invalid_type", _("Enter a day such as 2026-01-31.")) from None


def _number(value: Any) -> Decimal:
    try:
        number = exact_number(value)
    except InvalidValue as error:
        raise ValidationFailed.single("rate", error.code, error.message) from None
    if number is None:
        raise ValidationFailed.single("rate", "required", _("This field is required."))
    return number
