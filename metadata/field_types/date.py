"""Date: a day without a time or a zone; also the base of date and time."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django import forms
from django.db import models
from django.db.models import Q
from django.db.models.expressions import BaseExpression
from django.db.models.lookups import GreaterThanOrEqual, LessThan
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import Column, FieldType, nullable
from metadata.field_types.formats import date_text
from metadata.field_types.predicates import compare
from metadata.field_types.ranges import resolve
from metadata.field_types.registry import field_types
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

DATE_FILTERS = ("rel", "between", "eq", "ne", "gte", "lte", "gt", "lt", "empty", "nempty")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def parse_date(text: str) -> date | None:
    """Return the day in `YYYY-MM-DD`; None when it is none."""
    if not _ISO_DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def default_expression(field: FieldSpec) -> str | None:
    """Return `today` when the field's default is `{"expression": "today"}`; None when it is a plain value."""
    given = field.default.get("expression") if isinstance(field.default, Mapping) else None
    return given if isinstance(given, str) else None


class DateType(FieldType):
    key = "date"
    label = _("Date")
    icon = "calendar"
    group = "date"
    expression_type = "date"
    operator_labels = {
        "eq": _("on"),
        "ne": _("not on"),
        "gt": _("after"),
        "gte": _("on or after"),
        "lt": _("before"),
        "lte": _("on or before"),
    }

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        return (
            Column(
                "date",
                nullable(
                    models.DateField,
                ),
                4,
            ),
        )

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> date | None:
        if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
            return value
        if isinstance(value, str):
            text = value.strip()
            if not text:
                return None
            day = parse_date(text)
            if day is not None:
                return day
        raise InvalidValue("invalid_type", _("Enter a date as YYYY-MM-DD."))

    def default(self, field: FieldSpec, ctx: CleanContext) -> Any:
        if default_expression(field) == "today":
            return ctx.today
        return super().default(field, ctx)

    def to_api(self, field: FieldSpec, value: Any) -> Any:
        return None if value is None else value.isoformat()

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        return "" if value is None else date_text(value, ctx.language)

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        if value is None:
            return SafeString()
        moment, text = self.to_api(field, value), self.to_text(field, value, ctx)
        return format_html('<time datetime="{}" class="text-nowrap">{}</time>', moment, text)

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        return forms.DateField(input_formats=["%Y-%m-%d"], widget=widgets.DateInput)

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        return {"type": "string", "format": "date"}

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return DATE_FILTERS

    def clean_operand(self, field: FieldSpec, operator: str, raw: Any, ctx: CleanContext) -> tuple[Any, ...]:
        if operator != "rel":
            return super().clean_operand(field, operator, raw, ctx)
        first, end = resolve(raw, ctx.today, ctx.calendar)
        return (self.edge(first, ctx), self.edge(end, ctx))

    def edge(self, day: date, ctx: CleanContext) -> Any:
        """Return the database value at which a day begins."""
        return day

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        if operator == "rel":
            return Q(GreaterThanOrEqual(column, params[0])) & Q(LessThan(column, params[1]))
        return compare(operator, column, params)


field_types.register(DateType())
