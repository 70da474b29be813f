"""Value of a related record, followed (`lookup_value`) or taken once (`copied_value`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.computed import ComputedSettings
from metadata.field_types.formula import FormulaType
from metadata.field_types.registry import field_types

ON_CREATE, ON_CHANGE = "create", "change"

# The type in which a value of another type is kept: what belongs to its own record alone (an index by which it is
# found, the currency of that record) stays behind.
KEPT_AS: Mapping[str, str] = {
    "text": "text",
    "auto_number": "text",
    "email": "text",
    "phone": "text",
    "url": "long_text",
    "long_text": "long_text",
    "integer": "integer",
    "decimal": "decimal",
    "currency": "decimal",
    "base_currency": "base_currency",
    "percent": "percent",
    "checkbox": "checkbox",
    "date": "date",
    "datetime": "datetime",
    "picklist": "picklist",
    "stage": "picklist",
    "multi_picklist": "multi_picklist",
}


class LookupValueSettings(ComputedSettings):
    fixed = ("path", "returns", "scale")
    path = forms.CharField(
        label=_("Field of the related record"),
        help_text=_("The path through a lookup, for example account.industry"),
        max_length=200,
        widget=widgets.TextInput,
    )
    returns = forms.CharField(label=_("Type of the result"), required=False, widget=forms.HiddenInput)
    scale = forms.IntegerField(label=_("Decimals"), required=False, widget=forms.HiddenInput)


class CopiedValueSettings(LookupValueSettings):
    when = forms.ChoiceField(
        label=_("Copied when"),
        choices=[
            (ON_CREATE, _("the record is created")),
            (ON_CHANGE, _("the record is created, and when the lookup changes")),
        ],
        required=False,
        widget=widgets.Select,
    )


class LookupValueType(FormulaType):
    """A formula that is a path: kept with the record, so that it is filtered and sorted like any field."""

    key = "lookup_value"
    label = _("Value of a related record")
    icon = "link"
    settings_form = LookupValueSettings
    error_places = {"settings.expression": "settings.path"}

    def expression(self, field: FieldSpec) -> str:
        return str(field.settings["path"])

    def blank_is_zero(self, field: FieldSpec) -> bool:
        return False

    def taken(self, field: FieldSpec, value: Any) -> Any:
        """Return a value as it is kept: it was checked where it was written, and a retired choice stays."""
        if field.settings["returns"] == "checkbox":
            return bool(value)
        if value is None or value == "":
            return None
        inner = self.behaves_as(field)
        return list(value) if isinstance(value, tuple) else inner.rounded(field, value)


class CopiedValueType(LookupValueType):
    """Taken when the record is created (or its lookup is changed), and left alone when the source changes later."""

    key = "copied_value"
    label = _("Copy of a related value")
    icon = "camera"
    settings_form = CopiedValueSettings

    def follows_lookup(self, field: FieldSpec) -> bool:
        """Tell whether a new lookup means a new copy."""
        return bool(field.settings.get("when") == ON_CHANGE)


field_types.register(LookupValueType())
field_types.register(CopiedValueType())
