"""Text: one line of up to 255 characters; also the base of the types that are text with a meaning."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.db import models
from django.db.models import Q, Value
from django.db.models.expressions import BaseExpression
from django.db.models.lookups import Exact, IsNull
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec, Labels
from metadata.field_types import widgets
from metadata.field_types.base import INLINE_BYTES, Column, FieldType, SettingsForm, nullable
from metadata.field_types.labels import LabelsField
from metadata.field_types.patterns import checked_pattern, matches_whole
from metadata.field_types.predicates import ILike, Matches, compare, either, like_pattern
from metadata.field_types.registry import field_types
from metadata.field_types.values import CleanContext, InvalidValue

MAX_LENGTH = 255
UPPER, LOWER, TITLE = "upper", "lower", "title"
LIKE_OPERATORS = {"contains": "contains", "ncontains": "contains", "starts": "starts", "ends": "ends"}
LINE_BREAKS = "[\r\n\t\v\f\x85\u2028\u2029]+"  # also a pattern of PostgreSQL
_LINE_BREAKS = re.compile(LINE_BREAKS)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def normal_text(value: Any, *, trim: bool = True) -> str | None:
    """Return text in Unicode NFC, without surrounding white space unless told; None when nothing else is left.

    Whole and decimal numbers are taken as they are written. Raises InvalidValue for anything else, and for
    what PostgreSQL can't store: a NUL, half of a surrogate pair.
    """
    if value is None:
        return None
    if _is_plain_number(value):
        value = str(value)
    if not isinstance(value, str):
        raise InvalidValue("invalid_type", _("Enter text."))
    text = unicodedata.normalize("NFC", value)
    if _UNSTORABLE.search(text):
        raise InvalidValue("invalid_type", _("The text holds a character that can't be stored."))
    if not text.strip():
        return None
    return text.strip() if trim else text


def in_case(text: str, rule: str) -> str:
    """Return the text in upper or lower case, or with a capital at the start of each word; as it is without a rule."""
    if rule == TITLE:
        text = "".join(part[:1].upper() + part[1:].lower() for part in re.split(r"(\s+)", text))
    elif rule:
        text = text.upper() if rule == UPPER else text.lower()
    return unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """Return text without what people write in two ways: case, full and half width, runs of white space."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _is_plain_number(value: Any) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite()
    return isinstance(value, int) and not isinstance(value, bool) and value.bit_length() < 256


def check_length(text: str, limit: int) -> None:
    """Raise InvalidValue when the text has more characters than `limit`."""
    if len(text) > limit:
        raise InvalidValue("too_long", _("At most %(max)d characters.") % {"max": limit}, max=limit)


class PatternField(forms.CharField):
    """A regular expression that is safe to run."""

    widget = widgets.TextInput

    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        try:
            return checked_pattern(text) if text else ""
        except InvalidValue as error:
            raise forms.ValidationError(str(error.message)) from None


def check_pattern(field: FieldSpec, text: str, language: str) -> None:
    """Raise InvalidValue when the text does not match the field's pattern; the admin's hint says what would."""
    pattern = field.settings.get("regex")
    if pattern and not matches_whole(pattern, text):
        hint = Labels(field.settings.get("regex_hint")).text(language)
        raise InvalidValue("invalid_type", hint or _("The text does not have the right form."))


def text_column(length: int) -> Column:
    """Return a column of up to `length` characters (4 bytes each at most)."""
    make = nullable(models.CharField, max_length=length)
    return Column(f"varchar({length})", make, min(4 * length + 4, INLINE_BYTES))


class TextSettings(SettingsForm):
    max_length = forms.IntegerField(
        label=_("Maximum length"),
        help_text=_("Up to 255 characters. It can be raised later, not lowered."),
        min_value=1,
        max_value=MAX_LENGTH,
        required=False,
        widget=widgets.NumberInput,
    )
    case = forms.ChoiceField(
        label=_("Letters"),
        choices=[
            ("", _("as they are typed")),
            (UPPER, _("all in upper case")),
            (LOWER, _("all in lower case")),
            (TITLE, _("a capital at the start of each word")),
        ],
        required=False,
        widget=widgets.Select,
    )
    trim = forms.TypedChoiceField(
        label=_("Spaces at the start and end"),
        choices=[("True", _("are removed")), ("False", _("are kept"))],
        coerce=lambda value: value == "True",
        empty_value=None,
        required=False,
        widget=widgets.Select,
    )
    regex = PatternField(
        label=_("Pattern"),
        help_text=_("A regular expression that the whole text must match, for example [A-Z]{2}-[0-9]{4}."),
        required=False,
    )
    regex_hint = LabelsField(
        label=_("What is said when the pattern does not match"),
        help_text=_("For example: two capitals, a dash and four digits."),
        required=False,
    )


class TextType(FieldType):
    """One line of text. Searching within it ignores case; comparing for equality does not."""

    key = "text"
    label = _("Text")
    icon = "letter-case"
    converts_to: ClassVar[tuple[str, ...]] = (
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
    settings_form: ClassVar[type[SettingsForm]] = TextSettings
    can_be_unique = True

    def max_length(self, field: FieldSpec) -> int:
        return int(field.settings.get("max_length", MAX_LENGTH))

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        return (text_column(self.max_length(field)),)

    def can_change_to(self, field: FieldSpec, new: FieldSpec) -> bool:
        if new.type == "long_text":
            return True
        return new.type in (self.key, "text") and new_length(new) >= self.max_length(field)

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> str | None:
        text = normal_text(value, trim=field.settings.get("trim", True))
        if text is not None:
            text = in_case(_LINE_BREAKS.sub(" ", text), field.settings.get("case", ""))
            check_length(text, self.max_length(field))
            check_pattern(field, text, ctx.actor.language)
        return text

    def search_text(self, field: FieldSpec, value: Any) -> str:
        return value or ""

    def match_values(self, field: FieldSpec, value: Any) -> tuple[str, ...]:
        folded = fold(value) if value else ""
        return (folded,) if folded else ()

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        trim = field.settings.get("trim", True)
        return forms.CharField(max_length=self.max_length(field), strip=trim, widget=widgets.TextInput)

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        return {"type": "string", "maxLength": self.max_length(field)}

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return ("contains", "ncontains", "eq", "ne", "starts", "ends", "regex", "in", "nin", "empty", "nempty")

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> str:
        if operator == "regex":
            return checked_pattern(item)
        text = normal_text(item)
        if text is None:
            raise InvalidValue("required", _("Enter a value to compare with."))
        if operator in LIKE_OPERATORS:
            return like_pattern(text, LIKE_OPERATORS[operator])
        return text

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        if operator == "ncontains":
            return either(~Q(ILike(column, params[0])), IsNull(column, True))
        if operator in LIKE_OPERATORS:
            return ILike(column, params[0])
        if operator == "regex":
            return Matches(column, params[0])
        if operator == "empty":
            return self.is_empty(column)
        if operator == "nempty":
            return ~either(self.is_empty(column))
        return compare(operator, column, params)

    def is_empty(self, column: BaseExpression) -> BaseExpression | Q:
        return either(IsNull(column, True), Exact(column, Value("")))


def new_length(new: FieldSpec) -> int:
    """Return the length of the text field that another one is to become."""
    field_type = field_types.get(new.type)
    return field_type.max_length(new) if isinstance(field_type, TextType) else 0


field_types.register(TextType())
