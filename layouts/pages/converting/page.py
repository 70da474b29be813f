"""Converting one lead: three columns side by side, and afterwards what has become of it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_platform.console.access import signed_in
from crm_platform.console.htmx import redirect
from crm_platform.kit.errors import NotFound, PlatformError, ValidationFailed
from layouts.pages.common import ObjectDesk, desk
from layouts.pages.converting.columns import Column, column
from layouts.pages.duplicates import are_warnings
from layouts.pages.merge import shown_counts
from layouts.pages.record import RecordPage, open_record
from metadata.compiler.current import current_snapshot
from objects.conversion.inputs import NOTHING, Converted, ConvertInput
from objects.conversion.mapping import ACCOUNT, CONTACT, LEAD, OPPORTUNITY
from objects.conversion.proposing import Proposal, propose
from objects.conversion.service import convert
from objects.conversion.values import Lost
from objects.duplicates.errors import DuplicateDetected
from objects.query.query import RecordQuery

TOLD = 8  # fields that are named when their values are lost


@dataclass(frozen=True)
class Became:
    """One record that a lead has become."""

    label: str
    icon: str
    color: str
    title: str
    url: str


@signed_in
def record_convert(request: HttpRequest, object_name: str, record_id: uuid.UUID) -> HttpResponse:
    """Show what a lead would become, and convert it as the form says; of a converted lead show what it became."""
    if object_name != LEAD:
        raise NotFound
    page = open_record(request, object_name, record_id)
    proposal = propose(page.desk.actor, record_id)
    if proposal.is_converted:
        return _show_result(request, page, proposal)
    columns = {name: column(request, desk(request, name), found) for name, found in _known(page, proposal).items()}
    failure: PlatformError | None = None
    if request.method == "POST" and all([item.is_sound for item in columns.values()]):
        try:
            done = convert(page.desk.actor, record_id, _given(request, columns), expected_version=_version(request))
        except PlatformError as error:
            if error.status == 404:
                raise
            failure = error
        else:
            _tell(request, done)
            return redirect(request, reverse("record-convert", args=[object_name, record_id]))
    return _show(request, page, proposal, columns, failure)


def _known(page: RecordPage, proposal: Proposal) -> Mapping[str, Any]:
    """Return the proposals for objects that exist for the caller."""
    return {name: found for name, found in proposal.targets.items() if page.desk.policy.can(name, "read")}


def _given(request: HttpRequest, columns: Mapping[str, Column]) -> ConvertInput:
    wishes = {name: item.wish() for name, item in columns.items()}
    return ConvertInput(
        wishes.get(ACCOUNT, NOTHING),
        wishes.get(CONTACT, NOTHING),
        wishes.get(OPPORTUNITY, NOTHING),
        reason=request.POST.get("reason", "").strip(),
        warnings="warnings" in request.POST,
    )


def _version(request: HttpRequest) -> int | None:
    version = request.POST.get("version", "")
    return int(version) if version.isdigit() and len(version) < 12 else None


def _show(
    request: HttpRequest,
    page: RecordPage,
    proposal: Proposal,
    columns: Mapping[str, Column],
    failure: PlatformError | None,
) -> HttpResponse:
    top, warnings, reason_error = _place(columns, failure)
    context = {
        "record": page,
        "desk": page.desk,
        "columns": list(columns.values()),
        "lost": proposal.lost,
        "errors": top,
        "warnings": warnings,
        "reason": request.POST.get("reason", ""),
        "reason_error": reason_error,
        "asks_reason": any(item.may_be_another for item in columns.values()),
        "version": _version(request) or page.version,
    }
    return render(request, "layouts/converting/page.html", context, status=422 if request.method == "POST" else 200)


def _place(columns: Mapping[str, Column], failure: PlatformError | None) -> tuple[list[str], list[str], str]:
    """Put what stood against converting into its column; returns the rest, warnings, and what the reason lacks."""
    if isinstance(failure, DuplicateDetected) and failure.details.get("target") in columns:
        columns[failure.details["target"]].show_duplicates(failure)
        return [], [], ""
    if isinstance(failure, ValidationFailed) and are_warnings(failure):
        return [], [error.text for error in failure.errors], ""
    top, reason = [], ""
    for error in failure.errors if isinstance(failure, ValidationFailed) else ():
        target = (error.field or "").partition(".")[0]
        if target in columns:
            columns[target].show_error(error)
        elif target == "reason":
            reason = error.text
        else:
            top.append(error.text)
    if failure is not None and not isinstance(failure, ValidationFailed):
        top.append(str(failure.message))
    return top, [], reason


def _tell(request: HttpRequest, done: Converted) -> None:
    """Say what has happened, also what was not carried along."""
    if done.is_repeated:
        messages.info(request, _("This lead was converted already."))
        return
    messages.success(request, _("The lead is converted."))
    moved = sum(done.moved.values())
    if moved:
        text = ngettext("%(count)d activity went along.", "%(count)d activities went along.", moved)
        messages.info(request, text % {"count": moved})
    if done.lost:
        messages.warning(request, _("Only the lead keeps: %(fields)s") % {"fields": told_fields(done.lost)})
    left = shown_counts(request.actor, done.left)  # type: ignore[attr-defined]
    if left:
        texts = ", ".join(f"{item['object']} {item['number']}" for item in left)
        messages.info(request, _("Still pointing at the lead: %(records)s") % {"records": texts})


def told_fields(lost: Sequence[Lost]) -> str:
    """Return the labels of fields, each once."""
    labels = list(dict.fromkeys(item.label for item in lost))
    return ", ".join(labels[:TOLD]) + ("…" if len(labels) > TOLD else "")


def _show_result(request: HttpRequest, page: RecordPage, proposal: Proposal) -> HttpResponse:
    found = [_became(request, name, record_id) for name, record_id in proposal.became.items()]
    context = {"record": page, "desk": page.desk, "became": found}
    return render(request, "layouts/converting/result.html", context)


def _became(request: HttpRequest, name: str, record_id: uuid.UUID) -> Became:
    opened: ObjectDesk = desk(request, name)
    return Became(opened.label, opened.icon, opened.color, title_of(opened, record_id), opened.record_url(record_id))


def title_of(opened: ObjectDesk, record_id: uuid.UUID) -> str:
    """Return the name of a record that the caller sees."""
    spec = current_snapshot().object(opened.name).spec
    rows = RecordQuery(opened.actor, opened.name).where_ids([record_id]).display(1).rows
    return str(rows[0].values.get(spec.name_field) or "—") if rows else "—"
