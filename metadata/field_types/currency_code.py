"""Currency code: the ISO 4217 code of a record's amounts; only for the system field `currency`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from django import forms
from django.db import models
from django.db.models import Q
from django.db.models.expressions import BaseExpression
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import Column, FieldType
from metadata.field_types.predicates import compare
from metadata.field_types.registry import field_types
from metadata.field_types.values import CleanContext, InvalidValue

_CODE = re.compile(r"[A-Z]{3}", re.ASCII)


def _offered() -> list[tuple[str, str]]:
    from metadata.currencies import active_currencies  # reads tables, which the types themselves never do

    return [(code, code) for code in active_currencies()]


class CurrencyCodeType(FieldType):
    key = "currency_code"
    label = _("Currency code")
    icon = "coins"
    group = "system"
    expression_type = "choice"
    for_admins = False

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        return (Column("varchar(3)", partial(models.CharField, max_length=3), 4),)

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> str | None:
        code = self._code(value)
        if code is not None and ctx.currencies is not None and code not in ctx.currencies:
            raise InvalidValue("invalid_choice", _("This currency is not in use here."), value=code)
        return code

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> str:
        code = self._code(item)
        if code is None:
            raise InvalidValue("required", _("Enter a value to compare with."))
        return code

    @staticmethod
    def _code(value: Any) -> str | None:
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise InvalidValue("invalid_type", _("Enter a currency code such as CNY."))
        code = value.strip().upper()
        if not _CODE.fullmatch(code):
            raise InvalidValue("invalid_choice", _("Enter a currency code such as CNY."))
        return code

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        return forms.ChoiceField(choices=_offered, widget=widgets.Select)

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[A-Z]{3}$"}

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return ("eq", "ne", "in", "nin")

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        return compare(operator, column, params)


field_types.register(CurrencyCodeType())
