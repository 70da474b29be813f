"""What another role, profile or department would change for somebody, before it is saved."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy

from crm_platform.console.access import function_required
from crm_platform.console.forms import ChipSelect
from crm_platform.identity import selectors
from crm_platform.identity.forms.base import DepartmentField, open_departments
from crm_platform.identity.functions import FUNCTIONS, MANAGE_USERS
from crm_platform.identity.models import PermissionSet, Profile, Role, User, UserGroup
from crm_platform.identity.requests import ActorRequest
from objects.access.explanation import ACTION_LABELS
from objects.access.field_grants import FieldLevel
from objects.access.models import Territory
from objects.access.simulation import ObjectChange, Simulation, simulate_role_change
from objects.display.principals import TerritoriesField

LEVELS = {
    FieldLevel.HIDDEN: gettext_lazy("hidden"),
    FieldLevel.MASKED: gettext_lazy("masked"),
    FieldLevel.READ: gettext_lazy("read only"),
    FieldLevel.EDIT: gettext_lazy("read and edit"),
}


class SimulationForm(forms.Form):
    """What somebody would be; it begins with what he is."""

    role = forms.ModelChoiceField(Role.objects.order_by("name"), label=gettext_lazy("Role"), required=False)
    profile = forms.ModelChoiceField(Profile.objects.order_by("name"), label=gettext_lazy("Profile"), required=False)
    department = DepartmentField(open_departments().none(), label=gettext_lazy("Department"), required=False)
    permission_sets = forms.ModelMultipleChoiceField(
        PermissionSet.objects.order_by("name"),
        label=gettext_lazy("Permission sets"),
        required=False,
        widget=ChipSelect,
    )
    groups = forms.ModelMultipleChoiceField(
        UserGroup.objects.order_by("name"), label=gettext_lazy("Groups"), required=False, widget=ChipSelect
    )
    territories = TerritoriesField(label=gettext_lazy("Territories"), required=False, widget=ChipSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"].queryset = open_departments().order_by("path")  # type: ignore[attr-defined]

    def changes(self) -> dict[str, Any]:
        """Return what `simulate_role_change` takes; only after `is_valid()`."""
        given = self.cleaned_data
        return {
            "role": given["role"] and given["role"].uuid,
            "profile": given["profile"] and given["profile"].uuid,
            "department": given["department"] and given["department"].pk,
            "permission_sets": [row.uuid for row in given["permission_sets"]],
            "groups": [row.uuid for row in given["groups"]],
            "territories": [row.pk for row in given["territories"]],
        }


@function_required(MANAGE_USERS)
def simulate(request: ActorRequest, user_id: uuid.UUID) -> HttpResponse:
    """Show the form with what the user is, and after a try what would change."""
    user = selectors.get_user(request.actor, user_id)
    is_asked = request.method == "POST"
    form = SimulationForm(request.POST) if is_asked else SimulationForm(initial=_present(user))
    context: dict[str, Any] = {"person": user, "form": form}
    if is_asked and form.is_valid():
        context |= _shown(simulate_role_change(request.actor, user_id, form.changes()))
    return render(request, "layouts/access/simulate.html", context, status=422 if form.errors else 200)


def _present(user: User) -> dict[str, Any]:
    return {
        "role": user.role_id,
        "profile": user.profile_id,
        "department": user.department_id,
        "permission_sets": list(PermissionSet.objects.filter(group__user=user)),
        "groups": list(UserGroup.objects.filter(group__user=user)),
        "territories": list(Territory.objects.filter(members__user=user)),
    }


def _shown(found: Simulation) -> dict[str, Any]:
    labels = {item.name: item.label for item in FUNCTIONS}
    return {
        "found": found,
        "functions_gained": [labels[name] for name in found.functions_gained],
        "functions_lost": [labels[name] for name in found.functions_lost],
        "changes": [_change(item) for item in found.objects],
    }


def _change(item: ObjectChange) -> dict[str, Any]:
    return {
        "label": item.label,
        "read": item.read,
        "edit": item.edit,
        "gained": [ACTION_LABELS[action] for action in item.actions_gained],
        "lost": [ACTION_LABELS[action] for action in item.actions_lost],
        "fields": [(field.label, LEVELS[field.before], LEVELS[field.after]) for field in item.fields],
    }
