"""The forms by which web forms are made and settled."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from metadata.compiler.current import current_snapshot
from workflows.intake.fields import FORM_INPUTS, offered
from workflows.intake.models import WebForm
from workflows.intake.source_forms import NewSourceForm, SourceForm

SPARE = 1  # empty rows below the fields: without JavaScript, a form grows by one at a time


def _text(label: Any, most: int, *, lines: int = 0, help_text: Any = "") -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": lines}) if lines else None
    return forms.CharField(label=label, max_length=most, required=False, widget=widget, help_text=help_text)


class NewWebForm(NewSourceForm):
    """What a form needs at least."""

    types = FORM_INPUTS


class WebFormForm(SourceForm):
    """All settings of a form but for the fields that it asks for."""

    title = _text(gettext_lazy("Heading"), 120)
    intro = _text(gettext_lazy("Text above the form"), 2000, lines=2)
    consent_text = _text(
        gettext_lazy("What people agree to"),
        2000,
        lines=2,
        help_text=gettext_lazy("Kept with every message, as it was agreed to. Empty: nobody is asked."),
    )
    success_text = _text(gettext_lazy("Text after sending"), 2000, lines=2)
    redirect_url = _text(gettext_lazy("Address to go to after sending"), 500)
    origins = _text(
        gettext_lazy("Websites that may show it"),
        4000,
        lines=3,
        help_text=gettext_lazy("One origin a line, such as https://www.example.com."),
    )
    is_active = forms.BooleanField(label=gettext_lazy("In use"), required=False)
    own = ("title", "intro", "consent_text", "success_text", "redirect_url")
    field_order = ("label", *own, "pool", "owner", "duplicates", "origins", "is_active")

    def __init__(self, data: Any, row: WebForm) -> None:
        super().__init__(data, row)
        self.initial["origins"] = "\n".join(row.origins)

    def changes(self) -> dict[str, Any]:
        """Return what was settled, as the services take it."""
        data = super().changes()
        origins = [line.strip().rstrip("/") for line in data.pop("origins").splitlines() if line.strip()]
        return {**data, "origins": origins}


class FieldForm(forms.Form):
    """One field that a form asks for."""

    field = forms.ChoiceField(label=gettext_lazy("Field"), required=False)
    label = _text(gettext_lazy("Name on the form"), 80)
    help = _text(gettext_lazy("Help"), 200)
    default = _text(gettext_lazy("Default value"), 500)
    parameter = _text(gettext_lazy("From the address"), 40)
    required = forms.BooleanField(label=gettext_lazy("Must be filled in"), required=False)
    hidden = forms.BooleanField(label=gettext_lazy("Hidden"), required=False)
    position = forms.IntegerField(label=gettext_lazy("Order"), required=False, min_value=1, max_value=999)

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["field"].choices = [("", "—"), *choices]  # type: ignore[attr-defined]

    @property
    def has_more(self) -> bool:
        """Whether something is filled in, or wrong, that few fields need."""
        return any(self[name].value() or self[name].errors for name in ("help", "default", "parameter"))


def field_rows(data: Any, row: WebForm, language: str) -> Any:
    """Return the rows of fields, in their order, with some empty ones below."""
    found = offered(current_snapshot().object(row.business_object.api_name))
    choices = [(field.name, field.spec.label.text(language)) for field in found]
    made = forms.formset_factory(FieldForm, extra=0 if data else SPARE, can_delete=True)
    initial = [{**item, "position": number} for number, item in enumerate(row.fields, 1)]
    return made(data, initial=initial, prefix="fields", form_kwargs={"choices": choices})


def chosen_fields(rows: Any) -> list[dict[str, Any]]:
    """Return the fields of the rows as they are kept; rows that were removed and rows without a field are none."""
    filled = [item.cleaned_data for item in rows if item.cleaned_data.get("field") and not item.cleaned_data["DELETE"]]
    filled.sort(key=lambda item: item.get("position") or 999)
    own = ("position", "DELETE")
    return [{name: value for name, value in item.items() if name not in own and value} for item in filled]
