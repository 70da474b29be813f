"""Moving the listed records, some at a time: each batch one transaction with the rows that say what became of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext as _

from crm_platform.kit.context import Actor
from crm_platform.kit.db import RETRYABLE, retry_unit, sqlstate
from crm_platform.kit.errors import PlatformError
from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledObject, UnknownObject
from metadata.compiler.current import current_snapshot
from objects.access.models import RecordShare
from objects.access.principals import USER, Principal
from objects.access.services.object_defaults import is_controlled_by_master
from objects.handover.models import Handover, HandoverItem
from objects.handover.plan import NOBODY, POOL, Plan, in_order
from objects.handover.successors import known_successors, late_successors
from objects.records.drafts import OWNER, Consent, Movement
from objects.records.ownership import Holder, Move
from objects.records.service import RecordService, RowResult

BATCH = 200
Items = Sequence[HandoverItem]
State = HandoverItem.State
_OWNERS = "SELECT id, owner_id FROM {} WHERE id = ANY(%s) AND deleted_at IS NULL ORDER BY id FOR NO KEY UPDATE"


class Mover:
    """Moves the waiting records of one handover as `actor`.

    `saved` is called at the end of every transaction with the number of records that are through: a job saves
    its cursor there, so that a batch which somebody else has taken over is undone.
    """

    def __init__(self, actor: Actor, handover_id: uuid.UUID, plan: Plan, saved: Callable[[int, int], None]) -> None:
        self.actor, self.handover_id, self.plan, self.saved = actor, handover_id, plan, saved
        self.service = RecordService(actor, consent=Consent(duplicates=True, warnings=True, reason=_("Handover")))

    def move_some(self) -> bool:
        """Move the next batch; False when nothing waits any more, or the handover was cancelled.

        Records that stay locked by others are tried one by one, and those that fail again are reported.
        """
        try:
            return retry_unit(lambda: self._batch(BATCH))
        except DatabaseError as error:
            if sqlstate(error) not in RETRYABLE:
                raise
        return all(self._move_one() for _number in range(BATCH))

    def _move_one(self) -> bool:
        try:
            return retry_unit(lambda: self._batch(1))
        except DatabaseError as error:
            if sqlstate(error) not in RETRYABLE:
                raise
        busy = _("The record is being changed by others. Try again in a moment.")
        return retry_unit(lambda: self._batch(1, PlatformFailure("state_conflict", busy)))

    @transaction.atomic
    def _batch(self, limit: int, failure: PlatformFailure | None = None) -> bool:
        handover = Handover.objects.select_for_update(of=("self",)).select_related("leaver").get(pk=self.handover_id)
        if handover.state != Handover.State.RUNNING:
            return False
        items = self._next(handover, limit)
        if not items:
            return False
        if failure is not None:
            for item in items:
                settle(item, State.FAILED, failure.code, failure.message)
        else:
            self._move(handover, items)
        HandoverItem.objects.bulk_update(items, ["state", "code", "message", "new_owner_id"])
        self._count(handover, items)
        return True

    def _next(self, handover: Handover, limit: int) -> list[HandoverItem]:
        for object_id in in_order(self.plan, current_snapshot(), map(int, handover.counts)):
            rows = HandoverItem.objects.filter(handover=handover, object_id=object_id, state=State.WAITING)
            if items := list(rows.order_by("id")[:limit]):
                return items
        return []

    def _count(self, handover: Handover, items: Items) -> None:
        counts = handover.counts[str(items[0].object_id)]
        for item in items:
            counts[item.state] += 1
        handover.save(update_fields=["counts"])
        through = [entry["moved"] + entry["failed"] + entry["skipped"] for entry in handover.counts.values()]
        self.saved(sum(through), sum(entry["total"] for entry in handover.counts.values()))

    # --- one batch ----------------------------------------------------------------------------------------------
    def _move(self, handover: Handover, items: Items) -> None:
        try:
            obj = current_snapshot().object_by_id(items[0].object_id)
        except (UnknownObject, KeyError):
            for item in items:
                settle(item, State.SKIPPED, "unknown_object", _("The object has been deleted."))
            return
        ready = self._still_his(obj, items)
        self._choose(handover, obj, ready)
        rule = self.plan.rule(obj.name)
        ready = [item for item in ready if item.state == State.WAITING]
        if ready and rule.pool is not None:
            self._write(ready, lambda: self._into_pool(obj, ready, rule.pool))
        elif ready:
            rows = [{"id": str(item.record_id), OWNER: self._owner(rule.to, item)} for item in ready]
            self._write(ready, lambda: self.service.bulk_update(obj.name, rows, all_or_none=False))
            self._keep_on_teams(obj, [item for item in ready if item.state == State.MOVED])

    def _still_his(self, obj: CompiledObject, items: Items) -> list[HandoverItem]:
        """Lock the records, and leave out those that are deleted or have another owner by now."""
        with connection.cursor() as cursor:
            cursor.execute(_OWNERS.format(quote(obj.table)), [[item.record_id for item in items]])
            owners = dict(cursor.fetchall())
        found = []
        for item in items:
            if item.record_id not in owners:
                settle(item, State.SKIPPED, "not_found", _("The record has been deleted."))
            elif owners[item.record_id] != item.old_owner_id:
                settle(item, State.SKIPPED, "owner_changed", _("The record has got another owner meanwhile."))
            else:
                found.append(item)
        return found

    def _choose(self, handover: Handover, obj: CompiledObject, items: Items) -> None:
        rule = self.plan.rule(obj.name)
        if known_successors(rule, handover.leaver).is_late:
            ids = [item.record_id for item in items]
            late = late_successors(current_snapshot(), obj, rule, ids, handover.leaver_id)
            for item in items:
                item.new_owner_id = late.get(item.record_id)
        for item in items:
            if item.new_owner_id is None and rule.to not in (NOBODY, POOL):
                settle(item, State.FAILED, "no_successor", _("The rule finds nobody for this record."))
            elif item.new_owner_id == item.old_owner_id:
                settle(item, State.SKIPPED, "unchanged", _("The record belongs to this person already."))

    @staticmethod
    def _owner(to: str, item: HandoverItem) -> str | None:
        return None if to == NOBODY else str(item.new_owner_id)

    def _into_pool(self, obj: CompiledObject, items: Items, pool_id: uuid.UUID | None) -> list[RowResult]:
        moves = [Move(item.record_id, Holder(None, pool_id)) for item in items]
        return self.service.move(obj.name, moves, Movement("handover"))

    def _keep_on_teams(self, obj: CompiledObject, items: Items) -> None:
        """Leave the old owners on the teams of what they have given away, where the plan says so."""
        if self.plan.keep is None or is_controlled_by_master(obj.name):
            return
        for owner in {item.old_owner_id for item in items if item.old_owner_id is not None}:
            theirs = [item.record_id for item in items if item.old_owner_id == owner]
            rows = RecordShare.objects.filter(
                object_id=obj.spec.id, record_id__in=theirs, source=RecordShare.Source.TEAM
            )
            rows.filter(principal=str(Principal(USER, owner)), level__lt=self.plan.keep).update(level=self.plan.keep)
        RecordShare.objects.bulk_create(
            [
                RecordShare(
                    object_id=obj.spec.id,
                    record_id=item.record_id,
                    principal=str(Principal(USER, item.old_owner_id)),
                    level=self.plan.keep,
                    source=RecordShare.Source.TEAM,
                    granted_by_id=self.actor.user_id,
                )
                for item in items
                if item.old_owner_id is not None
            ],
            ignore_conflicts=True,
        )

    @staticmethod
    def _write(items: Items, write: Callable[[], list[RowResult]]) -> None:
        try:
            results = write()
        except PlatformError as refused:
            for item in items:
                settle(item, State.FAILED, refused.code, str(refused.message))
            return
        for item, result in zip(items, results, strict=True):
            _tell(item, result)


class PlatformFailure:
    """Why a record stays with its owner, where no error says so."""

    def __init__(self, code: str, message: str) -> None:
        self.code, self.message = code, message


def _tell(item: HandoverItem, result: RowResult) -> None:
    if not result.errors:
        settle(item, State.MOVED)
    else:
        settle(item, State.FAILED, result.errors[0].code, " ".join(error.text for error in result.errors))


def settle(item: HandoverItem, state: str, code: str = "", message: str = "") -> None:
    """Note what became of a record; a successor stays known only where it moved."""
    item.state, item.code, item.message = state, code[:60], message[:500]
