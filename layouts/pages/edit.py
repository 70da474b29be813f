"""Creating and editing a record by form, on a page of its own or in a dialog."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from crm_platform.console.access import signed_in
from crm_platform.console.htmx import is_fragment, redirect
from crm_platform.kit.errors import PlatformError, StateConflict, ValidationFailed, VersionConflict
from layouts.pages import conflict, duplicates, live
from layouts.pages.common import ObjectDesk, desk, safe_next
from layouts.pages.record import RecordPage, open_record
from layouts.pages.record_form import RecordForm, form_fields
from layouts.pages.typed_names import resolve_typed
from metadata.compiler.compiled import CompiledField
from metadata.compiler.spec import RECORD_TYPE
from metadata.field_types.contexts import clean_context
from metadata.field_types.values import CleanContext, InvalidValue, Reference
from objects.access.type_grants import offered_types
from objects.display import cells
from objects.display.names import with_names
from objects.duplicates.errors import DuplicateDetected
from objects.history.selectors import history
from objects.records.service import Diversion, RecordService

OWNER, CURRENCY = "owner_id", "currency"


@dataclass(frozen=True)
class FormPage:
    """What surrounds the form of a record."""

    title: str
    kicker: str
    action: str
    next_url: str
    can_add_another: bool = False
    assess_url: str = ""  # where a form with conditions, formulas or rules asks how it stands
    hint_triggers: str = ""  # when the form asks whether there is such a record already


@signed_in
def record_new(request: HttpRequest, object_name: str) -> HttpResponse:
    """Create a record; the query string may say what the form starts with (`?account_id=…`)."""
    opened = desk(request, object_name, "create")
    fields = form_fields(
        opened.actor, opened.obj, opened.layout, opened.policy.editable_fields(opened.obj, for_create=True)
    )
    if request.method != "POST":
        form = RecordForm(opened.obj, fields, opened.display(), values=_starting_values(opened, fields, request.GET))
        return _show_new(request, opened, form)
    form = RecordForm(opened.obj, fields, opened.display(), values={}, data=resolve_typed(opened, fields, request.POST))
    # A form that is not valid goes through the service, too, to say everything that is wrong at once.
    is_valid, service = form.is_valid(), RecordService(opened.actor, consent=duplicates.consent_of(request))
    try:
        saved = service.create(object_name, form.submitted(), dry_run=not is_valid)
    except (ValidationFailed, StateConflict, DuplicateDetected) as failure:
        _show_failure(request, form, failure)
        is_valid = False
    if is_valid and saved.diverted is not None:
        return _show_diverted(request, opened, saved.diverted)
    if is_valid:
        messages.success(request, _("Created."))
        return redirect(request, _after_creating(request, opened, saved.id))
    return _show_new(request, opened, form)


@signed_in
def record_edit(request: HttpRequest, object_name: str, record_id: uuid.UUID) -> HttpResponse:
    """Change a record. What somebody else changed meanwhile is shown, and nobody's input is lost."""
    page = open_record(request, object_name, record_id, "edit")
    opened = page.desk
    if page.seal and request.method != "POST":
        messages.warning(request, page.seal)
        return redirect(request, opened.record_url(record_id))
    fields = form_fields(opened.actor, opened.obj, opened.layout, opened.policy.editable_fields(opened.obj))
    current = RecordForm(opened.obj, fields, opened.display(page.row.values), values=page.row.values)
    if request.method != "POST":
        return _show_edit(request, page, current, current)
    data = resolve_typed(opened, fields, request.POST)
    if _posted_version(request) not in (None, page.version):
        return _show_conflict(request, page, fields, current, data)
    form = RecordForm(opened.obj, fields, opened.display(page.row.values), values=page.row.values, data=data)
    try:
        is_saved = _update(request, page, form, conflict.touched(current, data))
    except VersionConflict:  # somebody saved between our read and our write
        page = open_record(request, object_name, record_id, "edit")
        current = RecordForm(opened.obj, fields, opened.display(page.row.values), values=page.row.values)
        return _show_conflict(request, page, fields, current, data)
    if is_saved:
        messages.success(request, _("Saved."))
        return redirect(request, safe_next(request, opened.record_url(record_id)))
    return _show_edit(request, page, form, current)


def _update(request: HttpRequest, page: RecordPage, form: RecordForm, mine: Collection[str]) -> bool:
    """Write the touched fields; False, with every error in the form, when something is wrong with them."""
    is_valid = form.is_valid()
    changes = {name: value for name, value in form.submitted().items() if name in mine}
    try:
        RecordService(page.desk.actor, consent=duplicates.consent_of(request)).update(
            page.desk.name, page.id, changes, expected_version=page.version, dry_run=not is_valid
        )
    except (ValidationFailed, StateConflict, DuplicateDetected) as failure:
        _show_failure(request, form, failure)
        return False
    return is_valid


# --- what a new record's form starts with -------------------------------------------------------------------
def _starting_values(opened: ObjectDesk, fields: Iterable[CompiledField], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return defaults, overridden by what the address says; an input that does not fit is passed over."""
    ctx = clean_context(opened.actor, now=opened.now)
    values: dict[str, Any] = {}
    for field in fields:
        raw = _from_address(field, given)
        try:
            value = field.type.default(field.spec, ctx) if raw is None else field.type.clean(field.spec, raw, ctx)
        except InvalidValue:
            value = None
        values[field.name] = value if value is not None else _system_default(opened, field, ctx)
    return with_names(opened.actor, values)


def _from_address(field: CompiledField, given: Mapping[str, Any]) -> Any:
    if field.name not in given:
        return None
    if not field.type.has_targets:
        return given[field.name]
    box = field.type.form_field(field.spec, "")
    try:
        return box.clean(box.widget.value_from_datadict(given, {}, field.name))
    except forms.ValidationError:
        return None


def _system_default(opened: ObjectDesk, field: CompiledField, ctx: CleanContext) -> Any:
    if field.name == OWNER and opened.actor.user_id is not None:
        return Reference("user", opened.actor.user_id, opened.actor.name)
    return opened.display().currency if field.name == CURRENCY else None


# --- answers --------------------------------------------------------------------------------------------------
def _show_new(request: HttpRequest, opened: ObjectDesk, form: RecordForm) -> HttpResponse:
    back = safe_next(request, "")
    page = FormPage(
        title=_("New %(object)s") % {"object": opened.label},
        kicker=opened.plural,
        action=reverse("record-new", args=[opened.name]),
        next_url=back,
        can_add_another=True,
        assess_url=live.assess_url(opened),
        hint_triggers=duplicates.hint_triggers(opened),
    )
    values = form.submitted() if form.is_bound else {name: form.values.get(name) for name in form.fields}
    live.prepare(opened, form, values)
    return _show(request, opened, page, form, cancel_url=back or opened.list_url)


def _show_edit(
    request: HttpRequest, record: RecordPage, form: RecordForm, current: RecordForm, **extra: Any
) -> HttpResponse:
    """Show the form; `current` is the unbound form of the record as it is now."""
    opened = record.desk
    page = FormPage(
        title=record.title,
        kicker=_("Edit %(object)s") % {"object": opened.label},
        action=reverse("record-edit", args=[opened.name, record.id]),
        next_url=safe_next(request, ""),
        assess_url=live.assess_url(opened, record.id),
    )
    live.prepare(opened, form, live.changes_of(form, current), record.id, record.row.values)
    seen = conflict.seen_text(current) if not form.is_bound or extra else request.POST.get(conflict.SEEN, "")
    context = {"version": record.version, "seen": seen, **extra}
    return _show(request, opened, page, form, cancel_url=opened.record_url(record.id), **context)


def _show_conflict(
    request: HttpRequest, record: RecordPage, fields: Iterable[CompiledField], current: RecordForm, data: Any
) -> HttpResponse:
    opened = record.desk
    merged, differences = conflict.merge(current, data)
    form = RecordForm(opened.obj, fields, opened.display(record.row.values), values=record.row.values, data=merged)
    shown = {
        item.name: cells.cell(opened, opened.obj.field(item.name), record.row.values[item.name], record.row.values)
        for item in differences
    }
    latest = history(opened.actor, opened.name, record.id, 1).entries
    extra = {"differences": conflict.differing(form, differences, shown), "latest": latest[0] if latest else None}
    return _show_edit(request, record, form, current, is_stale=True, **extra)


def _show(request: HttpRequest, opened: ObjectDesk, page: FormPage, form: RecordForm, **context: Any) -> HttpResponse:
    is_dialog = is_fragment(request)
    template = "layouts/forms/dialog.html" if is_dialog else "layouts/forms/edit.html"
    form.record_type = form.values.get(RECORD_TYPE) or offered_types(opened.policy, opened.obj.spec).default
    sections = list(form.sections(opened.layout, opened.language))
    context = {"desk": opened, "page": page, "form": form, "sections": sections, "is_dialog": is_dialog, **context}
    return render(request, template, context, status=422 if request.method == "POST" else 200)


def _show_failure(request: HttpRequest, form: RecordForm, failure: PlatformError) -> None:
    if isinstance(failure, DuplicateDetected):
        form.warned = duplicates.warning(request, failure, form.language)
    elif isinstance(failure, ValidationFailed) and not form.errors and duplicates.are_warnings(failure):
        form.warned = duplicates.rule_warning(request, form, failure)
    elif isinstance(failure, ValidationFailed):
        form.show_errors(failure)
    else:
        form.add_error(None, str(failure.message))


def _show_diverted(request: HttpRequest, opened: ObjectDesk, found: Diversion) -> HttpResponse:
    """Lead to the record that has taken in what was entered, if the caller may see it; else back to the list."""
    messages.info(request, _("It is there already: what you entered was noted there, and its owner has been told."))
    url = reverse("record", args=[found.object, found.record_id]) if found.is_visible else opened.list_url
    return redirect(request, url)


def _after_creating(request: HttpRequest, opened: ObjectDesk, record_id: uuid.UUID) -> str:
    """Return where to go: the next empty form when that was asked for, else back, else the new record."""
    back = safe_next(request, "")
    if "_another" not in request.POST:
        return back or opened.record_url(record_id)
    kept = {name: value for name, value in request.GET.items() if name != "next"}
    return opened.new_url() + (f"?{urlencode({**kept, 'next': back})}" if back or kept else "")


def _posted_version(request: HttpRequest) -> int | None:
    version = request.POST.get(conflict.VERSION, "")
    return int(version) if version.isdigit() and len(version) < 12 else None
