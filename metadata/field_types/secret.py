"""Password: written, never read; what is stored can only be compared with another try."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.expressions import BaseExpression
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import INLINE_BYTES, Column, FieldType, SettingsForm, nullable
from metadata.field_types.predicates import compare
from metadata.field_types.registry import field_types
from metadata.field_types.sealed import MASK, not_a_mask
from metadata.field_types.text import check_length
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

DEFAULT_LEAST = 10
MAX_LENGTH = 128


@dataclass(frozen=True, slots=True)
class Hashed:
    """A password as it is stored: by Django's first password hasher (Argon2)."""

    encoded: str = field(repr=False)

    def __str__(self) -> str:
        return MASK

    def verify(self, text: str) -> bool:
        """Tell whether the text is the password; takes as long as hashing does."""
        return check_password(unicodedata.normalize("NFC", text), self.encoded)


class SecretSettings(SettingsForm):
    min_length = forms.IntegerField(
        label=_("Least length"),
        help_text=_("10 characters unless you say otherwise. Passwords that are too common are refused."),
        min_value=4,
        max_value=MAX_LENGTH,
        required=False,
        widget=widgets.NumberInput,
    )


class SecretType(FieldType):
    key = "secret"
    label = _("Password")
    icon = "key"
    expression_type = ""  # no formula reads it: what it computed would give the value away
    settings_form = SecretSettings
    is_sealed = True
    is_sortable = False
    can_be_default = False

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        return (Column("text", nullable(models.TextField), INLINE_BYTES, is_searched=False),)

    def least_length(self, field: FieldSpec) -> int:
        return int(field.settings.get("min_length", DEFAULT_LEAST))

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> Hashed | None:
        if isinstance(value, Hashed):
            return value
        if value is None or value == "":
            return None
        if not isinstance(value, str) or any(char == "\x00" or "\ud800" <= char <= "\udfff" for char in value):
            raise InvalidValue("invalid_type", _("Enter text."))
        text = unicodedata.normalize("NFC", value)  # white space counts: it may be part of a password
        if text == MASK:
            raise not_a_mask()
        self._check_strength(field, text)
        return Hashed(make_password(text))

    def _check_strength(self, field: FieldSpec, text: str) -> None:
        least = self.least_length(field)
        check_length(text, MAX_LENGTH)
        if len(text) < least:
            raise InvalidValue("out_of_range", _("At least %(min)d characters.") % {"min": least}, min=least)
        try:
            CommonPasswordValidator().validate(text)
        except ValidationError:
            raise InvalidValue("invalid_choice", _("This password is too common.")) from None

    def is_same_input(self, field: FieldSpec, raw: Any, before: Any) -> bool:
        if super().is_same_input(field, raw, before):
            return True
        return isinstance(raw, str) and before is not None and 0 < len(raw) <= MAX_LENGTH and before.verify(raw)

    def to_columns(self, field: FieldSpec, value: Any, ctx: CleanContext) -> dict[str, Any]:
        return {"": value.encoded if value else None}

    def from_columns(self, field: FieldSpec, parts: Mapping[str, Any]) -> Hashed | None:
        return Hashed(parts[""]) if parts[""] else None

    def to_api(self, field: FieldSpec, value: Any) -> Any:
        return MASK if value else None

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        return MASK if value else ""

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        return forms.CharField(max_length=MAX_LENGTH, strip=False, widget=widgets.SecretInput)

    def form_initial(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> Any:
        return MASK if value else None

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        return {"type": "string", "maxLength": MAX_LENGTH, "x-masked": True}

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return ("nempty", "empty")

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        return compare(operator, column, params)


field_types.register(SecretType())
