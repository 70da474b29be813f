"""What the pages about arrivals share, whatever the source: lists of them, and releasing what was held back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import ValidationFailed
from crm_platform.kit.ids import parse_uuid
from metadata.compiler.current import current_snapshot
from workflows.intake import settling
from workflows.intake.forgetting import kept_days
from workflows.intake.making import plain
from workflows.intake.models import Arrival, IntakeSource
from workflows.intake.settling import Kind

ARRIVALS = 50
REASONS = {
    "trap": gettext_lazy("a robot's field was filled in"),
    "too_quick": gettext_lazy("filled in faster than a person can"),
    "duplicate": gettext_lazy("there is such a record already"),
    "not_saved": gettext_lazy("the record could not be saved"),
    "auto_reply": gettext_lazy("an automatic reply"),
    "bounce": gettext_lazy("a report about a mail that did not arrive"),
    "list": gettext_lazy("a mail to many"),
    "own": gettext_lazy("sent from this very mailbox"),
    "unreadable": gettext_lazy("the message could not be read"),
}


def arrivals_context(
    request: ActorRequest, row: IntakeSource, rows: Any, labels: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return what a page shows of a source's arrivals, the newest first: `items`, the filter, the next page."""
    state, before = request.GET.get("state", ""), parse_uuid(request.GET.get("before"))
    found = rows.order_by("-id")
    if state in Arrival.State.values:
        found = found.filter(state=state)
    page = list((found.filter(pk__lt=before) if before else found)[: ARRIVALS + 1])
    names = labels if labels is not None else labels_for(request, row)
    return {
        "row": row,
        "states": Arrival.State.choices,
        "state": state,
        "items": [told(item, names) for item in page[:ARRIVALS]],
        "kept_days": kept_days(),
        "next": page[ARRIVALS - 1].pk if len(page) > ARRIVALS else None,
    }


def labels_for(request: ActorRequest, row: IntakeSource) -> dict[str, str]:
    """Return what the fields of a source's object are called in the language of whoever looks."""
    fields = current_snapshot().object(row.business_object.api_name).fields
    return {name: field.spec.label.text(request.actor.language) for name, field in fields.items()}


def told(item: Arrival, labels: Mapping[str, str]) -> dict[str, Any]:
    values = [(labels.get(name, name), plain(value)) for name, value in item.values.items()]
    return {"row": item, "values": values, "reason": REASONS.get(item.reason, ""), "is_open": item.is_open}


def released(
    request: ActorRequest, kind: Kind[Any], source_id: uuid.UUID, arrival_id: uuid.UUID, back: str, **names: Any
) -> HttpResponse:
    """Make the record of what was held back, and go back to the list."""
    try:
        settling.release(request.actor, kind, source_id, arrival_id)
        messages.success(request, _("The record is made."))
    except ValidationFailed as failed:
        messages.error(request, " ".join(error.text for error in failed.errors))
    return redirect(back, **names)
