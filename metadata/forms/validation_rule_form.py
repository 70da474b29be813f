"""The form of a validation rule."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import Labels, ObjectSpec
from metadata.field_types import widgets
from metadata.forms.api_names import propose_api_name
from metadata.forms.labels import initial_labels, label_fields, labels_of
from metadata.models import ValidationRule
from metadata.rule_inputs import ValidationRuleInput

EVENT_LABELS = (
    ("create", _("a record is created")),
    ("edit", _("a record is changed")),
    ("delete", _("a record is deleted")),
    ("convert", _("a lead is converted")),
    ("import", _("records are imported")),
)
SEVERITY_LABELS = (
    ("error", _("refuse to save")),
    ("warning", _("ask for confirmation")),
)
PLAIN = ("condition", "location", "severity", "events", "record_types", "can_be_bypassed", "is_active")


class ValidationRuleForm(forms.Form):
    """A new rule of an object, or an existing one."""

    def __init__(
        self, *args: Any, spec: ObjectSpec, row: ValidationRule | None = None, texts: dict[str, Labels], **kwargs: Any
    ) -> None:
        self.spec, self.row = spec, row
        if row is not None:
            kwargs.setdefault("initial", self._initial(row, texts))
        super().__init__(*args, **kwargs)
        self.fields.update(label_fields("label", _("Name")))
        self.fields["condition"] = forms.CharField(
            label=_("The record is wrong when"),
            help_text=_("For example: amount < 0 && ISBLANK(reason__c)"),
            max_length=10_000,
            widget=widgets.ExpressionInput(
                attrs={"data-object": spec.api_name, "data-returns": "boolean", "data-purpose": "rule", "rows": 4}
            ),
        )
        self.fields.update(label_fields("message", _("Message"), long=True))
        self.fields["location"] = forms.ChoiceField(
            label=_("Shown at"), required=False, choices=self._locations(), widget=widgets.Select
        )
        self.fields["severity"] = forms.ChoiceField(
            label=_("What happens"), choices=SEVERITY_LABELS, initial="error", widget=widgets.Select
        )
        self.fields["events"] = forms.MultipleChoiceField(
            label=_("Checked when"),
            choices=EVENT_LABELS,
            initial=["create", "edit", "import"],
            widget=widgets.Chips,
        )
        if spec.record_types:
            language = get_language() or "en"
            self.fields["record_types"] = forms.MultipleChoiceField(
                label=_("For records of these types"),
                help_text=_("Nothing ticked: for all records."),
                required=False,
                choices=[(item.api_name, item.label.text(language)) for item in spec.record_types],
                widget=widgets.Chips,
            )
        self.fields["can_be_bypassed"] = forms.BooleanField(
            label=_("Does not hold for people who may bypass validation rules"), required=False
        )
        self.fields["is_active"] = forms.BooleanField(label=_("Active"), required=False, initial=True)

    def rule_input(self, taken: set[str]) -> ValidationRuleInput:
        """Return the new rule that the form describes; its API name is made from the label."""
        texts: dict[str, Any] = {
            name: {code: text for code, text in labels_of(self.cleaned_data, name).items() if text}
            for name in ("label", "message")
        }
        name = propose_api_name(texts["label"].get("en") or next(iter(texts["label"].values())), taken)
        return ValidationRuleInput(name, condition=self.cleaned_data["condition"], **texts, **self._plain())

    def changes(self) -> dict[str, Any]:
        """Return the changes that the form makes to an existing rule."""
        texts = {name: labels_of(self.cleaned_data, name) for name in ("label", "message")}
        return {**texts, **self._plain(), "condition": self.cleaned_data["condition"]}

    def _plain(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in PLAIN if name != "condition" and name in self.cleaned_data}

    def _locations(self) -> list[tuple[str, Any]]:
        language = get_language() or "en"
        fields = [(item.api_name, item.label.text(language)) for item in self.spec.business_fields]
        return [("", _("the top of the page")), *fields]

    @staticmethod
    def _initial(row: ValidationRule, texts: dict[str, Labels]) -> dict[str, Any]:
        shown = {**initial_labels(texts["label"], "label"), **initial_labels(texts["message"], "message")}
        return {**shown, **{name: getattr(row, name) for name in PLAIN}}
