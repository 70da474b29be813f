"""Date: a day without a time or a zone, or a whole month, quarter or year; also the base of date and time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar

from django import forms
from django.db import models
from django.db.models import Q
from django.db.models.expressions import BaseExpression
from django.db.models.lookups import GreaterThanOrEqual, LessThan
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.markup import format_html
from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import Column, FieldType, SettingsForm, nullable
from metadata.field_types.date_precision import (
    DAY,
    MONTH,
    QUARTER,
    YEAR,
    check_limits,
    is_limit,
    parse_date,
    precision_of,
    read_period,
    start_of,
    written_period,
)
from metadata.field_types.formats import date_text
from metadata.field_types.part_widgets import PartsField, PartsInput
from metadata.field_types.predicates import compare
from metadata.field_types.ranges import resolve
from metadata.field_types.registry import field_types
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

DATE_FILTERS = ("rel", "between", "eq", "ne", "gte", "lte", "gt", "lt", "empty", "nempty")


def default_expression(field: FieldSpec) -> str | None:
    """Return `today` when the field's default is `{"expression": "today"}`; None when it is a plain value."""
    given = field.default.get("expression") if isinstance(field.default, Mapping) else None
    return given if isinstance(given, str) else None


class LimitField(forms.CharField):
    """A day, or one counted from today."""

    def __init__(self, label: Any) -> None:
        help_text = _("A day such as 2026-01-31, or one counted from today: today, today+30d, today-1y.")
        super().__init__(label=label, help_text=help_text, max_length=20, required=False, widget=widgets.TextInput)

    def clean(self, value: Any) -> str:
        text = str(super().clean(value)).lower()
        if text and not is_limit(text):
            raise forms.ValidationError(_("Enter a day, or one counted from today such as today+30d."))
        return text


class LimitsSettings(SettingsForm):
    min = LimitField(_("Earliest day"))
    max = LimitField(_("Latest day"))


class DateSettings(LimitsSettings):
    precision = forms.ChoiceField(
        label=_("Exact to"),
        choices=[("", _("the day")), (MONTH, _("the month")), (QUARTER, _("the quarter")), (YEAR, _("the year"))],
        required=False,
        widget=widgets.Select,
    )


class DateType(FieldType):
    """A day. A field may be exact to the month, quarter or year only, and then keeps its first day."""

    key = "date"
    label = _("Date")
    icon = "calendar"
    converts_to = ("date", "datetime", "text", "long_text")
    group = "date"
    expression_type = "date"
    settings_form: ClassVar[type[SettingsForm]] = DateSettings
    operator_labels = {
        "eq": _("on"),
        "ne": _("not on"),
        "gt": _("after"),
        "gte": _("on or after"),
        "lt": _("before"),
        "lte": _("on or before"),
    }

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        return (Column("date", nullable(models.DateField), 4),)

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> Any:
        day = self.read(field, value)
        if day is not None:
            check_limits(field, day, ctx.today)
        return day

    def read(self, field: FieldSpec, value: Any) -> Any:
        """Return the value for input, whatever the limits of the field; raises InvalidValue."""
        precision = precision_of(field)
        if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
            return value and start_of(value, precision)
        if isinstance(value, str):
            text = value.strip()
            if not text:
                return None
            day = read_period(text, precision) or parse_date(text)
            if day is not None:
                return start_of(day, precision)
        raise InvalidValue("invalid_type", _EXPECTED[precision])

    def default(self, field: FieldSpec, ctx: CleanContext) -> Any:
        if default_expression(field) == "today":
            return start_of(ctx.today, precision_of(field))
        return super().default(field, ctx)

    def to_api(self, field: FieldSpec, value: Any) -> Any:
        return None if value is None else value.isoformat()

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        if value is None:
            return ""
        precision = precision_of(field)
        return date_text(value, ctx.language) if precision == DAY else written_period(value, precision)

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        if value is None:
            return SafeString()
        moment, text = self.to_api(field, value), self.to_text(field, value, ctx)
        return format_html('<time datetime="{}" class="text-nowrap">{}</time>', moment, text)

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        precision = precision_of(field)
        if precision == MONTH:
            return forms.CharField(max_length=10, widget=widgets.MonthInput)
        if precision == YEAR:
            return forms.CharField(max_length=10, widget=widgets.NumberInput({"min": 1, "max": 9999, "step": 1}))
        if precision == QUARTER:
            return quarter_field()
        return forms.DateField(input_formats=["%Y-%m-%d"], widget=widgets.DateInput)

    def form_initial(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> Any:
        precision = precision_of(field)
        return value if value is None or precision == DAY else written_period(value, precision)

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        return {"type": "string", "format": "date"}

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return DATE_FILTERS

    def clean_operand(self, field: FieldSpec, operator: str, raw: Any, ctx: CleanContext) -> tuple[Any, ...]:
        if operator != "rel":
            return super().clean_operand(field, operator, raw, ctx)
        first, end = resolve(raw, ctx.today, ctx.calendar)
        return (self.edge(field, first, ctx), self.edge(field, end, ctx))

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> Any:
        value = self.read(field, item)
        if value is None:
            raise InvalidValue("required", _("Enter a value to compare with."))
        return value

    def edge(self, field: FieldSpec, day: date, ctx: CleanContext) -> Any:
        """Return the database value at which a day begins."""
        return day

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        if operator == "rel":
            return Q(GreaterThanOrEqual(column, params[0])) & Q(LessThan(column, params[1]))
        return compare(operator, column, params)


_EXPECTED = {
    DAY: _("Enter a date as YYYY-MM-DD."),
    MONTH: _("Enter a month as YYYY-MM."),
    QUARTER: _("Enter a quarter such as 2026-Q1."),
    YEAR: _("Enter a year such as 2026."),
}


def quarter_field() -> forms.Field:
    """Return the input of a quarter: a year beside the number of the quarter."""
    quarters = [("", ""), *((str(number), f"Q{number}") for number in range(1, 5))]
    parts = {
        "year": (_("Year"), widgets.NumberInput({"min": 1, "max": 9999, "step": 1})),
        "quarter": (_("Quarter"), widgets.Select(choices=quarters)),
    }
    inputs = PartsInput(parts, lambda text: text.split("-Q"))
    fields = (forms.CharField(max_length=4), forms.ChoiceField(choices=quarters))
    return PartsField(fields, inputs, lambda given: f"{given[0].zfill(4)}-Q{given[1]}")


field_types.register(DateType())
