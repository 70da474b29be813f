"""The form of one recycle rule: when a record returns, and for which records after how many days."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_platform.console.forms import ChipSelect
from workflows.pools.models import Pool, RecycleRule
from workflows.pools.views.setup.fields import (
    ConditionField,
    choice_fields,
    choices_of,
    number,
    usual_status,
)

Kind = RecycleRule.Kind
VARIANTS = 4  # that a form offers; more only where there are more already
MOST_DAYS = 3_650


class RuleForm(forms.Form):
    """One rule; inputs of other kinds than the chosen one are hidden and not read."""

    label = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    kind = forms.ChoiceField(label=gettext_lazy("A record returns when there is"), choices=Kind.choices)
    days = number(gettext_lazy("For so many days"), least=0, most=MOST_DAYS, required=True)
    group = number(
        gettext_lazy("Group"),
        gettext_lazy("Rules of one group must hold together; any group that holds is enough."),
        least=0,
        most=99,
        required=True,
    )
    is_active = forms.BooleanField(label=gettext_lazy("In force"), required=False)

    def __init__(self, data: Any, pool: Pool, language: str, rule: RecycleRule | None = None) -> None:
        super().__init__(data)
        self.rule, self.kept = rule, dict(rule.settings) if rule else {}
        self.target = pool.business_object.api_name
        for name, value in (("days", 30), ("group", 0), ("is_active", True)):
            self.fields[name].initial = getattr(rule, name) if rule else value
        if rule:
            self.fields["label"].initial, self.fields["kind"].initial = rule.label, rule.kind
        self._add_settings(language)
        self._add_variants(rule.variants if rule else [])

    # --- what depends on the kind ---------------------------------------------------------------------------------
    def _add_settings(self, language: str) -> None:
        usual = usual_status(self.target)
        self._add("min_length", number(_("A follow-up counts from so many characters on")), Kind.NO_VALID_FOLLOW_UP)
        methods = choices_of("follow_up", "method", language)
        self._add("methods", chips(_("Only follow-ups by"), methods), Kind.NO_VALID_FOLLOW_UP)
        fields = [(field.name, field.spec.label.text(language)) for field in choice_fields(self.target)]
        stage = forms.ChoiceField(label=_("Stage"), choices=fields, required=False, initial=usual)
        self._add("field", stage, Kind.NO_PROGRESS)
        values = choices_of(self.target, self.kept.get("field") or usual, language)
        self._add("values", chips(_("Counts as converted"), values), Kind.NOT_CONVERTED)
        self._add("won", chips(_("Counts as won"), choices_of("opportunity", "stage", language)), Kind.NO_DEAL)
        statuses = choices_of("contract", "status", language)
        self._add("statuses", chips(_("Only contracts that are"), statuses), Kind.CONTRACT_ENDED)
        text = forms.CharField(label=_("Expression"), required=False, widget=forms.Textarea({"rows": 3}))
        text.help_text = _("Such as amount < 1000 and source = 'web'.")
        self._add("expression", text, Kind.EXPRESSION)

    def _add(self, name: str, field: forms.Field, kind: str) -> None:
        field.widget.attrs["data-show-when"] = f"kind={kind}"
        field.initial = self.kept.get(name, field.initial)
        self.fields[name] = field

    def settings(self) -> dict[str, Any]:
        """Return the settings of the chosen kind, along with those that the form does not know."""
        kind, data = self.cleaned_data["kind"], self.cleaned_data
        own = [
            name for name, field in self.fields.items() if field.widget.attrs.get("data-show-when") == f"kind={kind}"
        ]
        kept = self.kept if self.rule is not None and self.rule.kind == kind else {}
        unknown = {name: value for name, value in kept.items() if name not in self.fields}
        return {**unknown, **{name: data[name] for name in own if data.get(name) not in (None, "", [])}}

    # --- other numbers of days ------------------------------------------------------------------------------------
    def _add_variants(self, variants: list[Mapping[str, Any]]) -> None:
        for place in range(max(VARIANTS, len(variants))):
            given = variants[place] if place < len(variants) else {}
            condition = ConditionField(self.target, _("Records that fit"))
            condition.initial = given.get("condition")
            days = number(_("return after days"), least=0, most=MOST_DAYS)
            days.initial = given.get("days")
            self.fields[f"condition_{place}"], self.fields[f"days_{place}"] = condition, days

    @property
    def variant_inputs(self) -> Iterator[tuple[forms.BoundField, forms.BoundField]]:
        for place in range(self._variant_count):
            yield self[f"condition_{place}"], self[f"days_{place}"]

    @property
    def filled_variants(self) -> int:
        """How many rows of other numbers of days to show open."""
        filled = [place for place in range(self._variant_count) if self[f"condition_{place}"].value()]
        return len(filled)

    @property
    def _variant_count(self) -> int:
        return sum(name.startswith("condition_") for name in self.fields)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for place in range(self._variant_count):
            condition, days = cleaned.get(f"condition_{place}"), cleaned.get(f"days_{place}")
            if condition and days is None and f"days_{place}" not in self.errors:
                self.add_error(f"days_{place}", _("Say after how many days."))
            if days is not None and not condition and f"condition_{place}" not in self.errors:
                self.add_error(f"condition_{place}", _("Say for which records."))
        return cleaned

    def variants(self) -> list[dict[str, Any]]:
        """Return the numbers of days for some records, in their order."""
        data = self.cleaned_data
        return [
            {"condition": data[f"condition_{place}"], "days": data[f"days_{place}"]}
            for place in range(self._variant_count)
            if data[f"condition_{place}"]
        ]

    def values(self) -> dict[str, Any]:
        """Return the rule; only after `is_valid()`."""
        names = ("label", "kind", "days", "group", "is_active")
        plain = {name: self.cleaned_data[name] for name in names}
        return {**plain, "settings": self.settings(), "variants": self.variants()}


def chips(label: str, choices: list[tuple[str, str]]) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(label=label, choices=choices, required=False, widget=ChipSelect())
