"""One import and all of them: what would become of the rows, how far it is, its files, and the way back."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from crm_platform.console.access import signed_in
from crm_platform.console.htmx import is_fragment
from crm_platform.files.serving import HEADERS, send
from crm_platform.identity.requests import ActorRequest
from crm_platform.jobs.models import Job
from crm_platform.kit.errors import NotFound, PlatformError
from layouts.pages.common import ObjectDesk
from layouts.pages.imports.wizard import desk_of
from metadata.compiler.current import current_snapshot
from objects.exchange import results, services, status
from objects.exchange.exports import export_file
from objects.exchange.models import Import
from objects.exchange.plan import ALL_MODES, BLANKS, CREATE, ON_DUPLICATE, PENDING, is_import, op_of, stored_plan
from objects.query import conditions

PAGE_SIZE = 50
COLORS = {
    "draft": "gray",
    "queued": "blue",
    "running": "blue",
    "completed": "green",
    "completed_with_errors": "orange",
    "failed": "red",
    "aborted": "gray",
}
STATES = {
    "draft": gettext_lazy("Being prepared"),
    "queued": gettext_lazy("Waiting"),
    "running": gettext_lazy("Running"),
    "completed": gettext_lazy("Done"),
    "completed_with_errors": gettext_lazy("Done, with rows left over"),
    "failed": gettext_lazy("Failed"),
    "aborted": gettext_lazy("Stopped"),
}
WORK = {
    "insert": gettext_lazy("Create records"),
    "update": gettext_lazy("Update records"),
    "upsert": gettext_lazy("Update or create records"),
    "delete": gettext_lazy("Delete records"),
    "mass_update": gettext_lazy("Change values"),
    "mass_transfer": gettext_lazy("Change the owner"),
}
ACTS: Mapping[str, tuple[Callable[..., object], Any]] = {
    "start": (services.start, gettext_lazy("It has started.")),
    "check": (services.try_all, gettext_lazy("All rows are being tried.")),
    "abort": (services.abort, gettext_lazy("It stops after the rows that it is at.")),
    "resume": (services.resume, gettext_lazy("It goes on.")),
    "undo": (services.undo, gettext_lazy("It is being undone.")),
    "remove": (services.remove, gettext_lazy("It is forgotten. Its records stay.")),
}


@require_GET
@signed_in
def import_list(request: ActorRequest) -> HttpResponse:
    """The imports and other work on many records that the caller may look at, the newest first."""
    listed = services.visible_imports(request.actor).exclude(kind=Import.Kind.EXPORT)
    page = Paginator(listed, PAGE_SIZE).get_page(request.GET.get("page"))
    known = current_snapshot().spec.object_by_id
    found = status.states_of(page.object_list)
    rows = [
        {
            "row": row,
            "spec": known.get(row.object_id),
            "work": WORK[op_of(row)],
            "object": known[row.object_id].label.text(request.actor.language) if row.object_id in known else "",
            "state": STATES[found[row.pk]],
            "color": COLORS[found[row.pk]],
        }
        for row in page.object_list
    ]
    return render(request, "layouts/imports/list.html", {"page": page, "rows": rows})


@require_GET
@signed_in
def import_page(request: ActorRequest, import_id: uuid.UUID) -> HttpResponse:
    """What would become of the rows of a draft; how far an import is; what became of it."""
    row = services.get_import(request.actor, import_id)
    if row.kind == Import.Kind.EXPORT:
        return redirect("exports")
    job = services.running_job(row)
    is_checking = row.state == Import.State.DRAFT and job is not None and not job.is_finished
    has_columns = is_import(row) and row.file is not None
    if row.state == Import.State.DRAFT and row.check_result is None and job is None and has_columns:
        return redirect("import-columns", row.pk)
    desk, now = desk_of(request, row), timezone.now()
    state = status.state_of(row, job)
    context = {
        "row": row,
        "desk": desk,
        "job": job,
        "state": state,
        "state_label": STATES[state],
        "color": COLORS[state],
        "work": WORK[op_of(row)],
        "is_import": is_import(row),
        "has_columns": has_columns,
        "has_rows": bool(row.file_id or row.table_id),
        "lacks_rows": _lacks_rows(row),
        "is_checking": is_checking,
        "is_moving": job is not None and not job.is_finished,
        "is_stopped": job is not None and job.state in (Job.State.FAILED, Job.State.ABORTED) and not is_checking,
        "minutes_left": _minutes_left(job, now),
        "can_undo": services.can_undo(row, now),
        "report": _report(row, desk),
        "problems": _problems(row.problems, desk),
        "facts": _facts(row, desk),
        "undo_days": services.UNDO_DAYS,
    }
    template = "layouts/imports/report.html" if is_fragment(request) else "layouts/imports/page.html"
    return render(request, template, context)


@require_POST
@signed_in
def import_act(request: ActorRequest, import_id: uuid.UUID) -> HttpResponse:
    """Do what one of the page's buttons says."""
    name = request.POST.get("act", "")
    if name not in ACTS:
        raise NotFound
    work, text = ACTS[name]
    is_export = services.get_import(request.actor, import_id).kind == Import.Kind.EXPORT
    try:
        work(request.actor, import_id)
    except PlatformError as error:
        texts = [item.text for item in getattr(error, "errors", ())] or [str(error.message)]
        messages.error(request, " ".join(texts))
    else:
        messages.success(request, str(text))
        if name == "remove" and not is_export:
            return redirect("imports")
    return redirect("exports") if is_export else redirect("import", import_id)


@require_GET
@signed_in
def import_file(request: ActorRequest, import_id: uuid.UUID, which: str) -> HttpResponseBase:
    """Send one of the files of an import's results, or that of an export."""
    row = services.get_import(request.actor, import_id)
    if row.kind == Import.Kind.EXPORT:
        if which != results.SUCCESSFUL:
            raise NotFound
        return send(request, export_file(request.actor, row))
    desk = desk_of(request, row)
    if which == "undone":
        lines: Iterator[str] = results.undo_file(row)
    elif which in results.OUTCOMES:
        lines = results.result_file(row, desk.obj, which, request.actor.language)
    else:
        raise NotFound
    stem = row.name.rpartition(".")[0] or row.name
    return sent(results.gathered(lines), f"{stem}-{which}.csv")


def sent(parts: Iterator[str], name: str) -> HttpResponseBase:
    """Return text as a file to be saved, piece by piece."""
    response = StreamingHttpResponse(parts, content_type="text/csv; charset=utf-8", headers=HEADERS)
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


def _lacks_rows(row: Import) -> bool:
    """Tell whether an order waits for a file of which nothing has been sent."""
    is_waiting = row.kind == Import.Kind.IMPORT and row.state == Import.State.DRAFT and row.file_id is None
    return is_waiting and not row.parts.exists()


def _minutes_left(job: Job | None, now: datetime) -> int | None:
    seconds = status.seconds_left(job, now)
    return None if seconds is None else max(1, round(seconds / 60))


def _report(row: Import, desk: ObjectDesk) -> dict[str, Any] | None:
    """Return the last dry run for the page."""
    found = row.check_result
    if found is None:
        return None
    rows = [
        {
            "number": item["row"],
            "texts": [results.error_text(desk.obj, error, desk.language) for error in item["errors"]],
        }
        for item in found["rows"]
    ]
    total = sum(found["counts"].values())
    return {**found["counts"], "total": total, "rows": rows, "problems": _problems(found["problems"], desk)}


def _problems(found: Mapping[str, int], desk: ObjectDesk) -> list[tuple[str, int]]:
    """Return what is wrong how often, the most frequent first, in words."""
    told = []
    for key, count in sorted(found.items(), key=lambda item: -item[1])[:10]:
        code, _space, name = key.partition(" ")
        field = desk.obj.fields.get(name)
        label = field.spec.label.text(desk.language) if field else ""
        told.append((f"{label}: {status.code_text(code)}" if label else status.code_text(code), count))
    return told


def _facts(row: Import, desk: ObjectDesk) -> list[tuple[str, str]]:
    """Return what was ordered, in words."""
    if row.kind == Import.Kind.MASS:
        return _mass_facts(row, desk)
    plan = stored_plan(row.plan.get(PENDING, row.plan))
    facts = [(_("What to do"), str(ALL_MODES[plan.mode]))]
    if plan.key and plan.key in desk.obj.fields:
        label = desk.obj.fields[plan.key].spec.label.text(desk.language)
        facts.append((_("Find existing records by"), label))
    if plan.deletes:
        return facts
    if plan.mode != CREATE:
        facts.append((_("Blank cells"), str(BLANKS[plan.blanks])))
    facts.append((_("Where a record is there already"), str(ON_DUPLICATE[plan.duplicates])))
    names = [desk.obj.fields[name].spec.label.text(desk.language) for name in plan.fields if name in desk.obj.fields]
    return [*facts, (_("Fields"), _(", ").join(names))] if names else facts


def _mass_facts(row: Import, desk: ObjectDesk) -> list[tuple[str, str]]:
    """Return what is done to which records; of a condition only that there is one, for it may be a tree."""
    leaves = list(conditions.leaves(conditions.from_json(row.plan["filter"])))
    paths = [leaf.path for leaf in leaves if desk.field(leaf.path) is not None]
    which = _(", ").join(dict.fromkeys(map(desk.path_label, paths))) if leaves else _("All records")
    names = [desk.path_label(name) for name in row.plan["values"] if desk.field(name) is not None]
    return [(_("What to do"), str(WORK[op_of(row)])), (_("Chosen by"), which), (_("Fields"), _(", ").join(names))]
