"""With whom one record is shared, who is on its team, and its owner: a panel beside the record, and its dialogs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm_platform.console.access import signed_in
from crm_platform.console.forms import form_status
from crm_platform.console.htmx import is_fragment, redirect
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import Forbidden, NotFound, PlatformError, ValidationFailed
from layouts.pages.access.sharing_forms import MemberForm, ShareForm, TransferForm
from layouts.pages.common import ObjectDesk, desk
from metadata.field_types.values import Reference
from objects.access.naming import names_of
from objects.access.services import shares, teams
from objects.access.services.holding import hold
from objects.access.services.shares import ShareInput
from objects.display.names import names_of as told_names
from objects.query.query import RecordQuery
from objects.records.service import RecordService


@require_safe
@signed_in
def record_sharing(request: ActorRequest, object_name: str, record_id: UUID) -> HttpResponse:
    """Show the panel: beside the record, or on a page of its own without scripts."""
    opened = desk(request, object_name)
    held = hold(request.actor, object_name, record_id, is_locked=False)
    members = teams.team_of(held)
    shared = shares.shares_of(held) if held.may_share else []
    names = names_of(row.principal for row in (*members, *shared))
    context = {
        "desk": opened,
        "held": held,
        "title": told_names(request.actor, [Reference(object_name, held.id)]).get(held.id) or _("(no name)"),
        "members": [(row, teams.user_id_of(row), names[row.principal]) for row in members],
        "shares": [(row, names[row.principal]) for row in shared],
        "me": request.actor.user_id,
        "may_transfer": held.may_share and opened.policy.can(object_name, "transfer"),
    }
    name = "sharing" if is_fragment(request) else "sharing_page"
    return render(request, f"layouts/records/{name}.html", context)


@signed_in
def add_member(request: ActorRequest, object_name: str, record_id: UUID) -> HttpResponse:
    """Ask for a colleague, then put him on the team."""
    form = MemberForm(_sent(request), language=request.actor.language, is_new=True)

    def save() -> None:
        data = form.cleaned_data
        given = {"level": data["level"], "role": data["role"]}
        teams.add_member(request.actor, object_name, record_id, data["user_id"], **given)

    return _dialog(request, object_name, record_id, form, save, _("Add to the team"))


@signed_in
def change_member(request: ActorRequest, object_name: str, record_id: UUID, user_id: UUID) -> HttpResponse:
    """Change a member's role and level."""
    members = teams.team(request.actor, object_name, record_id)
    row = next((item for item in members if teams.user_id_of(item) == user_id), None)
    if row is None:
        raise NotFound
    initial = {"role": row.team_role, "level": row.level}
    form = MemberForm(_sent(request), language=request.actor.language, is_new=False, initial=initial)

    def save() -> None:
        teams.change_member(request.actor, object_name, record_id, user_id, **form.cleaned_data)

    return _dialog(request, object_name, record_id, form, save, names_of([row.principal])[row.principal])


@require_POST
@signed_in
def remove_member(request: ActorRequest, object_name: str, record_id: UUID, user_id: UUID) -> HttpResponse:
    """Take a member off the team; who has left it himself may no longer see the record."""
    teams.remove_member(request.actor, object_name, record_id, user_id)
    messages.success(request, _("The team is changed."))
    return _back(request, desk(request, object_name), record_id)


@signed_in
def add_share(request: ActorRequest, object_name: str, record_id: UUID) -> HttpResponse:
    """Ask with whom, then share the record."""
    form = ShareForm(_sent(request), language=request.actor.language)

    def save() -> None:
        names = ("level", "expires_at", "note", "ends_with_owner")
        given = ShareInput(principal=form.principal("principal"), **{name: form.cleaned_data[name] for name in names})
        shares.add_share(request.actor, object_name, record_id, given)

    return _dialog(request, object_name, record_id, form, save, _("Share"))


@require_POST
@signed_in
def remove_share(request: ActorRequest, object_name: str, record_id: UUID, share_id: int) -> HttpResponse:
    """Take a share back."""
    shares.remove_share(request.actor, object_name, record_id, share_id)
    messages.success(request, _("The record is no longer shared with them."))
    return _back(request, desk(request, object_name), record_id)


@signed_in
def transfer(request: ActorRequest, object_name: str, record_id: UUID) -> HttpResponse:
    """Ask for a new owner, then give him the record."""
    desk(request, object_name, "transfer")
    form = TransferForm(_sent(request), language=request.actor.language)

    def save() -> None:
        data = form.cleaned_data
        keep = int(data["keep"]) if data["keep"] else None
        RecordService(request.actor).transfer(object_name, record_id, data["owner_id"], keep=keep)

    return _dialog(request, object_name, record_id, form, save, _("Change owner"))


def _sent(request: ActorRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _dialog(
    request: ActorRequest, object_name: str, record_id: UUID, form: forms.Form, save: Callable[[], None], heading: str
) -> HttpResponse:
    """Show a form of the panel, or save it and go back to the record."""
    opened = desk(request, object_name)
    held = hold(request.actor, object_name, record_id, is_locked=False)
    (held.require_staff if isinstance(form, MemberForm) else held.require_share)()
    if request.method == "POST" and form.is_valid():
        try:
            save()
        except ValidationFailed as failed:
            for error in failed.errors:
                place = form.place_of(error.field) if isinstance(form, ShareForm) else error.field
                form.add_error(place if place in form.fields else None, error.text)
        except Forbidden as error:
            form.add_error(None, str(error.message))
        else:
            messages.success(request, _("Saved: %(name)s") % {"name": heading})
            return _back(request, opened, record_id)
    context = {
        "desk": opened,
        "form": form,
        "heading": heading,
        "record_url": opened.record_url(record_id),
        "is_dialog": is_fragment(request),
    }
    name = "sharing_form" if is_fragment(request) else "sharing_form_page"
    return render(request, f"layouts/records/{name}.html", context, status=form_status(request))


def _back(request: ActorRequest, opened: ObjectDesk, record_id: UUID) -> HttpResponse:
    """Go back to the record, or to the list where it is out of sight now."""
    try:
        is_seen = bool(RecordQuery(request.actor, opened.name).visible_ids([record_id]))
    except PlatformError:
        is_seen = False
    return redirect(request, opened.record_url(record_id) if is_seen else opened.list_url)
