"""Auto-number: a running number in a pattern; drawn by the record pipeline, written by nobody."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import Column, SettingsForm
from metadata.field_types.registry import field_types
from metadata.field_types.text import TextType, text_column
from metadata.field_types.values import CleanContext

LENGTH = 60
DEFAULT_PATTERN = "{0000}"
_PART = re.compile(r"\{(YYYY|YY|MM|DD|0+)\}")
_LONGEST_COUNTER = 12


def render(pattern: str, number: int, day: date) -> str:
    """Return `QT-202601-0042` for the pattern `QT-{YYYY}{MM}-{0000}`; a number outgrows its zeros, never wraps."""

    def part(match: re.Match[str]) -> str:
        key = match[1]
        dates = {"YYYY": f"{day.year:04}", "YY": f"{day.year % 100:02}", "MM": f"{day.month:02}", "DD": f"{day.day:02}"}
        return dates.get(key) or str(number).zfill(len(key))

    return _PART.sub(part, pattern)


class AutoNumberSettings(SettingsForm):
    pattern = forms.CharField(
        label=_("Pattern"),
        help_text=_("{0000} is the number, {YYYY}, {YY}, {MM} and {DD} the date; for example QT-{YYYY}{MM}-{0000}."),
        max_length=40,
        required=False,
        widget=widgets.TextInput,
    )
    start = forms.IntegerField(
        label=_("First number"), min_value=0, max_value=10**9, required=False, widget=widgets.NumberInput
    )

    def clean_pattern(self) -> str:
        pattern = str(self.cleaned_data["pattern"])
        counters = [key for key in _PART.findall(pattern) if key.startswith("0")]
        rest = _PART.sub("", pattern)
        if pattern and (len(counters) != 1 or len(counters[0]) > _LONGEST_COUNTER or set(rest) & set("{}")):
            raise forms.ValidationError(_("Write {0000} exactly once, and no other braces than those of the parts."))
        return pattern


class AutoNumberType(TextType):
    key = "auto_number"
    label = _("Auto-number")
    icon = "number"
    converts_to = ("text", "long_text")
    settings_form = AutoNumberSettings
    is_read_only = True
    can_be_required = False
    can_be_unique = True
    always_unique = True
    can_be_default = False

    def pattern(self, field: FieldSpec) -> str:
        return str(field.settings.get("pattern", DEFAULT_PATTERN))

    def start(self, field: FieldSpec) -> int:
        return int(field.settings.get("start", 1))

    def max_length(self, field: FieldSpec) -> int:
        return LENGTH

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        return (text_column(LENGTH),)

    def can_change_to(self, field: FieldSpec, new: FieldSpec) -> bool:
        return new.type == self.key or super().can_change_to(field, new)

    def default(self, field: FieldSpec, ctx: CleanContext) -> Any:
        return None

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        return {**super().json_schema(field, language), "readOnly": True}


field_types.register(AutoNumberType())
