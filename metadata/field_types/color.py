"""Colour: `#1677ff`, shown as a patch."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.markup import format_html
from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import SettingsForm
from metadata.field_types.registry import field_types
from metadata.field_types.text import TextType, normal_text
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

LENGTH = 7
_SHAPE = re.compile(r"#?([0-9a-f]{3}|[0-9a-f]{6})", re.ASCII)


class ColorType(TextType):
    """Kept as # and six digits in lower case, so that one colour has one spelling."""

    key = "color"
    label = _("Colour")
    icon = "palette"
    group = "choice"
    settings_form = SettingsForm
    can_be_unique = False

    def max_length(self, field: FieldSpec) -> int:
        return LENGTH

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> str | None:
        text = normal_text(value)
        if text is None:
            return None
        match = _SHAPE.fullmatch(text.lower())
        if match is None:
            raise InvalidValue("invalid_type", _("Enter a colour such as #1677ff."))
        digits = match[1]
        return "#" + (digits if len(digits) == 6 else "".join(2 * digit for digit in digits))

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        if not value or not _SHAPE.fullmatch(value):
            return super().cell(field, value, ctx)
        patch = '<svg class="swatch" viewBox="0 0 1 1" aria-hidden="true"><rect width="1" height="1" fill="{}"/></svg>'
        return format_html(f'<span class="text-nowrap">{patch} {{}}</span>', value, value)

    def search_text(self, field: FieldSpec, value: Any) -> str:
        return ""

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        return forms.CharField(max_length=LENGTH, strip=True, widget=widgets.ColorInput)

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        return {"type": "string", "pattern": "^#[0-9a-f]{6}$", "maxLength": LENGTH}

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return ("eq", "ne", "in", "nin", "empty", "nempty")

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> str:
        color = self.clean(field, item, ctx)
        if color is None:
            raise InvalidValue("required", _("Enter a value to compare with."))
        return color


field_types.register(ColorType())
