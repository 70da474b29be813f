"""Covered values: enough to know that there is something and whom to ask, too little to use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django import forms
from django.db.models import Q
from django.db.models.expressions import BaseExpression

from crm_platform.kit.text import has_han
from metadata.compiler.compiled import CompiledField
from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import Column, FieldType
from metadata.field_types.sealed import MASK
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue, Reference

LONGEST = 200  # of longer texts not even the beginning is told
_OPEN = frozenset({"date", "datetime", "boolean", "choice"})
_PARTLY = frozenset({"text", "auto_number", "email", "phone"})  # types of which the beginning is told
_PHONE = re.compile(r"^[+\d][\d\s().\-]{5,}$")


def masked(field: CompiledField, value: Any, ctx: DisplayContext) -> str:
    """Return what is told of a value in another's record: dates, choices and owners as they are, all else covered."""
    if value is None:
        return ""
    if isinstance(value, Reference):
        return value.name if value.object in ("user", "department") else cover(value.name)
    text = field.type.to_text(field.spec, value, ctx)
    return text if field.type.expression_type in _OPEN else cover(text)


class Masked(str):
    """What stands for a value that the reader may see only masked."""


def hidden_behind_mask(field_type: FieldType, value: Any) -> Masked | None:
    """Return what somebody is told who may see a field only masked; None where the field is empty."""
    if value is None or value == "" or value == () or value == []:
        return None
    if not isinstance(value, str) or field_type.key not in _PARTLY or len(value) > LONGEST:
        return Masked(MASK)
    covered = cover(value)
    # Too little would be covered of a short text, and initials of one-letter words would be the whole text.
    is_told = len(value.strip()) < 3 or all(len(word) == 1 for word in value.split())
    return Masked(MASK if is_told else covered)


def cover(text: str) -> str:
    """Return the beginning of a text, the rest covered: 王**, 华为****, J. S., 138****00, w***@example.com."""
    text = " ".join(text.split())
    local, at, host = text.rpartition("@")
    if at and local:
        return f"{local[0]}***@{host}"
    if _PHONE.match(text):
        return f"{text[:3]}****{text[-2:]}"
    if has_han(text):
        shown = 1 if len(text) < 5 else 2
        return text[:shown] + "*" * min(len(text) - shown, 4)
    return " ".join(f"{word[0]}." for word in text.split()[:4])


class MaskedView(FieldType):
    """How a field looks to somebody who may see it only masked: a text that can't be asked for, sorted or written.

    No field type of its own: it stands before the type of the field, whose columns it reads.
    """

    key = "masked_view"
    label = ""
    icon = "eye-off"
    expression_type = ""
    is_sealed = True
    is_read_only = True
    is_sortable = False
    for_admins = False

    def __init__(self, inner: FieldType) -> None:
        self.inner = inner
        self.is_wide = inner.is_wide  # type: ignore[misc]  # of the instance: it stands where the field stands

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        return self.inner.columns(field)

    def from_columns(self, field: FieldSpec, parts: Mapping[str, Any]) -> Masked | None:
        return hidden_behind_mask(self.inner, self.inner.from_columns(field, parts))

    def to_api(self, field: FieldSpec, value: Any) -> str | None:
        return None if value is None else str(value)

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> Any:
        raise InvalidValue("read_only_field", "")

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        return forms.CharField(disabled=True, required=False, widget=widgets.TextInput)

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        return {"type": "string", "readOnly": True, "x-masked": True}

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return ()

    def predicate(self, field: FieldSpec, operator: str, column: BaseExpression, params: Any) -> BaseExpression | Q:
        raise InvalidValue("invalid_choice", "")


def masked_field(field: CompiledField) -> CompiledField:
    """Return the field as somebody sees it who may see it only masked."""
    return replace(field, type=MaskedView(field.type))
