"""Date range: from one day to another, both of which belong to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib.postgres.fields import DateRangeField
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import DateField
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import Column, nullable
from metadata.field_types.date import DateType
from metadata.field_types.formats import date_text, read_written_date
from metadata.field_types.registry import field_types
from metadata.field_types.spans import Span, SpanType
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

_DAY = timedelta(days=1)
_ends = DateType()


class DateRangeType(SpanType):
    """Kept as PostgreSQL's daterange, whose upper end is the day after the last one."""

    key = "date_range"
    label = _("Date range")
    icon = "calendar-week"
    range_function = "daterange"
    end_model = DateField

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        return (Column("daterange", nullable(DateRangeField), 16, index="gist"),)

    def read_end(self, field: FieldSpec, value: Any, ctx: CleanContext) -> date | None:
        written = read_written_date(value) if isinstance(value, str) else None
        day: date | None = written or _ends.read(field, value)
        if day == date.max:
            raise InvalidValue("out_of_range", _("The date is outside the calendar."))
        return day

    def check_order(self, start: Any, end: Any) -> None:
        if end < start:
            raise InvalidValue("out_of_range", _("The end is before the start."))

    def to_columns(self, field: FieldSpec, value: Any, ctx: CleanContext) -> dict[str, Any]:
        return {"": DateRange(value.start, value.end and value.end + _DAY, "[)") if value else None}

    def from_columns(self, field: FieldSpec, parts: Mapping[str, Any]) -> Any:
        found = parts[""]
        return None if found is None else Span(found.lower, found.upper and found.upper - _DAY)

    def end_api(self, value: Any) -> str | None:
        return None if value is None else str(value.isoformat())

    def end_text(self, value: Any, ctx: DisplayContext) -> str:
        return date_text(value, ctx.language)

    def end_field(self) -> forms.Field:
        return forms.DateField(input_formats=["%Y-%m-%d"], widget=widgets.DateInput)

    def end_schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date"}

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> date:
        day = self.read_end(field, item, ctx)
        if day is None:
            raise InvalidValue("required", _("Enter a value to compare with."))
        return day + _DAY if operator == "lte" else day

    def clean_operand(self, field: FieldSpec, operator: str, raw: Any, ctx: CleanContext) -> tuple[Any, ...]:
        found = super().clean_operand(field, operator, raw, ctx)
        if operator != "overlaps":
            return found
        self.check_order(*found)
        return (found[0], found[1] + _DAY)

    def days(self, field: FieldSpec, first: date, end: date, ctx: CleanContext) -> tuple[Any, Any]:
        return first, end


field_types.register(DateRangeType())
