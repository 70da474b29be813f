"""What ranges of days and of moments share: the value, its limits in the database, the filters. No field type."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar

from django import forms
from django.db.models import Field, Func, Q, Value
from django.db.models.expressions import BaseExpression
from django.db.models.lookups import GreaterThan, GreaterThanOrEqual, IsNull, LessThanOrEqual
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.markup import format_html
from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import FieldType, SettingsForm
from metadata.field_types.part_widgets import PartsField, PartsInput
from metadata.field_types.predicates import RangeContains, RangeOverlaps
from metadata.field_types.ranges import resolve
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

START, END = "start", "end"
_SEPARATOR = re.compile(r"\s*(?:\s[-–—]\s|\s?[–—~～/]\s?|\s(?:to|至)\s|至)\s*")


@dataclass(frozen=True, slots=True)
class Span:
    """A range of days, both of which belong to it, or of moments, the last of which does not; None is open."""

    start: Any
    end: Any


class SpanSettings(SettingsForm):
    open_end = forms.TypedChoiceField(
        label=_("Both ends"),
        choices=[("False", _("are needed")), ("True", _("either may stay open"))],
        coerce=lambda value: value == "True",
        empty_value=None,
        required=False,
        widget=widgets.Select,
    )


class SpanType(FieldType):
    """Base of date range and date-and-time range; subclasses read and write one end."""

    group = "date"
    expression_type = ""
    can_be_default = False
    settings_form: ClassVar[type[SettingsForm]] = SpanSettings
    plain_operands = frozenset({"overlaps", "contains", "gt", "gte", "lt", "lte"})
    operator_labels = {
        "contains": _("includes"),
        "gt": _("starts after"),
        "gte": _("starts on or after"),
        "lt": _("ends before"),
        "lte": _("ends on or before"),
    }
    range_function: ClassVar[str]
    end_model: ClassVar[type[Field[Any, Any]]]

    def read_end(self, field: FieldSpec, value: Any, ctx: CleanContext) -> Any:
        """Return one end for input, None when it is empty; raises InvalidValue."""
        raise NotImplementedError

    def end_text(self, value: Any, ctx: DisplayContext) -> str:
        """Return one end as people read it."""
        raise NotImplementedError

    def end_field(self) -> forms.Field:
        """Return the form field of one end."""
        raise NotImplementedError

    def end_initial(self, value: Any) -> Any:
        """Return what the input of one end starts with."""
        return value

    def check_order(self, start: Any, end: Any) -> None:
        """Raise InvalidValue when the ends are the wrong way round."""
        raise NotImplementedError

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> Span | None:
        if value is None or value == "" or (isinstance(value, str) and not value.strip()):
            return None
        start, end = (self.read_end(field, item, ctx) for item in self._ends(value))
        if start is None and end is None:
            return None
        if (start is None or end is None) and not field.settings.get("open_end", False):
            raise InvalidValue("required", _("Enter both the start and the end."))
        if start is not None and end is not None:
            self.check_order(start, end)
        return Span(start, end)

    @staticmethod
    def _ends(value: Any) -> tuple[Any, Any]:
        if isinstance(value, Span):
            return value.start, value.end
        if isinstance(value, Mapping) and set(value) <= {START, END}:
            return value.get(START), value.get(END)
        if isinstance(value, str):
            parts = _SEPARATOR.split(value.strip())
            if len(parts) == 2:
                return parts[0], parts[1]
        raise InvalidValue("invalid_type", _("Enter a start and an end."))

    def to_api(self, field: FieldSpec, value: Any) -> Any:
        return {START: self.end_api(value.start), END: self.end_api(value.end)} if value else None

    def end_api(self, value: Any) -> str | None:
        """Return one end as the Open API writes it."""
        raise NotImplementedError

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        if not value:
            return ""
        ends = (self.end_text(item, ctx) if item is not None else "" for item in (value.start, value.end))
        return " – ".join(ends)

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        text = self.to_text(field, value, ctx)
        return format_html('<span class="text-nowrap">{}</span>', text) if text else SafeString()

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        fields = (self.end_field(), self.end_field())
        labels = {START: (_("From"), fields[0].widget), END: (_("To"), fields[1].widget)}
        inputs = PartsInput(labels, lambda value: [self.end_initial(value.start), self.end_initial(value.end)])
        return PartsField(fields, inputs, lambda given: dict(zip((START, END), given, strict=True)))

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        end = self.end_schema()
        members = {START: end, END: end}
        if field.settings.get("open_end", False):
            members = {name: {"anyOf": [end, {"type": "null"}]} for name in members}
        return {"type": "object", "properties": members, "required": [START, END], "additionalProperties": False}

    def end_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of one end."""
        raise NotImplementedError

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return ("overlaps", "contains", "rel", "gte", "lte", "gt", "lt", "empty", "nempty")

    def operand_field(self, field: FieldSpec, operator: str, language: str) -> forms.Field | None:
        return forms.CharField(widget=widgets.DateInput, max_length=40)

    def clean_operand(self, field: FieldSpec, operator: str, raw: Any, ctx: CleanContext) -> tuple[Any, ...]:
        if operator == "rel":
            return self.days(field, *resolve(raw, ctx.today, ctx.calendar), ctx)
        found = super().clean_operand(field, operator, raw, ctx)
        return tuple(part for item in found for part in (item if isinstance(item, tuple) else (item,)))

    def days(self, field: FieldSpec, first: date, end: date, ctx: CleanContext) -> tuple[Any, Any]:
        """Return the database values at which a period of days begins and ends; the end is outside."""
        raise NotImplementedError

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        if operator in ("overlaps", "rel", "contains"):
            if operator == "contains" and len(params) == 1:
                return RangeContains(column, params[0])
            return RangeOverlaps(column, Func(*params[:2], Value("[)"), function=self.range_function))
        if operator in ("gt", "gte"):
            compare = GreaterThan if operator == "gt" else GreaterThanOrEqual
            return compare(self._end("lower", column), params[0])
        if operator in ("lt", "lte"):
            return LessThanOrEqual(self._end("upper", column), params[0])
        return IsNull(column, operator == "empty")

    def sort_key(self, field: FieldSpec, column: BaseExpression) -> BaseExpression:
        return self._end("lower", column)

    def _end(self, function: str, column: BaseExpression) -> BaseExpression:
        """Return the first day or moment of a range ("lower"), or the first one after it ("upper")."""
        return Func(column, function=function, output_field=self.end_model())


def is_moment(item: Any) -> bool:
    """Tell whether an operand names a time of day, too."""
    return isinstance(item, datetime) or (isinstance(item, str) and ":" in item)
