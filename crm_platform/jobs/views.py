"""The pages on jobs and on the system."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from crm_platform.console.access import function_required
from crm_platform.console.htmx import is_fragment, redirect
from crm_platform.events.consumers import consumers
from crm_platform.jobs import selectors, services
from crm_platform.jobs.models import Job
from crm_platform.jobs.system_sections import system_sections
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import PlatformError
from crm_platform.kit.ids import parse_uuid

SECONDS_WHILE_BUSY, SECONDS_WHILE_IDLE = 2, 10
ACTIONS = {
    "abort": (services.abort, gettext_lazy("The job was told to stop.")),
    "retry": (services.retry, gettext_lazy("The job is queued again.")),
}


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined, no-any-return]


@require_safe
@function_required(selectors.PERMISSION)
def job_list(request: HttpRequest) -> HttpResponse:
    """The jobs, the newest first; the fragment asks for itself again as long as the page is open."""
    state = request.GET.get("state", "")
    state = state if state in Job.State.values else ""
    page = selectors.jobs(_actor(request), state=state, before=parse_uuid(request.GET.get("before")))
    is_busy = any(not job.is_finished for job in page.jobs)
    context: dict[str, Any] = {
        "page": page,
        "rows": [{"job": job, "kind": selectors.kind_label(job.kind)} for job in page.jobs],
        "states": [(value, label, page.counts.get(value, 0)) for value, label in Job.State.choices],
        "state": state,
        "seconds": SECONDS_WHILE_BUSY if is_busy else SECONDS_WHILE_IDLE,
    }
    return render(request, "jobs/list_results.html" if is_fragment(request) else "jobs/list.html", context)


@require_POST
@function_required(selectors.PERMISSION)
def job_action(request: HttpRequest, job_id: uuid.UUID, action: str) -> HttpResponse:
    """Abort a job or try it again."""
    if action not in ACTIONS:
        raise Http404
    act, done = ACTIONS[action]
    try:
        act(_actor(request), job_id)
        messages.success(request, done)
    except PlatformError as error:
        messages.error(request, str(error.message))
    return redirect(request, "jobs")


@require_safe
@function_required(selectors.PERMISSION)
def system(request: HttpRequest) -> HttpResponse:
    """Versions, workers, queues."""
    report = selectors.system_report(_actor(request))
    sections = [{"template": section.template, "state": section.load()} for section in system_sections]
    return render(request, "jobs/system.html", {"report": report, "sections": sections})


@require_POST
@function_required(selectors.PERMISSION)
def replay(request: HttpRequest, consumer: str) -> HttpResponse:
    """Have the events that a consumer set aside offered to it again."""
    if consumer not in consumers:
        raise Http404
    services.enqueue(
        "events.replay", {"consumer": consumer}, actor=_actor(request), dedupe_key=f"events.replay:{consumer}"
    )
    messages.success(request, _("The job is queued."))
    return redirect(request, "jobs")
