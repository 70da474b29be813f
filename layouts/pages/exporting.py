"""What a list shows as a file: the form that asks for columns and format, the file, or a job that makes a large one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from crm_platform.console.access import signed_in
from crm_platform.console.htmx import is_fragment
from crm_platform.identity.requests import ActorRequest
from crm_platform.jobs.models import Job
from crm_platform.kit.errors import StateConflict, ValidationFailed
from layouts.pages.common import desk, small_form
from layouts.pages.imports.progress import COLORS, PAGE_SIZE, STATES
from layouts.pages.list_settings import list_at
from layouts.pages.object_list import ListPage
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import ObjectSpec
from metadata.field_types import widgets
from objects.display.cells import Column, columns
from objects.display.desk import plural_label
from objects.exchange import exporting, exports, services, status
from objects.exchange.exporting import CSV, MEDIA_TYPES, XLSX, export
from objects.exchange.models import Import
from objects.exchange.tidying import EXPORT_DAYS

SHOWN, ALL = "shown", "all"


class ExportForm(forms.Form):
    """Which columns, in which kind of file."""

    columns = forms.ChoiceField(
        label=_("Columns"),
        choices=[(SHOWN, _("Those that the list shows")), (ALL, _("All fields that I may read"))],
        initial=SHOWN,
        widget=widgets.Select,
    )
    format = forms.ChoiceField(
        label=_("Kind of file"),
        choices=[(XLSX, _("Excel workbook (.xlsx)")), (CSV, _("Text (.csv, UTF-8)"))],
        initial=XLSX,
        widget=widgets.Select,
    )


@signed_in
def record_export(request: HttpRequest, object_name: str) -> HttpResponse | FileResponse:
    """Ask what is wanted of the list as its address says it; `POST` answers with the file, or orders a large one."""
    desk(request, object_name, "export")
    page = list_at(request, object_name)
    form = ExportForm(request.POST if request.method == "POST" else None, label_suffix="")
    if form.is_bound and form.is_valid():
        chosen, kind = _columns(page, form.cleaned_data["columns"]), form.cleaned_data["format"]
        try:
            if page.exported.count("exact").value > exporting.MAX_ROWS and not page.state.search:
                return _ordered(request, page, chosen, kind)
            return _file(page, chosen, kind)
        except ValidationFailed as failure:
            form.add_error(None, [str(error.text) for error in failure.errors])
        except StateConflict as conflict:
            form.add_error(None, str(conflict.message))
    most = number_format(exporting.MAX_ROWS, use_l10n=True, force_grouping=True)
    context = {"desk": page.desk, "list": page, "form": form, "most": most}
    return small_form(request, "export", context, status=422 if form.errors else 200)


@require_GET
@signed_in
def export_list(request: ActorRequest) -> HttpResponse:
    """The caller's exports by jobs, the newest first; it asks for itself again while one of them is on its way."""
    own = services.visible_imports(request.actor).filter(kind=Import.Kind.EXPORT).exclude(state=Import.State.DRAFT)
    page = Paginator(own, PAGE_SIZE).get_page(request.GET.get("page"))
    known, jobs = current_snapshot().spec.object_by_id, Job.objects.in_bulk([row.job_id for row in page.object_list])
    rows = [_told(request, row, known[row.object_id], jobs) for row in page.object_list if row.object_id in known]
    context = {"page": page, "rows": rows, "is_moving": any(row["is_moving"] for row in rows), "days": EXPORT_DAYS}
    template = "layouts/exports/results.html" if is_fragment(request) else "layouts/exports/page.html"
    return render(request, template, context)


def _told(request: ActorRequest, row: Import, spec: ObjectSpec, jobs: Mapping[Any, Job]) -> dict[str, Any]:
    """Return how one export stands."""
    job = jobs.get(row.job_id)
    state = status.state_of(row, job)
    return {
        "row": row,
        "object": plural_label(spec).text(request.actor.language),
        "state": STATES[state],
        "color": COLORS[state],
        "amount": _amount(row),
        "error": job.error if job is not None and state == status.FAILED else "",
        "is_moving": state in (status.QUEUED, status.RUNNING),
        "is_stopped": state in (status.FAILED, status.ABORTED),
        "is_gone": row.state == Import.State.DONE and row.file is None,
    }


def _amount(row: Import) -> str:
    """Return how many records are in the file, while it is being made of how many."""
    done, total = (number_format(count, use_l10n=True, force_grouping=True) for count in (row.exported, row.total or 0))
    if row.state == Import.State.DONE:
        return ngettext("%(count)s record", "%(count)s records", row.exported) % {"count": done}
    return gettext("%(done)s of %(total)s records") % {"done": done, "total": total} if row.total else ""


def _ordered(request: HttpRequest, page: ListPage, chosen: Sequence[Column], kind: str) -> HttpResponse:
    """Order the file, and show where it will be."""
    actor = page.desk.actor
    with transaction.atomic():
        row = exports.new_export(actor, page.desk.name, page.desk.plural, exports.order_of(page.exported, chosen, kind))
        services.start(actor, row.pk)
    messages.success(request, _("The export is under way. You are told when its file is ready."))
    return redirect("exports")


def _columns(page: ListPage, which: str) -> Sequence[Column]:
    if which == SHOWN:
        return page.columns
    return columns(page.desk, [field.name for field in page.desk.policy.visible_fields(page.desk.obj)])


def _file(page: ListPage, chosen: Sequence[Column], kind: str) -> FileResponse:
    made = export(page.desk, page.exported, chosen, kind)
    day = timezone.now().astimezone(page.desk.actor.zone).date()
    name = f"{page.desk.plural} {day.isoformat()}.{kind}"
    response = FileResponse(made.content, as_attachment=True, filename=name, content_type=MEDIA_TYPES[kind])
    response["Cache-Control"] = "private, no-store"
    return response
