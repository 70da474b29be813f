"""Revealing what is behind a mask: a right of its own, one field of one record at a time, always written down."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db import transaction

from crm_platform.audit.actions import REVEAL_REFUSED, REVEALED
from crm_platform.audit.services import Subject, record_entry
from crm_platform.identity.functions import REVEAL_SENSITIVE
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import Forbidden
from metadata.compiler.compiled import CompiledField, UnknownField
from objects.access.policy import AccessPolicy
from objects.query.query import RecordQuery


@dataclass(frozen=True, slots=True)
class Revealed:
    """The plain text of a field; None when the field is empty."""

    field: CompiledField
    text: str | None


def may_reveal(actor: Actor) -> bool:
    """Tell whether the actor may see what is behind masks, in records that he may read."""
    return actor.has_function(REVEAL_SENSITIVE)


def reveal(actor: Actor, object_name: str, record_id: uuid.UUID, field_name: str) -> Revealed:
    """Return the plain text, leaving an entry in the audit trail; a refusal leaves one, too.

    Raises NotFound for a record that the actor may not read, UnknownField for a field that he may not read or
    that hides nothing, Forbidden without the right, CannotOpen when the key is gone.
    """
    query = RecordQuery(actor, object_name)
    field = _field(query, field_name)
    name_field = query.object.spec.name_field
    readable = query.policy.can_read_field(query.object, name_field)
    values = query.fields(*(name_field,) * readable, field_name).show(record_id)
    subject = Subject(object_name, record_id, str(values.get(name_field) or ""), field_name)
    if not may_reveal(actor):
        record_entry(actor, REVEAL_REFUSED, subject)
        raise Forbidden
    value = values[field_name]
    with transaction.atomic():
        record_entry(actor, REVEALED, subject)
        text = None if value is None else field.type.reveal(field.spec, value)
    return Revealed(field, text)


def _field(query: RecordQuery, name: str) -> CompiledField:
    policy: AccessPolicy = query.policy
    field = query.object.fields.get(name)
    if field is None or not policy.can_read_field(query.object, name) or not field.type.can_be_revealed:
        raise UnknownField(name)
    return field
