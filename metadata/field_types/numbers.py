"""What the number types share: exact parsing, range and scale; no field type itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cache
from typing import Any

from django import forms
from django.db.models import Q
from django.db.models.expressions import BaseExpression
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import FieldType, SettingsForm
from metadata.field_types.predicates import compare
from metadata.field_types.values import InvalidValue

DIGITS = 18  # of every numeric column; that many digits are exact and quick to add up
NUMERIC_BYTES = 16
NUMBER_FILTERS = ("eq", "ne", "gt", "gte", "lt", "lte", "between", "in", "nin", "empty", "nempty")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,4})?", re.ASCII | re.IGNORECASE)
_LONGEST = 100
_EXACT = Context(prec=100)


def exact_number(value: Any) -> Decimal | None:
    """Return the number exactly as it was given; None when it is empty. Raises InvalidValue.

    A float counts as the shortest decimal that stands for it, so that 0.1 is 0.1 and noise such as
    0.30000000000000004 has too many decimals further on.
    """
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() < 256:
        return Decimal(value)
    if isinstance(value, Decimal) and value.is_finite():
        return value
    if isinstance(value, float):
        value = repr(value)
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        if len(text) <= _LONGEST and _NUMBER.fullmatch(text):
            return Decimal(text)
    if isinstance(value, int) and not isinstance(value, bool):
        raise InvalidValue("out_of_range", _("The number is too large."))
    raise InvalidValue("invalid_type", _("Enter a number."))


def fit(value: Decimal, digits: int, scale: int) -> Decimal:
    """Return the number with exactly `scale` decimals; raises InvalidValue when that would change it."""
    if value and value.adjusted() >= digits - scale:
        raise InvalidValue("out_of_range", _("The number is too large."), digits=digits, scale=scale)
    if not value:
        return Decimal(0).scaleb(-scale)
    fitted = value.quantize(_unit(scale))
    if fitted != value:
        raise InvalidValue("out_of_range", _("At most %(scale)d decimals.") % {"scale": scale}, scale=scale)
    return fitted


@cache
def _unit(scale: int) -> Decimal:
    """Return the smallest step of numbers with `scale` decimals."""
    return Decimal(1).scaleb(-scale)


def round_half_up(value: Decimal, scale: int) -> Decimal:
    """Return the number with `scale` decimals, halves away from zero as PostgreSQL rounds them."""
    return value.quantize(_unit(scale), ROUND_HALF_UP, _EXACT)


def check_range(value: Decimal | int, field: FieldSpec) -> None:
    """Raise InvalidValue when the value is outside the field's `min` and `max`."""
    low, high = bound(field, "min"), bound(field, "max")
    if low is not None and value < low:
        raise InvalidValue("out_of_range", _("At least %(min)s.") % {"min": low}, min=str(low))
    if high is not None and value > high:
        raise InvalidValue("out_of_range", _("At most %(max)s.") % {"max": high}, max=str(high))


def bound(field: FieldSpec, name: str) -> Decimal | None:
    """Return the parameter `min` or `max` of a field."""
    given = field.settings.get(name)
    return None if given is None else Decimal(str(given))


def decimal_pattern(scale: int) -> str:
    """Return the regular expression of the API form of a decimal."""
    return rf"^-?\d+(\.\d{{1,{scale}}})?$" if scale else r"^-?\d+$"


class RangeSettings(SettingsForm):
    """Parameters `min` and `max`, in this order."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        low, high = cleaned.get("min"), cleaned.get("max")
        if low is not None and high is not None and low > high:
            self.add_error("max", _("The largest value is below the smallest."))
        return cleaned


def scale_field(most: int, default: int) -> forms.IntegerField:
    """Return the settings field of the number of decimals."""
    return forms.IntegerField(
        label=_("Decimals"),
        help_text=format_lazy(_("{default} unless you say otherwise. It can't be changed later."), default=default),
        min_value=0,
        max_value=most,
        required=False,
        widget=widgets.NumberInput,
    )


class NumberType(FieldType):
    """Base of the types whose value is a number."""

    group = "number"
    expression_type = "number"
    is_numeric = True

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return NUMBER_FILTERS

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        return compare(operator, column, params)
