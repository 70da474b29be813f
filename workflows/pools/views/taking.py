"""What is done to records that wait: claimed singly, selected or next; assigned and moved by administrators."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from crm_platform.console.access import signed_in
from crm_platform.console.htmx import redirect
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import PlatformError, ValidationFailed
from objects.display.principals import UserField
from workflows.pools.models import Pool
from workflows.pools.outcomes import OK, Outcome
from workflows.pools.services import claiming
from workflows.pools.services.seats import pools_of
from workflows.pools.views.common import (
    WaitingDesk,
    dialog,
    open_as_admin,
    open_pool,
    report,
    selected,
    show_refusal,
    way_back,
)


@require_POST
@signed_in
def claim(request: ActorRequest, pool_id: uuid.UUID) -> HttpResponse:
    """Claim the sent records; a single one claimed from its own page is opened."""
    opened, ids = open_pool(request, pool_id), selected(request)
    if not ids:
        messages.error(request, _("Select at least one record."))
        return redirect(request, way_back(request, opened.list_url))
    try:
        return _claimed(request, opened, claiming.claim(request.actor, pool_id, ids))
    except ValidationFailed as failed:
        messages.error(request, " ".join(error.text for error in failed.errors))
        return redirect(request, way_back(request, opened.list_url))


@require_POST
@signed_in
def claim_next(request: ActorRequest, pool_id: uuid.UUID) -> HttpResponse:
    """Claim what is next by the pool's order, and open it."""
    opened = open_pool(request, pool_id)
    outcomes = claiming.claim_next(request.actor, pool_id, 1)
    if not outcomes:
        messages.info(request, _("Nothing waits in this pool that you may claim."))
        return redirect(request, way_back(request, opened.list_url))
    return _claimed(request, opened, outcomes, opens=True)


def _claimed(
    request: ActorRequest, opened: WaitingDesk, outcomes: Sequence[Outcome], *, opens: bool = False
) -> HttpResponse:
    count = sum(outcome.status == OK for outcome in outcomes)
    text = ngettext("%(count)d record is yours now.", "%(count)d records are yours now.", count) % {"count": count}
    report(request, outcomes, text)
    if count == 1 and (opens or "opens" in request.POST):
        claimed = next(outcome.id for outcome in outcomes if outcome.status == OK)
        return redirect(request, reverse("record", args=[opened.name, claimed]))
    return redirect(request, way_back(request, opened.list_url))


# --- administrators -------------------------------------------------------------------------------------------
class AssignForm(forms.Form):
    """Who gets the records."""

    def __init__(self, *args: Any, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner_id"] = UserField(language, _("New owner"))


class PoolForm(forms.Form):
    """Another pool of the same object, and a note for the log."""

    to_pool = forms.ModelChoiceField(Pool.objects.none(), label=gettext_lazy("Pool"), empty_label=None)
    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=300)

    def __init__(self, *args: Any, pools: Sequence[Pool], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["to_pool"]
        field.queryset = Pool.objects.filter(pk__in=[pool.pk for pool in pools])  # type: ignore[attr-defined]


def other_pools(opened: WaitingDesk) -> list[Pool]:
    """Return the pools of the same object that the caller knows, but for this one."""
    return [held.pool for held in pools_of(opened.actor, opened.name) if held.pool.pk != opened.pool.pk]


@require_POST
@signed_in
def assign(request: ActorRequest, pool_id: uuid.UUID) -> HttpResponse:
    """Ask for the new owner of the selected records, then give them to him."""
    opened = open_as_admin(request, pool_id)
    form = AssignForm(request.POST if "owner_id" in request.POST else None, language=opened.language)

    def act(ids: list[uuid.UUID]) -> list[Outcome]:
        return claiming.assign(request.actor, pool_id, ids, form.cleaned_data["owner_id"])

    return _order(request, opened, form, act, _("Assign to …"), _("Assign"))


@require_POST
@signed_in
def move(request: ActorRequest, pool_id: uuid.UUID) -> HttpResponse:
    """Ask for another pool for the selected records, then put them there."""
    opened = open_as_admin(request, pool_id)
    form = PoolForm(request.POST if "to_pool" in request.POST else None, pools=other_pools(opened))

    def act(ids: list[uuid.UUID]) -> list[Outcome]:
        to_pool, note = form.cleaned_data["to_pool"], form.cleaned_data["note"]
        return claiming.move(request.actor, pool_id, ids, to_pool.pk, note=note)

    return _order(request, opened, form, act, _("Move to another pool"), _("Move"))


def _order(
    request: ActorRequest,
    opened: WaitingDesk,
    form: forms.Form,
    act: Callable[[list[uuid.UUID]], list[Outcome]],
    heading: str,
    button: str,
) -> HttpResponse:
    """Show the form of an order about the selected records, or carry it out and go back."""
    ids = selected(request)
    if ids and form.is_bound and form.is_valid():
        try:
            outcomes = act(ids)
        except PlatformError as refused:
            show_refusal(form, refused)
        else:
            count = sum(outcome.status == OK for outcome in outcomes)
            text = ngettext("Done for %(count)d record.", "Done for %(count)d records.", count)
            report(request, outcomes, text % {"count": count})
            return redirect(request, way_back(request, opened.list_url))
    context = {
        "desk": opened,
        "form": form,
        "ids": ids,
        "heading": heading,
        "button": button,
        "action_url": request.path,
        "next_url": way_back(request, opened.list_url),
    }
    return dialog(request, context, 422 if form.is_bound else 200)
