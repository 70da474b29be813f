"""The columns of a conversion: for the account, the contact and the opportunity what is new, or which one it is."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from crm_platform.kit.errors import FieldError
from crm_platform.kit.ids import parse_uuid
from layouts.pages.common import ObjectDesk
from layouts.pages.duplicates import ShownCard, ShownFinding, shown_cards, shown_findings
from layouts.pages.record_form import RecordForm, form_fields
from layouts.pages.typed_names import resolve_typed
from metadata.compiler.compiled import CompiledField
from metadata.field_types.attachments import AttachmentType
from metadata.field_types.contexts import clean_context
from metadata.field_types.references import ReferenceField
from metadata.field_types.values import InvalidValue
from objects.conversion.inputs import EXISTING, NEW, NONE, Becomes
from objects.conversion.mapping import ACCOUNT, CONTACT
from objects.conversion.models import Existing
from objects.conversion.placing import LINKS
from objects.conversion.proposing import Proposed
from objects.display.names import with_names
from objects.duplicates.errors import DuplicateDetected
from objects.records.validation import is_mandatory

OTHER = "other"
CERTAIN = 100
USUALLY_NEW = (ACCOUNT, CONTACT)
OWNER, CURRENCY = "owner_id", "currency"


@dataclass
class Column:
    """One of the columns. `picked` is the offered record that is chosen, "other" for the one in the lookup box."""

    desk: ObjectDesk
    proposed: Proposed
    mode: str
    picked: str
    form: RecordForm
    lookup: forms.Form
    offers: list[ShownCard]
    is_another: bool = False
    existing: str = ""  # what an existing record does with the lead's values; "": as the mapping says
    findings: list[ShownFinding] = field(default_factory=list)  # what stood against a new record
    can_override: bool = True
    errors: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.desk.name

    @property
    def modes(self) -> list[tuple[str, str]]:
        """The ways that are open to the caller, with their labels."""
        ways = [
            (NEW, _("New record"), self.proposed.can_create),
            (EXISTING, _("Existing record"), self.proposed.can_read),
            (NONE, _("No record"), True),
        ]
        return [(mode, label) for mode, label, is_open in ways if is_open]

    @property
    def may_be_another(self) -> bool:
        """Whether a new record beside known ones can be confirmed."""
        return bool(self.offers or self.findings) and self.can_override

    def wish(self) -> Becomes:
        """Return what the column says, for the service."""
        values = self.form.submitted() if self.mode == NEW and self.form.is_bound and self.form.is_valid() else {}
        return Becomes(self.mode, self.chosen, values, self.is_another, self.existing)

    @property
    def chosen(self) -> uuid.UUID | None:
        """The existing record that is chosen."""
        picked = self.picked if self.picked != OTHER else self.lookup.data.get(self.lookup.add_prefix("existing"))
        return parse_uuid(picked) if self.mode == EXISTING else None

    @property
    def ways(self) -> list[tuple[str, str]]:
        """What an existing record may do with the lead's values."""
        return [("", _("As set up for conversion")), *((value, str(label)) for value, label in Existing.choices)]

    @property
    def is_sound(self) -> bool:
        """Tell whether what was typed can be read; errors of the form are told at their fields."""
        return self.mode != NEW or not self.form.is_bound or self.form.is_valid()

    def show_error(self, error: FieldError) -> None:
        """Put an error at its field, else to the top of the column."""
        name = (error.field or "").partition(".")[2]
        if name in self.form.fields and self.mode == NEW and self.form.is_bound:
            if name not in self.form.errors:
                self.form.add_error(name, error.text)
            return
        spec = self.desk.obj.spec.field_map.get(name)
        label = spec.label.text(self.desk.language) if spec else ""
        self.errors.append(f"{label}: {error.text}" if label else error.text)

    def show_duplicates(self, found: DuplicateDetected) -> None:
        self.findings, self.can_override = shown_findings(found.rules, self.desk.language), found.can_override


def column(request: HttpRequest, opened: ObjectDesk, proposed: Proposed) -> Column:
    """Return the column of one target, as it was sent, or as it is proposed."""
    name, data = opened.name, request.POST if request.method == "POST" else None
    fields = _fields(opened, proposed)
    values = with_names(opened.actor, _values(opened, fields, proposed))
    form = RecordForm(opened.obj, fields, opened.display(), values=values, data=_own(opened, fields, data))
    form.prefix = name
    mode, picked = _proposed_choice(opened, proposed)
    if data is not None:
        mode, picked = data.get(f"{name}-mode", mode), data.get(f"{name}-pick", OTHER)
    return Column(
        opened,
        proposed,
        mode,
        picked,
        form,
        _lookup(opened, data),
        shown_cards(proposed.offers, opened.language),
        is_another=data is not None and f"{name}-another" in data,
        existing=str(data.get(f"{name}-values", "")) if data is not None else "",
    )


def _proposed_choice(opened: ObjectDesk, proposed: Proposed) -> tuple[str, str]:
    """Propose a record that matches for certain, else a new one of the usual kinds."""
    first = proposed.offers[0] if proposed.offers else None
    if first is not None and first.score >= CERTAIN:
        return EXISTING, str(first.record_id)
    picked = str(first.record_id) if first is not None else OTHER
    return (NEW if opened.name in USUALLY_NEW and proposed.can_create else NONE), picked


def _fields(opened: ObjectDesk, proposed: Proposed) -> tuple[CompiledField, ...]:
    """Return the fields that a new record starts with: what the lead brings, and what it can't be without."""
    editable = opened.policy.editable_fields(opened.obj, for_create=True)
    placed = form_fields(opened.actor, opened.obj, opened.layout, editable)
    linked = {*LINKS[opened.name], OWNER, CURRENCY}
    asked = [item for item in placed if item.name in proposed.values or is_mandatory(item)]
    return tuple(item for item in asked if item.name not in linked and not isinstance(item.type, AttachmentType))


def _values(opened: ObjectDesk, fields: Iterable[CompiledField], proposed: Proposed) -> dict[str, Any]:
    ctx, found = clean_context(opened.actor, now=opened.now), {}
    for item in fields:
        try:
            usual = item.type.default(item.spec, ctx)
        except InvalidValue:
            usual = None
        found[item.name] = proposed.values.get(item.name, usual)
    return found


def _own(opened: ObjectDesk, fields: Iterable[CompiledField], data: QueryDict | None) -> QueryDict | None:
    """Return what was sent for this column, with the names that were typed in full looked up."""
    if data is None:
        return None
    start, plain, whole = f"{opened.name}-", QueryDict(mutable=True), QueryDict(mutable=True)
    for key in data:
        if key.startswith(start):
            plain.setlist(key.removeprefix(start), data.getlist(key))
    for key, items in resolve_typed(opened, fields, plain).lists():
        whole.setlist(start + key, items)
    return whole


def _lookup(opened: ObjectDesk, data: Mapping[str, Any] | None) -> forms.Form:
    """Return the box in which another existing record is looked up."""
    form = forms.Form(data, prefix=opened.name, auto_id="id_%s")
    box = ReferenceField([opened.name], opened.language)
    box.label, box.required = opened.label, False
    form.fields["existing"] = box
    return form
