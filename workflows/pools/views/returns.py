"""What returns to a pool: a preview of now, tonight or the week ahead with reasons, a run at once, the last runs."""

from __future__ import annotations

import json
import uuid
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from crm_platform.console.access import signed_in
from crm_platform.events.clock import database_now
from crm_platform.identity.requests import ActorRequest
from crm_platform.jobs.locality import organization_zone
from crm_platform.jobs.schedules import wall_time
from crm_platform.kit.errors import PlatformError
from workflows.pools.notices import record_url
from workflows.pools.recycling.finding import Place
from workflows.pools.recycling.preview import MOST_COUNTED, Preview, order_run, preview, runs_of
from workflows.pools.recycling.undo import WITHIN, order_undo
from workflows.pools.views.common import WaitingDesk, open_as_admin

ROWS = 50
NOW, TONIGHT, WEEK = "now", "tonight", "week"
MOMENTS = {NOW: gettext_lazy("Now"), TONIGHT: gettext_lazy("Tonight"), WEEK: gettext_lazy("In a week")}


@require_safe
@signed_in
def returns(request: ActorRequest, pool_id: uuid.UUID) -> HttpResponse:
    """Show what would return and why, page by page, and what the last runs have done."""
    opened = open_as_admin(request, pool_id)
    chosen = request.GET.get("when", TONIGHT)
    chosen = chosen if chosen in MOMENTS else TONIGHT
    context = {
        "desk": opened,
        "pool": opened.pool,
        "moments": [(key, label, f"?when={key}", key == chosen) for key, label in MOMENTS.items()],
        "runs": _runs(request, opened),
        **_previewed(request, opened, chosen),
    }
    return render(request, "workflows/pools/returns.html", context)


def _previewed(request: ActorRequest, opened: WaitingDesk, chosen: str) -> dict[str, Any]:
    """Return the preview for the page, or why there is none."""
    place = _place(request.GET.get("after", ""))
    try:
        found = preview(request.actor, opened.pool.pk, _moment(chosen), ROWS, place)
    except PlatformError as refused:
        return {"refusal": str(refused.message)}
    following = urlencode({"when": chosen, "after": json.dumps(found.next.to_json())}) if found.next else ""
    return {
        "preview": found,
        "rows": [(row, _url(opened, row.record.id)) for row in found.rows],
        "total_text": _total(found),
        "next_url": f"{request.path}?{following}" if following else None,
        "previous_url": f"{request.path}?when={chosen}" if place else None,
    }


def _moment(chosen: str) -> datetime | None:
    """Return the moment that is looked at: midnight and the days ahead are those of the organisation."""
    now = database_now()
    if chosen == NOW:
        return None
    if chosen == WEEK:
        return now + timedelta(days=7)
    zone = organization_zone()
    return wall_time(now.astimezone(zone).date() + timedelta(days=1), time(0), zone)


def _place(text: str) -> Place | None:
    try:
        return Place.of(json.loads(text)) if text else None
    except (ValueError, RecursionError):
        return None


def _total(found: Preview) -> str:
    return f"{MOST_COUNTED}+" if found.total >= MOST_COUNTED else str(found.total)


def _url(opened: WaitingDesk, record_id: uuid.UUID) -> str:
    return record_url(opened.name, record_id)


def _runs(request: ActorRequest, opened: WaitingDesk) -> list[dict[str, Any]]:
    """Return the last runs that did something, each with whether it can be undone."""
    since = database_now() - WITHIN
    rows = [row for row in runs_of(request.actor, opened.pool.pk) if row.counts.get("recycled") or not row.finished_at]
    return [
        {
            "row": row,
            "recycled": row.counts.get("recycled", 0),
            "can_undo": bool(row.finished_at and row.finished_at >= since and not row.is_undone),
        }
        for row in rows
    ]


@require_POST
@signed_in
def run_now(request: ActorRequest, pool_id: uuid.UUID) -> HttpResponse:
    """Queue a run at once."""
    try:
        order_run(request.actor, pool_id)
    except PlatformError as refused:
        if refused.status in (403, 404):
            raise
        messages.error(request, str(refused.message))
    else:
        messages.success(request, _("What is due returns now; the run is listed below once it has begun."))
    return redirect("pool-returns", pool_id=pool_id)


@require_POST
@signed_in
def undo_run(request: ActorRequest, pool_id: uuid.UUID, run_id: uuid.UUID) -> HttpResponse:
    """Queue the undoing of a run."""
    try:
        order_undo(request.actor, run_id, pool_id)
    except PlatformError as refused:
        if refused.status in (403, 404):
            raise
        messages.error(request, str(refused.message))
    else:
        messages.success(request, _("The records go back to their owners, as far as nobody has taken them since."))
    return redirect("pool-returns", pool_id=pool_id)
