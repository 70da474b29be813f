"""Fields that name the leaver, other than the owner's: rewritten to a successor, some hundred records at a time."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from crm_platform.kit.context import Actor
from crm_platform.kit.db import retry_unit
from crm_platform.kit.errors import PlatformError
from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.field_types.values import Reference
from objects.handover.models import Handover
from objects.handover.plan import Plan, people_fields
from objects.records.drafts import Consent
from objects.records.service import RecordService

BATCH = 200
MENTIONS = "mentions"  # the member of `Handover.people` that tells how far this is
FIRST = uuid.UUID(int=0)


class Rewriter:
    """Rewrites what a plan ticks, as `actor`, in the order of the records' ids.

    How far each field is stands in the handover's own row, written in the transaction that makes it true: whoever
    goes on after a break neither leaves a record out nor writes one twice. `saved` is called at its end.
    """

    def __init__(self, actor: Actor, handover_id: uuid.UUID, plan: Plan, saved: Callable[[], None]) -> None:
        self.actor, self.handover_id, self.plan, self.saved = actor, handover_id, plan, saved
        self.service = RecordService(actor, consent=Consent(duplicates=True, warnings=True, reason=_("Handover")))

    def rewrite_some(self) -> bool:
        """Rewrite the next batch; False when nothing is left, or the handover was cancelled."""
        return retry_unit(self._batch)

    @transaction.atomic
    def _batch(self) -> bool:
        handover = Handover.objects.select_for_update(of=("self",)).get(pk=self.handover_id)
        if handover.state != Handover.State.RUNNING or handover.leaver_id is None:
            return False
        progress = handover.people.setdefault(MENTIONS, {})
        for obj, field in _places(self.plan):
            entry = progress.setdefault(f"{obj.name}.{field.name}", new_entry())
            if not entry["is_done"]:
                self._rewrite(obj, field, handover.leaver_id, entry)
                handover.save(update_fields=["people"])
                self.saved()
                return True
        return False

    def _rewrite(self, obj: CompiledObject, field: CompiledField, leaver: uuid.UUID, entry: dict[str, Any]) -> None:
        ids = _naming(obj, field, leaver, uuid.UUID(entry["after"]))
        entry["is_done"] = len(ids) < BATCH
        if not ids:
            return
        entry["after"] = str(ids[-1])
        records = obj.model._base_manager.filter(pk__in=ids)
        values = {record.pk: _renamed(field.value_of(record), leaver, self.plan.mentions_to) for record in records}
        rows = [{"id": str(key), field.name: values[key]} for key in ids if key in values]
        try:
            results = self.service.bulk_update(obj.name, rows, all_or_none=False)
        except PlatformError:
            entry["failed"] += len(rows)
            return
        failed = sum(1 for result in results if result.errors)
        entry["failed"] += failed
        entry["changed"] += len(results) - failed


def new_entry() -> dict[str, Any]:
    """Return how far a field is that nobody has begun with."""
    return {"changed": 0, "failed": 0, "after": str(FIRST), "is_done": False}


def begin_again(people: dict[str, Any]) -> None:
    """Have the fields gone through once more in which records were left."""
    for entry in people.get(MENTIONS, {}).values():
        if entry["failed"] or not entry["is_done"]:
            entry.update({**new_entry(), "changed": entry["changed"]})


def failures(people: Mapping[str, Any]) -> int:
    """Return how many records still name the leaver although they should not."""
    return sum(entry["failed"] for entry in people.get(MENTIONS, {}).values())


def names_him(item: CompiledField) -> str:
    """Return the condition, with one parameter, that a field names a person: on `t`, or `x` for the second table."""
    column = f"{'x' if item.is_second else 't'}.{quote(item.main.column)}"
    return f"%s::uuid = ANY({column})" if item.type.is_reference_list else f"{column} = %s"


def _places(plan: Plan) -> Iterator[tuple[CompiledObject, CompiledField]]:
    """Yield the ticked fields that are still there."""
    snapshot = current_snapshot()
    for name in sorted(plan.mentions):
        if name in snapshot.spec.object_map:
            obj = snapshot.object(name)
            yield from ((obj, field) for field in people_fields(obj) if field.name in plan.mentions[name])


def _naming(obj: CompiledObject, field: CompiledField, user: uuid.UUID, after: uuid.UUID) -> Sequence[uuid.UUID]:
    second = f" JOIN {quote(obj.second.table)} x ON x.id = t.id" if field.is_second and obj.second else ""
    sql = (
        f"SELECT t.id FROM {quote(obj.table)} t{second}"  # noqa: S608 (physical names only)
        f" WHERE t.deleted_at IS NULL AND t.id > %s AND {names_him(field)} ORDER BY t.id LIMIT %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [after, user, BATCH])
        return [row[0] for row in cursor.fetchall()]


def _renamed(value: Any, leaver: uuid.UUID, heir: uuid.UUID | None) -> Any:
    """Return a field's value with another person in the leaver's place, each person once."""
    if isinstance(value, Reference):
        return str(heir)
    found = [heir if item.id == leaver else item.id for item in value or ()]
    return [str(item) for item in dict.fromkeys(found)]
