"""Matching and duplicate rules of an object: the list, the forms, deleting."""

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
from crm_platform.kit.errors import StateConflict, ValidationFailed
from metadata import services
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import Labels, ObjectSpec
from metadata.forms.duplicate_rule_forms import ACTION_LABELS, EVENT_LABELS, DuplicateRuleForm, MatchingRuleForm
from metadata.forms.errors import show_errors
from metadata.match_methods import match_methods
from metadata.models import DuplicateRule, MatchingRule
from metadata.publishing import CUSTOMIZE
from metadata.services.duplicate_rules import get_rule
from metadata.services.labels import texts_of, texts_of_all
from metadata.views.object_tabs import object_tabs

ALIASES = {"label": "label_zh_hans", "message": "message_zh_hans", "matchers": "method_1", "target": "method_1"}


@require_GET
@function_required(CUSTOMIZE)
def rule_list(request: ActorRequest, object_name: str) -> HttpResponse:
    """The duplicate rules of an object, and the matching rules that they use."""
    spec, language = current_snapshot().object(object_name).spec, request.actor.language
    objects = current_snapshot().spec.object_map
    actions, events = dict(ACTION_LABELS), dict(EVENT_LABELS)
    duplicate_rows = list(DuplicateRule.objects.filter(business_object_id=spec.id))
    matching_rows = list(MatchingRule.objects.filter(business_object_id=spec.id).select_related("target"))
    texts = texts_of_all(duplicate_rows, "label", "message") | texts_of_all(matching_rows, "label")
    rules = [
        {
            "row": row,
            "label": Labels(texts[row.uuid, "label"]).text(language),
            "message": Labels(texts[row.uuid, "message"]).text(language),
            "actions": [
                (events[event], actions[action], action)
                for event, action in row.actions.items()
                if action != "off" and event in events
            ],
        }
        for row in duplicate_rows
    ]
    matching = [
        {
            "row": row,
            "label": Labels(texts[row.uuid, "label"]).text(language),
            "target": _label(objects.get(row.target.api_name), language),
            "matchers": _told(spec, row, language),
        }
        for row in matching_rows
    ]
    targets = [(item.api_name, item.label.text(language)) for item in current_snapshot().objects()]
    context = {**_page(request, spec), "rules": rules, "matching": matching, "targets": targets}
    return render(request, "metadata/rules/duplicate_list.html", context)


def _told(spec: ObjectSpec, row: MatchingRule, language: str) -> list[str]:
    fields = spec.field_map
    return [
        f"{match_methods.get(item['method']).label}: "
        + ", ".join(fields[name].label.text(language) if name in fields else name for name in item["fields"])
        for item in row.matchers
    ]


def _label(spec: ObjectSpec | None, language: str) -> str:
    return spec.label.text(language) if spec else ""


# --- matching rules -----------------------------------------------------------------------------------------
@function_required(CUSTOMIZE)
def matching_new(request: ActorRequest, object_name: str) -> HttpResponse:
    """Say when a record is the same as one of another object, or of its own."""
    spec = current_snapshot().object(object_name).spec
    target = current_snapshot().object(request.GET.get("target") or object_name).spec
    language = request.actor.language
    form = MatchingRuleForm(request.POST or None, spec=spec, target=target, label=Labels(), language=language)
    if request.method == "POST" and form.is_valid():
        taken = set(MatchingRule.objects.filter(business_object_id=spec.id).values_list("api_name", flat=True))
        try:
            services.create_matching_rule(request.actor, object_name, form.rule_input(taken))
        except ValidationFailed as failed:
            _show_errors(failed, form)
        else:
            messages.success(request, _("The rule is in force."))
            return redirect("metadata-duplicate-rules", object_name)
    return _show(request, spec, form, "", target=target)


@function_required(CUSTOMIZE)
def matching_edit(request: ActorRequest, object_name: str, rule_name: str) -> HttpResponse:
    """Change a matching rule; a job then makes the keys of existing records anew."""
    spec, row = current_snapshot().object(object_name).spec, get_rule(MatchingRule, object_name, rule_name)
    target = current_snapshot().object(row.target.api_name).spec
    label, language = Labels(texts_of(row, "label")), request.actor.language
    form = MatchingRuleForm(request.POST or None, spec=spec, target=target, row=row, label=label, language=language)
    if request.method == "POST" and form.is_valid():
        try:
            services.update_matching_rule(request.actor, object_name, rule_name, **form.changes())
        except ValidationFailed as failed:
            _show_errors(failed, form)
        else:
            messages.success(request, _("Saved."))
            return redirect("metadata-duplicate-rules", object_name)
    return _show(request, spec, form, rule_name, label=label.text(language), target=target)


@require_POST
@function_required(CUSTOMIZE)
def matching_delete(request: ActorRequest, object_name: str, rule_name: str) -> HttpResponseRedirect:
    """Remove a matching rule that no duplicate rule uses."""
    try:
        services.delete_matching_rule(request.actor, object_name, rule_name)
    except StateConflict as refused:
        messages.error(request, str(refused.message))
    else:
        messages.success(request, _("The rule is deleted."))
    return redirect("metadata-duplicate-rules", object_name)


# --- duplicate rules ----------------------------------------------------------------------------------------
@function_required(CUSTOMIZE)
def duplicate_new(request: ActorRequest, object_name: str) -> HttpResponse:
    """Say what happens to records that match others."""
    spec = current_snapshot().object(object_name).spec
    form = DuplicateRuleForm(request.POST or None, texts={}, **_offered(request, spec))
    if request.method == "POST" and form.is_valid():
        taken = set(DuplicateRule.objects.filter(business_object_id=spec.id).values_list("api_name", flat=True))
        try:
            services.create_duplicate_rule(request.actor, object_name, form.rule_input(taken))
        except ValidationFailed as failed:
            _show_errors(failed, form)
        else:
            messages.success(request, _("The rule is in force."))
            return redirect("metadata-duplicate-rules", object_name)
    return _show(request, spec, form, "")


@function_required(CUSTOMIZE)
def duplicate_edit(request: ActorRequest, object_name: str, rule_name: str) -> HttpResponse:
    """Change a duplicate rule."""
    spec, row = current_snapshot().object(object_name).spec, get_rule(DuplicateRule, object_name, rule_name)
    texts = {name: Labels(texts_of(row, name)) for name in ("label", "message")}
    form = DuplicateRuleForm(request.POST or None, row=row, texts=texts, **_offered(request, spec))
    if request.method == "POST" and form.is_valid():
        try:
            services.update_duplicate_rule(request.actor, object_name, rule_name, **form.changes())
        except ValidationFailed as failed:
            _show_errors(failed, form)
        else:
            messages.success(request, _("Saved."))
            return redirect("metadata-duplicate-rules", object_name)
    return _show(request, spec, form, rule_name, label=texts["label"].text(request.actor.language))


@require_POST
@function_required(CUSTOMIZE)
def duplicate_delete(request: ActorRequest, object_name: str, rule_name: str) -> HttpResponseRedirect:
    """Remove a duplicate rule."""
    services.delete_duplicate_rule(request.actor, object_name, rule_name)
    messages.success(request, _("The rule is deleted."))
    return redirect("metadata-duplicate-rules", object_name)


def _offered(request: ActorRequest, spec: ObjectSpec) -> dict[str, Any]:
    """Return the matching rules and the fields that a duplicate rule can name."""
    language, objects = request.actor.language, current_snapshot().spec.object_map
    rows = list(MatchingRule.objects.filter(business_object_id=spec.id).select_related("target"))
    matching = [(row.api_name, Labels(texts_of(row, "label")).text(language)) for row in rows]
    shown: dict[str, str] = {}
    for owner in (spec, *(objects[row.target.api_name] for row in rows if row.target.api_name in objects)):
        for field in owner.fields:
            shown.setdefault(field.api_name, field.label.text(language))
    return {"matching": matching, "shown": list(shown.items()), "object_name": spec.api_name}


def _show_errors(failed: ValidationFailed, form: Any) -> None:
    """Show each error at its input: `matchers.0.fields` is the first row's."""
    aliases = dict(ALIASES)
    for error in failed.errors:
        parts = (error.field or "").split(".")
        if parts[0] == "matchers" and len(parts) == 3:
            aliases[error.field or ""] = f"{parts[2]}_{int(parts[1]) + 1}"
        elif parts[0] == "actions" and len(parts) == 2:
            aliases[error.field or ""] = f"action_{parts[1]}"
    show_errors(failed, form, aliases=aliases)


def _show(
    request: ActorRequest, spec: ObjectSpec, form: Any, rule_name: str, *, label: str = "", target: Any = None
) -> HttpResponse:
    target_label = target.label.text(request.actor.language) if target is not None else ""
    context = {**_page(request, spec), "form": form, "rule_label": label, "rule_name": rule_name}
    context["target_label"] = target_label
    return render(request, "metadata/rules/duplicate_form.html", context, status=form_status(request))


def _page(request: ActorRequest, spec: ObjectSpec) -> dict[str, Any]:
    label = spec.label.text(request.actor.language)
    return {"spec": spec, "label": label, "tabs": object_tabs(spec.api_name, "duplicate_rules")}
