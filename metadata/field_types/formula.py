"""Formula: a value worked out from other fields of the record, and of records that it looks up to."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import Column, SettingsForm
from metadata.field_types.computed import RESULTS, ComputedSettings, ComputedType
from metadata.field_types.numbers import scale_field
from metadata.field_types.registry import field_types

ZERO, BLANK = "zero", "blank"
STORED, VIRTUAL = "stored", "virtual"
DEFAULT_SCALE, MOST_DECIMALS = 2, 8


class FormulaSettings(ComputedSettings):
    fixed = ("returns", "scale")
    expression = forms.CharField(
        label=_("Formula"),
        max_length=10_000,
        widget=widgets.ExpressionInput(attrs={"data-returns-from": "settings-returns", "rows": 5, "required": True}),
    )
    returns = forms.ChoiceField(label=_("Type of the result"), choices=RESULTS, widget=widgets.Select)
    scale = scale_field(MOST_DECIMALS, DEFAULT_SCALE)
    blank_as = forms.ChoiceField(
        label=_("Empty numbers count as"),
        choices=[(ZERO, _("zero")), (BLANK, _("empty: the result is empty, too"))],
        required=False,
        widget=widgets.Select,
    )
    storage = forms.ChoiceField(
        label=_("Storage"),
        help_text=_(
            "Stored values follow their sources, those that read the clock once a day. What is worked out when it is "
            "read is true at that very moment, in filters, too; it reads plain fields of the record itself."
        ),
        choices=[(STORED, _("stored with the record")), (VIRTUAL, _("not stored: worked out whenever it is read"))],
        required=False,
        widget=widgets.Select,
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("storage") == VIRTUAL and cleaned.get("returns") == "currency":
            message = _("An amount is stored, for its worth in the base currency. Choose a decimal number instead.")
            self.add_error("storage", message)
        return cleaned


class FormulaType(ComputedType):
    """Stored with the record whenever one of its sources changes, so that it is filtered and sorted like any field.

    A virtual one is stored nowhere: the query has the database work it out (`metadata.virtual_formulas`).
    """

    key = "formula"
    label = _("Formula")
    icon = "math-function"
    settings_form: ClassVar[type[SettingsForm]] = FormulaSettings

    def is_virtual(self, field: FieldSpec) -> bool:
        return bool(field.settings.get("storage") == VIRTUAL)

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        return () if self.is_virtual(field) else super().columns(field)

    def expression(self, field: FieldSpec) -> str:
        return str(field.settings["expression"])

    def blank_is_zero(self, field: FieldSpec) -> bool:
        """Tell whether an empty number counts as zero in the formula."""
        return bool(field.settings.get("blank_as", ZERO) == ZERO)


field_types.register(FormulaType())
