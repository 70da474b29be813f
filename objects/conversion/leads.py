"""Leads at hand: locked, within the caller's reach, with what they have become."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import Forbidden, NotFound, RecordLocked, VersionConflict
from crm_platform.kit.ids import parse_uuid
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.compiler.record_base import Record
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.field_types.values import Reference
from objects.access.policy import AccessPolicy
from objects.conversion.mapping import CONVERTED, CONVERTED_AT, LEAD, STATUS, TARGETS
from objects.records.drafts import OWNER, Batch
from objects.records.guards import Guard, guards
from objects.records.locking import FOR_UPDATE, lock_live
from objects.records.table import record_table

CLOSED = _("The lead is converted. Go on with the customer; a converted lead keeps what it says.")
BY_CONVERTING = _("A lead gets this status by being converted.")


def locked_lead(actor: Actor, lead_id: object, action: str, expected_version: int | None = None) -> Record:
    """Return a lead, locked until the end: whoever comes second sees what the first one did.

    Raises NotFound, Forbidden, VersionConflict unless a lead that is still open is at `expected_version`.
    """
    policy, snapshot = AccessPolicy.of(actor), current_snapshot()
    policy.require(LEAD, action)
    obj, found = snapshot.object(LEAD), parse_uuid(lead_id)
    if found is None:
        raise NotFound
    table = record_table(snapshot, obj)
    row = lock_live(policy, obj, table, [found], action, FOR_UPDATE).get(found)
    if row is None:
        raise NotFound
    if not row[-1]:
        raise Forbidden
    lead = table.load(row)
    table.load_second({found: lead})
    is_open = value_of(obj, lead, CONVERTED_AT) is None
    if is_open and expected_version is not None and lead.version != expected_version:
        raise VersionConflict(current_version=lead.version)
    return lead


def value_of(obj: CompiledObject, record: Record, name: str) -> Any:
    """Return a value of a record; None for a field that the organisation does not have."""
    field = obj.fields.get(name)
    return field.value_of(record) if field is not None else None


def became(snapshot: SchemaSnapshot, lead: Record) -> dict[str, uuid.UUID | None]:
    """Return the ids of what a converted lead has become."""
    obj, found = snapshot.object(LEAD), {}
    for name in TARGETS:
        value = value_of(obj, lead, f"converted_{name}_id")
        found[name] = value.id if isinstance(value, Reference) else None
    return found


def keep_converted(batch: Batch) -> None:
    """Refuse changes of converted leads, but for their owner, and a status that only conversion gives."""
    if batch.object.name != LEAD:
        return
    for draft in batch.open:
        if draft.record is None or not draft.changes:
            continue
        if value_of(batch.object, draft.record, CONVERTED_AT) is not None:
            if draft.changes.keys() - {OWNER}:
                draft.refusal = RecordLocked(CLOSED)
        elif STATUS in draft.changes and draft.values.get(STATUS) == CONVERTED:
            draft.error(STATUS, "read_only_field", BY_CONVERTING)


def seal_converted(obj: CompiledObject, values: Mapping[str, Any]) -> str:
    """Return why a converted lead is not edited; "" for any other record."""
    return str(CLOSED) if obj.name == LEAD and values.get(CONVERTED_AT) is not None else ""


def register() -> None:
    """Register the guard of converted leads; called once, when Django starts."""
    guards.register(Guard("conversion", keep_converted, seal_converted))
