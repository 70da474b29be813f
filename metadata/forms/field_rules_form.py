"""The second part of a field's form: when it is shown, required or read-only, and what it starts with."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec, ObjectSpec
from metadata.field_types import widgets
from metadata.field_types.base import FieldType
from metadata.services.field_checks import SCOPE_SYSTEM_FIELDS

SENSITIVITIES = (
    ("normal", _("normal")),
    ("personal", _("personal data")),
    ("secret", _("secret")),
)
EXPRESSIONS = ("default_formula", "visible_if", "required_if", "readonly_if")


class FieldRulesForm(forms.Form):
    """Conditions and rules of a field; what does not apply to its type is left out."""

    def __init__(
        self, *args: Any, spec: ObjectSpec, field_type: FieldType, field: FieldSpec | None = None, **kwargs: Any
    ) -> None:
        self.spec, self.type, self.field = spec, field_type, field
        if field is not None:
            names = (*EXPRESSIONS, "is_case_sensitive", "sensitivity")
            kept = {name: getattr(field, name) for name in names}
            kwargs.setdefault("initial", {**kept, "unique_scope": list(field.unique_scope)})
        kwargs.setdefault("prefix", "rules")
        super().__init__(*args, **kwargs)
        self._add_conditions()
        if field_type.can_be_unique:
            self._add_uniqueness()
        self.fields["sensitivity"] = forms.ChoiceField(
            label=_("Sensitivity"), choices=SENSITIVITIES, initial="normal", widget=widgets.Select
        )

    def changes(self) -> dict[str, Any]:
        """Return the members of the field's description that the form holds."""
        return {name: self.cleaned_data[name] for name in self.fields}

    def _add_conditions(self) -> None:
        type_ = self.type
        if type_.can_be_default and not type_.is_read_only:
            self._add_expression("default_formula", _("Default by formula"), type_.expression_type)
        self._add_expression("visible_if", _("Shown only while"), "boolean")
        if not type_.is_read_only:
            if type_.can_be_required:
                self._add_expression("required_if", _("Required while"), "boolean")
            self._add_expression("readonly_if", _("Read-only while"), "boolean")

    def _add_expression(self, name: str, label: Any, returns: str) -> None:
        purpose = "default" if name == "default_formula" else "condition"
        attrs = {"data-object": self.spec.api_name, "data-returns": returns, "data-purpose": purpose, "rows": 2}
        self.fields[name] = forms.CharField(
            label=label, required=False, max_length=10_000, widget=widgets.ExpressionInput(attrs=attrs)
        )

    def _add_uniqueness(self) -> None:
        language = get_language() or "en"
        others = [
            (item.api_name, item.label.text(language))
            for item in self.spec.fields
            if (not item.is_system or item.api_name in SCOPE_SYSTEM_FIELDS)
            and (self.field is None or item.id != self.field.id)
        ]
        self.fields["unique_scope"] = forms.MultipleChoiceField(
            label=_("Unique among records that are equal in"),
            help_text=_("Nothing chosen: unique among all records."),
            required=False,
            choices=others,
            widget=widgets.ChipSelect,
        )
        if self.type.expression_type == "text":
            self.fields["is_case_sensitive"] = forms.BooleanField(
                label=_("Upper and lower case make a difference"), required=False
            )
