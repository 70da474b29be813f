"""The pages of handovers 离职交接: choose the person, decide who gets what, watch it happen, read the report."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from crm_platform.console.access import function_required, signed_in
from crm_platform.console.htmx import is_fragment
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import StateConflict, ValidationFailed
from layouts.pages.access.handover_form import HandoverForm
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import ObjectSpec
from metadata.field_types.references import ReferenceField
from objects.access.policy import AccessPolicy
from objects.handover import service
from objects.handover.job import totals
from objects.handover.mentions import MENTIONS, failures
from objects.handover.models import Handover, HandoverItem
from objects.handover.plan import read_plan
from objects.handover.preview import preview
from objects.query.query import RecordQuery

PAGE_SIZE, SHOWN_ITEMS = 50, 100
PEOPLE = {
    "teams": gettext_lazy("Places on teams"),
    "shares": gettext_lazy("Records shared with this person"),
    "reports": gettext_lazy("People who report to this person"),
    "groups": gettext_lazy("Groups"),
    "territories": gettext_lazy("Territories"),
    "permission_sets": gettext_lazy("Permission sets"),
    "delegations": gettext_lazy("Delegations"),
}
STATE_COLORS = {"running": "blue", "done": "green", "cancelled": "gray"}
managers_only = function_required(MANAGE_USERS)


class PersonForm(forms.Form):
    """Asks whose records are to be handed over."""

    def __init__(self, data: Any, language: str) -> None:
        super().__init__(data, auto_id="handover_%s")
        self.fields["user"] = ReferenceField(["user"], language)
        self.fields["user"].label = _("Who leaves")


@dataclass(frozen=True)
class ShownItem:
    """A record that stayed, with the reason; `url` only where the reader may see the record."""

    spec: ObjectSpec | None
    label: str
    name: str
    url: str
    item: HandoverItem


@require_GET
@managers_only
def handover_list(request: ActorRequest) -> HttpResponse:
    """The handovers that there were, and the choice of a person for another."""
    form = PersonForm(request.GET if "user" in request.GET else None, request.actor.language)
    if form.is_valid():
        return redirect("handover-new", form.cleaned_data["user"])
    rows = service.visible_handovers(request.actor).filter(kind=Handover.Kind.LEAVER)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    shown = [{"row": row, "totals": totals(row), "color": STATE_COLORS[row.state]} for row in page.object_list]
    return render(request, "layouts/handover/list.html", {"form": form, "page": page, "rows": shown})


@managers_only
def handover_new(request: ActorRequest, user_id: uuid.UUID) -> HttpResponse:
    """What a person leaves behind, and who gets it."""
    found = preview(request.actor, user_id)
    form = HandoverForm(request.actor, found, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            row = service.order_handover(request.actor, user_id, read_plan(form.plan_json(), current_snapshot()))
        except ValidationFailed as failed:
            form.show(failed)
        except StateConflict as refused:
            form.add_error(None, str(refused.message))
        else:
            return redirect("handover", row.pk)
    context = {"form": form, "preview": found, "person": found.user}
    return render(request, "layouts/handover/new.html", context, status=422 if form.is_bound else 200)


@require_GET
@signed_in
def handover(request: ActorRequest, handover_id: uuid.UUID) -> HttpResponse:
    """How far a handover or transfer is, and what became of each record; htmx asks again while it runs."""
    row = service.get_handover(request.actor, handover_id)
    is_stuck = service.is_stuck(row)
    job, sums = service.job_of(row), totals(row)
    context = {
        "row": row,
        "color": STATE_COLORS[row.state],
        "totals": {**sums, "done": sums["total"] - _waiting(sums)},
        "lines": _lines(row, request.actor),
        "items": _stayed(row, request.actor),
        "people": [(label, row.people[key]) for key, label in PEOPLE.items() if row.people.get(key)],
        "mentions": _mentions(row, request.actor),
        "refused": row.people.get("refused", []),
        "is_running": row.state == Handover.State.RUNNING and not is_stuck,
        "can_retry": is_stuck
        or (row.state != Handover.State.RUNNING and (sums["failed"] or _waiting(sums) or failures(row.people))),
        "error": job.error if job is not None and is_stuck else "",
    }
    template = "layouts/handover/report.html" if is_fragment(request) else "layouts/handover/page.html"
    return render(request, template, context)


@require_POST
@signed_in
def handover_cancel(request: ActorRequest, handover_id: uuid.UUID) -> HttpResponse:
    """Stop a handover; what has moved stays moved."""
    try:
        service.cancel_handover(request.actor, handover_id)
    except StateConflict as refused:
        messages.error(request, str(refused.message))
    else:
        messages.success(request, _("The handover is cancelled. What has moved stays with the new owners."))
    return redirect("handover", handover_id)


@require_POST
@signed_in
def handover_retry(request: ActorRequest, handover_id: uuid.UUID) -> HttpResponse:
    """Try the records again that did not move."""
    try:
        service.retry_handover(request.actor, handover_id)
    except StateConflict as refused:
        messages.error(request, str(refused.message))
    else:
        messages.success(request, _("The handover goes on."))
    return redirect("handover", handover_id)


def _waiting(sums: dict[str, int]) -> int:
    return sums["total"] - sums["moved"] - sums["failed"] - sums["skipped"]


def _mentions(row: Handover, actor: Actor) -> list[dict[str, Any]]:
    """Return each field that names somebody else now: how many records, and how many could not be changed."""
    known, found = current_snapshot().spec.object_map, []
    for place, entry in row.people.get(MENTIONS, {}).items():
        object_name, _dot, name = place.partition(".")
        spec = known.get(object_name)
        field = spec.field_map.get(name) if spec else None
        if spec is not None and field is not None:
            label = f"{spec.label.text(actor.language)} · {field.label.text(actor.language)}"
            found.append({"label": label, "changed": entry["changed"], "failed": entry["failed"]})
    return found


def _lines(row: Handover, actor: Actor) -> list[dict[str, Any]]:
    known, policy = current_snapshot().spec.object_by_id, AccessPolicy.of(actor)
    found = []
    for object_id, counts in row.counts.items():
        spec = known.get(int(object_id))
        label = spec.label.text(actor.language) if spec else _("Deleted object")
        url = reverse("record-list", args=[spec.api_name]) if spec and policy.can(spec.api_name, "read") else ""
        found.append({"icon": spec.icon if spec else "trash", "label": label, "url": url, **counts})
    return sorted(found, key=lambda line: -line["total"])


def _stayed(row: Handover, actor: Actor) -> list[ShownItem]:
    """Return the first records that failed or were left out, by name where the reader may see them."""
    wanted = (HandoverItem.State.FAILED, HandoverItem.State.SKIPPED)
    items = list(row.items.filter(state__in=wanted).order_by("state", "id")[:SHOWN_ITEMS])
    by_object: dict[int, list[uuid.UUID]] = defaultdict(list)
    for item in items:
        by_object[item.object_id].append(item.record_id)
    names: dict[uuid.UUID, str] = {}
    for object_id, ids in by_object.items():
        names |= _names(actor, object_id, ids)
    return [_shown(item, names, actor.language) for item in items]


def _names(actor: Actor, object_id: int, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    spec = current_snapshot().spec.object_by_id.get(object_id)
    if spec is None or not AccessPolicy.of(actor).can(spec.api_name, "read"):
        return {}
    query = RecordQuery(actor, spec.api_name).where_ids(set(ids))
    rows = query.fields("id", *query.name_fields()).page(SHOWN_ITEMS).rows
    return {uuid.UUID(item[0]): str(item[-1] or item[0]) for item in rows}


def _shown(item: HandoverItem, names: dict[uuid.UUID, str], language: str) -> ShownItem:
    spec = current_snapshot().spec.object_by_id.get(item.object_id)
    label = spec.label.text(language) if spec else _("Deleted object")
    is_seen = spec is not None and item.record_id in names
    url = reverse("record", args=[spec.api_name, item.record_id]) if spec is not None and is_seen else ""
    return ShownItem(spec, label, names.get(item.record_id, f"…{str(item.record_id)[-8:]}"), url, item)
