"""Auto-number: a running number in a pattern, drawn by the record pipeline; written by nobody unless it is editable."""

from __future__ import annotations

import re
from collections.abc import Mapping
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
PARTITION = "PARTITION"
NEVER, YEARLY, MONTHLY, DAILY = "never", "yearly", "monthly", "daily"
GAPLESS, FAST = "gapless", "fast"
_PART = re.compile(r"\{(YYYY|YY|MM|DD|PARTITION|0+)\}")
_LONGEST_COUNTER = 12
# What the pattern must say so that numbers of two periods are never the same.
_NEEDED = {NEVER: (), YEARLY: ("YY",), MONTHLY: ("YY", "MM"), DAILY: ("YY", "MM", "DD")}
_PERIODS = {NEVER: "", YEARLY: "%Y", MONTHLY: "%Y-%m", DAILY: "%Y-%m-%d"}


def render(pattern: str, number: int, day: date, partition: str = "") -> str:
    """Return `QT-202601-0042` for the pattern `QT-{YYYY}{MM}-{0000}`; a number outgrows its zeros, never wraps."""
    head, digits, tail = split(pattern, day, partition)
    return f"{head}{str(number).zfill(digits)}{tail}"


def split(pattern: str, day: date, partition: str = "") -> tuple[str, int, str]:
    """Return what stands before the number on a day, how many digits it has at least, and what stands behind."""
    dates = {"YYYY": f"{day.year:04}", "YY": f"{day.year % 100:02}", "MM": f"{day.month:02}", "DD": f"{day.day:02}"}
    texts, digits = [""], 0
    for place, piece in enumerate(_PART.split(pattern)):
        if place % 2 and piece.startswith("0"):
            digits = len(piece)
            texts.append("")
        else:
            texts[-1] += {**dates, PARTITION: partition}.get(piece, "") if place % 2 else piece
    return texts[0], digits, texts[-1] if len(texts) > 1 else ""


class AutoNumberSettings(SettingsForm):
    flags = ("is_editable",)
    pattern = forms.CharField(
        label=_("Pattern"),
        help_text=_(
            "{0000} is the number, {YYYY}, {YY}, {MM} and {DD} the date, {PARTITION} the value of the field below;"
            " for example QT-{YYYY}{MM}-{0000}."
        ),
        max_length=40,
        required=False,
        widget=widgets.TextInput,
    )
    start = forms.IntegerField(
        label=_("First number"), min_value=0, max_value=10**9, required=False, widget=widgets.NumberInput
    )
    reset = forms.ChoiceField(
        label=_("Begins again"),
        choices=[(NEVER, _("never")), (YEARLY, _("every year")), (MONTHLY, _("every month")), (DAILY, _("every day"))],
        required=False,
        widget=widgets.Select,
    )
    partition_field = forms.CharField(
        label=_("Counts apart for each value of"),
        help_text=_("The API name of a picklist or text field of the object."),
        max_length=60,
        required=False,
        widget=widgets.TextInput,
    )
    mode = forms.ChoiceField(
        label=_("Gaps"),
        help_text=_("Without gaps, records of the object are created one after the other; with gaps, at once."),
        choices=[(GAPLESS, _("none")), (FAST, _("allowed"))],
        required=False,
        widget=widgets.Select,
    )
    is_editable = forms.BooleanField(label=_("People may write another number"), required=False, widget=widgets.Switch)

    def clean_pattern(self) -> str:
        pattern = str(self.cleaned_data["pattern"])
        counters = [key for key in _PART.findall(pattern) if key.startswith("0")]
        rest = _PART.sub("", pattern)
        if pattern and (len(counters) != 1 or len(counters[0]) > _LONGEST_COUNTER or set(rest) & set("{}")):
            raise forms.ValidationError(_("Write {0000} exactly once, and no other braces than those of the parts."))
        return pattern

    def clean(self) -> dict[str, Any]:
        """A number that begins again must say by what: its period, its partition."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        keys = _PART.findall(str(cleaned.get("pattern") or DEFAULT_PATTERN))
        missing = [
            part for part in _NEEDED.get(cleaned.get("reset") or NEVER, ()) if not any(part in key for key in keys)
        ]
        if missing:
            message = _("A number that begins again needs the period in its pattern, such as {YYYY}{MM}.")
            self.add_error("pattern", message)
        if bool(cleaned.get("partition_field")) != (PARTITION in keys):
            message = _("Name the field and write {PARTITION} into the pattern, or neither.")
            self.add_error("partition_field", message)
        return cleaned


class AutoNumberType(TextType):
    key = "auto_number"
    label = _("Auto-number")
    icon = "number"
    settings_form = AutoNumberSettings
    is_read_only = True
    can_be_required = False
    can_be_unique = True
    always_unique = True
    can_be_default = False
    nameable_types = frozenset({"picklist", "stage", "text"})

    def is_fixed(self, field: FieldSpec) -> bool:
        return not self.is_editable(field)

    def is_editable(self, field: FieldSpec) -> bool:
        return bool(field.settings.get("is_editable"))

    def is_gapless(self, field: FieldSpec) -> bool:
        return bool(field.settings.get("mode", GAPLESS) == GAPLESS)

    def pattern(self, field: FieldSpec) -> str:
        return str(field.settings.get("pattern", DEFAULT_PATTERN))

    def start(self, field: FieldSpec) -> int:
        return int(field.settings.get("start", 1))

    def partition_field(self, field: FieldSpec) -> str:
        """Return the API name of the field for each of whose values numbers are counted apart; "" for none."""
        return str(field.settings.get("partition_field", ""))

    def period(self, field: FieldSpec, day: date) -> str:
        """Return what numbers of the day's period are counted under, "" when they never begin again."""
        return day.strftime(_PERIODS[str(field.settings.get("reset", NEVER))])

    def named_fields(self, settings: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        name = settings.get("partition_field")
        return {"partition_field": (str(name),)} if name else {}

    def max_length(self, field: FieldSpec) -> int:
        return LENGTH

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        return (text_column(LENGTH),)

    def can_change_to(self, field: FieldSpec, new: FieldSpec) -> bool:
        return new.type == self.key or super().can_change_to(field, new)

    def default(self, field: FieldSpec, ctx: CleanContext) -> Any:
        return None

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        schema = super().json_schema(field, language)
        return schema if self.is_editable(field) else {**schema, "readOnly": True}


field_types.register(AutoNumberType())
