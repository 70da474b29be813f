"""Time: a time of day, without a date or a zone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import time
from typing import Any

from django import forms
from django.db import models
from django.db.models import Q
from django.db.models.expressions import BaseExpression
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.markup import format_html
from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import Column, FieldType, SettingsForm, nullable
from metadata.field_types.numbers import NUMBER_FILTERS
from metadata.field_types.predicates import compare
from metadata.field_types.registry import field_types
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

_SHAPE = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)
_DAY_MINUTES = 24 * 60


def read_time(value: Any) -> time | None:
    """Return the time in `HH:MM` or `HH:MM:SS`, None when it is empty; raises InvalidValue."""
    if isinstance(value, str):
        text = value.strip()
        match = _SHAPE.fullmatch(text)
        if not text:
            return None
        if match and int(match[1]) < 24 and int(match[2]) < 60 and int(match[3] or 0) < 60:
            return time(int(match[1]), int(match[2]), int(match[3] or 0))
    elif value is None or (isinstance(value, time) and value.tzinfo is None and not value.microsecond):
        return value
    raise InvalidValue("invalid_type", _("Enter a time such as 09:30."))


class TimeSettings(SettingsForm):
    step = forms.IntegerField(
        label=_("Step in minutes"),
        help_text=_("With 15, times are 09:00, 09:15 and so on."),
        min_value=1,
        max_value=_DAY_MINUTES // 2,
        required=False,
        widget=widgets.NumberInput,
    )


class TimeType(FieldType):
    key = "time"
    label = _("Time")
    icon = "clock"
    converts_to = ("text", "long_text")
    group = "date"
    expression_type = "time"
    settings_form = TimeSettings
    operator_labels = {"gt": _("after"), "gte": _("at or after"), "lt": _("before"), "lte": _("at or before")}

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        return (Column("time without time zone", nullable(models.TimeField), 8),)

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> time | None:
        found, step = read_time(value), int(field.settings.get("step", 0))
        if found is not None and step and (found.second or (found.hour * 60 + found.minute) % step):
            raise InvalidValue("out_of_range", _("Only every %(step)d minutes.") % {"step": step}, step=step)
        return found

    def to_api(self, field: FieldSpec, value: Any) -> Any:
        return None if value is None else value.isoformat("seconds")

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        return "" if value is None else value.isoformat("seconds" if value.second else "minutes")

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        text = self.to_text(field, value, ctx)
        return format_html('<time datetime="{}" class="text-nowrap">{}</time>', text, text) if text else SafeString()

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        step = int(field.settings.get("step", 0))
        return forms.TimeField(widget=widgets.TimeInput({"step": step * 60} if step else {}))

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        return {"type": "string", "format": "time", "pattern": r"^\d{2}:\d{2}:\d{2}$"}

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return NUMBER_FILTERS

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> time:
        found = read_time(item)
        if found is None:
            raise InvalidValue("required", _("Enter a value to compare with."))
        return found

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        return compare(operator, column, params)


field_types.register(TimeType())
