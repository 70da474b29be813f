"""Forms that follow what is typed: which fields show, what formulas give, what rules say. Nothing is written."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from crm_platform.console.access import signed_in
from crm_platform.kit.errors import ValidationFailed
from layouts.generated import is_wide
from layouts.pages import conflict
from layouts.pages.common import ObjectDesk, desk
from layouts.pages.record import open_record
from layouts.pages.record_form import RecordForm, form_fields
from metadata.compiler.compiled import CompiledField
from metadata.compiler.current import current_snapshot
from metadata.field_types import field_types
from metadata.field_types.computed import ComputedType
from objects.access.field_grants import FieldLevel
from objects.display import cells
from objects.records.programs import programs
from objects.records.trial import Assessment, assess

TOLD_WHILE_TYPING = ("validation_rule_failed", "formula_error")  # what is missing is only told when it is sent


@dataclass(frozen=True)
class Output:
    """A computed field on a form: nobody writes it."""

    name: str
    label: str
    value: str
    help_text: str
    is_wide: bool


def assess_url(opened: ObjectDesk, record_id: uuid.UUID | None = None) -> str:
    """Return where the form asks how it stands; "" for an object without formulas, conditions and rules."""
    found = programs(current_snapshot(), opened.obj)
    if not (found.formulas or found.virtual or found.conditions or found.rules):
        return ""
    if record_id is None:
        return reverse("record-assess-new", args=[opened.name])
    return reverse("record-assess", args=[opened.name, record_id])


def prepare(
    opened: ObjectDesk,
    form: RecordForm,
    values: Mapping[str, Any],
    record_id: uuid.UUID | None = None,
    stored: Mapping[str, Any] | None = None,
) -> None:
    """Let a form show its fields as they stand with these values (changes, for a record), and what is computed.

    Comes after the form was checked: what a condition requires is told by the service, not by the form.
    """
    found = programs(current_snapshot(), opened.obj)
    shown = dict(stored or {})
    if found.conditions or ((found.formulas or found.virtual) and values):
        given = {name: value for name, value in values.items() if value is not None or record_id is not None}
        assessed = assess(opened.actor, opened.name, given, record_id, with_duplicates=False)
        shown.update(assessed.typed)
        form.states = assessed.fields
    form.outputs = {item.name: item for item in _outputs(opened, shown)}
    for name, state in form.states.items():
        if name in form.fields:
            form.fields[name].required = state.is_required


def changes_of(form: RecordForm, current: RecordForm) -> dict[str, Any]:
    """Return the changes that a sent form makes to the record that `current` shows; {} for one that was not sent."""
    if not form.is_bound or form.errors is None:
        return {}
    data: Any = form.data
    mine = conflict.touched(current, data)
    return {name: value for name, value in form.submitted().items() if name in mine}


@require_POST
@signed_in
def assess_new(request: HttpRequest, object_name: str) -> JsonResponse:
    """Say how the form of a new record stands with what was typed so far."""
    opened = desk(request, object_name, "create")
    fields = form_fields(
        opened.actor, opened.obj, opened.layout, opened.policy.editable_fields(opened.obj, for_create=True)
    )
    form = RecordForm(opened.obj, fields, opened.display(), values={}, data=request.POST)
    form.is_valid()
    found = assess(opened.actor, object_name, form.submitted(), with_duplicates=False)
    return JsonResponse(_body(opened, form, found, {}))


@require_POST
@signed_in
def assess_record(request: HttpRequest, object_name: str, record_id: uuid.UUID) -> JsonResponse:
    """Say how the form of a record stands with what was typed so far."""
    page = open_record(request, object_name, record_id, "edit")
    opened, stored = page.desk, page.row.values
    fields = form_fields(opened.actor, opened.obj, opened.layout, opened.policy.editable_fields(opened.obj))
    current = RecordForm(opened.obj, fields, opened.display(stored), values=stored)
    form = RecordForm(opened.obj, fields, opened.display(stored), values=stored, data=request.POST)
    found = assess(opened.actor, object_name, changes_of(form, current), record_id, with_duplicates=False)
    return JsonResponse(_body(opened, form, found, stored))


def _body(opened: ObjectDesk, form: RecordForm, found: Assessment, stored: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "fields": {
            name: {"visible": state.is_visible, "required": state.is_required, "readonly": state.is_read_only}
            for name, state in found.fields.items()
        },
        "values": {item.name: item.value for item in _outputs(opened, {**stored, **found.typed})},
        "errors": list(_messages(form, found)),
    }


def _messages(form: RecordForm, found: Assessment) -> Iterable[dict[str, str]]:
    if not isinstance(found.failure, ValidationFailed):
        return
    for error in found.failure.errors:
        if error.code in TOLD_WHILE_TYPING:
            name, text = form.place_of(error)
            yield {"field": name or "", "text": text}


def _outputs(opened: ObjectDesk, values: Mapping[str, Any]) -> Iterable[Output]:
    """Yield the fields of the layout that the form only shows, with their values as text."""
    for field in _only_shown(opened, values):
        yield Output(
            field.name,
            field.spec.label.text(opened.language),
            cells.text(opened, field, values.get(field.name), values),
            field.spec.help_text.text(opened.language),
            is_wide(field.spec),
        )


def _only_shown(opened: ObjectDesk, values: Mapping[str, Any]) -> Iterable[CompiledField]:
    """Yield computed fields, and those of an existing record that the caller may see, but not change."""
    placed = dict.fromkeys(name for section in opened.layout.sections for name in section.fields)
    for name in placed:
        field = opened.field(name)
        if field is None:
            continue
        is_shut = "id" in values and not field.spec.is_system and opened.level(name) < FieldLevel.EDIT
        if is_shut or isinstance(field_types.get(field.spec.type), ComputedType):
            yield field
