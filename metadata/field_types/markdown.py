"""Markdown: a text with light markup, shown as what it means."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.markup import format_html
from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.long_text import LinesField, LongTextType
from metadata.field_types.markup import markdown_html
from metadata.field_types.registry import field_types
from metadata.field_types.values import DisplayContext

DEFAULT_ROWS = 8


class MarkdownType(LongTextType):
    """Kept as it is written; made into HTML, and harmless, each time that it is shown."""

    key = "markdown"
    label = _("Markdown")
    icon = "markdown"

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        if not value:
            return SafeString()
        html = mark_safe(markdown_html(value))  # noqa: S308 (sanitised by nh3)
        return format_html('<div class="prose">{}</div>', html)

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        rows = int(field.settings.get("rows", DEFAULT_ROWS))
        area = widgets.CodeArea({"rows": rows, "placeholder": _("# Heading, **bold**, - list, [link](https://…)")})
        return LinesField(max_length=self.max_length(field), strip=True, widget=area)

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return ("contains", "ncontains", "empty", "nempty")


field_types.register(MarkdownType())
