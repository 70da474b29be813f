"""The forms of matching and duplicate rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm_platform.identity.functions import FUNCTIONS
from metadata.compiler.spec import Labels, ObjectSpec
from metadata.field_types import widgets
from metadata.forms.api_names import propose_api_name
from metadata.forms.labels import initial_labels, label_fields, labels_of
from metadata.match_methods import match_methods
from metadata.rule_inputs import DuplicateRuleInput, MatchingRuleInput
from metadata.services.rule_checks import is_comparable

ROWS = 4  # comparisons that the form has room for
BLANK_LABELS = (
    ("no_match", _("are different")),
    ("match", _("are equal when both are blank")),
    ("ignore", _("do not matter")),
)
SCOPE_LABELS = (
    ("all", _("all records")),
    ("owner", _("records of the same owner")),
    ("department", _("records of the same department")),
    ("record_type", _("records of the same record type")),
)
ACTION_LABELS = (
    ("off", _("nothing")),
    ("report", _("save and report")),
    ("route", _("note it on the existing record instead")),
    ("warn", _("ask for a reason")),
    ("block", _("refuse to save")),
)
EVENT_LABELS = (
    ("create", _("When a record is created")),
    ("edit", _("When a record is changed")),
    ("import", _("When records are imported")),
    ("api", _("When a program writes over the API")),
    ("convert", _("When a lead is converted")),
)
PLAIN = ("matching_rules", "scope", "include_trashed", "include_converted", "condition", "override", "shown_fields")


class MatchingRuleForm(forms.Form):
    """When records of two objects are the same: up to four comparisons, all of which must agree."""

    def __init__(
        self, *args: Any, spec: ObjectSpec, target: ObjectSpec, row: Any = None, label: Labels, language: str, **kw: Any
    ) -> None:
        self.target = target
        if row is not None:
            kw.setdefault("initial", {**initial_labels(label, "label"), "is_active": row.is_active, **_matchers(row)})
        super().__init__(*args, **kw)
        self.fields.update(label_fields("label", _("Name")))
        own, other = _choices(spec, language), _choices(target, language)
        for number in range(1, ROWS + 1):
            self._add_row(number, own, other if target.id != spec.id else own)
        self.fields["is_active"] = forms.BooleanField(label=_("Active"), required=False, initial=True)

    def _add_row(self, number: int, own: list[tuple[str, str]], other: list[tuple[str, str]]) -> None:
        methods: list[tuple[str, Any]] = [(item.key, item.label) for item in match_methods]
        self.fields[f"method_{number}"] = forms.ChoiceField(
            label=_("Comparison %(number)s") % {"number": number},
            choices=methods if number == 1 else [("", "—"), *methods],
            required=number == 1,
            widget=widgets.Select,
        )
        self.fields[f"fields_{number}"] = forms.MultipleChoiceField(
            label=_("Fields"), choices=own, required=number == 1, widget=widgets.Chips
        )
        self.fields[f"target_fields_{number}"] = forms.MultipleChoiceField(
            label=_("Compared with"),
            help_text=_("Empty: with the same fields."),
            choices=other,
            required=False,
            widget=widgets.Chips,
        )
        self.fields[f"threshold_{number}"] = forms.IntegerField(
            label=_("Threshold"),
            help_text=_("How alike, in percent; of phone numbers: how many digits."),
            required=False,
            min_value=1,
            max_value=100,
            widget=widgets.NumberInput,
        )
        self.fields[f"blank_{number}"] = forms.ChoiceField(
            label=_("Blank values"), choices=BLANK_LABELS, required=False, widget=widgets.Select
        )

    def rule_input(self, taken: set[str]) -> MatchingRuleInput:
        """Return the new rule; its API name is made from the label."""
        texts = {code: text for code, text in labels_of(self.cleaned_data, "label").items() if text}
        name = propose_api_name(texts.get("en") or next(iter(texts.values())), taken)
        active = self.cleaned_data["is_active"]
        return MatchingRuleInput(name, texts, self.target.api_name, list(self._given()), is_active=active)

    def changes(self) -> dict[str, Any]:
        """Return the changes to an existing rule."""
        return {
            "label": labels_of(self.cleaned_data, "label"),
            "matchers": list(self._given()),
            "is_active": self.cleaned_data["is_active"],
        }

    def _given(self) -> Iterator[dict[str, Any]]:
        for number in range(1, ROWS + 1):
            method = self.cleaned_data[f"method_{number}"]
            if method:
                values = {name: self.cleaned_data[f"{name}_{number}"] for name in _MEMBERS}
                yield {"method": method, **{name: value for name, value in values.items() if value}}


_MEMBERS = ("fields", "target_fields", "threshold", "blank")


def _matchers(row: Any) -> dict[str, Any]:
    return {
        f"{name}_{number}": matcher[name]
        for number, matcher in enumerate(row.matchers[:ROWS], start=1)
        for name in ("method", *_MEMBERS)
    }


def _choices(spec: ObjectSpec, language: str) -> list[tuple[str, str]]:
    fields = (field for field in spec.fields if any(is_comparable(field, method) for method in match_methods))
    return [(field.api_name, field.label.text(language)) for field in fields]


class DuplicateRuleForm(forms.Form):
    """What happens when a record matches others."""

    def __init__(
        self,
        *args: Any,
        matching: list[tuple[str, str]],
        shown: list[tuple[str, str]],
        row: Any = None,
        texts: dict[str, Labels],
        object_name: str,
        **kw: Any,
    ) -> None:
        if row is not None:
            kw.setdefault("initial", self._initial(row, texts))
        super().__init__(*args, **kw)
        self.fields.update(label_fields("label", _("Name")))
        self.fields["matching_rules"] = forms.MultipleChoiceField(
            label=_("Records are the same when any of these rules matches"), choices=matching, widget=widgets.Chips
        )
        for event, label in EVENT_LABELS:
            self.fields[f"action_{event}"] = forms.ChoiceField(
                label=label, choices=ACTION_LABELS, initial="warn", widget=widgets.Select
            )
        self._add_bounds()
        self.fields["condition"].widget.attrs["data-object"] = object_name
        functions = [("", _("everybody")), *((item.name, item.label) for item in FUNCTIONS)]
        self.fields["override"] = forms.ChoiceField(
            label=_("Who may save all the same"), required=False, choices=functions, widget=widgets.Select
        )
        self.fields.update(label_fields("message", _("Message"), long=True, required=False))
        self.fields["shown_fields"] = forms.MultipleChoiceField(
            label=_("Told, covered, of records that somebody may not read"),
            required=False,
            choices=shown,
            widget=widgets.Chips,
        )
        self.fields["is_active"] = forms.BooleanField(label=_("Active"), required=False, initial=True)

    def _add_bounds(self) -> None:
        self.fields["scope"] = forms.ChoiceField(
            label=_("Looked for among"), choices=SCOPE_LABELS, widget=widgets.Select
        )
        self.fields["period_days"] = forms.IntegerField(
            label=_("Created in the last days"),
            help_text=_("Empty: whenever they were created."),
            required=False,
            min_value=0,
            widget=widgets.NumberInput,
        )
        self.fields["include_trashed"] = forms.BooleanField(label=_("Also records in the trash"), required=False)
        self.fields["include_converted"] = forms.BooleanField(
            label=_("Also converted leads"), required=False, initial=True
        )
        self.fields["condition"] = forms.CharField(
            label=_("Only while the new record meets this condition"),
            required=False,
            max_length=10_000,
            widget=widgets.ExpressionInput(attrs={"data-returns": "boolean", "data-purpose": "condition", "rows": 2}),
        )

    def rule_input(self, taken: set[str]) -> DuplicateRuleInput:
        """Return the new rule; its API name is made from the label."""
        texts: dict[str, Any] = {
            name: {code: text for code, text in labels_of(self.cleaned_data, name).items() if text}
            for name in ("label", "message")
        }
        name = propose_api_name(texts["label"].get("en") or next(iter(texts["label"].values())), taken)
        return DuplicateRuleInput(name, **texts, **self._plain())

    def changes(self) -> dict[str, Any]:
        """Return the changes to an existing rule."""
        return {name: labels_of(self.cleaned_data, name) for name in ("label", "message")} | self._plain()

    def _plain(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            **{name: data[name] for name in (*PLAIN, "is_active")},
            "period_days": data["period_days"] or 0,
            "actions": {event: data[f"action_{event}"] for event, _label in EVENT_LABELS},
        }

    @staticmethod
    def _initial(row: Any, texts: dict[str, Labels]) -> dict[str, Any]:
        shown = {**initial_labels(texts["label"], "label"), **initial_labels(texts["message"], "message")}
        actions = {f"action_{event}": row.actions.get(event, "off") for event, _label in EVENT_LABELS}
        plain = {name: getattr(row, name) for name in (*PLAIN, "is_active")}
        return {**shown, **actions, **plain, "period_days": row.period_days or None}
