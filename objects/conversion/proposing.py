"""What a conversion would do, for the page on which somebody decides about it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import Forbidden, NotFound
from metadata.compiler.current import current_snapshot
from metadata.compiler.record_base import Record
from objects.access.policy import AccessPolicy
from objects.conversion.leads import became, value_of
from objects.conversion.mapping import CONVERTED_AT, LEAD, mapping, targets
from objects.conversion.matching import offers
from objects.conversion.service import EVENT
from objects.conversion.taking import Change, changes, is_way
from objects.conversion.values import Carried, Lost, carried, unmapped
from objects.duplicates.results import Card
from objects.query.query import RecordQuery, visible_ids
from objects.records.drafts import Batch, Draft
from objects.records.rights import rights_on


@dataclass(frozen=True)
class Proposed:
    """What a lead would become in one place: typed values that the caller may see, and records that match."""

    values: Mapping[str, Any]
    offers: tuple[Card, ...]
    can_create: bool
    can_read: bool


@dataclass(frozen=True)
class Proposal:
    """A lead about to be converted; `became` holds, once it is, what the caller may see of the result."""

    lead: Record
    targets: Mapping[str, Proposed] = field(default_factory=dict)
    lost: tuple[Lost, ...] = ()
    is_converted: bool = False
    became: Mapping[str, uuid.UUID] = field(default_factory=dict)


def propose(actor: Actor, lead_id: uuid.UUID) -> Proposal:
    """Return what the conversion of a lead would bring. Raises NotFound and Forbidden."""
    snapshot, policy = current_snapshot(), AccessPolicy.of(actor)
    policy.require(LEAD, EVENT)
    lead: Any = RecordQuery(actor, LEAD).record(lead_id)
    obj = snapshot.object(LEAD)
    if EVENT not in rights_on(policy, obj, lead_id, [EVENT]):
        raise Forbidden
    if value_of(obj, lead, CONVERTED_AT) is not None:
        ids = became(snapshot, lead)
        seen = {name: found for name, found in ids.items() if found and visible_ids(actor, name, [found])}
        return Proposal(lead, is_converted=True, became=seen)
    draft = Draft(0, {}, lead.pk, record=lead)
    batch = Batch(actor, snapshot, obj, EVENT, [draft], timezone.now(), event=EVENT)
    pairs = mapping(snapshot)
    brought = {name: carried(policy, snapshot, lead, name, pairs[name]) for name in targets(snapshot)}
    lost = [item for found in brought.values() for item in found.lost]
    lost += unmapped(policy, snapshot, lead, brought)
    return Proposal(lead, {name: _proposed(batch, draft, name, found) for name, found in brought.items()}, tuple(lost))


def taken_in(actor: Actor, lead_id: uuid.UUID, target: str, record_id: uuid.UUID, way: str = "") -> tuple[Change, ...]:
    """Return what an existing record would take in of a lead. Raises NotFound and Forbidden as `propose` does."""
    snapshot, policy = current_snapshot(), AccessPolicy.of(actor)
    policy.require(LEAD, EVENT)
    lead: Any = RecordQuery(actor, LEAD).record(lead_id)
    if target not in targets(snapshot) or not is_way(way):
        raise NotFound
    record: Any = RecordQuery(actor, target).record(record_id)
    brought = carried(policy, snapshot, lead, target, mapping(snapshot)[target])
    return changes(policy, snapshot.object(target), record, brought, way)


def _proposed(batch: Batch, lead: Draft, target: str, brought: Carried) -> Proposed:
    obj = batch.snapshot.object(target)
    shown = {name: value for name, value in brought.values.items() if name in brought.shown}
    typed = {name: obj.fields[name].type.to_api(obj.fields[name].spec, value) for name, value in shown.items()}
    can_read = batch.policy.can(target, "read")
    found = tuple(offers(batch, lead, target, typed)) if can_read else ()
    return Proposed(shown, found, batch.policy.can(target, "create"), can_read)
