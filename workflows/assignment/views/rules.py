"""The rules by which a pool gives out what waits, who takes part, and what they would do."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm_platform.console.forms import form_status
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import NotFound, ValidationFailed
from workflows.assignment import settings
from workflows.assignment.models import AssignmentRule
from workflows.assignment.settings import MemberInput, RuleInput
from workflows.assignment.simulation import simulate
from workflows.assignment.views.forms import MemberForm, RuleForm, tag_choices, written_tags
from workflows.pools.services.settings import get_pool
from workflows.pools.views.common import show_refusal
from workflows.pools.views.setup.pools import managers_only, sent, tabs


@require_safe
@managers_only
def assignment_rules(request: ActorRequest, pool_id: uuid.UUID) -> HttpResponse:
    """Show the rules of a pool in their order."""
    pool = get_pool(request.actor, pool_id)
    context = {
        "pool": pool,
        "tabs": tabs(pool, "assignment-rules"),
        "rules": settings.rules_of(request.actor, pool_id),
    }
    return render(request, "workflows/assignment/rules.html", context)


@managers_only
def assignment_rule_new(request: ActorRequest, pool_id: uuid.UUID) -> HttpResponse:
    """Add a rule to a pool; who takes part is settled next."""
    pool = get_pool(request.actor, pool_id)
    form = RuleForm(sent(request), pool, request.actor.language)
    if request.method == "POST" and form.is_valid():
        saved = _save(request, pool_id, form, RuleInput(**form.values()))
        if saved is not None:
            return redirect("assignment-rule", pool_id=pool_id, assignment_rule_id=saved.pk)
    context = {"pool": pool, "form": form, "rule": None}
    return render(request, "workflows/assignment/rule.html", context, status=form_status(request))


@managers_only
def assignment_rule(request: ActorRequest, pool_id: uuid.UUID, assignment_rule_id: uuid.UUID) -> HttpResponse:
    """Show and change a rule, and show who takes part."""
    pool, rule = get_pool(request.actor, pool_id), settings.get_rule(request.actor, pool_id, assignment_rule_id)
    language = request.actor.language
    form = RuleForm(sent(request), pool, language, rule)
    if request.method == "POST" and form.is_valid():
        given = RuleInput(**form.values(), members=settings.members_of(rule))
        if _save(request, pool_id, form, given, rule) is not None:
            return redirect("assignment-rules", pool_id=pool_id)
    labels = dict(tag_choices(pool, language))
    members = [(item, [labels.get(tag, tag) for tag in written_tags(item)]) for item in rule.members.all()]
    context = {"pool": pool, "form": form, "rule": rule, "members": members}
    return render(request, "workflows/assignment/rule.html", context, status=form_status(request))


@require_POST
@managers_only
def assignment_rule_delete(request: ActorRequest, pool_id: uuid.UUID, assignment_rule_id: uuid.UUID) -> HttpResponse:
    """Delete a rule."""
    settings.delete_rule(request.actor, pool_id, assignment_rule_id)
    messages.success(request, _("The rule is deleted."))
    return redirect("assignment-rules", pool_id=pool_id)


# --- who takes part ---------------------------------------------------------------------------------------------
@managers_only
def assignment_member_new(request: ActorRequest, pool_id: uuid.UUID, assignment_rule_id: uuid.UUID) -> HttpResponse:
    """Let another person take part in a rule."""
    pool, rule = get_pool(request.actor, pool_id), settings.get_rule(request.actor, pool_id, assignment_rule_id)
    form = MemberForm(sent(request), pool, request.actor.language)
    if request.method == "POST" and form.is_valid():
        user_id = form.cleaned_data["user_id"]
        kept = [item for item in settings.members_of(rule) if item.user_id != user_id]
        if _save_members(request, rule, form, [*kept, _member(form, user_id)]):
            return redirect("assignment-rule", pool_id=pool_id, assignment_rule_id=assignment_rule_id)
    context = {"pool": pool, "rule": rule, "form": form, "member": None}
    return render(request, "workflows/assignment/member.html", context, status=form_status(request))


@managers_only
def assignment_member(
    request: ActorRequest, pool_id: uuid.UUID, assignment_rule_id: uuid.UUID, user_id: uuid.UUID
) -> HttpResponse:
    """Change what speaks for a person."""
    pool, rule = get_pool(request.actor, pool_id), settings.get_rule(request.actor, pool_id, assignment_rule_id)
    member = next((item for item in rule.members.all() if item.user_id == user_id), None)
    if member is None:
        raise NotFound
    form = MemberForm(sent(request), pool, request.actor.language, member)
    if request.method == "POST" and form.is_valid():
        changed = _member(form, user_id)
        all_of_them = [changed if item.user_id == user_id else item for item in settings.members_of(rule)]
        if _save_members(request, rule, form, all_of_them):
            return redirect("assignment-rule", pool_id=pool_id, assignment_rule_id=assignment_rule_id)
    context = {"pool": pool, "rule": rule, "form": form, "member": member}
    return render(request, "workflows/assignment/member.html", context, status=form_status(request))


@require_POST
@managers_only
def assignment_member_remove(
    request: ActorRequest, pool_id: uuid.UUID, assignment_rule_id: uuid.UUID, user_id: uuid.UUID
) -> HttpResponse:
    """Take a person out of a rule."""
    rule = settings.get_rule(request.actor, pool_id, assignment_rule_id)
    kept = [item for item in settings.members_of(rule) if item.user_id != user_id]
    settings.update_rule(request.actor, pool_id, rule.pk, {"members": kept})
    messages.success(request, _("The members are saved."))
    return redirect("assignment-rule", pool_id=pool_id, assignment_rule_id=assignment_rule_id)


# --- trying out -------------------------------------------------------------------------------------------------
@require_safe
@managers_only
def assignment_simulation(request: ActorRequest, pool_id: uuid.UUID) -> HttpResponse:
    """Show what the rules would do with the newest records."""
    pool = get_pool(request.actor, pool_id)
    context = {
        "pool": pool,
        "tabs": tabs(pool, "assignment-rules"),
        "rows": simulate(request.actor, pool_id),
    }
    return render(request, "workflows/assignment/simulation.html", context)


@require_POST
@managers_only
def assignment_run(request: ActorRequest, pool_id: uuid.UUID) -> HttpResponse:
    """Have the rules look at what waits now."""
    settings.route_now(request.actor, pool_id)
    messages.success(request, _("The rules look at what waits. It takes a moment."))
    return redirect("assignment-rules", pool_id=pool_id)


# --- saving -----------------------------------------------------------------------------------------------------
def _save(
    request: ActorRequest, pool_id: uuid.UUID, form: forms.Form, given: RuleInput, rule: AssignmentRule | None = None
) -> AssignmentRule | None:
    try:
        saved = settings.save_rule(request.actor, pool_id, given, rule.pk if rule else None)
    except ValidationFailed as failed:
        show_refusal(form, failed)
        return None
    messages.success(request, _("Saved: %(name)s") % {"name": saved.label})
    return saved


def _save_members(
    request: ActorRequest, rule: AssignmentRule, form: forms.Form, members: Sequence[MemberInput]
) -> bool:
    try:
        settings.update_rule(request.actor, rule.pool_id, rule.pk, {"members": members})
    except ValidationFailed as failed:
        for error in failed.errors:
            name = (error.field or "").rpartition(".")[2]
            form.add_error(name if name in form.fields else None, error.text)
        return False
    messages.success(request, _("The members are saved."))
    return True


def _member(form: MemberForm, user_id: uuid.UUID) -> MemberInput:
    return MemberInput(user_id, form.cleaned_data["weight"], form.cleaned_data["capacity"], form.tags())
