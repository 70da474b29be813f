"""Phone: kept as it was typed, and in E.164 beside it, by which it is found whatever its format."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import phonenumbers
from django import forms
from django.db.models import Q
from django.db.models.expressions import BaseExpression
from django.db.models.lookups import IsNull
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.markup import format_html
from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import Column, SettingsForm
from metadata.field_types.predicates import ILike, compare, either, like_pattern, sibling
from metadata.field_types.registry import field_types
from metadata.field_types.text import LIKE_OPERATORS, TextType, check_length, normal_text, text_column
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

DEFAULT_REGION = "CN"
MAX_LENGTH = 40
E164 = "_e164"
_SHAPE = re.compile(r"([+(\d][\d\s().\-/]*)((?:ext\.?|x|#|,|;ext=|转|分机)\s*(\d{1,7}))?", re.IGNORECASE)


@lru_cache(maxsize=4096)  # a page shows the same numbers again and again; parsing one takes 50 µs
def parse(text: str, region: str) -> phonenumbers.PhoneNumber | None:
    """Return the number in `text`, read as dialled in `region`; None when it can't be one."""
    shape = _SHAPE.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if shape is None:
        return None
    extension = f" ext. {shape[3]}" if shape[3] else ""
    try:
        number = phonenumbers.parse(shape[1] + extension, region)
    except phonenumbers.NumberParseException:
        return None
    # "Possible" asks for the length alone: new ranges of numbers appear faster than lists of them.
    return number if phonenumbers.is_possible_number(number) else None


@lru_cache(maxsize=2048)  # a number is parsed when it is cleaned, and again when its columns are written
def to_e164(text: str, region: str) -> str | None:
    """Return the number in E.164 (without an extension); None when it can't be one."""
    number = parse(text, region)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if number else None


@lru_cache(maxsize=4096)  # formatting costs more than parsing
def written(text: str, region: str) -> str:
    """Return the number as it is written in `region`, with its country code when it is of another one."""
    number = parse(text, region)
    if number is None:
        return text
    is_home = number.country_code == phonenumbers.country_code_for_region(region)
    style = phonenumbers.PhoneNumberFormat.NATIONAL if is_home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return str(phonenumbers.format_number(number, style))


class PhoneSettings(SettingsForm):
    fixed = ("default_region",)
    default_region = forms.ChoiceField(
        label=_("Country of numbers without a country code"),
        choices=lambda: [(code, code) for code in sorted(phonenumbers.SUPPORTED_REGIONS)],
        initial=DEFAULT_REGION,
        required=False,
        widget=widgets.Select,
    )


class PhoneType(TextType):
    """A phone number. All filters but `empty` work on digits, so that any way of writing it finds it."""

    key = "phone"
    label = _("Phone")
    icon = "phone"
    converts_to = ("phone", "text", "long_text")
    settings_form = PhoneSettings
    can_be_unique = False  # the same number may be written in many ways; duplicate rules compare E.164

    def region(self, field: FieldSpec) -> str:
        return str(field.settings.get("default_region", DEFAULT_REGION))

    def max_length(self, field: FieldSpec) -> int:
        return MAX_LENGTH

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        return (text_column(MAX_LENGTH), replace(text_column(16), suffix=E164))

    def can_change_to(self, field: FieldSpec, new: FieldSpec) -> bool:
        return new.type == self.key and self.region(new) == self.region(field)

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> str | None:
        text = normal_text(value)
        if text is None:
            return None
        check_length(text, MAX_LENGTH)
        if to_e164(text, self.region(field)) is None:
            raise InvalidValue("invalid_type", _("Enter a phone number."))
        return text

    def to_columns(self, field: FieldSpec, value: Any, ctx: CleanContext) -> dict[str, Any]:
        return {"": value, E164: to_e164(value, self.region(field)) if value else None}

    def from_columns(self, field: FieldSpec, parts: Mapping[str, Any]) -> Any:
        return parts[""]

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        return written(value, self.region(field)) if value else ""

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        e164 = to_e164(value, self.region(field)) if value else None
        if e164 is None:
            return super().cell(field, value, ctx)
        return format_html('<a href="tel:{}" class="text-nowrap">{}</a>', e164, self.to_text(field, value, ctx))

    def search_text(self, field: FieldSpec, value: Any) -> str:
        number = parse(value, self.region(field)) if value else None
        return f"{value} {number.national_number}" if number else value or ""

    def match_values(self, field: FieldSpec, value: Any) -> tuple[str, ...]:
        e164 = to_e164(value, self.region(field)) if value else None
        return (e164,) if e164 else ()

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        return forms.CharField(max_length=MAX_LENGTH, strip=True, widget=widgets.PhoneInput)

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        return {"type": "string", "format": "phone", "maxLength": MAX_LENGTH}

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return tuple(key for key in super().filters(field) if key != "regex")  # a pattern says nothing of digits

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> str:
        text = normal_text(item)
        digits = _digits(text) if text else ""
        if not text or not digits:
            raise InvalidValue("invalid_type", _("Enter digits of a phone number."))
        if operator not in LIKE_OPERATORS:
            return to_e164(text, self.region(field)) or digits
        if operator == "starts":
            return like_pattern(self._start(field, text, digits), "starts")
        # Stored numbers have no trunk prefix: "021 5555" is found as 215555.
        return like_pattern(digits if operator == "ends" else digits.lstrip("0") or "0", LIKE_OPERATORS[operator])

    def _start(self, field: FieldSpec, text: str, digits: str) -> str:
        if text.startswith(("+", "＋")):
            return f"+{digits}"
        code = phonenumbers.country_code_for_region(self.region(field))
        return f"+{code}{digits.lstrip('0')}"

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        number = sibling(column, E164)
        if operator == "ncontains":
            return either(~Q(ILike(number, params[0])), IsNull(number, True))
        if operator in LIKE_OPERATORS:
            return ILike(number, params[0])
        return compare(operator, number, params)


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", unicodedata.normalize("NFKC", text))


field_types.register(PhoneType())
