"""The pages on which forms are made and settled, and what came through them is looked at."""

from __future__ import annotations

import uuid
from functools import partial

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm_platform.console.access import function_required
from crm_platform.console.forms import form_status
from crm_platform.identity.requests import ActorRequest
from metadata.compiler.current import current_snapshot
from workflows.intake import services
from workflows.intake.arrival_views import arrivals_context, released
from workflows.intake.fields import asked
from workflows.intake.forms import NewWebForm, WebFormForm, chosen_fields, field_rows
from workflows.intake.models import WebForm
from workflows.intake.signing import secret_of
from workflows.intake.source_views import list_context, made, settled
from workflows.pools.services.seats import MANAGE

managers_only = function_required(MANAGE)
FIRST_FIELDS = ("name", "company", "mobile", "email")


@require_safe
@managers_only
def web_forms(request: ActorRequest) -> HttpResponse:
    """Show all forms."""
    rows = services.forms(request.actor)
    context = list_context(rows, _("Form"), "forms", "web-form", "web-form-submissions")
    return render(request, "workflows/intake/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@managers_only
def web_form_new(request: ActorRequest) -> HttpResponse:
    """Make a form with the fields that most forms ask for; the rest is settled on its page."""
    form = NewWebForm(request.POST or None, language=request.actor.language)
    row = made(request, form, lambda given: _make(request, **given))
    if row is not None:
        return redirect("web-form", form_id=row.pk)
    return render(request, "workflows/intake/new.html", {"form": form}, status=form_status(request))


def _make(request: ActorRequest, object: str, label: str) -> WebForm:
    fields = current_snapshot().object(object).fields
    first = [{"field": item, "required": fields[item].spec.is_required} for item in FIRST_FIELDS if item in fields]
    return services.create_form(request.actor, object, {"label": label, "fields": first})


@require_http_methods(["GET", "HEAD", "POST"])
@managers_only
def web_form(request: ActorRequest, form_id: uuid.UUID) -> HttpResponse:
    """Show and change a form: its settings, its fields, how it looks and how it is put into a website."""
    row = services.get_form(request.actor, form_id)
    data = request.POST if request.method == "POST" else None
    form, rows = WebFormForm(data, row), field_rows(data, row, request.actor.language)
    settle = partial(services.update_form, request.actor, form_id)
    if settled(request, form, rows, lambda: {"fields": chosen_fields(rows)}, settle):
        return redirect("web-form", form_id=form_id)
    context = {"row": row, "form": form, "rows": rows, **_embedding(request, row)}
    return render(request, "workflows/intake/edit.html", context, status=form_status(request))


def _embedding(request: ActorRequest, row: WebForm) -> dict[str, str]:
    page = request.build_absolute_uri(reverse("public-form", args=[row.token]))
    return {
        "page": page,
        "script": f'<script src="{page}/embed.js"></script>',
        "frame": f'<iframe src="{page}" width="100%" height="640" frameborder="0"></iframe>',
        "lead_url": request.build_absolute_uri(f"/api/v1/public/leads/{row.token}"),
        "secret": secret_of(row),
    }


@require_POST
@managers_only
def web_form_delete(request: ActorRequest, form_id: uuid.UUID) -> HttpResponse:
    """Delete a form."""
    services.delete_form(request.actor, form_id)
    messages.success(request, _("The form is deleted."))
    return redirect("web-forms")


@require_POST
@managers_only
def web_form_secrets(request: ActorRequest, form_id: uuid.UUID) -> HttpResponse:
    """Give a form another address and another secret."""
    services.new_secrets(request.actor, form_id)
    messages.success(request, _("The form has another address and another secret. The old ones no longer work."))
    return redirect("web-form", form_id=form_id)


@require_safe
@managers_only
def submissions(request: ActorRequest, form_id: uuid.UUID) -> HttpResponse:
    """Show what came through a form, the newest first."""
    row = services.get_form(request.actor, form_id)
    name = row.business_object.api_name
    labels = {item.name: item.label for item in asked(name, row.fields, request.actor.language)}
    context = arrivals_context(request, row, row.submissions, labels)
    return render(request, "workflows/intake/submissions.html", context)


@require_POST
@managers_only
def submission_release(request: ActorRequest, form_id: uuid.UUID, submission_id: uuid.UUID) -> HttpResponse:
    """Make the record of what was held back."""
    return released(request, services.FORMS, form_id, submission_id, "web-form-submissions", form_id=form_id)
