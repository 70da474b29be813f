"""Encrypted text: nothing of it is shown; found by equality alone, and revealed to few."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import SettingsForm
from metadata.field_types.registry import field_types
from metadata.field_types.sealed import MASK, SealedType, not_a_mask
from metadata.field_types.text import check_length, normal_text

MAX_LENGTH = 4_000
DEFAULT_LENGTH = 255


class EncryptedTextSettings(SettingsForm):
    max_length = forms.IntegerField(
        label=_("Maximum length"),
        help_text=_("255 characters unless you say otherwise; up to 4,000."),
        min_value=1,
        max_value=MAX_LENGTH,
        required=False,
        widget=widgets.NumberInput,
    )


class EncryptedTextType(SealedType):
    key = "encrypted_text"
    label = _("Encrypted text")
    icon = "lock"
    settings_form = EncryptedTextSettings

    def max_length(self, field: FieldSpec) -> int:
        return int(field.settings.get("max_length", DEFAULT_LENGTH))

    def plain(self, field: FieldSpec, value: Any) -> str | None:
        text = normal_text(value)
        if text == MASK:
            raise not_a_mask()
        if text is not None:
            check_length(text, self.max_length(field))
        return text

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        attrs = {"autocomplete": "off", "spellcheck": "false"}
        return forms.CharField(max_length=self.max_length(field), strip=True, widget=widgets.TextInput(attrs))

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        return {"type": "string", "maxLength": max(self.max_length(field), len(MASK)), "x-masked": True}


field_types.register(EncryptedTextType())
