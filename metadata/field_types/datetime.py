"""Date and time: a moment, kept in UTC, shown in the reader's zone or in the field's own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.db import models
from django.db.models import Q
from django.db.models.expressions import BaseExpression
from django.db.models.lookups import GreaterThanOrEqual, IsNull, LessThan
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import Column, nullable
from metadata.field_types.date import DateType, LimitsSettings, default_expression
from metadata.field_types.date_precision import check_limits, parse_date
from metadata.field_types.formats import moment_text
from metadata.field_types.operators import checked_items
from metadata.field_types.predicates import either
from metadata.field_types.ranges import day_start
from metadata.field_types.registry import field_types
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?([Zz]|[+-]\d{2}:?\d{2})?", re.ASCII)
_ONE_TICK = timedelta(microseconds=1)  # the resolution of timestamptz
_ONE_DAY = timedelta(days=1)
MINUTE = "minute"


@cache
def zone_names() -> tuple[str, ...]:
    """Return the names of time zones that have a place: `Asia/Shanghai`."""
    return tuple(sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/")))


def zone_of(field: FieldSpec, reader: ZoneInfo) -> ZoneInfo:
    """Return the zone in which a field is read and shown: its own, else the reader's."""
    name = field.settings.get("zone")
    return ZoneInfo(name) if name else reader


class DateTimeSettings(LimitsSettings):
    zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=lambda: [("", _("that of the reader")), *((name, name) for name in zone_names())],
        required=False,
        widget=widgets.Select,
    )
    precision = forms.ChoiceField(
        label=_("Exact to"),
        choices=[("", _("the moment")), (MINUTE, _("the minute"))],
        required=False,
        widget=widgets.Select,
    )


class ZonedDateTimeField(forms.DateTimeField):
    """A date and time that are typed in the clock time of one zone, wherever the reader is."""

    def __init__(self, zone: str) -> None:
        self.zone = ZoneInfo(zone)
        super().__init__(widget=widgets.DateTimeInput)

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(self.zone):
            return super().to_python(value)

    def prepare_value(self, value: Any) -> Any:
        with timezone.override(self.zone):
            return super().prepare_value(value)


class DateTimeType(DateType):
    """A moment. In filters a day without a time stands for that whole day in the caller's zone."""

    key = "datetime"
    label = _("Date and time")
    icon = "calendar-time"
    converts_to = ("date", "datetime", "text", "long_text")
    expression_type = "datetime"
    settings_form = DateTimeSettings

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        return (Column("timestamptz", nullable(models.DateTimeField), 8),)

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> Any:
        moment = self.read(field, value)
        if moment is not None:
            check_limits(field, moment.astimezone(zone_of(field, ctx.zone)).date(), ctx.today)
        return moment

    def read(self, field: FieldSpec, value: Any) -> Any:
        moment = self._parsed(value)
        if moment is None:
            return None
        if moment.tzinfo is None or moment.utcoffset() is None:
            raise InvalidValue("naive_datetime", _("Add the offset from UTC, such as 2026-01-05T10:00:00+08:00."))
        # The first and the last year are left out, so that a moment can be shown in any zone.
        if not date.min.year < moment.year < date.max.year:
            raise InvalidValue("out_of_range", _("The date is outside the calendar."))
        if field.settings.get("precision") == MINUTE:
            moment = moment.replace(second=0, microsecond=0)
        return moment.astimezone(UTC)

    @staticmethod
    def _parsed(value: Any) -> datetime | None:
        if value is None or isinstance(value, datetime):
            return value
        if isinstance(value, str):
            text = value.strip()
            if not text:
                return None
            match = _RFC3339.fullmatch(text)
            if match:
                with suppress(ValueError):  # the 31st of June
                    return datetime.fromisoformat(text.upper())
        raise InvalidValue("invalid_type", _("Enter a date and time such as 2026-01-05T10:00:00+08:00."))

    def default(self, field: FieldSpec, ctx: CleanContext) -> Any:
        if default_expression(field) == "now":
            return self.read(field, ctx.now)
        return None if field.default is None else self.clean(field, field.default, ctx)

    def to_api(self, field: FieldSpec, value: Any) -> Any:
        return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        if value is None:
            return ""
        zone = zone_of(field, ctx.zone)
        text = moment_text(value.astimezone(zone), ctx.language)
        return f"{text} ({zone.key})" if field.settings.get("zone") else text

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        zone = field.settings.get("zone")
        # The plain one reads input in the user's zone.
        return ZonedDateTimeField(zone) if zone else forms.DateTimeField(widget=widgets.DateTimeInput)

    def form_initial(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> Any:
        return value

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        return {"type": "string", "format": "date-time"}

    def edge(self, field: FieldSpec, day: date, ctx: CleanContext) -> datetime:
        return day_start(day, zone_of(field, ctx.zone))

    def clean_operand(self, field: FieldSpec, operator: str, raw: Any, ctx: CleanContext) -> tuple[Any, ...]:
        if operator == "between":
            first, last = checked_items(operator, raw)
            return (self.operand(field, "gte", first, ctx), self.operand(field, "lte", last, ctx))
        values = super().clean_operand(field, operator, raw, ctx)
        return values[0] if values and isinstance(values[0], tuple) else values  # a day: its first and last moment

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> Any:
        day = _day_of(item)
        if day is None:
            return super().operand(field, operator, item, ctx)
        first = self.edge(field, day, ctx)
        end = self.edge(field, day + _ONE_DAY, ctx) if day < date.max else datetime.max.replace(tzinfo=UTC)
        if operator in ("eq", "ne"):
            return (first, end)
        return end - _ONE_TICK if operator in ("gt", "lte") else first

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        if operator in ("eq", "ne") and len(params) == 2:
            on_day = Q(GreaterThanOrEqual(column, params[0])) & Q(LessThan(column, params[1]))
            return on_day if operator == "eq" else either(~on_day, IsNull(column, True))
        return super().predicate(field, operator, column, params)


def _day_of(item: Any) -> date | None:
    if isinstance(item, date) and not isinstance(item, datetime):
        return item
    return parse_date(item.strip()) if isinstance(item, str) else None


field_types.register(DateTimeType())
