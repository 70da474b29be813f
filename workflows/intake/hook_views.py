"""The pages on which hooks are made, settled and tried, and what came through them is looked at."""

from __future__ import annotations

import json
import uuid
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm_platform.console.access import function_required
from crm_platform.console.forms import form_status
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.ids import parse_uuid
from workflows.intake import settling, sources, trying
from workflows.intake.arrival_views import REASONS, arrivals_context, released
from workflows.intake.hooks import HOOKS, last_document
from workflows.intake.mapping import MAX_LEAVES, tree
from workflows.intake.models import Arrival, InboundHook
from workflows.intake.signing import secret_of
from workflows.intake.source_forms import HookForm, NewSourceForm, TrialForm, chosen_mapping, mapping_rows
from workflows.intake.source_views import list_context, made, settled
from workflows.pools.services.seats import MANAGE

managers_only = function_required(MANAGE)
RECENT = 10  # deliveries to pick from


@require_safe
@managers_only
def hooks(request: ActorRequest) -> HttpResponse:
    """Show all hooks."""
    rows = settling.listed(request.actor, HOOKS)
    context = list_context(rows, _("Hook"), icon="cloud-download", page="hook", arrivals="hook-deliveries")
    return render(request, "workflows/intake/hooks/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@managers_only
def hook_new(request: ActorRequest) -> HttpResponse:
    """Make a hook; the rest is settled on its page."""
    form = NewSourceForm(request.POST or None, language=request.actor.language)
    row = made(request, form, lambda given: settling.create(request.actor, HOOKS, given.pop("object"), given))
    if row is not None:
        return redirect("hook", hook_id=row.pk)
    return render(request, "workflows/intake/hooks/new.html", {"form": form}, status=form_status(request))


@require_http_methods(["GET", "HEAD", "POST"])
@managers_only
def hook(request: ActorRequest, hook_id: uuid.UUID) -> HttpResponse:
    """Show and change a hook: its settings, its mapping, and how it is called."""
    row = settling.get(request.actor, HOOKS, hook_id)
    data = request.POST if request.method == "POST" else None
    form, rows = HookForm(data, row), mapping_rows(data, row, request.actor.language)
    settle = partial(settling.update, request.actor, HOOKS, hook_id)
    if settled(request, form, rows, lambda: {"mapping": chosen_mapping(rows)}, settle):
        return redirect("hook", hook_id=hook_id)
    last = last_document(row)
    context = {
        "row": row,
        "form": form,
        "rows": rows,
        "paths": [leaf.path for leaf in tree(last[1]) if leaf.text is not None] if last else [],
        "url": request.build_absolute_uri(f"/api/v1/public/hooks/{row.token}"),
        "secret": secret_of(row),
    }
    return render(request, "workflows/intake/hooks/edit.html", context, status=form_status(request))


@require_POST
@managers_only
def hook_delete(request: ActorRequest, hook_id: uuid.UUID) -> HttpResponse:
    """Delete a hook."""
    settling.delete(request.actor, HOOKS, hook_id)
    messages.success(request, _("The hook is deleted."))
    return redirect("hooks")


@require_POST
@managers_only
def hook_secrets(request: ActorRequest, hook_id: uuid.UUID) -> HttpResponse:
    """Give a hook another address and another secret."""
    settling.new_secrets(request.actor, HOOKS, hook_id)
    messages.success(request, _("The hook has another address and another secret. The old ones no longer work."))
    return redirect("hook", hook_id=hook_id)


@require_http_methods(["GET", "HEAD", "POST"])
@managers_only
def hook_try(request: ActorRequest, hook_id: uuid.UUID) -> HttpResponse:
    """Show a document as a tree, that which came last or one typed in, and what record would come out of it."""
    row = settling.get(request.actor, HOOKS, hook_id)
    form, document = _document(request, row)
    context: dict[str, Any] = {
        "row": row,
        "form": form,
        "recent": row.arrivals.exclude(body="").order_by("-id").only("pk", "at", "hook_id")[:RECENT],
    }
    if document is not None:
        trial = trying.try_out(row, document)
        leaves = tree(document)
        context |= {
            "leaves": leaves,
            "is_cut": len(leaves) == MAX_LEAVES,
            "trial": trial,
            "state": Arrival.State(trial.state),
            "reason": REASONS.get(trial.reason, ""),
            "lines": trying.lines(row, trial),
            "others": [error.text for error in trial.errors if not error.field],
        }
    status = form_status(request) if document is None else 200
    return render(request, "workflows/intake/hooks/try.html", context, status=status)


def _document(request: ActorRequest, row: InboundHook) -> tuple[TrialForm, Any]:
    """Return the form, filled in, and the document that is to be tried, None for none."""
    if request.method != "POST":
        picked = last_document(row, parse_uuid(request.GET.get("delivery")))
        text = json.dumps(picked[1], ensure_ascii=False, indent=2) if picked else ""
        return TrialForm(initial={"document": text}), picked[1] if picked else None
    form = TrialForm(request.POST)
    if not form.is_valid():
        return form, None
    try:
        document = sources.json_of(form.cleaned_data["document"].encode("utf-8", "replace"))
    except sources.NotReadable:
        form.add_error("document", _("This is no JSON."))
        return form, None
    if not isinstance(document, dict | list):
        form.add_error("document", _("Enter an object or a list."))
        return form, None
    return form, document


@require_safe
@managers_only
def deliveries(request: ActorRequest, hook_id: uuid.UUID) -> HttpResponse:
    """Show what came through a hook, the newest first."""
    row = settling.get(request.actor, HOOKS, hook_id)
    return render(request, "workflows/intake/hooks/deliveries.html", arrivals_context(request, row, row.arrivals))


@require_POST
@managers_only
def delivery_release(request: ActorRequest, hook_id: uuid.UUID, delivery_id: uuid.UUID) -> HttpResponse:
    """Make the record of what was held back."""
    return released(request, HOOKS, hook_id, delivery_id, "hook-deliveries", hook_id=hook_id)
