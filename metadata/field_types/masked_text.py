"""Masked text: identity cards, bank cards, credit codes; everybody sees the ends, few may reveal the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import Column, SettingsForm
from metadata.field_types.document_numbers import is_bank_card, is_credit_code, is_id_number
from metadata.field_types.registry import field_types
from metadata.field_types.sealed import MASK, Sealed, SealedType, bare, not_a_mask
from metadata.field_types.text import check_length, normal_text, text_column
from metadata.field_types.values import CleanContext, InvalidValue

SHOWN = "_shown"
MAX_LENGTH = 100
DEFAULT_MASK = "3-4"
LEAST_HIDDEN = 3
ID_NUMBER, BANK_CARD, CREDIT_CODE, ANY = "id_number", "bank_card", "credit_code", "any"
KINDS: dict[str, Promise] = {
    ID_NUMBER: _("Identity card number"),
    BANK_CARD: _("Bank card number"),
    CREDIT_CODE: _("Unified social credit code"),
    ANY: _("Any text"),
}
_CHECKS = {ID_NUMBER: is_id_number, BANK_CARD: is_bank_card, CREDIT_CODE: is_credit_code}
_WRONG = {
    ID_NUMBER: _("This is no valid identity card number."),
    BANK_CARD: _("This is no valid bank card number."),
    CREDIT_CODE: _("This is no valid unified social credit code."),
}
_PATTERN = re.compile(r"(\d{1,2})-(\d{1,2})", re.ASCII)


def masked(text: str, pattern: str) -> str:
    """Return the text with only its ends readable: `3-4` leaves three characters and four."""
    match = _PATTERN.fullmatch(pattern)
    head, tail = (int(match[1]), int(match[2])) if match else (0, 0)
    hidden = len(text) - head - tail
    if hidden < LEAST_HIDDEN:
        return MASK
    return text[:head] + "*" * hidden + text[len(text) - tail :]


class MaskedTextSettings(SettingsForm):
    kind = forms.ChoiceField(
        label=_("Kind"),
        help_text=_("Numbers of a kind are checked by their check digit."),
        choices=list(KINDS.items()),
        required=False,
        widget=widgets.Select,
    )
    mask = forms.RegexField(
        regex=_PATTERN.pattern,
        label=_("Readable ends"),
        help_text=_("3-4 leaves the first three and the last four characters readable; 0-0 none."),
        max_length=5,
        required=False,
        strip=True,
        widget=widgets.TextInput,
    )

    def clean_mask(self) -> str:
        pattern = str(self.cleaned_data["mask"])
        if pattern and not _PATTERN.fullmatch(pattern):
            raise forms.ValidationError(_("Write two numbers such as 3-4."))
        return pattern


class MaskedTextType(SealedType):
    """The masked form has a column of its own, so that no list has to open anything."""

    key = "masked_text"
    label = _("Masked text")
    icon = "eye-off"
    settings_form = MaskedTextSettings

    def kind(self, field: FieldSpec) -> str:
        return str(field.settings.get("kind", ANY))

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        found_by, token = super().columns(field)
        return (found_by, replace(text_column(MAX_LENGTH), suffix=SHOWN, is_searched=False), token)

    def plain(self, field: FieldSpec, value: Any) -> str | None:
        text = normal_text(value)
        if text is None:
            return None
        if "*" * LEAST_HIDDEN in text:
            raise not_a_mask()
        text, kind = self.canonical(field, text), self.kind(field)
        check_length(text, MAX_LENGTH)
        if kind in _CHECKS and not _CHECKS[kind](text):
            raise InvalidValue("invalid_type", _WRONG[kind])
        return text or None

    def canonical(self, field: FieldSpec, text: str) -> str:
        return " ".join(text.split()) if self.kind(field) == ANY else bare(text)

    def mask(self, field: FieldSpec, text: str) -> str:
        return masked(text, str(field.settings.get("mask", DEFAULT_MASK)))

    def to_columns(self, field: FieldSpec, value: Any, ctx: CleanContext) -> dict[str, Any]:
        found = super().to_columns(field, value, ctx)
        return {"": found.pop(""), SHOWN: value.shown if value else None, **found}

    def from_columns(self, field: FieldSpec, parts: Mapping[str, Any]) -> Sealed | None:
        found = super().from_columns(field, parts)
        return replace(found, shown=parts[SHOWN] or MASK) if found else None

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        attrs = {"autocomplete": "off", "spellcheck": "false"}
        return forms.CharField(max_length=2 * MAX_LENGTH, strip=True, widget=widgets.TextInput(attrs))

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        return {"type": "string", "maxLength": MAX_LENGTH, "x-masked": True}


field_types.register(MaskedTextType())
