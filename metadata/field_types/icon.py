"""Icon: one of the platform's icons, kept by its name."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from crm_platform.console.icons import OBJECT_ICONS
from crm_platform.console.templatetags.console import icon
from crm_platform.kit.markup import format_html
from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import SettingsForm
from metadata.field_types.registry import field_types
from metadata.field_types.text import TextType, normal_text
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

LENGTH = 60
_NAMES = frozenset(OBJECT_ICONS)


class IconType(TextType):
    key = "icon"
    label = _("Icon")
    icon = "icons"
    group = "choice"
    settings_form = SettingsForm
    can_be_unique = False

    def max_length(self, field: FieldSpec) -> int:
        return LENGTH

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> str | None:
        if value is not None and not isinstance(value, str):
            raise InvalidValue("invalid_type", _("Enter the name of an icon."))
        text = normal_text(value)
        if text is not None and text not in _NAMES:
            raise InvalidValue("invalid_choice", _("There is no such icon."))
        return text

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        if value not in _NAMES:
            return super().cell(field, value, ctx)
        return format_html('<span class="text-nowrap">{} {}</span>', icon(value), value)

    def search_text(self, field: FieldSpec, value: Any) -> str:
        return ""

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        choices = [("", _("No icon")), *((name, name) for name in OBJECT_ICONS)]
        return forms.ChoiceField(choices=choices, widget=widgets.IconInput)

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        return {"type": "string", "enum": list(OBJECT_ICONS)}

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return ("eq", "ne", "in", "nin", "empty", "nempty")

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> str:
        name = self.clean(field, item, ctx)
        if name is None:
            raise InvalidValue("required", _("Enter a value to compare with."))
        return name


field_types.register(IconType())
