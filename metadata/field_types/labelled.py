"""What the types share that hold several addresses, each with a label; no field type itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, ClassVar

from django import forms
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import BooleanField, Func, Q
from django.db.models.expressions import BaseExpression
from django.db.models.lookups import IsNull
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import INLINE_BYTES, Column, FieldType, nullable
from metadata.field_types.labelled_input import LabelledInput
from metadata.field_types.predicates import Overlaps, either
from metadata.field_types.text import LIKE_OPERATORS, TextType, check_length, fold, normal_text
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

WRITTEN, LABELS = "_written", "_labels"
MAX_ITEMS = 10
MAX_LABEL = 20
TEXT_FILTERS = ("contains", "ncontains", "eq", "ne", "starts", "ends", "in", "nin", "empty", "nempty")
_BETWEEN = re.compile(r"[;；\n]")
_LABEL_MARK = re.compile(r"[:：;；]")


@dataclass(frozen=True, slots=True)
class Labelled:
    """One of several addresses, as it was written, with what it is for ("" where that was not said)."""

    value: str
    label: str = ""

    def __str__(self) -> str:
        return f"{self.label}: {self.value}" if self.label else self.value


class AnyLike(Func):
    """Whether any element of an array is ILIKE a pattern."""

    template = "(EXISTS (SELECT FROM unnest(%(expressions)s)))"
    arg_joiner = ") AS item (word) WHERE word ILIKE ("
    arity = 2
    output_field = BooleanField()


class HasElement(Func):
    """Whether an array has an element, in a form that a GIN index answers."""

    template = "(%(expressions)s]::text[])"
    arg_joiner = " @> ARRAY["
    arity = 2
    output_field = BooleanField()


class LabelledField(forms.Field):
    """Rows of a label and an address; empty rows say nothing."""

    widget = LabelledInput

    def to_python(self, value: Any) -> tuple[Labelled, ...]:
        rows = value if isinstance(value, list | tuple) else ()
        found = [item if isinstance(item, Labelled) else Labelled(str(item[1]), str(item[0])) for item in rows]
        return tuple(item for item in found if item.value.strip())

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(initial) != self.to_python(data)


class LabelledType(FieldType):
    """Several addresses of one kind, the first of which is the main one.

    The main column is an array of the normal forms, by which all filters go; what was written, and the labels,
    are arrays beside it. `one` is the type of a single address, which checks, writes and compares each of them.
    """

    one: ClassVar[TextType]
    input_type: ClassVar[str] = "text"
    suggestions: ClassVar[tuple[Promise, ...]] = ()
    expression_type = ""
    is_sortable = False
    plain_operands = frozenset(TEXT_FILTERS)

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        make = nullable(ArrayField, models.TextField())
        return (
            Column("text[]", make, INLINE_BYTES),
            Column("text[]", make, INLINE_BYTES, suffix=WRITTEN, is_searched=False),
            Column("text[]", make, INLINE_BYTES, suffix=LABELS, is_searched=False),
        )

    def normal(self, field: FieldSpec, text: str) -> str:
        """Return the form in which two spellings of an address are the same."""
        return next(iter(self.one.match_values(field, text)), fold(text))

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> tuple[Labelled, ...] | None:
        found: dict[str, Labelled] = {}
        for text, label in _parts(value):
            cleaned = self.one.clean(field, text, ctx)
            if cleaned is not None:
                found.setdefault(self.normal(field, cleaned), Labelled(cleaned, _clean_label(label)))
        if len(found) > MAX_ITEMS:
            raise InvalidValue("too_long", _("At most %(max)d values.") % {"max": MAX_ITEMS}, max=MAX_ITEMS)
        return tuple(found.values()) or None

    def to_columns(self, field: FieldSpec, value: Any, ctx: CleanContext) -> dict[str, Any]:
        if not value:
            return {"": None, WRITTEN: None, LABELS: None}
        normal = [self.normal(field, item.value) for item in value]
        return {"": normal, WRITTEN: [item.value for item in value], LABELS: [item.label for item in value]}

    def from_columns(self, field: FieldSpec, parts: Mapping[str, Any]) -> tuple[Labelled, ...] | None:
        rows = zip_longest(parts[WRITTEN] or (), parts[LABELS] or (), fillvalue="")
        return tuple(Labelled(text, label) for text, label in rows) or None

    def to_api(self, field: FieldSpec, value: Any) -> Any:
        return [{"value": item.value, "label": item.label} for item in value or ()]

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        shown = (Labelled(self.one.to_text(field, item.value, ctx), item.label) for item in value or ())
        return "; ".join(map(str, shown))

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        if not value:
            return SafeString()
        items = ((self.one.cell(field, item.value, ctx), _label_mark(item.label)) for item in value)
        return format_html('<span class="labelled">{}</span>', format_html_join("", "<span>{}{}</span>", items))

    def search_text(self, field: FieldSpec, value: Any) -> str:
        return " ".join(self.one.search_text(field, item.value) for item in value or ())

    def match_values(self, field: FieldSpec, value: Any) -> tuple[str, ...]:
        return tuple(self.normal(field, item.value) for item in value or ())

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        return LabelledField(widget=LabelledInput(self.input_type, self.suggestions))

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        members = {"value": self.one.json_schema(field, language), "label": {"type": "string", "maxLength": MAX_LABEL}}
        item = {"type": "object", "properties": members, "required": ["value"], "additionalProperties": False}
        return {"type": "array", "maxItems": MAX_ITEMS, "items": item}

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return TEXT_FILTERS

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> Any:
        text = self.one.operand(field, operator, item, ctx)
        return text if operator in LIKE_OPERATORS else self.normal(field, text)

    def operand_field(self, field: FieldSpec, operator: str, language: str) -> forms.Field | None:
        return forms.CharField(max_length=254, widget=widgets.TextInput)

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        if operator in ("empty", "nempty"):
            return IsNull(column, operator == "empty")
        positive = {"ne": "eq", "nin": "in", "ncontains": "contains"}.get(operator, operator)
        found = {"eq": HasElement, "in": Overlaps}.get(positive, AnyLike)(column, params[0])
        return found if positive == operator else either(~Q(found), IsNull(column, True))


def _parts(value: Any) -> list[tuple[Any, Any]]:
    """Return (text, label) of each item of the input: a text, a list of texts, of mappings, of Labelled."""
    if value is None:
        return []
    if isinstance(value, str):
        return [_from_text(item) for item in _BETWEEN.split(value)]
    if not isinstance(value, list | tuple):
        raise InvalidValue("invalid_type", _("Enter a list of values with labels."))
    if len(value) > 100:
        raise InvalidValue("too_long", _("At most %(max)d values.") % {"max": MAX_ITEMS}, max=MAX_ITEMS)
    return [_from_item(item) for item in value]


def _from_item(item: Any) -> tuple[Any, Any]:
    if isinstance(item, Labelled):
        return item.value, item.label
    if isinstance(item, Mapping):
        if not {"value"} <= set(item) <= {"value", "label"}:
            raise InvalidValue("invalid_type", _("Enter a list of values with labels."))
        return item["value"], item.get("label")
    return item, ""


def _from_text(text: str) -> tuple[str, str]:
    label, mark, rest = text.replace("：", ":").partition(":")
    return (rest, label) if mark else (text, "")


def _clean_label(label: Any) -> str:
    text = " ".join((normal_text(label) or "").split())
    check_length(text, MAX_LABEL)
    if _LABEL_MARK.search(text):
        raise InvalidValue("invalid_type", _("A label has no colons or semicolons."))
    return text


def _label_mark(label: str) -> SafeString:
    return format_html(' <span class="tag tag-gray">{}</span>', label) if label else SafeString()
