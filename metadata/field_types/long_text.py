"""Long text: several lines, up to 100,000 characters."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.db import models
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.markup import format_html
from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import INLINE_BYTES, Column, SettingsForm, nullable
from metadata.field_types.registry import field_types
from metadata.field_types.text import TextType, check_length, normal_text
from metadata.field_types.values import CleanContext, DisplayContext

MAX_LENGTH = 100_000
DEFAULT_LENGTH = 5_000
DEFAULT_ROWS = 4


class LongTextSettings(SettingsForm):
    max_length = forms.IntegerField(
        label=_("Maximum length"),
        help_text=_("5,000 characters unless you say otherwise; up to 100,000."),
        min_value=1,
        max_value=MAX_LENGTH,
        required=False,
        widget=widgets.NumberInput,
    )
    rows = forms.IntegerField(
        label=_("Lines shown"),
        help_text=_("The height of the box in forms."),
        min_value=2,
        max_value=30,
        required=False,
        widget=widgets.NumberInput,
    )


class LinesField(forms.CharField):
    """A text of several lines; browsers send CRLF where the value has LF."""

    def to_python(self, value: Any) -> Any:
        return with_plain_breaks(super().to_python(value) or "")


def with_plain_breaks(text: str) -> str:
    """Return text whose lines end as Python ends them."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


class LongTextType(TextType):
    """Text of several lines; it is searched within, not compared or sorted."""

    key = "long_text"
    label = _("Long text")
    icon = "align-left"
    converts_to = (
        "text",
        "long_text",
        "integer",
        "decimal",
        "currency",
        "percent",
        "date",
        "datetime",
        "picklist",
        "multi_picklist",
        "email",
        "phone",
        "url",
    )
    settings_form: ClassVar[type[SettingsForm]] = LongTextSettings
    can_be_unique = False
    is_sortable = False
    is_wide = True

    def max_length(self, field: FieldSpec) -> int:
        return int(field.settings.get("max_length", DEFAULT_LENGTH))

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        return (Column("text", nullable(models.TextField), INLINE_BYTES, index="trigram"),)

    def can_change_to(self, field: FieldSpec, new: FieldSpec) -> bool:
        return new.type == self.key

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> str | None:
        text = normal_text(value)
        if text is not None:
            text = with_plain_breaks(text)
            check_length(text, self.max_length(field))
        return text

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        return format_html('<span class="long-text">{}</span>', value) if value else SafeString()

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        rows = int(field.settings.get("rows", DEFAULT_ROWS))
        return LinesField(max_length=self.max_length(field), strip=True, widget=widgets.Textarea(attrs={"rows": rows}))

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return ("contains", "ncontains", "starts", "ends", "empty", "nempty")


field_types.register(LongTextType())
