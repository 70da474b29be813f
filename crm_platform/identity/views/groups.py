"""The groups of users, and the page of one group with its members."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.http import require_POST, require_safe

from crm_platform.console.access import function_required
from crm_platform.identity import selectors, services
from crm_platform.identity.forms.base import show_failure
from crm_platform.identity.forms.groups import GroupForm, MembersForm
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import UserGroup
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import StateConflict, ValidationFailed

NAMES = ("name", "api_name", "description")
managers_only = function_required(MANAGE_USERS)


@require_safe
@managers_only
def group_list(request: ActorRequest) -> HttpResponse:
    """Show all groups with the number of their members."""
    return render(request, "identity/groups.html", {"groups": selectors.groups(request.actor)})


@method_decorator(managers_only, name="dispatch")
class NewGroup(View):
    def get(self, request: ActorRequest) -> HttpResponse:
        return _page(request, GroupForm())

    def post(self, request: ActorRequest) -> HttpResponse:
        form = GroupForm(request.POST)
        if form.is_valid():
            try:
                made = services.create_group(request.actor, **form.cleaned_data)
            except ValidationFailed as failed:
                show_failure(form, failed)
            else:
                messages.success(request, _("Created: %(name)s") % {"name": made.name})
                return redirect("group", made.uuid)
        return _page(request, form, status=422)


@method_decorator(managers_only, name="dispatch")
class GroupPage(View):
    def get(self, request: ActorRequest, group_id: uuid.UUID) -> HttpResponse:
        group = selectors.get_group(request.actor, group_id)
        return _page(request, GroupForm(initial={name: getattr(group, name) for name in NAMES}), group)

    def post(self, request: ActorRequest, group_id: uuid.UUID) -> HttpResponse:
        group = selectors.get_group(request.actor, group_id)
        form = GroupForm(request.POST)
        if form.is_valid():
            try:
                services.update_group(request.actor, group_id, **form.cleaned_data)
            except ValidationFailed as failed:
                show_failure(form, failed)
            else:
                messages.success(request, _("Saved: %(name)s") % {"name": form.cleaned_data["name"]})
                return redirect("group", group_id)
        return _page(request, form, group, status=422)


@require_POST
@managers_only
def add_members(request: ActorRequest, group_id: uuid.UUID) -> HttpResponse:
    """Put the chosen people into the group."""
    group = selectors.get_group(request.actor, group_id)
    form = MembersForm(request.POST)
    if form.is_valid():
        services.add_group_members(request.actor, group_id, form.chosen())
        messages.success(request, _("Saved: %(name)s") % {"name": group.name})
        return redirect("group", group_id)
    initial = {name: getattr(group, name) for name in NAMES}
    return _page(request, GroupForm(initial=initial), group, members=form, status=422)


@require_POST
@managers_only
def remove_member(request: ActorRequest, group_id: uuid.UUID, user_id: uuid.UUID) -> HttpResponse:
    """Take one person out of the group."""
    person = selectors.get_user(request.actor, user_id)
    services.remove_group_members(request.actor, group_id, [user_id])
    messages.success(request, _("Removed: %(name)s") % {"name": person.name})
    return redirect("group", group_id)


@require_POST
@managers_only
def delete_group(request: ActorRequest, group_id: uuid.UUID) -> HttpResponse:
    """Delete the group, or say what is shared with it."""
    try:
        services.delete_group(request.actor, group_id)
    except StateConflict as refused:
        messages.error(request, str(refused.message))
        return redirect("group", group_id)
    messages.success(request, _("The group is deleted."))
    return redirect("groups")


def _page(
    request: ActorRequest,
    form: GroupForm,
    group: UserGroup | None = None,
    *,
    members: MembersForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "group": group,
        "members_form": members or MembersForm(),
        "people": selectors.members_of(request.actor, group) if group else (),
    }
    return render(request, "identity/group.html", context, status=status)
