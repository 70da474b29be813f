"""Taking on a record that a rule has given out: a card beside it, and its button."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm_platform.console.access import signed_in
from crm_platform.console.htmx import is_fragment
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import NotFound
from objects.query.query import RecordQuery
from workflows.assignment.accepting import accept
from workflows.assignment.models import Assignment


@require_safe
@signed_in
def assignment_panel(request: ActorRequest, object_name: str, record_id: uuid.UUID) -> HttpResponse:
    """Show to whom a record that one sees was given last, why, and until when it is to be taken on."""
    if not RecordQuery(request.actor, object_name).visible_ids([record_id]):
        raise NotFound
    rows = Assignment.objects.filter(record_id=record_id, user__isnull=False).select_related("rule", "user")
    last = rows.order_by("-at").first()
    context = {
        "object_name": object_name,
        "record_id": record_id,
        "last": last,
        "may_accept": last is not None
        and last.state == Assignment.State.GIVEN
        and last.user_id == request.actor.user_id,
    }
    name = "panel" if is_fragment(request) else "panel_page"
    return render(request, f"workflows/assignment/{name}.html", context)


@require_POST
@signed_in
def take_on(request: ActorRequest, object_name: str, record_id: uuid.UUID) -> HttpResponse:
    """Say that one has taken the record on."""
    accept(request.actor, record_id)
    messages.success(request, _("You have taken the record on."))
    return redirect("record", object_name=object_name, record_id=record_id)
