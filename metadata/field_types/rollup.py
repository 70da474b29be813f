"""Roll-up summary: a count, sum or the like over the records that look up to this one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import Column, nullable
from metadata.field_types.computed import RESULTS, ComputedSettings, ComputedType
from metadata.field_types.numbers import scale_field
from metadata.field_types.registry import field_types

COUNT, SUM, AVG, MIN, MAX = "count", "sum", "avg", "min", "max"
OPERATIONS = (
    (COUNT, _("Number of records")),
    (SUM, _("Sum")),
    (AVG, _("Average")),
    (MIN, _("Smallest")),
    (MAX, _("Largest")),
)
TOTAL, NUMBER = "_total", "_number"  # further columns of an average: what it is the quotient of
_LARGE_BYTES = 16


class RollupSettings(ComputedSettings):
    fixed = ("object", "lookup", "returns", "operation", "field", "scale")
    object = forms.CharField(label=_("Object that is summarised"), max_length=40, widget=widgets.TextInput)
    lookup = forms.CharField(label=_("Its lookup to this object"), max_length=40, widget=widgets.TextInput)
    operation = forms.ChoiceField(label=_("Summary"), choices=OPERATIONS, widget=widgets.Select)
    field = forms.CharField(
        label=_("Field that is summarised"),
        help_text=_("Not needed to count records."),
        max_length=40,
        required=False,
        widget=widgets.TextInput,
    )
    filter = forms.CharField(
        label=_("Only records for which"),
        help_text=_("A condition over the summarised record; left empty, all of them count."),
        max_length=10_000,
        required=False,
        widget=widgets.ExpressionInput(
            attrs={
                "data-object-from": "settings-object",
                "data-returns": "boolean",
                "data-purpose": "condition",
                "rows": 3,
            }
        ),
    )
    returns = forms.ChoiceField(
        label=_("Type of the result"),
        help_text=_("Left out, it follows from what is summarised."),
        choices=[("", "—"), *RESULTS, ("base_currency", _("Amount in base currency"))],
        required=False,
        widget=widgets.Select,
    )
    scale = scale_field(8, 2)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("operation") not in (None, COUNT) and not cleaned.get("field"):
            self.add_error("field", _("Choose what is summarised."))
        return cleaned


class RollupType(ComputedType):
    """Kept up to date in the transaction that changes a summarised record, by the difference that it makes."""

    key = "rollup"
    label = _("Roll-up summary")
    icon = "sum"
    settings_form = RollupSettings

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        shown = super().columns(field)
        if field.settings["operation"] != AVG:
            return shown
        make_total = nullable(models.DecimalField, max_digits=60, decimal_places=20)
        total = Column("numeric", make_total, _LARGE_BYTES, TOTAL, is_internal=True)
        number = Column("bigint", nullable(models.BigIntegerField), 8, NUMBER, is_internal=True)
        return (*shown, total, number)


field_types.register(RollupType())
