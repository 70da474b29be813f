"""Who holds a record: its owner, or the pool in which it waits. Every change of either passes here, by any channel.

What must happen along with it (choosing a pool, limits on what one person holds, the log of movements) is done by
watchers that the layers above register: in the same transaction, for single records and batches alike.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from django.utils.translation import gettext_lazy as _

from crm_platform.kit.errors import StateConflict
from crm_platform.kit.registry import Registry
from metadata.field_types.values import Reference
from objects.records.drafts import OWNER, Batch, Draft

POOL = "pool_id"


class Holder(NamedTuple):
    """Where a record is: with an owner (and then `pool_id` is the pool to which it returns), or waiting in a pool."""

    owner_id: uuid.UUID | None
    pool_id: uuid.UUID | None

    @property
    def is_waiting(self) -> bool:
        return self.owner_id is None and self.pool_id is not None


@dataclass(frozen=True, slots=True)
class Move:
    """An order to put a record somewhere; with `expected`, only if that is still where it is."""

    id: uuid.UUID
    to: Holder
    expected: Holder | None = None


@dataclass(frozen=True, slots=True)
class HolderChange:
    """A draft that gets another owner or pool; `before` is None for a new record."""

    draft: Draft
    before: Holder | None
    after: Holder


class OwnershipWatcher(Protocol):
    """Takes part in every change of owner or pool. Each method is called once for a batch that changes any."""

    @property
    def key(self) -> str: ...

    def place(self, batch: Batch) -> None:
        """Choose the pool of records that change hands: may put `pool_id` into the drafts' values."""

    def admit(self, batch: Batch, changes: Sequence[HolderChange]) -> None:
        """Refuse drafts whose new owner may not hold them; what it locks here stays locked until the end."""

    def note(self, batch: Batch, changes: Sequence[HolderChange]) -> None:
        """Write down what has happened; the records are written."""


watchers: Registry[OwnershipWatcher] = Registry("watcher of owners")


def hand_over(batch: Batch) -> None:
    """Put every draft where its order says; a record that somebody else was quicker to take is a conflict."""
    for draft in batch.open:
        order = draft.order
        assert order is not None
        if order.expected is not None and holder_before(draft) != order.expected:
            draft.refusal = StateConflict(_("The record has changed hands meanwhile."))
        else:
            draft.is_given_away = draft.record is not None and order.to.owner_id != draft.record.owner_id
            put(draft, order.to)


def place(batch: Batch) -> None:
    """Let watchers choose pools, as long as the records' other values are not final."""
    if batch.object.spec.has_pools and (batch.is_create or any(_is_touched(draft) for draft in batch.open)):
        for watcher in watchers:
            watcher.place(batch)


def admit(batch: Batch) -> None:
    """Let watchers refuse new owners."""
    changes = holder_changes(batch)
    if changes:
        for watcher in watchers:
            watcher.admit(batch, changes)


def note(batch: Batch) -> None:
    """Let watchers write down who got what."""
    changes = holder_changes(batch)
    if changes:
        for watcher in watchers:
            watcher.note(batch, changes)


def holder_changes(batch: Batch) -> list[HolderChange]:
    """Return the sound drafts that change hands, in the order of their records' ids; none where there are no pools."""
    if not batch.object.spec.has_pools:
        return []
    drafts = [draft for draft in batch.sound if batch.is_create or _is_touched(draft)]
    found = [HolderChange(draft, holder_before(draft), holder_after(draft)) for draft in drafts]
    return sorted((item for item in found if item.before != item.after), key=lambda item: str(item.draft.id))


def holder_before(draft: Draft) -> Holder | None:
    """Return where the record was, None for a new one."""
    if draft.record is None:
        return None
    owner, pool = draft.changes.get(OWNER), draft.changes.get(POOL)
    return Holder(
        _id(owner[0]) if owner else draft.record.owner_id,
        pool[0] if pool else draft.record.pool_id,
    )


def holder_after(draft: Draft) -> Holder:
    """Return where the record will be."""
    record = draft.record
    owner = _id(draft.values[OWNER]) if OWNER in draft.values else (record.owner_id if record else None)
    pool = draft.values.get(POOL, record.pool_id if record else None)
    return Holder(owner, pool)


def put(draft: Draft, holder: Holder) -> None:
    """Give a draft another owner and pool, as changes of an existing record."""
    owner = Reference("user", holder.owner_id) if holder.owner_id else None
    before = holder_before(draft)
    for name, old, new in (
        (OWNER, before.owner_id if before else None, holder.owner_id),
        (POOL, before.pool_id if before else None, holder.pool_id),
    ):
        if before is not None and old == new:
            continue
        draft.values[name] = owner if name == OWNER else new
        if before is not None:
            was = Reference("user", old) if name == OWNER and old else old
            draft.changes[name] = (was, draft.values[name])


def _is_touched(draft: Draft) -> bool:
    return OWNER in draft.changes or POOL in draft.changes


def _id(value: Reference | None) -> uuid.UUID | None:
    return value.id if value is not None else None
