"""Dynamic address: a web address made from other fields of the record, signed where wanted."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.crypto import salted_hmac
from django.utils.safestring import SafeString
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from crm_platform.console.templatetags.console import icon
from crm_platform.kit.markup import format_html
from crm_platform.tenancy.context import current_schema
from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.bars import QR, drawing
from metadata.field_types.base import Column, FieldType
from metadata.field_types.computed import ComputedSettings
from metadata.field_types.formula import FormulaType
from metadata.field_types.registry import field_types
from metadata.field_types.text import TextType
from metadata.field_types.values import DisplayContext

LINK, BUTTON, CODE = "", "button", "qr"
TEMPLATE_LENGTH, MOST_PARTS, QR_LENGTH = 500, 20, 1_000
SIGNATURE = "signature"
_PART = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.]*)\}", re.ASCII)
# The host is fixed, so that no value leads elsewhere; nothing but these schemes becomes a link.
_START = re.compile(r"(?:https?://[^/?#{}\s\"\\]+(?:[/?#]|$)|mailto:|tel:)", re.IGNORECASE)
_FORBIDDEN = re.compile(r"[\s\"\\<>]")


def parts_of(template: str) -> list[tuple[str, str]]:
    """Return the template's pieces: the text before each field, and the field's path ("" at the end)."""
    found, at = [], 0
    for match in _PART.finditer(template):
        found.append((template[at : match.start()], match[1]))
        at = match.end()
    return [*found, (template[at:], "")]


def signing_key(field: FieldSpec) -> str:
    """Return the key by which this organisation signs the field's addresses; the receiver checks them with it."""
    return salted_hmac("dynamic_url", f"{current_schema()}:{field.uuid}", algorithm="sha256").hexdigest()


class DynamicUrlSettings(ComputedSettings):
    template = forms.CharField(
        label=_("Address"),
        help_text=_("With fields of the record in braces: https://example.com/find?name={name}&owner={owner.name}"),
        max_length=TEMPLATE_LENGTH,
        widget=widgets.TextInput,
    )
    display = forms.ChoiceField(
        label=_("Shown as"),
        choices=[(LINK, _("a link")), (BUTTON, _("a button")), (CODE, _("a QR code"))],
        required=False,
        widget=widgets.Select,
    )
    is_signed = forms.TypedChoiceField(
        label=_("Signature"),
        help_text=_("Appended as signature=…: HMAC with SHA-256 of the whole address before it."),
        choices=[("False", _("without")), ("True", _("signed"))],
        coerce=lambda value: value == "True",
        empty_value=None,
        required=False,
        widget=widgets.Select,
    )

    def clean_template(self) -> str:
        template = str(self.cleaned_data["template"])
        if not _START.match(template):
            raise forms.ValidationError(_("Begin with https://, http://, mailto: or tel:, and a host without fields."))
        pieces = parts_of(template)
        if any(_FORBIDDEN.search(text) or set(text) & set("{}") for text, _path in pieces):
            raise forms.ValidationError(_("Write fields as {name}, and no spaces, quotes or other braces."))
        if len(pieces) > MOST_PARTS:
            raise forms.ValidationError(_("At most %(max)d fields.") % {"max": MOST_PARTS - 1})
        return template


class _Address(TextType):
    """How a finished address is kept, found and shown; the type of the field's values."""

    key = "dynamic_url"
    icon = "external-link"
    can_be_unique = False

    def max_length(self, field: FieldSpec) -> int:
        return 4_000

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        (column,) = field_types.get("long_text").columns(field)
        return (column,)

    def can_change_to(self, field: FieldSpec, new: FieldSpec) -> bool:
        return new.type == self.key

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        if not value or not _START.match(value):
            return super().cell(field, value, ctx)
        display = field.settings.get("display", LINK)
        if display == CODE and len(value.encode()) <= QR_LENGTH:
            return format_html('<span class="barcode"><span>{}</span>{}</span>', _link(value), drawing(value, QR))
        if display == BUTTON:
            with override(ctx.language):
                label = gettext("Open")
            template = '<a class="btn btn-sm" href="{}" target="_blank" rel="noopener noreferrer">{} {}</a>'
            return format_html(template, value, icon("external-link"), label)
        return _link(value)

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        return {"type": "string", "format": "uri", "maxLength": self.max_length(field)}


def _link(address: str) -> SafeString:
    shown = address.partition("://")[2] or address
    shown = shown if len(shown) <= 60 else f"{shown[:59]}…"
    return format_html('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>', address, shown)


class DynamicUrlType(FormulaType):
    """A formula in another dress: the template becomes an expression, so that a change of any source is followed."""

    key = "dynamic_url"
    label = _("Dynamic web address")
    icon = "external-link"
    settings_form = DynamicUrlSettings
    error_places = {"settings.expression": "settings.template"}

    def behaves_as(self, field: FieldSpec) -> FieldType:
        return _ADDRESS

    def expression(self, field: FieldSpec) -> str:
        template = str(field.settings["template"])
        pieces = []
        for text, path in parts_of(template):
            pieces += [f'"{text}"'] if text else []
            pieces += [f"ENCODEURI(TEXT({path}))"] if path else []
        whole = " & ".join(pieces)
        if not field.settings.get("is_signed", False):
            return whole
        sign = "&" if "?" in template else "?"
        return f'{whole} & "{sign}{SIGNATURE}=" & HMAC({whole}, "{signing_key(field)}")'

    def blank_is_zero(self, field: FieldSpec) -> bool:
        return False

    def admin_note(self, field: FieldSpec) -> str:
        if not field.settings.get("is_signed", False):
            return ""
        return gettext("The key of the signature: %(key)s") % {"key": signing_key(field)}


_ADDRESS = _Address()
field_types.register(DynamicUrlType())
