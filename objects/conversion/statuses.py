"""Leads that come to nothing, and those that somebody takes up again."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext_lazy as _

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import RecordLocked, StateConflict, ValidationFailed
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.compiler.record_base import Record
from metadata.field_types.choices import active_choices
from objects.conversion.leads import CLOSED, locked_lead, value_of
from objects.conversion.mapping import CONVERTED_AT, INVALID, LEAD, REASON, STATUS, WORKING
from objects.records.drafts import SavedRecord
from objects.records.service import RecordService
from objects.records.unit import run_unit


def disqualify(
    actor: Actor,
    lead_id: uuid.UUID | str,
    reason: str,
    *,
    expected_version: int | None = None,
    dry_run: bool = False,
) -> SavedRecord:
    """Give a lead up for one of the reasons that the organisation knows; again with the same reason changes nothing.

    Raises NotFound, Forbidden, RecordLocked for a converted lead, ValidationFailed, VersionConflict.
    """

    def work() -> SavedRecord:
        lead = _open_lead(actor, lead_id, expected_version)
        field = current_snapshot().object(LEAD).field(REASON)
        if not reason:
            raise ValidationFailed.single(REASON, "required", _("Choose why nothing comes of the lead."))
        if reason not in {choice.value for choice in active_choices(field.spec)}:
            raise ValidationFailed.single(REASON, "invalid_choice", _("There is no such reason."))
        return RecordService(actor).update(LEAD, lead.pk, {STATUS: INVALID, REASON: reason})

    return run_unit(work, dry_run=dry_run)


def reopen(
    actor: Actor, lead_id: uuid.UUID | str, *, expected_version: int | None = None, dry_run: bool = False
) -> SavedRecord:
    """Take up a lead again that was given up. Raises what `disqualify` does, and StateConflict for any other lead."""

    def work() -> SavedRecord:
        lead = _open_lead(actor, lead_id, expected_version)
        if value_of(_leads(), lead, STATUS) != INVALID:
            raise StateConflict(_("Only a lead that was given up can be reopened."))
        return RecordService(actor).update(LEAD, lead.pk, {STATUS: WORKING, REASON: None})

    return run_unit(work, dry_run=dry_run)


def _open_lead(actor: Actor, lead_id: object, expected_version: int | None) -> Record:
    lead = locked_lead(actor, lead_id, "edit", expected_version)
    if value_of(_leads(), lead, CONVERTED_AT) is not None:
        raise RecordLocked(CLOSED)
    return lead


def _leads() -> CompiledObject:
    return current_snapshot().object(LEAD)
