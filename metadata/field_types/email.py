"""E-mail: one address, its domain in lower case."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.markup import format_html
from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import SettingsForm
from metadata.field_types.registry import field_types
from metadata.field_types.text import TextType, check_length, normal_text
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

MAX_LENGTH = 254  # RFC 5321
_is_email = EmailValidator()


def _lower_domain(address: str) -> str:
    local, at, domain = address.rpartition("@")
    return f"{local}{at}{domain.lower()}"


class EmailType(TextType):
    key = "email"
    label = _("E-mail")
    icon = "mail"
    converts_to = ("email", "text", "long_text")
    settings_form = SettingsForm

    def max_length(self, field: FieldSpec) -> int:
        return MAX_LENGTH

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> str | None:
        text = normal_text(value)
        if text is None:
            return None
        check_length(text, MAX_LENGTH)
        try:
            _is_email(text)
        except (ValidationError, UnicodeError):
            raise InvalidValue("invalid_type", _("Enter an e-mail address such as name@example.com.")) from None
        return _lower_domain(text)

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> str:
        text = super().operand(field, operator, item, ctx)
        return _lower_domain(text) if operator in ("eq", "ne", "in", "nin") else text

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        return format_html('<a href="mailto:{0}">{0}</a>', value) if value else SafeString()

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        return forms.EmailField(max_length=MAX_LENGTH, widget=widgets.EmailInput)

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        return {"type": "string", "format": "email", "maxLength": MAX_LENGTH}


field_types.register(EmailType())
