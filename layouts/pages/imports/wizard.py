"""The import wizard: the file, its columns, what would become of its rows."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from crm_platform.console.access import signed_in
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import PlatformError, ValidationFailed
from layouts.pages.common import ObjectDesk
from layouts.pages.imports.forms import ColumnsForm, ReadingForm, UploadForm
from metadata.compiler.current import current_snapshot
from objects.exchange import services
from objects.exchange.models import Import
from objects.exchange.plan import read_plan
from objects.exchange.templates import template_file


@require_http_methods(["GET", "POST"])
@signed_in
def import_new(request: ActorRequest, object_name: str) -> HttpResponse:
    """Ask for the file, keep it, and go on to its columns."""
    services.allowed_object(request.actor, object_name)
    desk = ObjectDesk(request.actor, object_name)
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if form.is_bound and form.is_valid():
        sent = form.cleaned_data["file"]
        try:
            row = services.new_import(request.actor, object_name, sent, sent.name or "")
        except ValidationFailed as failed:
            for error in failed.errors:
                form.add_error("file", error.text)
        else:
            return redirect("import-columns", row.pk)
    context = {"form": form, "desk": desk}
    return render(request, "layouts/imports/new.html", context, status=422 if form.is_bound else 200)


@require_GET
@signed_in
def import_template(request: ActorRequest, object_name: str) -> HttpResponse:
    """Send the file in which people fill in records of an object."""
    obj = services.allowed_object(request.actor, object_name)
    name = f"{obj.spec.label.text(request.actor.language)}.csv"
    response = HttpResponse(template_file(request.actor, obj), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


@require_http_methods(["GET", "POST"])
@signed_in
def import_columns(request: ActorRequest, import_id: uuid.UUID) -> HttpResponse:
    """Ask which column is which field and what is done with the rows, then try the first of them."""
    row = services.get_import(request.actor, import_id)
    if row.state != Import.State.DRAFT:
        return redirect("import", row.pk)
    desk = desk_of(request, row)
    head = services.head_of(row)
    if request.method == "POST" and "reread" in request.POST:
        return _read_anew(request, row, ReadingForm(request.POST, row, head))
    form = ColumnsForm(request.POST if request.method == "POST" else None, request.actor, desk.obj, row, head)
    if form.is_valid():
        try:
            plan = read_plan(form.plan_json(), row.header)
            row = services.set_plan(request.actor, row.pk, plan)
            services.try_first(request.actor, services.get_import(request.actor, row.pk))
        except ValidationFailed as failed:
            form.show(failed)
        else:
            return redirect("import", row.pk)
    context = {"form": form, "reading": ReadingForm(None, row, head), "row": row, "desk": desk, "head": head}
    return render(request, "layouts/imports/columns.html", context, status=422 if form.is_bound else 200)


def _read_anew(request: ActorRequest, row: Import, form: ReadingForm) -> HttpResponse:
    try:
        services.reread(request.actor, row.pk, form.wish() if form.is_valid() else {})
    except PlatformError as error:
        texts = [item.text for item in getattr(error, "errors", ())] or [str(error.message)]
        messages.error(request, " ".join(texts))
    else:
        messages.success(request, _("The file was read anew."))
    return redirect(reverse("import-columns", args=[row.pk]))


def desk_of(request: ActorRequest, row: Import) -> ObjectDesk:
    """Open the object of an import for the caller."""
    spec: Any = current_snapshot().spec.object_by_id[row.object_id]
    return ObjectDesk(request.actor, spec.api_name)
