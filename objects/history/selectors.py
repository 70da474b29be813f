"""Reading the history of a record, as far as the reader may see the record and its fields."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import CursorExpired, NotFound
from crm_platform.kit.ids import parse_uuid
from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.models import BusinessField
from objects.access.field_grants import FieldLevel
from objects.access.masking import MaskedView, hidden_behind_mask, masked_field
from objects.access.policy import AccessPolicy
from objects.history.models import RecordChange
from objects.history.values import StoredValues
from objects.records.locking import scope_sql

MAX_LIMIT = 200
CUSTOMIZE = "metadata.customize"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field's old and new value: in the API's form, and as the reader reads them."""

    field_id: int
    name: str | None  # None when the field is no longer part of the object
    label: str
    old: Any
    new: Any
    old_text: str
    new_text: str


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One version of the record. `actor_id` is None when the platform itself acted."""

    version: int
    action: str
    action_label: str
    at: datetime
    actor_id: uuid.UUID | None
    actor_name: str
    via: str
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class HistoryPage:
    entries: tuple[HistoryEntry, ...]
    next_cursor: str | None = None


def history(
    actor: Actor, object_name: str, record_id: uuid.UUID | str, limit: int = 50, cursor: str | None = None
) -> HistoryPage:
    """Return a record's versions, the newest first; works for records in the trash, too.

    Raises NotFound for a record that the actor may not see, CursorExpired for a cursor that is none.
    """
    before = Q() if cursor is None else Q(version__lt=_position(cursor))
    return changes_of(actor, object_name, record_id, before, limit)


def changes_of(actor: Actor, object_name: str, record_id: uuid.UUID | str, wanted: Q, limit: int = 50) -> HistoryPage:
    """Return those of a record's versions that fit a condition on `RecordChange`, the newest first.

    Raises NotFound for a record that the actor may not see.
    """
    policy = AccessPolicy.of(actor)
    policy.require(object_name, "read")
    obj = current_snapshot().object(object_name)
    found = parse_uuid(record_id)
    if found is None:
        raise NotFound
    currency = _currency(policy, obj, found)
    limit = max(1, min(limit, MAX_LIMIT))
    rows = RecordChange.objects.filter(wanted, object_id=obj.spec.id, record_id=found).order_by("-version")
    page = list(rows[: limit + 1])
    entries = _Entries(actor, policy, obj, currency).make(page[:limit])
    return HistoryPage(entries, str(page[limit - 1].version) if len(page) > limit else None)


def entries_of(
    actor: Actor, object_name: str, rows: Sequence[RecordChange], currency: str = ""
) -> tuple[HistoryEntry, ...]:
    """Return what rows of one object say to an actor, in their order; that he may see the records is known already.

    Amounts are told in `currency`, which is that of the records.
    """
    return _Entries(actor, AccessPolicy.of(actor), current_snapshot().object(object_name), currency).make(rows)


class _Entries:
    """Makes entries out of rows: fields by their stable id, values by their types."""

    def __init__(self, actor: Actor, policy: AccessPolicy, obj: CompiledObject, currency: str) -> None:
        self.actor, self.policy, self.obj = actor, policy, obj
        self.values = StoredValues(actor, {"currency": currency})

    def make(self, rows: Sequence[RecordChange]) -> tuple[HistoryEntry, ...]:
        self.values.prepare(self._stored(rows))
        lost = self._labels_of_lost(rows)
        return tuple(
            HistoryEntry(
                row.version,
                row.action,
                str(row.get_action_display()),
                row.at,
                row.actor_id,
                row.actor_name,
                row.via,
                tuple(self._changes(row, lost)),
            )
            for row in rows
        )

    def _field(self, field_id: int) -> CompiledField | None:
        """Return the field if it still exists for the reader, be it as one of another type."""
        field = self.obj.field_by_id(field_id) or self.obj.former.get(field_id)
        if field is None or not self.policy.can_see_field(self.obj, field.name):
            return None
        return field if self.policy.can_read_field(self.obj, field.name) else masked_field(field)

    def _stored(self, rows: Sequence[RecordChange]) -> Iterator[tuple[CompiledField, Any]]:
        for row in rows:
            for key, change in row.changes.items():
                field = self._field(int(key))
                if field is not None:
                    yield from ((field, raw) for raw in change.values())

    def _labels_of_lost(self, rows: Sequence[RecordChange]) -> dict[int, str]:
        """Return the last labels of fields that are gone: only who customises the data model sees them."""
        if not self.actor.has_function(CUSTOMIZE):
            return {}
        ids = {int(key) for row in rows for key in row.changes}
        lost = {field_id for field_id in ids if self.obj.field_by_id(field_id) is None} - self.obj.former.keys()
        if not lost:
            return {}
        told = BusinessField.objects.filter(id__in=lost).values_list("id", "api_name", "label")
        return {pk: label for pk, name, label in told if self.policy.level_of_lost(self.obj, name) >= FieldLevel.READ}

    def _changes(self, row: RecordChange, lost: dict[int, str]) -> Iterator[FieldChange]:
        for key, change in row.changes.items():
            field_id, old, new = int(key), change["old"], change["new"]
            field = self._field(field_id)
            if field is not None:
                label = field.spec.label.text(self.actor.language)
                if isinstance(field.type, MaskedView):
                    old, new = (hidden_behind_mask(field.type.inner, raw) for raw in (old, new))
                    yield FieldChange(field_id, field.name, label, old, new, old or "", new or "")
                    continue
                texts = self.values.text(field, old), self.values.text(field, new)
                yield FieldChange(field_id, field.name, label, old, new, *texts)
            elif field_id in lost:
                texts = str("" if old is None else old), str("" if new is None else new)
                yield FieldChange(field_id, None, lost[field_id], old, new, *texts)


def _currency(policy: AccessPolicy, obj: CompiledObject, record_id: uuid.UUID) -> str:
    """Return the currency of a record that the reader may see, deleted or not; raises NotFound."""
    seen = scope_sql(policy, obj, "read")
    sql = f"SELECT t.currency FROM {quote(obj.table)} t WHERE t.id = %s AND ({seen.text})"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [record_id, *seen.params])
        row = cursor.fetchone()
    if row is None:
        raise NotFound
    return str(row[0])


def _position(cursor: str) -> int:
    if not (isinstance(cursor, str) and cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
        raise CursorExpired
    return int(cursor)
