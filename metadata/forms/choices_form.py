"""Choices as rows of a formset: value, labels, colour, order; stages with probability and outcome."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import ChoiceSetSpec, Labels
from metadata.field_types.choices import COLORS
from metadata.forms.api_names import propose_api_name
from metadata.forms.labels import field_name, initial_labels, labels_of
from metadata.inputs import ChoiceInput
from metadata.limits import CHOICES_PER_SET
from metadata.names import CUSTOM_SUFFIX

CATEGORIES = [("open", _("In progress")), ("won", _("Won")), ("lost", _("Lost"))]


class ChoiceForm(forms.Form):
    """One choice. A row without any label is left out."""

    value = forms.CharField(label=_("Value"), required=False, max_length=60)
    color = forms.ChoiceField(
        label=_("Colour"), required=False, choices=[("", "—"), *((name, name) for name in COLORS)]
    )
    is_active = forms.BooleanField(label=_("Active"), required=False, initial=True)
    is_default = forms.BooleanField(label=_("Default"), required=False)
    probability = forms.IntegerField(label=_("Probability %"), required=False, min_value=0, max_value=100)
    category = forms.ChoiceField(label=_("Outcome"), required=False, choices=CATEGORIES)

    def __init__(self, *args: Any, is_stage: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code, name in settings.LANGUAGES:
            self.fields[field_name("label", code)] = forms.CharField(label=name, required=False, max_length=80)
        if not is_stage:
            del self.fields["probability"], self.fields["category"]
        self.order_fields([field_name("label", code) for code, _name in settings.LANGUAGES])

    def labels(self) -> dict[str, str]:
        return labels_of(self.cleaned_data, "label")


class BaseChoiceFormSet(forms.BaseFormSet):  # type: ignore[type-arg] # not generic at run time
    def add_fields(self, form: ChoiceForm, index: int | None) -> None:
        """Mark the order number, so that the browser keeps it right while rows are moved."""
        super().add_fields(form, index)
        form.fields["ORDER"].widget.attrs["data-row-position"] = ""

    def choices(self) -> list[ChoiceInput]:
        """Return the choices in their order; a missing value is made from the label."""
        rows = [form for form in self.ordered_forms if any(form.labels().values())]
        taken = {form.cleaned_data["value"] for form in rows if form.cleaned_data["value"]}
        return [_choice(form, taken) for form in rows]


ChoiceFormSet = forms.formset_factory(
    ChoiceForm,
    formset=BaseChoiceFormSet,
    extra=3,
    can_order=True,
    can_delete=False,
    max_num=CHOICES_PER_SET,
    absolute_max=CHOICES_PER_SET + 10,
)


def choice_form_set(data: Any, choice_set: ChoiceSetSpec | None, *, is_stage: bool = False) -> BaseChoiceFormSet:
    """Return the formset of a set that exists, or of a new one."""
    made = ChoiceFormSet(data, initial=_choice_rows(choice_set), prefix="choices", form_kwargs={"is_stage": is_stage})
    return cast(BaseChoiceFormSet, made)


def _choice_rows(choice_set: ChoiceSetSpec | None) -> list[dict[str, Any]]:
    """Return the initial rows for a set that exists."""
    return [
        {
            "value": choice.value,
            "color": choice.color,
            "is_active": choice.is_active,
            "is_default": choice.is_default,
            **initial_labels(Labels(choice.label), "label"),
            **choice.properties,
        }
        for choice in (choice_set.choices if choice_set else ())
    ]


def _choice(form: ChoiceForm, taken: set[str]) -> ChoiceInput:
    data = form.cleaned_data
    labels = form.labels()
    value = data["value"]
    if not value:
        text = labels.get("en") or next(text for text in labels.values() if text)
        suffixed = {name + CUSTOM_SUFFIX for name in taken}
        value = propose_api_name(text, suffixed).removesuffix(CUSTOM_SUFFIX)
        taken.add(value)
    properties = {}
    if "category" in data:
        properties = {"probability": data["probability"] or 0, "category": data["category"] or "open"}
    return ChoiceInput(
        value=value,
        label=labels,
        color=data["color"],
        is_active=data["is_active"],
        is_default=data["is_default"],
        properties=properties,
    )
