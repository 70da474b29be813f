"""What a value becomes in a field of another type: exactly, with a loss that is told, or not at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm_platform.jobs.locality import organization_language, organization_zone
from crm_platform.kit.context import Actor
from metadata.compiler.spec import ChoiceSpec, FieldSpec
from metadata.field_types import field_types
from metadata.field_types.base import FieldType
from metadata.field_types.choices import all_choices, find_choice, label_of
from metadata.field_types.decimal import DecimalType
from metadata.field_types.text import TextType, fold
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

NUMBERS = ("integer", "decimal", "currency", "percent", "rating", "slider")
CHOICE, CHOICES = ("picklist", "stage"), ("multi_picklist",)
MOMENTS = ("date", "datetime")
BETWEEN_CHOICES = re.compile(r"[,;、，；\n]")
_DECORATION = re.compile(r"[\s,，¥￥$€£]")
_TICKED, _UNTICKED = ("true", "yes", "y", "1", "on", "是"), ("false", "no", "n", "0", "off", "否")
_MEMO = "metadata.retyping.display"


@dataclass(frozen=True, slots=True)
class Converted:
    """The value in the new field, and whether something of the old one is not in it."""

    value: Any
    is_lossy: bool = False


def is_empty(value: Any) -> bool:
    """Tell whether there is nothing to carry over."""
    return value is None or value == "" or value == [] or value == ()


def convert(old: FieldSpec, new: FieldSpec, value: Any, ctx: CleanContext, display: DisplayContext) -> Converted:
    """Return what `value` of the field `old` becomes in the field `new`; raises InvalidValue when it fits nowhere."""
    if is_empty(value):
        return Converted(None)
    for sources, targets, way in _WAYS:
        if old.type in sources and new.type in targets:
            return way(old, new, value, ctx, display)
    return _by_text(old, new, value, ctx, display)


def organization_display(actor: Actor, ctx: CleanContext) -> DisplayContext:
    """Return the context in which values are written out: the organisation's, whoever converts them."""
    if _MEMO not in actor.memo:
        actor.memo[_MEMO] = (organization_language(), organization_zone())
    language, zone = actor.memo[_MEMO]
    return DisplayContext(language, zone, ctx.now, {}, ctx.currency)


def text_of(field: FieldSpec, value: Any, display: DisplayContext) -> str:
    """Return a value as plain text that can be read back: no grouped digits, days as 2026-01-31, choices by label."""
    field_type = field_types.get(field.type)
    if isinstance(value, datetime):
        return value.astimezone(display.zone).replace(tzinfo=None).isoformat(" ", "seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return field_type.to_text(field, value, display)
    if field.type == "percent":
        return f"{value.scaleb(2).normalize():f}%"
    if isinstance(value, int | Decimal):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    return field_type.to_text(field, value, display)


def _by_text(old: FieldSpec, new: FieldSpec, value: Any, ctx: CleanContext, display: DisplayContext) -> Converted:
    """The way that every pair can go: written out, and read in as if somebody had typed it."""
    text = value if isinstance(value, str) and not field_types.get(old.type).uses_choices else ""
    text = text or text_of(old, value, display)
    cleaned = _type(new).clean(new, text, ctx)
    # A text of several lines becomes one line.
    return Converted(cleaned, isinstance(_type(new), TextType) and new.type == "text" and cleaned != text.strip())


def _number(old: FieldSpec, new: FieldSpec, value: Any, ctx: CleanContext, display: DisplayContext) -> Converted:
    return _rounded(new, Decimal(value), ctx)


def _number_from_text(
    old: FieldSpec, new: FieldSpec, value: Any, ctx: CleanContext, display: DisplayContext
) -> Converted:
    """Read a number as people write it: with grouped digits, a currency sign, a percent sign."""
    text = _DECORATION.sub("", str(value))
    is_percent = text.endswith(("%", "％"))
    try:
        number = Decimal(text.rstrip("%％"))
    except ArithmeticError:
        raise InvalidValue("invalid_type", _("Enter a number.")) from None
    if not number.is_finite() or abs(number.adjusted()) > 100:
        raise InvalidValue("out_of_range", _("The number is too large."))
    return _rounded(new, number.scaleb(-2) if is_percent else number, ctx)


def _rounded(new: FieldSpec, number: Decimal, ctx: CleanContext) -> Converted:
    field_type = _type(new)
    scale = field_type.scale(new) if isinstance(field_type, DecimalType) else 0
    if number.adjusted() > 30:
        raise InvalidValue("out_of_range", _("The number is too large."))
    rounded = number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    return Converted(field_type.clean(new, rounded if scale else int(rounded), ctx), rounded != number)


def _choice_from_text(
    old: FieldSpec, new: FieldSpec, value: Any, ctx: CleanContext, display: DisplayContext
) -> Converted:
    return Converted(_type(new).clean(new, _named(new, str(value)).value, ctx))


def _choices_from_text(
    old: FieldSpec, new: FieldSpec, value: Any, ctx: CleanContext, display: DisplayContext
) -> Converted:
    parts = [part for part in BETWEEN_CHOICES.split(str(value)) if part.strip()]
    return Converted(_type(new).clean(new, [_named(new, part).value for part in parts], ctx))


def _choice_from_choice(
    old: FieldSpec, new: FieldSpec, value: Any, ctx: CleanContext, display: DisplayContext
) -> Converted:
    return Converted(_counterpart(old, new, value).value)


def _choices_from_choices(
    old: FieldSpec, new: FieldSpec, value: Any, ctx: CleanContext, display: DisplayContext
) -> Converted:
    values = [value] if isinstance(value, str) else list(value)
    found = [_counterpart(old, new, item).value for item in values]
    limit = new.settings.get("max_chosen")
    if limit is not None and len(found) > int(limit):
        raise InvalidValue("too_long", _("Choose at most %(max)d.") % {"max": int(limit)})
    return Converted(list(dict.fromkeys(found)))


def _choice_from_choices(
    old: FieldSpec, new: FieldSpec, value: Any, ctx: CleanContext, display: DisplayContext
) -> Converted:
    """Keep the first of several choices."""
    return Converted(_counterpart(old, new, value[0]).value, len(value) > 1)


def _choice_from_checkbox(
    old: FieldSpec, new: FieldSpec, value: Any, ctx: CleanContext, display: DisplayContext
) -> Converted:
    words = {fold(word) for word in (*(_TICKED if value else _UNTICKED), text_of(old, bool(value), display))}
    for choice in all_choices(new):
        if words & _words(choice):
            return Converted(choice.value)
    raise InvalidValue("invalid_choice", _("There is no such choice."))


def _day_from_moment(
    old: FieldSpec, new: FieldSpec, value: Any, ctx: CleanContext, display: DisplayContext
) -> Converted:
    if not isinstance(value, datetime):
        return Converted(_type(new).clean(new, value, ctx))
    moment = value.astimezone(display.zone)
    return Converted(_type(new).clean(new, moment.date(), ctx), moment.time() != time())


def _moment_from_day(
    old: FieldSpec, new: FieldSpec, value: Any, ctx: CleanContext, display: DisplayContext
) -> Converted:
    moment = value if isinstance(value, datetime) else datetime.combine(value, time(), display.zone)
    return Converted(_type(new).clean(new, moment, ctx))


def _moment_from_text(
    old: FieldSpec, new: FieldSpec, value: Any, ctx: CleanContext, display: DisplayContext
) -> Converted:
    """A moment without an offset, and a day alone, are meant in the organisation's zone."""
    try:
        return Converted(_type(new).clean(new, value, ctx))
    except InvalidValue as error:
        try:
            moment = datetime.fromisoformat(str(value).strip().replace("/", "-"))
        except ValueError:
            raise error from None
        if moment.tzinfo is not None:
            raise error from None
        return Converted(_type(new).clean(new, moment.replace(tzinfo=display.zone), ctx))


def _named(new: FieldSpec, text: str) -> ChoiceSpec:
    """Return the choice that a text means, by its value or by its label in any language."""
    wanted = fold(text)
    found = find_choice(new, text.strip())
    if found is None:
        found = next((choice for choice in all_choices(new) if wanted in _words(choice)), None)
    if found is None:
        raise InvalidValue("invalid_choice", _("There is no such choice."), value=text[:60])
    return found


def _words(choice: ChoiceSpec) -> set[str]:
    return {fold(word) for word in (choice.value, *map(str, choice.label.values())) if word}


def _counterpart(old: FieldSpec, new: FieldSpec, value: str) -> ChoiceSpec:
    """Return the choice with the same value, else the one that is called the same; a retired one stays, too."""
    same = find_choice(new, value)
    return same if same is not None else _named(new, label_of(find_choice(old, value), value, "en"))


def _type(field: FieldSpec) -> FieldType:
    return field_types.get(field.type)


Way = Callable[[FieldSpec, FieldSpec, Any, CleanContext, DisplayContext], Converted]
TEXTS = ("text", "long_text", "email", "phone", "url", "auto_number")
_WAYS: Sequence[tuple[Sequence[str], Sequence[str], Way]] = (
    (NUMBERS, NUMBERS, _number),
    (TEXTS, NUMBERS, _number_from_text),
    (TEXTS, CHOICE, _choice_from_text),
    (TEXTS, CHOICES, _choices_from_text),
    (TEXTS, ("datetime",), _moment_from_text),
    (CHOICE, CHOICE, _choice_from_choice),
    ((*CHOICE, *CHOICES), CHOICES, _choices_from_choices),
    (CHOICES, CHOICE, _choice_from_choices),
    (("checkbox",), CHOICE, _choice_from_checkbox),
    (MOMENTS, ("date",), _day_from_moment),
    (("date",), ("datetime",), _moment_from_day),
    (("datetime",), ("datetime",), _moment_from_day),
)
