"""The forms by which web forms are made and settled."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_platform.identity.models import User
from metadata.compiler.current import current_snapshot
from workflows.intake.fields import offered
from workflows.intake.models import WebForm
from workflows.pools.models import Pool

SPARE = 3  # empty rows below the fields


def _text(label: Any, most: int, *, lines: int = 0, help_text: Any = "") -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": lines}) if lines else None
    return forms.CharField(label=label, max_length=most, required=False, widget=widget, help_text=help_text)


class NewWebForm(forms.Form):
    """What a form needs at least."""

    label = forms.CharField(label=gettext_lazy("Name"), max_length=80)

    def __init__(self, *args: Any, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        snapshot = current_snapshot()
        specs = [spec for spec in snapshot.objects() if offered(snapshot.object(spec.api_name))]
        choices = [(spec.api_name, spec.label.text(language)) for spec in specs]
        self.fields["object"] = forms.ChoiceField(label=_("Object"), choices=choices, initial="lead")


class WebFormForm(forms.Form):
    """All settings of a form but for the fields that it asks for."""

    label = forms.CharField(label=gettext_lazy("Name"), max_length=80)
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
    pool = forms.ModelChoiceField(
        Pool.objects.none(),
        label=gettext_lazy("Pool"),
        required=False,
        help_text=gettext_lazy("Empty: the pool that takes such records."),
    )
    owner = forms.ModelChoiceField(User.objects.none(), label=gettext_lazy("Owner"), required=False)
    duplicates = forms.ChoiceField(label=gettext_lazy("When the record is there already"), choices=WebForm.Duplicates)
    origins = _text(
        gettext_lazy("Websites that may show it"),
        4000,
        lines=3,
        help_text=gettext_lazy("One origin a line, such as https://www.example.com."),
    )
    is_active = forms.BooleanField(label=gettext_lazy("In use"), required=False)

    def __init__(self, data: Any, row: WebForm) -> None:
        names = ("label", "title", "intro", "consent_text", "success_text", "redirect_url", "duplicates", "is_active")
        initial = {name: getattr(row, name) for name in names}
        places = {"origins": "\n".join(row.origins), "pool": row.pool_id, "owner": row.owner_id}
        super().__init__(data, initial={**initial, **places})
        pools: Any = self.fields["pool"]
        owners: Any = self.fields["owner"]
        pools.queryset = Pool.objects.filter(business_object_id=row.business_object_id, is_active=True)
        owners.queryset = User.objects.filter(is_active=True).order_by("name")

    def changes(self) -> dict[str, Any]:
        """Return what was settled, as the services take it."""
        data = dict(self.cleaned_data)
        pool, owner = data.pop("pool"), data.pop("owner")
        origins = [line.strip().rstrip("/") for line in data.pop("origins").splitlines() if line.strip()]
        return {**data, "pool_id": pool and pool.pk, "owner_id": owner and owner.pk, "origins": origins}


class FieldForm(forms.Form):
    """One field that a form asks for."""

    field = forms.ChoiceField(label=gettext_lazy("Field"), required=False)
    label = _text(gettext_lazy("Label"), 80)
    help = _text(gettext_lazy("Help"), 200)
    default = _text(gettext_lazy("Default value"), 500)
    parameter = _text(gettext_lazy("From the address"), 40)
    required = forms.BooleanField(label=gettext_lazy("Required"), required=False)
    hidden = forms.BooleanField(label=gettext_lazy("Hidden"), required=False)
    position = forms.IntegerField(label=gettext_lazy("Order"), required=False, min_value=1, max_value=999)

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["field"].choices = [("", "—"), *choices]  # type: ignore[attr-defined]


def field_rows(data: Any, row: WebForm, language: str) -> Any:
    """Return the rows of fields, in their order, with some empty ones below."""
    found = offered(current_snapshot().object(row.business_object.api_name))
    choices = [(field.name, field.spec.label.text(language)) for field in found]
    made = forms.formset_factory(FieldForm, extra=0 if data else SPARE)
    initial = [{**item, "position": number} for number, item in enumerate(row.fields, 1)]
    return made(data, initial=initial, prefix="fields", form_kwargs={"choices": choices})


def chosen_fields(rows: Any) -> list[dict[str, Any]]:
    """Return the fields of the rows as they are kept; rows without a field are none."""
    filled = [item.cleaned_data for item in rows if item.cleaned_data.get("field")]
    filled.sort(key=lambda item: item.get("position") or 999)
    return [{name: value for name, value in item.items() if name != "position" and value} for item in filled]
