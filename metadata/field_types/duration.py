"""Duration: a length of time in days, hours and minutes, such as two hours and a half."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.db import models
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import Column, SettingsForm, nullable
from metadata.field_types.numbers import NumberType, exact_number
from metadata.field_types.registry import field_types
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

DAYS, HOURS, MINUTES = "d", "h", "m"
CLOCK, WORDS = "clock", "words"
SECONDS = {DAYS: 86_400, HOURS: 3_600, MINUTES: 60, "s": 1}
LONGEST = 100 * 365 * 86_400
_ISO = re.compile(r"P(?:(\d{1,7})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,12})S)?)?", re.ASCII)
_CLOCK = re.compile(r"(\d{1,9}):([0-5]\d)(?::([0-5]\d))?", re.ASCII)
_PART = re.compile(r"\s*(\d{1,9}(?:\.\d{1,3})?)\s*(天|日|小时|时|分钟|分|秒|[a-z]+)", re.ASCII | re.IGNORECASE)
_NAMES = {
    **dict.fromkeys(("d", "day", "days", "天", "日"), DAYS),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "小时", "时"), HOURS),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes", "分钟", "分"), MINUTES),
    **dict.fromkeys(("s", "sec", "second", "seconds", "秒"), "s"),
}


def read_duration(value: Any, unit: str) -> timedelta | None:
    """Return the duration in `PT2H30M`, `2:30`, `2 h 30 min` or a number of `unit`; None when it is empty.

    Raises InvalidValue.
    """
    if isinstance(value, timedelta):
        seconds = Decimal(value.days) * 86_400 + value.seconds + Decimal(value.microseconds) / 1_000_000
    elif isinstance(value, str) and not value.strip():
        return None
    elif isinstance(value, str) and (parts := _seconds_in(value.strip())) is not None:
        seconds = parts
    else:
        number = exact_number(value)
        if number is None:
            return None
        if number and not -20 < number.adjusted() < 20:
            raise _out_of_range()
        seconds = number * SECONDS[unit]
    if not 0 <= seconds <= LONGEST:
        raise _out_of_range()
    if seconds != int(seconds):
        raise InvalidValue("invalid_type", _("Enter a duration such as 2:30 or 2 h 30 min."))
    return timedelta(seconds=int(seconds))


def _out_of_range() -> InvalidValue:
    return InvalidValue("out_of_range", _("A duration is between 0 and 100 years."))


def _seconds_in(text: str) -> Decimal | None:
    """Return the seconds that a text with units or colons spells; None when it has neither."""
    iso = _ISO.fullmatch(text.upper())
    if iso and any(iso.groups()):
        return Decimal(sum(int(count or 0) * size for count, size in zip(iso.groups(), SECONDS.values(), strict=True)))
    clock = _CLOCK.fullmatch(text)
    if clock:
        return Decimal(int(clock[1]) * 3_600 + int(clock[2]) * 60 + int(clock[3] or 0))
    total, at = Decimal(0), 0
    while at < len(text) and (part := _PART.match(text, at)) and part[2].lower() in _NAMES:
        total += Decimal(part[1]) * SECONDS[_NAMES[part[2].lower()]]
        at = part.end()
    return total if at and at == len(text) else None


class DurationSettings(SettingsForm):
    unit = forms.ChoiceField(
        label=_("Smallest unit"),
        help_text=_("A number without a unit counts in it."),
        choices=[("", _("minutes")), (HOURS, _("hours")), (DAYS, _("days"))],
        required=False,
        widget=widgets.Select,
    )
    format = forms.ChoiceField(
        label=_("Shown as"),
        choices=[("", _("hours and minutes: 26:30")), (WORDS, _("words: 1 d 2 h 30 min"))],
        required=False,
        widget=widgets.Select,
    )


class DurationType(NumberType):
    key = "duration"
    label = _("Duration")
    icon = "hourglass"
    converts_to = ("text", "long_text")
    group = "date"
    expression_type = "duration"
    settings_form = DurationSettings

    def unit(self, field: FieldSpec) -> str:
        return str(field.settings.get("unit", MINUTES))

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        return (Column("interval", nullable(models.DurationField), 16),)

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> timedelta | None:
        found = read_duration(value, self.unit(field))
        if found is not None and found.total_seconds() % SECONDS[self.unit(field)]:
            raise InvalidValue("invalid_type", _INEXACT[self.unit(field)])
        return found

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> timedelta:
        found = read_duration(item, self.unit(field))
        if found is None:
            raise InvalidValue("required", _("Enter a value to compare with."))
        return found

    def to_api(self, field: FieldSpec, value: Any) -> Any:
        if value is None:
            return None
        days, hours, minutes, seconds = _split(value)
        date = f"{days}D" if days else ""
        time = "".join(f"{count}{sign}" for count, sign in ((hours, "H"), (minutes, "M"), (seconds, "S")) if count)
        return f"P{date}T{time}" if time else f"P{date or 'T0S'}"

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        if value is None:
            return ""
        days, hours, minutes, seconds = _split(value)
        if field.settings.get("format", CLOCK) != WORDS:
            return f"{days * 24 + hours}:{minutes:02}" + (f":{seconds:02}" if seconds else "")
        with override(ctx.language):
            signs = (gettext("%(n)d d"), gettext("%(n)d h"), gettext("%(n)d min"), gettext("%(n)d s"))
        parts = [sign % {"n": n} for n, sign in zip((days, hours, minutes, seconds), signs, strict=True) if n]
        return " ".join(parts) or signs[2] % {"n": 0}

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        placeholder = {DAYS: "3", HOURS: "8"}.get(self.unit(field), "1:30")
        return forms.CharField(max_length=40, widget=widgets.TextInput({"placeholder": placeholder}))

    def form_initial(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> Any:
        return self.to_text(field, value, ctx) or None

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        return {"type": "string", "format": "duration", "pattern": "^P"}


_INEXACT = {
    MINUTES: _("Enter whole minutes, such as 2:30 or 2 h 30 min."),
    HOURS: _("Enter whole hours."),
    DAYS: _("Enter whole days."),
}


def _split(value: timedelta) -> tuple[int, int, int, int]:
    """Return days, hours, minutes and seconds."""
    hours, rest = divmod(value.seconds, 3_600)
    return value.days, hours, rest // 60, rest % 60


field_types.register(DurationType())
