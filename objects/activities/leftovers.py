"""Open tasks of somebody about records that are his no longer: cancelled or given to somebody else, and back again."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crm_platform.kit.context import Actor, system_actor
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.field_types.values import Reference
from objects.activities.shipped import OPEN_STATUSES, OWNER, RELATED, STATUS, TASK
from objects.activities.sources import targets_of
from objects.records.service import MAX_ROWS, RecordService

CANCELLED = "cancelled"


@dataclass(frozen=True)
class Leftover:
    """An open task that has been settled: what it said before, and what it says now."""

    id: uuid.UUID
    before: Mapping[str, str]
    after: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        return {"id": str(self.id), "before": dict(self.before), "after": dict(self.after)}

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Leftover:
        return cls(uuid.UUID(stored["id"]), stored["before"], stored["after"])


def settle(
    actor: Actor, object_name: str, owners: Mapping[uuid.UUID, uuid.UUID], to: uuid.UUID | None = None
) -> dict[uuid.UUID, list[Leftover]]:
    """Cancel the open tasks that former owners have about records, or give them `to` somebody.

    `owners` has the former owner of each record. Written as the platform, in the caller's transaction: whoever moved
    the records need not see the tasks. A task that something forbids to change stays as it is. Returns what was
    settled, by record.
    """
    spec = current_snapshot().spec.object_map.get(TASK)
    if spec is None or not owners or object_name not in targets_of(spec, RELATED) or STATUS not in spec.field_map:
        return {}
    obj = current_snapshot().object(TASK)
    after = {OWNER: str(to)} if to else {STATUS: CANCELLED}
    about, found = {}, []
    for row in _open_about(obj, owners):
        before = {name: _text(row.value(name)) for name in after}
        subject, owner = row.value(RELATED), row.value(OWNER)
        if owner and owners.get(subject.id) == owner.id and before != after:
            about[row.pk] = subject.id
            found.append(Leftover(row.pk, before, after))
    settled: dict[uuid.UUID, list[Leftover]] = defaultdict(list)
    for item in _written(actor, found, [item.after for item in found]):
        settled[about[item.id]].append(item)
    return settled


def take_up(actor: Actor, leftovers: Iterable[Leftover]) -> None:
    """Take back what `settle` did, of the tasks that nobody has changed in that respect since."""
    by_id = {item.id: item for item in leftovers}
    if not by_id or TASK not in current_snapshot().spec.object_map:
        return
    obj = current_snapshot().object(TASK)
    model: Any = obj.model
    rows = model._base_manager.filter(pk__in=by_id, deleted_at=None)
    same = [
        by_id[row.pk]
        for row in rows
        if all(name in obj.fields and _text(row.value(name)) == value for name, value in by_id[row.pk].after.items())
    ]
    _written(actor, same, [item.before for item in same])


def _open_about(obj: CompiledObject, owners: Mapping[uuid.UUID, uuid.UUID]) -> Sequence[Any]:
    model: Any = obj.model
    related, status = obj.field(RELATED).main.attr, obj.field(STATUS).main.attr
    wanted = {f"{related}__in": list(owners), f"{status}__in": OPEN_STATUSES, "owner_id__in": set(owners.values())}
    return list(model._base_manager.filter(**wanted, deleted_at=None).order_by("pk"))


def _written(actor: Actor, found: Sequence[Leftover], changes: Sequence[Mapping[str, str]]) -> list[Leftover]:
    """Write the changes of tasks; returns those that could be written."""
    writer = system_actor(actor.name, via=actor.via, language=actor.language, time_zone=actor.time_zone)
    rows = [{"id": str(item.id), **values} for item, values in zip(found, changes, strict=True)]
    done: list[Leftover] = []
    for start in range(0, len(rows), MAX_ROWS):
        results = RecordService(writer).bulk_update(TASK, rows[start : start + MAX_ROWS], all_or_none=False)
        done += [item for item, result in zip(found[start:], results, strict=False) if not result.errors]
    return done


def _text(value: Any) -> str:
    return str(value.id if isinstance(value, Reference) else value or "")
