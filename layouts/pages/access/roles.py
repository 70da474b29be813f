"""Roles: the tree, new ones and copies, and how far each reaches."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from crm_platform.console.access import function_required
from crm_platform.console.forms import ChipSelect, form_status
from crm_platform.identity import services
from crm_platform.identity.forms.base import INDENT, DepartmentField, open_departments, show_failure
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import Department, Role, User
from crm_platform.identity.requests import ActorRequest
from crm_platform.identity.services.roles import RoleInput
from crm_platform.kit.errors import StateConflict, ValidationFailed
from layouts.pages.access.naming import copy_name
from layouts.pages.access.scope_table import ScopeTable
from objects.access.services.role_scopes import ACTION_LABELS, change_role, clone_role, get_role, scope_table

managers_only = function_required(MANAGE_USERS)


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role as the tree shows it; `level` is 0 at the top."""

    role: Role
    level: int
    members: int

    @property
    def steps(self) -> range:
        """One item per level, for templates that indent."""
        return range(self.level)


class RoleField(forms.ModelChoiceField):
    """A choice of a role, shown as the indented tree."""

    def __init__(self, **options: Any) -> None:
        super().__init__(Role.objects.none(), **options)

    def offer(self, rows: list[RoleRow]) -> None:
        """Offer these roles."""
        self.queryset = Role.objects.filter(pk__in=[row.role.pk for row in rows])
        self.choices = [("", self.empty_label), *((row.role.pk, INDENT * row.level + row.role.name) for row in rows)]


class DepartmentsField(forms.ModelMultipleChoiceField):
    """Several departments, offered as the indented tree."""

    label_from_instance = DepartmentField.label_from_instance


class RoleForm(forms.Form):
    """A role but for its scopes per object."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    api_name = forms.CharField(
        label=gettext_lazy("API name"),
        max_length=40,
        required=False,
        help_text=gettext_lazy("For programs and packages; made by itself when left empty."),
    )
    parent = RoleField(
        label=gettext_lazy("Stands below"),
        required=False,
        empty_label=gettext_lazy("No role: at the top"),
        help_text=gettext_lazy("Roles above reach what roles below own, where their scope says so."),
    )
    data_scope = forms.ChoiceField(
        label=gettext_lazy("General data scope"),
        choices=Role.DataScope.choices,
        help_text=gettext_lazy("Holds for every object and action that has no scope of its own below."),
    )
    contact_scope = forms.ChoiceField(
        label=gettext_lazy("Contact list"),
        choices=Role.ContactScope.choices,
        help_text=gettext_lazy("Which colleagues are found in pickers, mentions and the directory."),
    )
    contact_departments = DepartmentsField(
        Department.objects.none(),
        label=gettext_lazy("Chosen departments"),
        required=False,
        widget=ChipSelect(attrs={"data-show-when": "contact_scope=chosen"}),
    )
    hides_contact_details = forms.BooleanField(
        label=gettext_lazy("Hide phone and e-mail of colleagues"), required=False
    )

    def __init__(self, *args: Any, role: Role | None = None, **kwargs: Any) -> None:
        """`role` is the one that is being changed: it can't stand below itself."""
        super().__init__(*args, **kwargs)
        self.fields["parent"].offer(tree(but=role))  # type: ignore[attr-defined]
        self.fields["contact_departments"].queryset = open_departments()  # type: ignore[attr-defined]
        self.fields["api_name"].required = role is not None

    def values(self) -> dict[str, Any]:
        """Return what RoleInput takes; only after `is_valid()`."""
        return {**self.cleaned_data, "contact_departments": list(self.cleaned_data["contact_departments"])}


def tree(*, but: Role | None = None) -> list[RoleRow]:
    """Return all roles, each after the one above it; without `but` and those below it."""
    members = Count("users", filter=Q(users__is_active=True))
    below: dict[int | None, list[Any]] = defaultdict(list)
    for role in Role.objects.annotate(member_count=members).order_by("id"):
        below[role.parent_id].append(role)
    found: list[RoleRow] = []
    waiting = [(role, 0) for role in reversed(below[None])]
    while waiting:
        role, level = waiting.pop()
        if but is not None and role.pk == but.pk:
            continue
        found.append(RoleRow(role, level, role.member_count))
        waiting += [(item, level + 1) for item in reversed(below[role.pk])]
    return found


@require_safe
@managers_only
def role_list(request: ActorRequest) -> HttpResponse:
    """Show the tree of roles."""
    return render(request, "layouts/access/roles.html", {"rows": tree()})


@managers_only
def new_role(request: ActorRequest) -> HttpResponse:
    """Make a role; how far it reaches per object is set on its page afterwards."""
    form = RoleForm(request.POST if request.method == "POST" else None, initial={"parent": _parent_of(request)})
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_role(request.actor, RoleInput(**form.values()))
        except ValidationFailed as failed:
            show_failure(form, failed)
        else:
            messages.success(request, _("Created: %(name)s") % {"name": made.name})
            return redirect("role", role_id=made.uuid)
    return render(request, "layouts/access/role_new.html", {"form": form}, status=form_status(request))


@managers_only
def role(request: ActorRequest, role_id: UUID) -> HttpResponse:
    """Show and change a role with its scopes per object: one page, saved as one act."""
    row = get_role(request.actor, role_id)
    table = ScopeTable(request.actor, scope_table(request.actor, row))
    if request.method == "POST":
        form = RoleForm(request.POST, role=row)
        wanted = table.read(request.POST)
        if form.is_valid():
            try:
                change_role(request.actor, role_id, wanted, **form.values())
            except ValidationFailed as failed:
                show_failure(form, ValidationFailed(table.take_errors(failed.errors)))
            else:
                messages.success(request, _("Saved: %(name)s") % {"name": form.cleaned_data["name"]})
                return redirect("role", role_id=role_id)
    else:
        form = RoleForm(role=row, initial=_initial(row))
    context = {
        "role": row,
        "form": form,
        "actions": ACTION_LABELS.items(),
        "lines": table.lines(),
        "has_wrong_cells": table.has_errors,
        "people": User.objects.filter(role=row).select_related("department", "profile").order_by("-is_active", "name"),
    }
    return render(request, "layouts/access/role.html", context, status=form_status(request))


@require_POST
@managers_only
def copy_role(request: ActorRequest, role_id: UUID) -> HttpResponse:
    """Make a role that reaches as far, and open it."""
    source = get_role(request.actor, role_id)
    made = clone_role(request.actor, role_id, copy_name(Role, source.name))
    messages.success(request, _("Created: %(name)s") % {"name": made.name})
    return redirect("role", role_id=made.uuid)


@require_POST
@managers_only
def delete_role(request: ActorRequest, role_id: UUID) -> HttpResponse:
    """Delete a role, or say who uses it."""
    row = get_role(request.actor, role_id)
    try:
        services.delete_role(request.actor, role_id)
    except StateConflict as refused:
        messages.error(request, str(refused.message))
        return redirect(reverse("role", args=[role_id]))
    messages.success(request, _("Deleted: %(name)s") % {"name": row.name})
    return redirect("roles")


def _initial(row: Role) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in RoleForm.base_fields if name != "contact_departments"}
    return {**values, "contact_departments": list(row.contact_departments.all())}


def _parent_of(request: ActorRequest) -> str | None:
    wanted = request.GET.get("parent", "")
    return wanted if wanted.isdigit() else None
