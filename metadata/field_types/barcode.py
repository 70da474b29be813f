"""Barcode: a text that is shown as a QR code or as bars, for scanners."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.markup import format_html
from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.bars import CODE128, EAN13, QR, drawing, ean_is_right, is_plain_ascii
from metadata.field_types.base import SettingsForm
from metadata.field_types.registry import field_types
from metadata.field_types.text import TextType
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

_LENGTHS = {QR: 255, CODE128: 40, EAN13: 13}


class BarcodeSettings(SettingsForm):
    format = forms.ChoiceField(
        label=_("Kind of code"),
        choices=[("", _("QR code")), (CODE128, "Code 128"), (EAN13, _("EAN-13 of articles"))],
        required=False,
        widget=widgets.Select,
    )


class BarcodeType(TextType):
    key = "barcode"
    label = _("Barcode or QR code")
    icon = "qrcode"
    settings_form = BarcodeSettings

    def format(self, field: FieldSpec) -> str:
        return str(field.settings.get("format", QR))

    def max_length(self, field: FieldSpec) -> int:
        return _LENGTHS[self.format(field)]

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> str | None:
        text, kind = super().clean(field, value, ctx), self.format(field)
        if text is not None and kind == EAN13 and not ean_is_right(text):
            raise InvalidValue("invalid_type", _("Enter the thirteen digits of the code, the last of which checks it."))
        if text is not None and kind == CODE128 and not is_plain_ascii(text):
            raise InvalidValue("invalid_type", _("Only Latin letters, digits and signs."))
        return text

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        if not value:
            return SafeString()
        return format_html('<span class="barcode"><span>{}</span>{}</span>', value, drawing(value, self.format(field)))


field_types.register(BarcodeType())
