"""Rating: a small number, shown as stars."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import models
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import Column, SettingsForm, nullable
from metadata.field_types.integer import IntegerType
from metadata.field_types.registry import field_types
from metadata.field_types.signs import SIGNS, sign
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

DEFAULT_MAX, LARGEST = 5, 10


class RatingSettings(SettingsForm):
    max = forms.IntegerField(
        label=_("Highest rating"),
        help_text=_("5 unless you say otherwise; up to 10."),
        min_value=2,
        max_value=LARGEST,
        required=False,
        widget=widgets.NumberInput,
    )
    icon = forms.ChoiceField(
        label=_("Icon"), choices=[("", SIGNS["star"]), *SIGNS.items()], required=False, widget=widgets.Select
    )


class RatingType(IntegerType):
    """A whole number from 0 to the highest rating; 0 is a rating, and empty is none."""

    key = "rating"
    label = _("Rating")
    icon = "star"
    converts_to = ("integer", "decimal", "text", "long_text")
    settings_form = RatingSettings
    can_be_unique = False
    is_numeric = False

    def highest(self, field: FieldSpec) -> int:
        return int(field.settings.get("max", DEFAULT_MAX))

    def sign(self, field: FieldSpec) -> str:
        return str(field.settings.get("icon", "star"))

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        return (Column("smallint", nullable(models.SmallIntegerField), 2),)

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> int | None:
        number, most = self.operand_or_none(value), self.highest(field)
        if number is not None and not 0 <= number <= most:
            raise InvalidValue("out_of_range", _("A rating is from 0 to %(max)d.") % {"max": most}, max=most)
        return number

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        return "" if value is None else str(value)

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        if value is None:
            return SafeString()
        most = self.highest(field)
        signs = format_html_join("", "{}", ((sign(self.sign(field), is_on=n < value),) for n in range(most)))
        with override(ctx.language):
            text = gettext("%(rating)d of %(max)d") % {"rating": value, "max": most}
        return format_html('<span class="rating">{}<span class="visually-hidden">{}</span></span>', signs, text)

    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        numbers = [(str(n), str(n)) for n in range(1, self.highest(field) + 1)]
        return RatingField(choices=[("", _("No rating")), *numbers], widget=widgets.RatingInput(sign(self.sign(field))))

    def form_initial(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> Any:
        return None if value is None else str(value)

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        return {"type": "integer", "minimum": 0, "maximum": self.highest(field)}


class RatingField(forms.ChoiceField):
    """The signs to click on; a rating of 0, which none of them stands for, passes where it is already."""

    def valid_value(self, value: Any) -> bool:
        return str(value) == "0" or super().valid_value(value)


field_types.register(RatingType())
