"""Record types of an object: the list, the form; a type is retired in its form, never deleted."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from crm_platform.console.access import function_required
from crm_platform.console.forms import form_status
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import ValidationFailed
from metadata import services
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import Labels, ObjectSpec, RecordTypeSpec
from metadata.field_types.choices import all_choices, label_of
from metadata.forms.errors import show_errors
from metadata.forms.record_type_form import RecordTypeForm
from metadata.publishing import CUSTOMIZE
from metadata.services.labels import texts_of
from metadata.services.record_types import get_record_type
from metadata.views.object_tabs import object_tabs

ALIASES = {"label": "label_zh_hans", "description": "description_zh_hans"}


@require_GET
@function_required(CUSTOMIZE)
def type_list(request: ActorRequest, object_name: str) -> HttpResponse:
    """All record types of the object, in their order, with what they narrow."""
    spec = current_snapshot().object(object_name).spec
    language = request.actor.language
    rows = [
        {
            "spec": item,
            "label": item.label.text(language),
            "description": item.description.text(language),
            "narrowed": _narrowed(spec, item, language),
        }
        for item in spec.record_types
    ]
    return render(request, "metadata/record_types/list.html", {**_page(request, spec), "rows": rows})


@function_required(CUSTOMIZE)
def type_new(request: ActorRequest, object_name: str) -> HttpResponse:
    """Describe a new record type."""
    spec = current_snapshot().object(object_name).spec
    form = RecordTypeForm(request.POST or None, spec=spec, texts={})
    if request.method == "POST" and form.is_valid():
        try:
            services.create_record_type(request.actor, object_name, form.type_input(set(spec.record_type_map)))
        except ValidationFailed as failed:
            show_errors(failed, form, aliases=ALIASES)
        else:
            messages.success(request, _("Created."))
            return redirect("metadata-record-types", object_name)
    return _show(request, spec, form, None)


@function_required(CUSTOMIZE)
def type_edit(request: ActorRequest, object_name: str, type_name: str) -> HttpResponse:
    """Change a record type, or take it out of use."""
    spec = current_snapshot().object(object_name).spec
    row = get_record_type(object_name, type_name)
    texts = {name: Labels(texts_of(row, name)) for name in ("label", "description")}
    form = RecordTypeForm(request.POST or None, spec=spec, row=row, texts=texts)
    if request.method == "POST" and form.is_valid():
        try:
            services.update_record_type(request.actor, object_name, type_name, **form.changes())
        except ValidationFailed as failed:
            show_errors(failed, form, aliases=ALIASES)
        else:
            messages.success(request, _("Saved."))
            return redirect("metadata-record-types", object_name)
    return _show(request, spec, form, texts["label"].text(request.actor.language), type_name)


def _narrowed(spec: ObjectSpec, item: RecordTypeSpec, language: str) -> list[dict[str, str]]:
    """Return each picklist that a type narrows, with the values that it allows."""
    found = []
    for name, allowed in item.choices.items():
        field = spec.field_map.get(name)
        if field is not None:
            labels = [label_of(each, each.value, language) for each in all_choices(field) if each.value in allowed]
            found.append({"label": field.label.text(language), "values": _(", ").join(labels)})
    return found


def _show(
    request: ActorRequest, spec: ObjectSpec, form: RecordTypeForm, label: str | None, type_name: str = ""
) -> HttpResponse:
    context = {**_page(request, spec), "form": form, "type_label": label, "type_name": type_name}
    return render(request, "metadata/record_types/form.html", context, status=form_status(request))


def _page(request: ActorRequest, spec: ObjectSpec) -> dict[str, Any]:
    label = spec.label.text(request.actor.language)
    return {"spec": spec, "label": label, "tabs": object_tabs(spec.api_name, "record_types")}
