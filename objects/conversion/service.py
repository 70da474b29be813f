"""Converting leads 线索转换: an account, a contact and an opportunity, each new or known, in one transaction."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_platform.events.services import EventInput, emit
from crm_platform.identity.models import User
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import StateConflict, ValidationFailed
from metadata.compiler.current import current_snapshot
from metadata.compiler.record_base import Record
from metadata.field_types.choices import active_choices
from metadata.field_types.values import Reference
from objects.access.policy import AccessPolicy
from objects.conversion.inputs import EXISTING, MODES, NONE, Becomes, Converted, ConvertInput
from objects.conversion.leads import became, locked_lead, value_of
from objects.conversion.mapping import (
    ACCOUNT,
    CONTACT,
    CONVERTED,
    CONVERTED_AT,
    CONVERTED_BY,
    INVALID,
    LEAD,
    OPPORTUNITY,
    STATUS,
    TARGETS,
    mapping,
)
from objects.conversion.moving import move_activities
from objects.conversion.placing import Placing
from objects.conversion.taking import is_way
from objects.conversion.values import carried, unmapped
from objects.merging.moving import count_pointing
from objects.merging.values import told_counts
from objects.query.query import visible_ids
from objects.records import pipeline
from objects.records.drafts import Batch, Draft
from objects.records.touching import inherit_last
from objects.records.unit import run_unit

EVENT, ANNOUNCED = "convert", "lead.converted"
MAX_REASON = 500
_ORDER_OF_ACTIVITIES = (ACCOUNT, OPPORTUNITY, CONTACT)


def convert(
    actor: Actor,
    lead_id: uuid.UUID | str,
    given: ConvertInput | None = None,
    *,
    expected_version: int | None = None,
    dry_run: bool = False,
) -> Converted:
    """Convert a lead. Whoever converts one again, or at the same time, gets the records of the first.

    Raises NotFound, Forbidden, VersionConflict, StateConflict for an invalid lead, ValidationFailed with fields as
    `account.name`, and DuplicateDetected (`details["target"]`) where a new record would double another one.
    """
    wish = given or ConvertInput()
    return run_unit(lambda: _convert(actor, lead_id, wish, expected_version), dry_run=dry_run)


def _convert(actor: Actor, lead_id: object, given: ConvertInput, expected_version: int | None) -> Converted:
    snapshot, now = current_snapshot(), timezone.now()
    lead = locked_lead(actor, lead_id, EVENT, expected_version)
    obj = snapshot.object(LEAD)
    if CONVERTED_AT not in obj.fields:
        raise StateConflict(_("Leads here have no field that tells when they were converted."))
    if value_of(obj, lead, CONVERTED_AT) is not None:
        return _again(actor, lead)
    if value_of(obj, lead, STATUS) == INVALID:
        raise StateConflict(_("The lead is invalid. Reopen it before you convert it."))
    check_input(given)
    pairs, policy = mapping(snapshot), AccessPolicy.of(actor)
    batch = Batch(actor, snapshot, obj, EVENT, [_draft(lead)], now, event=EVENT)
    placing = Placing(batch, lead, given, _owner(actor, lead))
    for name in TARGETS:
        if given.of(name).mode != NONE:
            brought = carried(policy, snapshot, lead, name, pairs.get(name, ()))
            placing.place(name, brought)
    moved = _move_activities(actor, lead, placing, now)
    version = _close(batch, lead, placing, given)
    result = _result(placing, lead, version, moved)
    changed = {**{f"{name}_id": result.to_api()[f"{name}_id"] for name in TARGETS}, "moved": dict(moved)}
    emit([EventInput(ANNOUNCED, obj.spec.id, LEAD, lead.pk, version, changed, actor)])
    return result


def check_input(given: ConvertInput) -> None:
    """Raise ValidationFailed for an input that makes no sense, whatever the lead."""
    if all(given.of(name).mode == NONE for name in TARGETS):
        raise ValidationFailed.single(None, "required", _("Choose at least one thing that the lead becomes."))
    for name in TARGETS:
        _check_wish(name, given.of(name))
    if any(given.of(name).is_another for name in TARGETS) and not given.reason.strip():
        raise ValidationFailed.single("reason", "required", _("Say why; the reason is kept with the record."))
    if len(given.reason) > MAX_REASON:
        message = _("At most %(max)d characters.")
        raise ValidationFailed.single("reason", "too_long", message, max=MAX_REASON)


def _check_wish(name: str, wish: Becomes) -> None:
    if wish.mode not in MODES:
        raise ValidationFailed.single(name, "invalid_choice", _("Choose new, existing or none."))
    if not is_way(wish.existing):
        raise ValidationFailed.single(f"{name}.existing", "invalid_choice", _("Choose keep, fill or overwrite."))
    if wish.mode == EXISTING and wish.id is None:
        raise ValidationFailed.single(f"{name}.id", "required", _("Choose the existing record."))


def _draft(lead: Record) -> Draft:
    return Draft(0, {}, lead.pk, record=lead)


def _again(actor: Actor, lead: Record) -> Converted:
    """Return what the lead became then, as far as the caller may see it."""
    ids = became(current_snapshot(), lead)
    seen = {name: found if found and visible_ids(actor, name, [found]) else None for name, found in ids.items()}
    return Converted(lead.pk, lead.version, seen, is_repeated=True)


def _owner(actor: Actor, lead: Record) -> Reference | None:
    """Return the owner of what is made: the lead's, as long as he works here, else whoever converts it."""
    owner_id = lead.owner_id
    if owner_id is not None and User.objects.filter(pk=owner_id, is_active=True).exists():
        return Reference("user", owner_id)
    return Reference("user", actor.user_id, actor.name) if actor.user_id else None


def _move_activities(actor: Actor, lead: Record, placing: Placing, now: datetime) -> dict[str, int]:
    """Lead the lead's activities to the account, else to the opportunity, else to the contact."""
    snapshot = current_snapshot()
    to = next((name for name in _ORDER_OF_ACTIVITIES if name in placing.ids), None)
    if to is None:
        return {}
    for name, record_id in placing.ids.items():
        inherit_last(snapshot.object(name), record_id, snapshot.object(LEAD), [lead.pk])
    return move_activities(actor, snapshot, lead.pk, Reference(to, placing.ids[to]), now)


def _close(batch: Batch, lead: Record, placing: Placing, given: ConvertInput) -> int:
    """Write into the lead what has become of it; the rules for converting leads are asked."""
    changes: dict[str, Any] = {CONVERTED_AT: batch.now}
    changes |= {f"converted_{name}_id": Reference(name, record_id) for name, record_id in placing.ids.items()}
    if batch.actor.user_id is not None:
        changes[CONVERTED_BY] = Reference("user", batch.actor.user_id, batch.actor.name)
    status = batch.object.fields.get(STATUS)
    if status is not None and any(choice.value == CONVERTED for choice in active_choices(status.spec)):
        changes[STATUS] = CONVERTED
    draft = Draft(0, {}, lead.pk)
    for name, value in changes.items():
        if name in batch.object.fields:
            draft.values[name] = value
            draft.changes[name] = (value_of(batch.object, lead, name), value)
    consent = replace(batch.consent, warnings=given.warnings, reason=given.reason)
    closing = Batch(batch.actor, batch.snapshot, batch.object, EVENT, [draft], batch.now, event=EVENT, consent=consent)
    pipeline.run(closing)
    return draft.version


def _result(placing: Placing, lead: Record, version: int, moved: dict[str, int]) -> Converted:
    actor, snapshot = placing.batch.actor, placing.batch.snapshot
    lost = [item for found in placing.brought.values() for item in found.lost]
    lost += unmapped(placing.batch.policy, snapshot, lead, placing.brought)
    left = count_pointing(snapshot, snapshot.object(LEAD), [lead.pk])
    return Converted(
        lead.pk,
        version,
        {name: placing.ids.get(name) for name in TARGETS},
        frozenset(placing.made),
        told_counts(actor, moved),
        told_counts(actor, left),
        tuple(lost),
    )
