"""What is done to the selected rows of a list: a new owner, or the trash."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from crm_platform.console.access import signed_in
from crm_platform.console.htmx import is_fragment, redirect
from crm_platform.kit.errors import PlatformError
from crm_platform.kit.ids import parse_uuid
from layouts.pages.common import ObjectDesk, desk, safe_next, small_form
from metadata.field_types.references import ReferenceField
from objects.query.query import RecordQuery
from objects.records.service import RecordService

MAX_SELECTED = 200
SHOWN_FAILURES = 5
OWNER = "owner_id"


class OwnerForm(forms.Form):
    """Asks for a user."""

    def __init__(self, data: Any, language: str) -> None:
        super().__init__(data)
        self.fields[OWNER] = ReferenceField(["user"], language)
        self.fields[OWNER].label = _("New owner")


@require_POST
@signed_in
def assign(request: HttpRequest, object_name: str) -> HttpResponse:
    """Ask for a new owner, then give him the selected records."""
    opened = desk(request, object_name, "edit")
    ids = selected_ids(opened, request, "edit")
    is_sent = OWNER in request.POST
    form = OwnerForm(request.POST if is_sent else None, opened.language)
    if not is_sent or not form.is_valid():
        return _ask(request, "assign", {"desk": opened, "ids": ids, "form": form}, 422 if is_sent else 200)
    rows = [{"id": str(item), OWNER: form.cleaned_data[OWNER]} for item in ids]
    results = RecordService(opened.actor).bulk_update(object_name, rows, all_or_none=False)
    problems = [error.text for result in results for error in result.errors[:1]]
    moved = len(ids) - len(problems)
    text = ngettext("%(count)d record has a new owner.", "%(count)d records have a new owner.", moved)
    _report(request, text % {"count": moved}, moved, problems)
    return redirect(request, safe_next(request, opened.list_url))


@require_POST
@signed_in
def bulk_delete(request: HttpRequest, object_name: str) -> HttpResponse:
    """Ask whether it is meant, then move the selected records to the trash."""
    opened = desk(request, object_name, "delete")
    ids = selected_ids(opened, request, "delete")
    if "confirmed" not in request.POST:
        return _ask(request, "bulk_delete", {"desk": opened, "ids": ids}, 200)
    service, problems = RecordService(opened.actor), []
    for item in ids:
        try:
            service.delete(object_name, item)
        except PlatformError as error:
            problems.append(str(error.message))
    deleted = len(ids) - len(problems)
    text = ngettext("%(count)d record is in the trash.", "%(count)d records are in the trash.", deleted)
    _report(request, text % {"count": deleted}, deleted, problems)
    return redirect(request, safe_next(request, opened.list_url))


def selected_ids(opened: ObjectDesk, request: HttpRequest, action: str) -> list[uuid.UUID]:
    """Return the selected records on which the caller may do `action`, in the order of the page."""
    given = dict.fromkeys(parsed for item in request.POST.getlist("ids") if (parsed := parse_uuid(item)))
    allowed = RecordQuery(opened.actor, opened.name, action=action).visible_ids(list(given)[:MAX_SELECTED])
    return [item for item in given if item in allowed]


def _report(request: HttpRequest, done: str, count: int, problems: list[str]) -> None:
    if count:
        messages.success(request, done)
    if problems:
        reasons = " ".join(dict.fromkeys(problems[:SHOWN_FAILURES]))
        text = ngettext(
            "%(count)d record was left as it is: %(reasons)s",
            "%(count)d records were left as they are: %(reasons)s",
            len(problems),
        )
        messages.error(request, text % {"count": len(problems), "reasons": reasons})


def _ask(request: HttpRequest, name: str, context: dict[str, Any], status: int) -> HttpResponse:
    back = request.htmx.current_url_abs_path if is_fragment(request) else safe_next(request, "")  # type: ignore[attr-defined]
    nothing = _("Select at least one record that you may change.")
    context = {**context, "next_url": back or context["desk"].list_url, "nothing": nothing}
    return small_form(request, name, context, status)
