"""Text: one line of up to 255 characters."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

from django import forms
from django.db import models
from django.db.models import Q, Value
from django.db.models.expressions import BaseExpression
from django.db.models.lookups import Exact, IsNull
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types.base import Column, FieldType, SettingsForm
from metadata.field_types.operators import Arity, operators
from metadata.field_types.predicates import ILike, compare, either, like_pattern
from metadata.field_types.registry import field_types
from metadata.field_types.values import CleanContext, InvalidValue

MAX_LENGTH = 255
LIKE_OPERATORS = ("contains", "starts", "ends")


def normal_text(value: Any) -> str | None:
    """Return text in Unicode NFC without surrounding white space; None when nothing is left.

    Raises InvalidValue for what is no text or holds a NUL, which PostgreSQL can't store.
    """
    if isinstance(value, bool | list | tuple | dict) or value is None:
        if value is None:
            return None
        raise InvalidValue("invalid_type", _("Enter text."))
    text = unicodedata.normalize("NFC", str(value)).strip()
    if "\x00" in text:
        raise InvalidValue("invalid_type", _("The text holds a character that can't be stored."))
    return text or None


class TextSettings(SettingsForm):
    max_length = forms.IntegerField(label=_("Maximum length"), min_value=1, max_value=MAX_LENGTH, required=False)


class TextType(FieldType):
    """One line of text; filters ignore case."""

    key = "text"
    label = _("Text")
    icon = "letter-case"
    settings_form = TextSettings
    can_be_unique = True

    def max_length(self, field: FieldSpec) -> int:
        return int(field.settings.get("max_length", MAX_LENGTH))

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        length = self.max_length(field)
        # A character takes up to 4 bytes; PostgreSQL moves long ones out of line when the row gets too wide.
        width = min(4 * length + 4, 132)
        return (Column(f"varchar({length})", lambda: models.CharField(max_length=length, null=True), width),)

    def can_change_to(self, field: FieldSpec, new: FieldSpec) -> bool:
        if new.type == "long_text":
            return True
        return new.type == self.key and self.max_length(new) >= self.max_length(field)

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> str | None:
        text = normal_text(value)
        if text is not None and len(text) > self.max_length(field):
            raise InvalidValue(
                "too_long", _("At most %(max)d characters.") % {"max": self.max_length(field)}, max=self.max_length(field)
            )
        return text

    def search_text(self, field: FieldSpec, value: Any) -> str:
        return value or ""

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        return forms.CharField(max_length=self.max_length(field), strip=True)

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        return {"type": "string", "maxLength": self.max_length(field)}

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return ("contains", "ncontains", "eq", "ne", "starts", "ends", "in", "nin", "empty", "nempty")

    def clean_operand(self, field: FieldSpec, operator: str, raw: Any, ctx: CleanContext) -> tuple[Any, ...]:
        if operators.get(operator).arity is Arity.NONE:
            return ()
        items = [normal_text(item) or "" for item in (raw if isinstance(raw, list | tuple) else [raw])]
        if operator in LIKE_OPERATORS:
            return tuple(like_pattern(item, operator) for item in items)
        if operator == "ncontains":
            return tuple(like_pattern(item, "contains") for item in items)
        return tuple(items)

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        if operator in LIKE_OPERATORS:
            return ILike(column, params[0])
        if operator == "ncontains":
            return either(~Q(ILike(column, params[0])), IsNull(column, True))
        if operator == "empty":
            return either(IsNull(column, True), Exact(column, Value("")))
        if operator == "nempty":
            return ~either(IsNull(column, True), Exact(column, Value("")))
        return compare(operator, column, params)


field_types.register(TextType())
