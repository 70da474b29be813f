"""Slider: a number within fixed ends, moved in steps and shown as a bar."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.markup import format_html
from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.choices import COLORS
from metadata.field_types.decimal import DecimalType
from metadata.field_types.formats import number_text
from metadata.field_types.numbers import DIGITS, RangeSettings, exact_number, fit
from metadata.field_types.registry import field_types
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

LOWEST, HIGHEST, STEP = Decimal(0), Decimal(100), Decimal(1)
PLAIN = "blue"
MOST_STEPS, MOST_BANDS, MOST_DECIMALS = 100_000, 10, 4


class BandsField(forms.Field):
    """Colours from a value on: `[{"from": "50", "color": "orange"}]`, or one line `50 orange` for each."""

    widget = widgets.Textarea({"rows": 3})

    def to_python(self, value: Any) -> list[dict[str, str]]:
        items = [line.split() for line in value.splitlines() if line.strip()] if isinstance(value, str) else value or []
        if not isinstance(items, list | tuple) or len(items) > MOST_BANDS:
            raise forms.ValidationError(_("At most %(max)d colours.") % {"max": MOST_BANDS})
        bands = [self._band(item) for item in items]
        return [{"from": format(start, "f"), "color": color} for start, color in sorted(bands)]

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list | tuple) and all(isinstance(band, Mapping) for band in value):
            return "\n".join(f"{band.get('from')} {band.get('color')}" for band in value)
        return value

    @staticmethod
    def _band(item: Any) -> tuple[Decimal, str]:
        given = [item.get("from"), item.get("color")] if isinstance(item, Mapping) else item
        try:
            start, color = given
            number = exact_number(start)
            if number is not None and color in COLORS and len(format(number, "f")) < DIGITS:
                return number, color
        except (TypeError, ValueError, InvalidOperation, InvalidValue):
            pass
        message = _("Write a number and a colour in each line, such as 50 orange. The colours: %(colors)s.")
        raise forms.ValidationError(message % {"colors": ", ".join(COLORS)})


def _number(label: Any, help_text: Any = "") -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        help_text=help_text,
        max_digits=DIGITS - MOST_DECIMALS,
        decimal_places=MOST_DECIMALS,
        required=False,
        widget=widgets.NumberInput,
    )


class SliderSettings(RangeSettings):
    fixed = ("step",)
    min = _number(_("Smallest value"), _("0 unless you say otherwise."))
    max = _number(_("Largest value"), _("100 unless you say otherwise."))
    step = _number(_("Step"), _("1 unless you say otherwise. It can't be changed later."))
    bands = BandsField(
        label=_("Colours"), help_text=_("From which value on the bar has which colour: 50 orange"), required=False
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        defaults = {"min": LOWEST, "max": HIGHEST, "step": STEP}
        given = {name: value for name in defaults if (value := cleaned.get(name)) is not None}
        low, high, step = {**defaults, **given}.values()
        if step <= 0 or (high - low) / step > MOST_STEPS:
            self.add_error("step", _("The step is above 0, and there are at most 100,000 steps."))
        elif low >= high and not self.has_error("max"):
            self.add_error("max", _("The largest value is below the smallest."))
        return cleaned


class SliderType(DecimalType):
    """A number that is a whole count of steps above the smallest; it has as many decimals as the step."""

    key = "slider"
    label = _("Slider")
    icon = "adjustments-horizontal"
    converts_to = ("integer", "decimal", "text", "long_text")
    settings_form = SliderSettings
    is_numeric = False

    def limits(self, field: FieldSpec) -> tuple[Decimal, Decimal, Decimal]:
        """Return the smallest value, the largest, and the step."""
        given = field.settings
        return (
            Decimal(str(given.get("min", LOWEST))),
            Decimal(str(given.get("max", HIGHEST))),
            Decimal(str(given.get("step", STEP))),
        )

    def scale(self, field: FieldSpec) -> int:
        exponent = self.limits(field)[2].normalize().as_tuple().exponent
        return max(0, -int(exponent))

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> Decimal | None:
        number = exact_number(value)
        if number is None:
            return None
        low, high, step = self.limits(field)
        number = fit(number, DIGITS, self.scale(field))
        if not low <= number <= high:
            message = _("From %(min)s to %(max)s.") % {"min": low, "max": high}
            raise InvalidValue("out_of_range", message, min=str(low), max=str(high))
        if (number - low) % step:
            raise InvalidValue("out_of_range", _("In steps of %(step)s.") % {"step": step}, step=str(step))
        return number

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        return "" if value is None else number_text(value, self.scale(field), ctx.language, trim=True)

    def color(self, field: FieldSpec, value: Decimal) -> str:
        """Return the colour of the last band that begins at or below the value."""
        reached = [band["color"] for band in field.settings.get("bands", ()) if Decimal(band["from"]) <= value]
        return reached[-1] if reached else PLAIN

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        if value is None:
            return SafeString()
        low, high, _step = self.limits(field)
        return format_html(
            '<span class="level level-{}"><progress value="{}" max="{}" aria-hidden="true"></progress> {}</span>',
            *(self.color(field, value), format(value - low, "f"), format(high - low, "f")),
            self.to_text(field, value, ctx),
        )

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        low, high, step = (format(item, "f") for item in self.limits(field))
        # No limits of the form's own: `clean` says in words what is wrong.
        return forms.DecimalField(
            max_digits=DIGITS,
            decimal_places=self.scale(field),
            widget=widgets.SliderInput({"min": low, "max": high, "step": step}),
        )


field_types.register(SliderType())
