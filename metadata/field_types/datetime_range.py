"""Date and time range: from one moment up to, not including, another."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, timedelta
from typing import Any

from django import forms
from django.contrib.postgres.fields import DateTimeRangeField
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import DateTimeField
from django.forms.utils import to_current_timezone
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import Column, nullable
from metadata.field_types.date import DateType
from metadata.field_types.datetime import DateTimeType
from metadata.field_types.formats import moment_text
from metadata.field_types.ranges import day_start
from metadata.field_types.registry import field_types
from metadata.field_types.spans import Span, SpanType, is_moment
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

_DAY, _TICK = timedelta(days=1), timedelta(microseconds=1)
_moments, _dates = DateTimeType(), DateType()


class DateTimeRangeType(SpanType):
    """In filters a day without a time stands for that whole day in the caller's zone."""

    key = "datetime_range"
    label = _("Date and time range")
    icon = "calendar-clock"
    range_function = "tstzrange"
    end_model = DateTimeField

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        return (Column("tstzrange", nullable(DateTimeRangeField), 24, index="gist"),)

    def read_end(self, field: FieldSpec, value: Any, ctx: CleanContext) -> Any:
        return _moments.read(field, value)

    def check_order(self, start: Any, end: Any) -> None:
        if end <= start:
            raise InvalidValue("out_of_range", _("The end is not after the start."))

    def to_columns(self, field: FieldSpec, value: Any, ctx: CleanContext) -> dict[str, Any]:
        return {"": DateTimeTZRange(value.start, value.end, "[)") if value else None}

    def from_columns(self, field: FieldSpec, parts: Mapping[str, Any]) -> Any:
        found = parts[""]
        if found is None:
            return None
        return Span(*(end and end.astimezone(UTC) for end in (found.lower, found.upper)))

    def end_api(self, value: Any) -> str | None:
        return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")

    def end_text(self, value: Any, ctx: DisplayContext) -> str:
        return moment_text(value.astimezone(ctx.zone), ctx.language)

    def end_field(self) -> forms.Field:
        return forms.DateTimeField(widget=widgets.DateTimeInput)

    def end_initial(self, value: Any) -> Any:
        return to_current_timezone(value)

    def end_schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date-time"}

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> Any:
        """Return a moment; for a whole day its start, its end, or both, as the operator needs."""
        if is_moment(item):
            return _moments.operand(field, operator, item, ctx)
        day = _dates.operand(field, operator, item, ctx)
        if day == date.max:
            raise InvalidValue("out_of_range", _("The date is outside the calendar."))
        first, end = self.days(field, day, day + _DAY, ctx)
        if operator in ("contains", "overlaps"):
            return (first, end)
        return end if operator == "lte" else end - _TICK if operator == "gt" else first

    def clean_operand(self, field: FieldSpec, operator: str, raw: Any, ctx: CleanContext) -> tuple[Any, ...]:
        found = super().clean_operand(field, operator, raw, ctx)
        if operator != "overlaps":
            return found
        self.check_order(found[0], found[-1])
        return (found[0], found[-1])

    def days(self, field: FieldSpec, first: date, end: date, ctx: CleanContext) -> tuple[Any, Any]:
        return day_start(first, ctx.zone), day_start(end, ctx.zone)


field_types.register(DateTimeRangeType())
