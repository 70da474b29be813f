"""The operations on currencies in the document of the Open API."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from openapi.document.operations import WRITE, Operation

CURRENCY_OPERATIONS = (
    Operation(
        "get",
        "/currencies",
        "list_currencies",
        _("List currencies"),
        "meta:read",
        answer="CurrencyList",
        tags=("currencies",),
    ),
    Operation(
        "post",
        "/currencies",
        "add_currency",
        _("Put a currency into use"),
        "meta:write",
        WRITE[:1],
        body="CurrencyInput",
        status=201,
        tags=("currencies",),
    ),
    Operation(
        "get",
        "/currencies/{code}/rates",
        "list_rates",
        _("List the rates of a currency"),
        "meta:read",
        ("CurrencyCode",),
        answer="RateList",
        tags=("currencies",),
    ),
    Operation(
        "put",
        "/currencies/{code}/rates",
        "set_rate",
        _("Set the rate of a currency from a day on"),
        "meta:write",
        ("CurrencyCode", *WRITE[:1]),
        body="Rate",
        answer="Rate",
        tags=("currencies",),
    ),
)
_CODE = {"type": "string", "pattern": "^[A-Z]{3}$"}
_RATE = {
    "type": "object",
    "required": ["valid_from", "rate"],
    "properties": {"valid_from": {"type": "string", "format": "date"}, "rate": {"type": "string", "format": "decimal"}},
}
_CURRENCY = {
    "type": "object",
    "properties": {
        "code": _CODE,
        "is_base": {"type": "boolean"},
        "is_active": {"type": "boolean"},
        "rate": {"type": ["string", "null"], "format": "decimal"},
        "valid_from": {"type": ["string", "null"], "format": "date"},
    },
}
CURRENCY_SCHEMAS: dict[str, Any] = {
    "CurrencyInput": {"type": "object", "required": ["code"], "properties": {"code": _CODE}},
    "CurrencyList": {"type": "object", "properties": {"data": {"type": "array", "items": _CURRENCY}}},
    "Rate": _RATE,
    "RateList": {"type": "object", "properties": {"data": {"type": "array", "items": _RATE}}},
}
CURRENCY_PARAMETERS: dict[str, Any] = {
    "CurrencyCode": {"name": "code", "in": "path", "required": True, "schema": _CODE},
}
