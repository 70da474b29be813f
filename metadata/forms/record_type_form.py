"""The form of a record type."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec, Labels, ObjectSpec
from metadata.field_types import widgets
from metadata.field_types.choices import COLORS, all_choices, label_of
from metadata.forms.api_names import propose_api_name
from metadata.forms.labels import initial_labels, label_fields, labels_of
from metadata.models import RecordType
from metadata.rule_inputs import RecordTypeInput
from metadata.services.record_types import NARROWED_TYPES

PREFIX = "choices."
PLAIN = ("color", "position", "is_default", "is_active")


class RecordTypeForm(forms.Form):
    """A new record type of an object, or an existing one; each picklist is a box of the values that it allows."""

    def __init__(
        self, *args: Any, spec: ObjectSpec, row: RecordType | None = None, texts: dict[str, Labels], **kwargs: Any
    ) -> None:
        self.spec, language = spec, get_language() or "en"
        self.narrowed = [item for item in spec.business_fields if item.type in NARROWED_TYPES and item.choice_set]
        if row is not None:
            kwargs.setdefault("initial", self._initial(row, texts))
        super().__init__(*args, **kwargs)
        self.fields.update(label_fields("label", _("Name")))
        self.fields.update(label_fields("description", _("Description"), required=False, long=True))
        colors = [("", _("no colour")), *((color, color) for color in COLORS)]
        self.fields["color"] = forms.ChoiceField(
            label=_("Colour"), required=False, choices=colors, widget=widgets.Select
        )
        self.fields["position"] = forms.IntegerField(
            label=_("Position in lists"), required=False, min_value=0, max_value=1000
        )
        for field in self.narrowed:
            self.fields[PREFIX + field.api_name] = self._choices(field, language)
        self.fields["is_default"] = forms.BooleanField(
            label=_("Usual type of new records"),
            help_text=_("For people whose profile names no other one."),
            required=False,
        )
        self.fields["is_active"] = forms.BooleanField(
            label=_("In use"),
            help_text=_("Records keep a type that is no longer in use."),
            required=False,
            initial=True,
        )

    def type_input(self, taken: set[str]) -> RecordTypeInput:
        """Return the new type that the form describes; its API name is made from the label."""
        texts: dict[str, Any] = {
            name: {code: text for code, text in labels_of(self.cleaned_data, name).items() if text}
            for name in ("label", "description")
        }
        name = propose_api_name(texts["label"].get("en") or next(iter(texts["label"].values())), taken)
        return RecordTypeInput(name, **texts, **self._rest())

    def changes(self) -> dict[str, Any]:
        """Return the changes that the form makes to an existing type."""
        return {**{name: labels_of(self.cleaned_data, name) for name in ("label", "description")}, **self._rest()}

    def _rest(self) -> dict[str, Any]:
        plain = {name: self.cleaned_data[name] for name in PLAIN}
        chosen = {field.api_name: self.cleaned_data[PREFIX + field.api_name] for field in self.narrowed}
        known = {field.api_name: len(all_choices(field)) for field in self.narrowed}
        # All values, or none at all, is no limit: values to come are allowed, too.
        choices = {name: values for name, values in chosen.items() if 0 < len(values) < known[name]}
        return {**plain, "position": plain["position"] or 0, "choices": choices}

    @staticmethod
    def _choices(field: FieldSpec, language: str) -> forms.MultipleChoiceField:
        return forms.MultipleChoiceField(
            label=field.label.text(language),
            help_text=_("Tick the values that records of this type may have; nothing ticked means all."),
            required=False,
            choices=[(item.value, label_of(item, item.value, language)) for item in all_choices(field)],
            widget=widgets.Chips,
        )

    @staticmethod
    def _initial(row: RecordType, texts: dict[str, Labels]) -> dict[str, Any]:
        shown: dict[str, Any] = {
            **initial_labels(texts["label"], "label"),
            **initial_labels(texts["description"], "description"),
        }
        shown |= {name: getattr(row, name) for name in PLAIN}
        return {**shown, **{PREFIX + name: values for name, values in row.choices.items()}}
