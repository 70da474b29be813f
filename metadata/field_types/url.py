"""URL: a web address; only http and https, so that a link never runs a script."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.markup import format_html
from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import SettingsForm
from metadata.field_types.registry import field_types
from metadata.field_types.text import TextType, check_length, fold, normal_text
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

MAX_LENGTH = 2_000
_is_url = URLValidator(schemes=["http", "https"])
_SCHEME = re.compile(r"^https?://", re.IGNORECASE)
_BARE_HOST = re.compile(r"^[\w-]+(\.[\w-]+)+([/?#:]|$)")  # "www.example.com/x": no scheme, but clearly a host


class UrlType(TextType):
    key = "url"
    label = _("Web address")
    icon = "link"
    converts_to = ("url", "text", "long_text")
    settings_form = SettingsForm

    def max_length(self, field: FieldSpec) -> int:
        return MAX_LENGTH

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> str | None:
        text = normal_text(value)
        if text is None:
            return None
        if not _SCHEME.match(text) and _BARE_HOST.match(text):
            text = f"https://{text}"
        check_length(text, MAX_LENGTH)
        try:
            _is_url(text)
        except (ValidationError, ValueError):
            raise InvalidValue("invalid_type", _("Enter a web address that starts with http:// or https://.")) from None
        return text

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        if not value or not _SCHEME.match(value):  # whatever came in past this type is shown, but never a link
            return super().cell(field, value, ctx)
        shown = _SCHEME.sub("", value).rstrip("/")
        return format_html('<a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>', value, shown)

    def match_values(self, field: FieldSpec, value: Any) -> tuple[str, ...]:
        address = _SCHEME.sub("", value or "").removesuffix("/")
        host, slash, path = address.partition("/")
        folded = fold(host).removeprefix("www.") + slash + path  # paths are told apart by case
        return (folded,) if folded else ()

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        return forms.CharField(max_length=MAX_LENGTH, strip=True, widget=widgets.UrlInput)

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        return {"type": "string", "format": "uri", "maxLength": MAX_LENGTH}


field_types.register(UrlType())
