"""Code: source text in one language, kept and shown letter for letter."""

from __future__ import annotations

import unicodedata
from typing import Any

from django import forms
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.markup import format_html
from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.long_text import LinesField, LongTextSettings, LongTextType, with_plain_breaks
from metadata.field_types.registry import field_types
from metadata.field_types.text import check_length, normal_text
from metadata.field_types.values import CleanContext, DisplayContext

DEFAULT_ROWS = 10
LANGUAGES = {
    "text": _("Plain text"),
    "python": "Python",
    "javascript": "JavaScript",
    "sql": "SQL",
    "json": "JSON",
    "xml": "XML, HTML",
    "css": "CSS",
    "yaml": "YAML",
    "shell": "Shell",
}


class CodeSettings(LongTextSettings):
    language = forms.ChoiceField(
        label=_("Language"),
        choices=[("", LANGUAGES["text"]), *LANGUAGES.items()],
        required=False,
        widget=widgets.Select,
    )


class CodeType(LongTextType):
    """Indentation counts, so spaces at the start of the first line stay; only what follows the last line goes."""

    key = "code"
    label = _("Source code")
    icon = "code"
    settings_form = CodeSettings

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> str | None:
        if normal_text(value) is None:
            return None
        text = with_plain_breaks(unicodedata.normalize("NFC", str(value))).strip("\n").rstrip()
        check_length(text, self.max_length(field))
        return text

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        if not value:
            return SafeString()
        language = field.settings.get("language", "text")
        return format_html('<pre class="code-text"><code data-language="{}">{}</code></pre>', language, value)

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        area = widgets.CodeArea({"rows": int(field.settings.get("rows", DEFAULT_ROWS)), "wrap": "off"})
        return LinesField(max_length=self.max_length(field), strip=False, widget=area)

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return ("contains", "ncontains", "empty", "nempty")


field_types.register(CodeType())
