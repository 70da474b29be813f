"""Who stands in for whom: one's own page, and for everybody by those who manage users."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm_platform.console.access import function_required, signed_in
from crm_platform.console.forms import form_status
from crm_platform.identity.forms.base import show_failure
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import ValidationFailed
from layouts.pages.access.sharing_forms import DelegationForm
from objects.access.services import delegations
from objects.access.services.delegations import DelegationInput


@signed_in
def own_delegations(request: ActorRequest) -> HttpResponse:
    """Show who stands in for the caller and for whom he does, and let him choose somebody."""
    form = _form(request, for_others=False)
    if _saved(request, form):
        return redirect("own-delegations")
    rows = delegations.delegations(request.actor)
    context = {"form": form, "rows": rows, "me": request.actor.user_id}
    return render(request, "layouts/access/own_delegations.html", context, status=form_status(request))


@function_required(MANAGE_USERS)
def new_delegation(request: ActorRequest) -> HttpResponse:
    """Let somebody stand in for anybody."""
    form = _form(request, for_others=True)
    if _saved(request, form):
        return redirect("sharing")
    return render(request, "layouts/access/delegation.html", {"form": form}, status=form_status(request))


@require_POST
@signed_in
def end_delegation(request: ActorRequest, delegation_id: int) -> HttpResponse:
    """End one now."""
    delegations.end_delegation(request.actor, delegation_id)
    messages.success(request, _("The delegation has ended."))
    return redirect("sharing" if "from_settings" in request.POST else "own-delegations")


def _form(request: ActorRequest, *, for_others: bool) -> DelegationForm:
    data: Any = request.POST if request.method == "POST" else None
    initial = {"starts_at": timezone.localtime()}
    return DelegationForm(data, initial=initial, language=request.actor.language, for_others=for_others)


def _saved(request: ActorRequest, form: DelegationForm) -> bool:
    if request.method != "POST" or not form.is_valid():
        return False
    try:
        row = delegations.delegate(request.actor, DelegationInput(**form.cleaned_data))
    except ValidationFailed as failed:
        show_failure(form, failed)
        return False
    messages.success(request, _("%(name)s stands in.") % {"name": row.delegate.name})
    return True
