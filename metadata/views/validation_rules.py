"""Validation rules of an object: the list, the form, deleting."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from crm_platform.console.access import function_required
from crm_platform.console.forms import form_status
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import ValidationFailed
from metadata import services
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import Labels, ObjectSpec
from metadata.forms.errors import show_errors
from metadata.forms.validation_rule_form import EVENT_LABELS, ValidationRuleForm
from metadata.models import ValidationRule
from metadata.publishing import CUSTOMIZE
from metadata.services.labels import texts_of, texts_of_all
from metadata.services.validation_rules import get_validation_rule
from metadata.views.object_tabs import object_tabs

ALIASES = {"label": "label_zh_hans", "message": "message_zh_hans"}


@require_GET
@function_required(CUSTOMIZE)
def rule_list(request: ActorRequest, object_name: str) -> HttpResponse:
    """All rules of the object, in the order in which they are checked."""
    spec = current_snapshot().object(object_name).spec
    language, events = request.actor.language, dict(EVENT_LABELS)
    found = list(ValidationRule.objects.filter(business_object_id=spec.id))
    texts = texts_of_all(found, "label", "message")
    rows = [
        {
            "row": row,
            "label": Labels(texts[row.uuid, "label"]).text(language),
            "message": Labels(texts[row.uuid, "message"]).text(language),
            "events": [events[event] for event in row.events],
        }
        for row in found
    ]
    context = {**_page(request, spec), "rows": rows}
    return render(request, "metadata/rules/validation_list.html", context)


@function_required(CUSTOMIZE)
def rule_new(request: ActorRequest, object_name: str) -> HttpResponse:
    """Write a new rule."""
    spec = current_snapshot().object(object_name).spec
    form = ValidationRuleForm(request.POST or None, spec=spec, texts={})
    if request.method == "POST" and form.is_valid():
        taken = set(ValidationRule.objects.filter(business_object_id=spec.id).values_list("api_name", flat=True))
        try:
            services.create_validation_rule(request.actor, object_name, form.rule_input(taken))
        except ValidationFailed as failed:
            show_errors(failed, form, aliases=ALIASES)
        else:
            messages.success(request, _("The rule is in force."))
            return redirect("metadata-validation-rules", object_name)
    return _show(request, spec, form, None)


@function_required(CUSTOMIZE)
def rule_edit(request: ActorRequest, object_name: str, rule_name: str) -> HttpResponse:
    """Change a rule."""
    spec = current_snapshot().object(object_name).spec
    row = get_validation_rule(object_name, rule_name)
    texts = {name: Labels(texts_of(row, name)) for name in ("label", "message")}
    form = ValidationRuleForm(request.POST or None, spec=spec, row=row, texts=texts)
    if request.method == "POST" and form.is_valid():
        try:
            services.update_validation_rule(request.actor, object_name, rule_name, **form.changes())
        except ValidationFailed as failed:
            show_errors(failed, form, aliases=ALIASES)
        else:
            messages.success(request, _("Saved."))
            return redirect("metadata-validation-rules", object_name)
    return _show(request, spec, form, texts["label"].text(request.actor.language), rule_name)


@require_POST
@function_required(CUSTOMIZE)
def rule_delete(request: ActorRequest, object_name: str, rule_name: str) -> HttpResponseRedirect:
    """Remove a rule; records that it would have refused can be saved from now on."""
    services.delete_validation_rule(request.actor, object_name, rule_name)
    messages.success(request, _("The rule is deleted."))
    return redirect("metadata-validation-rules", object_name)


def _show(
    request: ActorRequest, spec: ObjectSpec, form: ValidationRuleForm, label: str | None, rule_name: str = ""
) -> HttpResponse:
    context = {**_page(request, spec), "form": form, "rule_label": label, "rule_name": rule_name}
    return render(request, "metadata/rules/validation_form.html", context, status=form_status(request))


def _page(request: ActorRequest, spec: ObjectSpec) -> dict[str, Any]:
    label = spec.label.text(request.actor.language)
    return {"spec": spec, "label": label, "tabs": object_tabs(spec.api_name, "validation_rules")}
