"""The tree of territories, and the page of one with its members and the sharing rules that name it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from crm_platform.console.access import function_required
from crm_platform.console.forms import form_status
from crm_platform.identity import selectors
from crm_platform.identity.forms.base import show_failure
from crm_platform.identity.forms.groups import MembersForm
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import StateConflict, ValidationFailed
from metadata.compiler.current import current_snapshot
from objects.access.models import SharingRule, Territory
from objects.access.naming import names_of
from objects.access.services import territories as services
from objects.access.territories import get_territory, members_of, parent_of, rules_of, territory_tree
from objects.display.principals import TerritoryField

managers_only = function_required(MANAGE_USERS)


class TerritoryForm(forms.Form):
    """Name and place of a territory."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=services.NAME)
    parent = TerritoryField(
        label=gettext_lazy("Territory above"),
        required=False,
        empty_label=gettext_lazy("No territory: at the top"),
        help_text=gettext_lazy("What is shared with a territory is shared with the members of those above it, too."),
    )

    def __init__(self, *args: Any, territory: Territory | None = None, **kwargs: Any) -> None:
        """`territory` is the one that is being changed: not below itself, but where it stands, be that closed."""
        super().__init__(*args, **kwargs)
        if territory is not None:
            above = territory.path[: -Territory.steplen]
            rows = Territory.objects.filter(Q(is_active=True) | Q(path=above)).exclude(path__startswith=territory.path)
            self.fields["parent"].queryset = rows.order_by("path")  # type: ignore[attr-defined]

    def parent_id(self) -> UUID | None:
        """Return the id of the territory above; only after `is_valid()`."""
        parent = self.cleaned_data["parent"]
        return parent.pk if parent else None


@require_safe
@managers_only
def territory_list(request: ActorRequest) -> HttpResponse:
    """Show the whole tree."""
    anyone = str(UUID(int=0))
    context = {
        "rows": territory_tree(request.actor),
        "move_url": reverse("territory-move", args=[anyone]).replace(anyone, "{id}"),
    }
    return render(request, "layouts/access/territories.html", context)


@managers_only
def new_territory(request: ActorRequest) -> HttpResponse:
    """Make a territory, and open it, so that members can be put into it."""
    sent = request.POST if request.method == "POST" else None
    form = TerritoryForm(sent, initial={"parent": request.GET.get("parent")})
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_territory(request.actor, form.cleaned_data["name"], form.parent_id())
        except ValidationFailed as failed:
            show_failure(form, failed)
        else:
            messages.success(request, _("Created: %(name)s") % {"name": made.name})
            return redirect("territory", made.pk)
    return render(request, "layouts/access/territory.html", {"form": form}, status=form_status(request))


@managers_only
def territory(request: ActorRequest, territory_id: UUID) -> HttpResponse:
    """Show a territory, and change its name and place."""
    row = get_territory(request.actor, territory_id)
    if request.method == "POST":
        form = TerritoryForm(request.POST, territory=row)
        if form.is_valid():
            try:
                _save(request, territory_id, form)
            except ValidationFailed as failed:
                show_failure(form, failed)
            else:
                messages.success(request, _("Saved: %(name)s") % {"name": form.cleaned_data["name"]})
                return redirect("territory", territory_id)
        return _page(request, row, form=form)
    return _page(request, row)


@transaction.atomic
def _save(request: ActorRequest, territory_id: UUID, form: TerritoryForm) -> None:
    """Move first, so that the name is compared with those beside it in the new place."""
    services.move_territory(request.actor, territory_id, form.parent_id())
    services.rename_territory(request.actor, territory_id, form.cleaned_data["name"])


@require_POST
@managers_only
def move_territory(request: ActorRequest, territory_id: UUID) -> HttpResponse:
    """Put a territory with all below it under another one, or say why it can't stand there."""
    form = TerritoryForm({**request.POST.dict(), "name": "x"})
    try:
        parent_id = form.parent_id() if form.is_valid() else UUID(int=0)
        moved = services.move_territory(request.actor, territory_id, parent_id)
    except ValidationFailed as failed:
        messages.error(request, " ".join(error.text for error in failed.errors))
    else:
        messages.success(request, _("Moved: %(name)s") % {"name": moved.name})
    return redirect("territories")


@require_POST
@managers_only
def close_territory(request: ActorRequest, territory_id: UUID) -> HttpResponse:
    """Close a territory and all below it."""
    row = services.close_territory(request.actor, territory_id)
    messages.success(request, _("Closed: %(name)s") % {"name": row.name})
    return redirect("territories")


@require_POST
@managers_only
def reopen_territory(request: ActorRequest, territory_id: UUID) -> HttpResponse:
    """Open a closed territory again."""
    row = services.reopen_territory(request.actor, territory_id)
    messages.success(request, _("Open again: %(name)s") % {"name": row.name})
    return redirect("territories")


@require_POST
@managers_only
def delete_territory(request: ActorRequest, territory_id: UUID) -> HttpResponse:
    """Delete a territory, or say what uses it."""
    row = get_territory(request.actor, territory_id)
    try:
        services.delete_territory(request.actor, territory_id)
    except StateConflict as refused:
        messages.error(request, str(refused.message))
        return redirect("territory", territory_id)
    messages.success(request, _("Deleted: %(name)s") % {"name": row.name})
    return redirect("territories")


@require_POST
@managers_only
def add_members(request: ActorRequest, territory_id: UUID) -> HttpResponse:
    """Put the chosen people into the territory."""
    row = get_territory(request.actor, territory_id)
    form = MembersForm(request.POST)
    if form.is_valid():
        services.add_members(request.actor, territory_id, form.chosen())
        messages.success(request, _("Saved: %(name)s") % {"name": row.name})
        return redirect("territory", territory_id)
    return _page(request, row, members=form)


@require_POST
@managers_only
def remove_member(request: ActorRequest, territory_id: UUID, user_id: UUID) -> HttpResponse:
    """Take one person out of the territory."""
    person = selectors.get_user(request.actor, user_id)
    services.remove_members(request.actor, territory_id, [user_id])
    messages.success(request, _("Removed: %(name)s") % {"name": person.name})
    return redirect("territory", territory_id)


def _page(
    request: ActorRequest, row: Territory, *, form: TerritoryForm | None = None, members: MembersForm | None = None
) -> HttpResponse:
    parent = parent_of(row)
    context = {
        "territory": row,
        "parent": parent,
        "form": form or TerritoryForm(initial={"name": row.name, "parent": parent}, territory=row),
        "members_form": members or MembersForm(),
        "people": members_of(row),
        "rules": _rules(list(rules_of(row)), request.actor.language),
    }
    return render(request, "layouts/access/territory.html", context, status=form_status(request))


def _rules(rows: list[SharingRule], language: str) -> list[tuple[SharingRule, str, str, str]]:
    """Return rules with their object and the names of those whose records they share, and with whom."""
    labels = {spec.api_name: spec.label.text(language) for spec in current_snapshot().objects()}
    names = names_of(text for row in rows for text in (row.owned_by, row.shared_with) if text)
    return [
        (row, labels.get(row.business_object.api_name, ""), names.get(row.owned_by, ""), names[row.shared_with])
        for row in rows
    ]
