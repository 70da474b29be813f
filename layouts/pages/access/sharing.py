"""Settings of sharing: defaults of objects, sharing rules, restriction rules, who stands in for whom."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm_platform.console.access import function_required
from crm_platform.console.forms import form_status
from crm_platform.identity.functions import CUSTOMIZE, MANAGE_USERS
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import ValidationFailed
from crm_platform.kit.ids import parse_uuid
from layouts.pages.access.sharing_forms import RestrictionRuleForm, SharingRuleForm
from layouts.pages.field_conditions import ConditionRows, TargetDesk
from metadata.compiler.compiled import CompiledField
from metadata.compiler.current import current_snapshot
from metadata.models import BusinessObject
from objects.access.naming import names_of
from objects.access.principals import TERRITORY, Principal
from objects.access.services import restriction_rules, sharing_rules
from objects.access.services.delegations import delegations
from objects.access.services.object_defaults import is_controlled_by_master, set_object_default
from objects.access.services.restriction_rules import RestrictionRuleInput
from objects.access.services.sharing_rules import SharingRuleInput
from objects.display.condition_form import ConditionForm
from objects.display.principals import PrincipalForm

managers_only = function_required(MANAGE_USERS)
DEFAULT = "default."


@require_safe
@managers_only
def sharing(request: ActorRequest) -> HttpResponse:
    """Show everything at once: it is what decides together."""
    rules = sharing_rules.sharing_rules(request.actor)
    walls = restriction_rules.restriction_rules(request.actor)
    written = [text for row in rules for text in (row.owned_by, row.shared_with) if text]
    names = names_of([*written, *(row.applies_to for row in walls)])
    labels = {spec.api_name: spec.label.text(request.actor.language) for spec in current_snapshot().objects()}
    context = {
        "defaults": _defaults(request.actor.language),
        "levels": BusinessObject.Sharing.choices,
        "rules": [
            (row, labels.get(row.business_object.api_name, ""), names.get(row.owned_by, ""), names[row.shared_with])
            for row in rules
        ],
        "walls": [(row, labels.get(row.business_object.api_name, ""), names[row.applies_to]) for row in walls],
        "delegations": delegations(request.actor, everybodys=True),
    }
    return render(request, "layouts/access/sharing.html", context)


def _defaults(language: str) -> list[tuple[str, str, str, bool]]:
    """Return name, label and default of every object, and whether its records follow a master."""
    kept = dict(BusinessObject.objects.values_list("api_name", "sharing"))
    return [
        (spec.api_name, spec.label.text(language), kept[spec.api_name], is_controlled_by_master(spec.api_name))
        for spec in current_snapshot().objects()
    ]


@require_POST
@managers_only
def save_defaults(request: ActorRequest) -> HttpResponse:
    """Save the defaults that differ from what they are."""
    kept = dict(BusinessObject.objects.values_list("api_name", "sharing"))
    wanted = {name.removeprefix(DEFAULT): value for name, value in request.POST.items() if name.startswith(DEFAULT)}
    try:
        for name, value in wanted.items():
            if kept.get(name) != value:
                set_object_default(request.actor, name, str(value))
    except ValidationFailed as failed:
        messages.error(request, " ".join(error.text for error in failed.errors))
    else:
        messages.success(request, _("The defaults are saved."))
    return redirect("sharing")


# --- sharing rules --------------------------------------------------------------------------------------------
@managers_only
def new_sharing_rule(request: ActorRequest) -> HttpResponse:
    """Make a sharing rule, for the territory that `?territory=` names if it does."""
    territory = parse_uuid(request.GET.get("territory"))
    shared_with = str(Principal(TERRITORY, territory)) if territory else ""
    form = SharingRuleForm(_sent(request), language=request.actor.language, shared_with=shared_with)

    def save() -> str:
        given = SharingRuleInput(object=form.cleaned_data["object"], **form.values())
        return sharing_rules.create_sharing_rule(request.actor, given).label

    return _form_page(request, form, save, {"heading": _("New sharing rule")}, "sharing_rule")


@managers_only
def sharing_rule(request: ActorRequest, rule_id: UUID) -> HttpResponse:
    """Show and change a sharing rule."""
    row = sharing_rules.get_sharing_rule(request.actor, rule_id)
    form = SharingRuleForm(_sent(request), language=request.actor.language, rule=row)

    def save() -> str:
        return sharing_rules.update_sharing_rule(request.actor, rule_id, **form.values()).label

    return _form_page(request, form, save, {"heading": row.label, "rule": row}, "sharing_rule")


@require_POST
@managers_only
def delete_sharing_rule(request: ActorRequest, rule_id: UUID) -> HttpResponse:
    """Delete a sharing rule."""
    sharing_rules.delete_sharing_rule(request.actor, rule_id)
    messages.success(request, _("The rule is deleted."))
    return redirect("sharing")


# --- restriction rules ----------------------------------------------------------------------------------------
@managers_only
def new_restriction_rule(request: ActorRequest) -> HttpResponse:
    """Make a restriction rule."""
    form = RestrictionRuleForm(_sent(request), language=request.actor.language)

    def save() -> str:
        given = RestrictionRuleInput(object=form.cleaned_data["object"], **form.values())
        return restriction_rules.create_restriction_rule(request.actor, given).label

    return _form_page(request, form, save, {"heading": _("New restriction rule")}, "restriction_rule")


@managers_only
def restriction_rule(request: ActorRequest, restriction_id: UUID) -> HttpResponse:
    """Show and change a restriction rule."""
    row = restriction_rules.get_restriction_rule(request.actor, restriction_id)
    form = RestrictionRuleForm(_sent(request), language=request.actor.language, rule=row)

    def save() -> str:
        return restriction_rules.update_restriction_rule(request.actor, restriction_id, **form.values()).label

    return _form_page(request, form, save, {"heading": row.label, "rule": row}, "restriction_rule")


@require_POST
@managers_only
def delete_restriction_rule(request: ActorRequest, restriction_id: UUID) -> HttpResponse:
    """Delete a restriction rule."""
    restriction_rules.delete_restriction_rule(request.actor, restriction_id)
    messages.success(request, _("The rule is deleted."))
    return redirect("sharing")


def _sent(request: ActorRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _form_page(
    request: ActorRequest, form: PrincipalForm, save: Callable[[], str], context: dict[str, Any], name: str
) -> HttpResponse:
    """Show a rule's form, or save it and go back to the settings."""
    if request.method == "POST" and form.is_valid():
        try:
            label = save()
        except ValidationFailed as failed:
            for error in failed.errors:
                form.add_error(form.place_of(error.field), error.text)
        else:
            messages.success(request, _("Saved: %(name)s") % {"name": label})
            return redirect("sharing")
    return render(request, f"layouts/access/{name}.html", {**context, "form": form}, status=form_status(request))


# --- the editor of conditions -----------------------------------------------------------------------------------
class OwnFieldForm(ConditionForm):
    """A condition about a field in the object's main table: what predicates of access can speak of."""

    @cached_property
    def groups(self) -> list[tuple[str, list[tuple[str, str]]]]:
        readable = self.desk.policy.readable_fields(self.desk.obj)
        return [(self.desk.label, [(field.name, self._label(field)) for field in readable if self._can_rule(field)])]

    def _can_rule(self, field: CompiledField) -> bool:
        return self._fits(field) and not field.is_second and not field.is_virtual


class RuleConditionRows(ConditionRows):
    """The rows of a rule's condition."""

    def _form(self, number: int, existing: Any, *, is_sent: bool) -> ConditionForm:
        data = {} if existing else self.data
        return OwnFieldForm(self.desk, data, existing, is_sent=is_sent, prefix=f"c{number}")


@require_POST
@function_required(MANAGE_USERS, CUSTOMIZE)
def rule_conditions(request: ActorRequest) -> HttpResponse:
    """Return the rows of a rule's condition, for its form. Nothing is written."""
    target, editor = str(request.POST.get("target", "")), None
    if target in current_snapshot().spec.object_map:
        editor = RuleConditionRows(TargetDesk(request.actor, target), (), request.POST)
    return render(request, "layouts/conditions/editor.html", {"editor": editor})
