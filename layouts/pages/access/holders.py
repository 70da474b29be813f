"""Profiles and permission sets: their lists, new ones and copies, names and functions, members."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from crm_platform.console.access import function_required
from crm_platform.console.forms import LookupMultipleInput, form_status
from crm_platform.identity import services
from crm_platform.identity.forms.base import show_failure
from crm_platform.identity.functions import FUNCTIONS, MANAGE_USERS
from crm_platform.identity.models import PermissionSet, Profile, User
from crm_platform.identity.requests import ActorRequest
from crm_platform.identity.services.access import functions_of
from crm_platform.kit.errors import StateConflict, ValidationFailed
from crm_platform.kit.ids import parse_uuid
from layouts.pages.access.naming import copy_name
from metadata.compiler.current import current_snapshot
from objects.access.services.grants import GroupOwner, clone_permission_set, clone_profile, owner_of

managers_only = function_required(MANAGE_USERS)


@dataclass(frozen=True)
class Kind:
    """What differs between the pages of profiles and those of permission sets."""

    key: str  # the first part of the names of addresses
    model: Any
    argument: str  # of addresses
    label: Promise
    plural: Promise
    new_label: Promise
    hint: Promise
    icon: str
    create: Callable[..., Any]
    update: Callable[..., Any]
    delete: Callable[..., None]
    clone: Callable[..., Any]
    members: str  # from the row to its users, for queries

    @property
    def list_name(self) -> str:
        return f"{self.key}s"

    def url(self, page: str, row: GroupOwner, **more: str) -> str:
        """Return the address of one of the row's pages: "", "objects", "fields", "members", …"""
        name = f"{self.key}-{page}" if page else self.key
        return reverse(name, kwargs={self.argument: row.uuid, **more})

    def row(self, ids: dict[str, UUID]) -> Any:
        """Return the row that an address names; raises NotFound."""
        return owner_of(self.model, ids[self.argument])


PROFILE = Kind(
    key="profile",
    model=Profile,
    argument="profile_id",
    label=gettext_lazy("Profile"),
    plural=gettext_lazy("Profiles"),
    new_label=gettext_lazy("New profile"),
    hint=gettext_lazy("What users may do. Every user has one."),
    icon="user-shield",
    create=services.create_profile,
    update=services.update_profile,
    delete=services.delete_profile,
    clone=clone_profile,
    members="users",
)
PERMISSION_SET = Kind(
    key="permission-set",
    model=PermissionSet,
    argument="permission_set_id",
    label=gettext_lazy("Permission set"),
    plural=gettext_lazy("Permission sets"),
    new_label=gettext_lazy("New permission set"),
    hint=gettext_lazy("Adds to what the profiles of single users allow."),
    icon="shield-plus",
    create=services.create_permission_set,
    update=services.update_permission_set,
    delete=services.delete_permission_set,
    clone=clone_permission_set,
    members="group__user",
)


class HolderForm(forms.Form):
    """Names and functions; a new one may begin as a copy."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    api_name = forms.CharField(
        label=gettext_lazy("API name"),
        max_length=40,
        required=False,
        help_text=gettext_lazy("For programs and packages; made by itself when left empty."),
    )
    description = forms.CharField(label=gettext_lazy("Description"), max_length=500, required=False)
    source = forms.ModelChoiceField(
        Profile.objects.none(),
        label=gettext_lazy("Begin as a copy of"),
        required=False,
        to_field_name="uuid",
        empty_label=gettext_lazy("Nothing: no rights yet"),
    )

    def __init__(self, kind: Kind, *args: Any, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if kind is PROFILE:
            del self.fields["description"]
        if is_new:
            self.fields["source"].queryset = kind.model.objects.order_by("id")  # type: ignore[attr-defined]
        else:
            del self.fields["source"]
            self.fields["api_name"].required = True

    def names(self) -> dict[str, str]:
        """Return the texts as the services take them; only after `is_valid()`."""
        return {name: value for name, value in self.cleaned_data.items() if name != "source"}


@require_safe
@managers_only
def holder_list(request: ActorRequest, kind: Kind) -> HttpResponse:
    """Show all profiles or all permission sets, with how many active users have each."""
    count = Count(kind.members, filter=Q(**{f"{kind.members}__is_active": True}), distinct=True)
    rows = kind.model.objects.annotate(member_count=count).order_by("id")
    shown = [
        {
            "row": row,
            "url": kind.url("", row),
            "members_url": kind.url("members", row),
            "copy_url": reverse(f"{kind.key}-new") + f"?source={row.uuid}",
            "delete_url": kind.url("delete", row),
        }
        for row in rows
    ]
    context = {"kind": kind, "rows": shown, "new_url": reverse(f"{kind.key}-new")}
    return render(request, "layouts/access/holders.html", context)


@managers_only
def new_holder(request: ActorRequest, kind: Kind) -> HttpResponse:
    """Make a profile or permission set, from nothing or as a copy of another one."""
    if request.method == "POST":
        form = HolderForm(kind, request.POST, is_new=True)
        if form.is_valid():
            try:
                made = _create(request, kind, form)
            except ValidationFailed as failed:
                show_failure(form, failed)
            else:
                messages.success(request, _("Created: %(name)s") % {"name": made.name})
                return redirect(kind.url("", made))
    else:
        form = HolderForm(kind, is_new=True, initial=_copy_of(kind, request.GET.get("source")))
    context = {"kind": kind, "form": form, "list_url": reverse(kind.list_name)}
    return render(request, "layouts/access/holder_new.html", context, status=form_status(request))


@managers_only
def holder(request: ActorRequest, kind: Kind, **ids: UUID) -> HttpResponse:
    """Show and change the names and functions of a profile or permission set."""
    row = kind.row(ids)
    chosen = functions_of(row)
    if request.method == "POST":
        form = HolderForm(kind, request.POST, is_new=False)
        chosen = frozenset(request.POST.getlist("function"))
        if form.is_valid():
            try:
                _save(request, kind, row, form, chosen)
            except ValidationFailed as failed:
                show_failure(form, failed)
            except StateConflict as refused:
                form.add_error(None, str(refused.message))
            else:
                messages.success(request, _("Saved: %(name)s") % {"name": form.cleaned_data["name"]})
                return redirect(kind.url("", row))
    else:
        form = HolderForm(kind, is_new=False, initial={name: getattr(row, name, "") for name in HolderForm.base_fields})
    functions = [{"name": item.name, "label": item.label, "is_on": item.name in chosen} for item in FUNCTIONS]
    context = {**frame(kind, row, ""), "form": form, "functions": functions}
    return render(request, "layouts/access/holder.html", context, status=form_status(request))


@managers_only
def members(request: ActorRequest, kind: Kind, **ids: UUID) -> HttpResponse:
    """Show who has the profile or permission set; a permission set is given to users here."""
    row = kind.row(ids)
    if request.method == "POST" and kind is PROFILE:
        return HttpResponseNotAllowed(["GET", "HEAD"])
    if request.method == "POST":
        given = [parse_uuid(item) for item in request.POST.getlist("users")]
        try:
            services.set_permission_set_members(request.actor, row.uuid, [item for item in given if item])
        except StateConflict as refused:
            messages.error(request, str(refused.message))
        except ValidationFailed as failed:
            messages.error(request, failed.errors[0].text)
        else:
            messages.success(request, _("Saved: %(name)s") % {"name": row.name})
        return redirect(kind.url("members", row))
    found = list(_members(kind, row))
    box = LookupMultipleInput(reverse("lookup", args=["user"]))
    context = {
        **frame(kind, row, "members"),
        "people": found,
        "is_editable": kind is PERMISSION_SET,
        "box": box.render("users", found, {"id": "members-users"}),
    }
    return render(request, "layouts/access/members.html", context)


@require_POST
@managers_only
def delete_holder(request: ActorRequest, kind: Kind, **ids: UUID) -> HttpResponse:
    """Delete a profile or permission set, or say who uses it."""
    row = kind.row(ids)
    try:
        kind.delete(request.actor, row.uuid)
    except StateConflict as refused:
        messages.error(request, str(refused.message))
    else:
        messages.success(request, _("Deleted: %(name)s") % {"name": row.name})
    return redirect(kind.list_name)


def frame(kind: Kind, row: GroupOwner, page: str) -> dict[str, Any]:
    """Return what all pages of one profile or permission set show: its name and the tabs."""
    objects = current_snapshot().objects()
    tabs = [("", _("Functions")), ("objects", _("Object permissions"))]
    found = [{"label": label, "url": kind.url(key, row), "is_active": key == page} for key, label in tabs]
    if objects:
        url = kind.url("fields", row, object_name=objects[0].api_name)
        found.append({"label": _("Field permissions"), "url": url, "is_active": page == "fields"})
    url = kind.url("members", row)
    found.append({"label": _("Members"), "url": url, "is_active": page == "members"})
    if kind is PROFILE:
        found.append({"label": _("Sign-in security"), "url": kind.url("sign-in", row), "is_active": False})
    return {
        "kind": kind,
        "row": row,
        "tabs": found,
        "list_url": reverse(kind.list_name),
        "copy_url": reverse(f"{kind.key}-new") + f"?source={row.uuid}",
        "delete_url": kind.url("delete", row),
    }


@transaction.atomic
def _create(request: ActorRequest, kind: Kind, form: HolderForm) -> Any:
    source, names = form.cleaned_data["source"], form.names()
    if source is None:
        return kind.create(request.actor, **names)
    made = kind.clone(request.actor, source.uuid, names["name"], api_name=names["api_name"])
    return kind.update(request.actor, made.uuid, **{**names, "api_name": made.api_name})


@transaction.atomic
def _save(request: ActorRequest, kind: Kind, row: GroupOwner, form: HolderForm, functions: frozenset[str]) -> None:
    kind.update(request.actor, row.uuid, **form.names())
    services.set_functions(request.actor, row, functions)


def _copy_of(kind: Kind, source: str | None) -> dict[str, Any]:
    found = kind.model.objects.filter(uuid=parse_uuid(source or "")).first()
    if found is None:
        return {}
    return {
        "source": found.uuid,
        "name": copy_name(kind.model, found.name),
        "description": getattr(found, "description", ""),
    }


def _members(kind: Kind, row: GroupOwner) -> QuerySet[User]:
    users = User.objects.filter(Q(profile__group=row.group_id) if kind is PROFILE else Q(groups=row.group_id))
    return users.select_related("department", "role", "profile").order_by("-is_active", "name", "id")
