"""Absences: times in which somebody is given nothing by a rule."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm_platform.console.access import signed_in
from crm_platform.console.forms import form_status
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import ValidationFailed
from workflows.assignment import settings
from workflows.assignment.views.forms import AbsenceForm
from workflows.pools.views.common import show_refusal
from workflows.pools.views.setup.pools import sent


@signed_in
def absences(request: ActorRequest) -> HttpResponse:
    """Show absences, and take another: one's own, or anybody's by who settles them."""
    form = AbsenceForm(sent(request), request.actor.language)
    form.fields["user_id"].initial = request.actor.user_id
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            settings.add_absence(request.actor, data["user_id"], data["starts_at"], data["ends_at"], data["note"])
        except ValidationFailed as failed:
            show_refusal(form, failed)
        else:
            messages.success(request, _("The absence is saved."))
            return redirect("absences")
    context = {"rows": settings.absences(request.actor), "form": form}
    return render(request, "workflows/assignment/absences.html", context, status=form_status(request))


@require_POST
@signed_in
def absence_remove(request: ActorRequest, absence_id: int) -> HttpResponse:
    """Take an absence away."""
    settings.remove_absence(request.actor, absence_id)
    messages.success(request, _("The absence is removed."))
    return redirect("absences")
