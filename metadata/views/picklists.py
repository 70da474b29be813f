"""Shared picklists: sets of choices that several fields use."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from crm_platform.console.access import function_required
from crm_platform.console.forms import form_status
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import NotFound, ValidationFailed
from metadata import services
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import ChoiceSetSpec
from metadata.forms.api_names import propose_api_name
from metadata.forms.choices_form import BaseChoiceFormSet, choice_form_set
from metadata.forms.errors import choice_errors, show_errors
from metadata.forms.labels import initial_labels, label_fields, labels_of
from metadata.models import ChoiceSet
from metadata.names import CUSTOM_SUFFIX
from metadata.publishing import CUSTOMIZE


class PicklistForm(forms.Form):
    def __init__(self, *args: object, is_new: bool, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields.update(label_fields("label", gettext_lazy("Label")))
        if is_new:
            self.fields["api_name"] = forms.CharField(label=gettext_lazy("API name"), required=False, max_length=40)


@require_GET
@function_required(CUSTOMIZE)
def picklist_list(request: ActorRequest) -> HttpResponse:
    """All shared picklists with the fields that use them."""
    snapshot = current_snapshot()
    language = request.actor.language
    rows = [
        {
            "spec": spec,
            "label": spec.label.text(language),
            "used_by": [
                f"{item.label.text(language)} · {field.label.text(language)}"
                for item in snapshot.objects()
                for field in item.business_fields
                if field.choice_set is not None and field.choice_set.id == spec.id
            ],
        }
        for spec in snapshot.spec.choice_sets
        if spec.is_shared
    ]
    return render(request, "metadata/picklists/list.html", {"rows": rows})


@function_required(CUSTOMIZE)
def picklist_new(request: ActorRequest) -> HttpResponse:
    """Make a shared picklist."""
    return _picklist_page(request, None)


@function_required(CUSTOMIZE)
def picklist_edit(request: ActorRequest, set_name: str) -> HttpResponse:
    """Change a shared picklist's label and choices."""
    found = next((s for s in current_snapshot().spec.choice_sets if s.api_name == set_name and s.is_shared), None)
    if found is None:
        raise NotFound
    return _picklist_page(request, found)


def _picklist_page(request: ActorRequest, spec: ChoiceSetSpec | None) -> HttpResponse:
    data = request.POST or None
    initial = initial_labels(spec.label, "label") if spec else None
    form = PicklistForm(data, initial=initial, is_new=spec is None)
    choices = choice_form_set(data, spec)
    if request.method == "POST" and form.is_valid() and choices.is_valid():
        try:
            _save(request, spec, form, choices)
        except ValidationFailed as failed:
            rest = choice_errors(failed.errors, choices)
            show_errors(ValidationFailed(rest), form, aliases={"label": "label_zh_hans"})
        else:
            messages.success(request, _("Saved."))
            return redirect("metadata-picklists")
    label = spec.label.text(request.actor.language) if spec else ""
    context = {"form": form, "choices": choices, "spec": spec, "label": label}
    return render(request, "metadata/picklists/form.html", context, status=form_status(request))


def _save(request: ActorRequest, spec: ChoiceSetSpec | None, form: PicklistForm, choices: BaseChoiceFormSet) -> None:
    labels = labels_of(form.cleaned_data, "label")
    if spec is not None:
        services.update_choices(request.actor, spec.api_name, choices.choices(), label=labels)
        return
    name = form.cleaned_data["api_name"].strip()
    if not name:
        taken = {f"{n}{CUSTOM_SUFFIX}" for n in ChoiceSet.objects.values_list("api_name", flat=True)}
        text = labels.get("en") or next(text for text in labels.values() if text)
        name = propose_api_name(text, taken).removesuffix(CUSTOM_SUFFIX)
    services.create_choice_set(request.actor, name, labels, choices.choices())
