"""`RecordService`: the one door through which records are written, whatever the channel."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.errors import NotFound, ValidationFailed
from crm_platform.kit.ids import parse_uuid
from metadata.compiler.current import current_snapshot
from objects.access.policy import AccessPolicy
from objects.access.services.holding import hold
from objects.access.services.teams import keep_on_team, require_team_level
from objects.records import pipeline, purging, trash, upserting
from objects.records.drafts import OWNER, Batch, Consent, Diversion, Draft, Movement, Origin, RowResult, SavedRecord
from objects.records.ownership import POOL, Move
from objects.records.unit import run_unit

__all__ = ["MAX_ROWS", "Consent", "Diversion", "Origin", "RecordService", "RowResult", "SavedRecord"]

MAX_ROWS = 5_000
Id = uuid.UUID | str


class RecordService:
    """Writes records as `actor`. Every method is one transaction, or a savepoint of the caller's.

    `dry_run` goes the whole way and rolls back: it returns what would be, and leaves nothing. `consent` is what
    the caller has been warned of and wants all the same; `event` says for which purpose rules are asked, where
    the channel alone does not ("import", "convert").
    """

    def __init__(self, actor: Actor, *, consent: Consent | None = None, event: str = "") -> None:
        self.actor, self.consent, self.event = actor, consent, event

    # --- one record ---------------------------------------------------------------------------------------
    def create(self, object_name: str, values: Mapping[str, Any], *, dry_run: bool = False) -> SavedRecord:
        """Create a record from values by API name. Raises NotFound, Forbidden, ValidationFailed, DuplicateDetected.

        A duplicate rule may send it to the record that is there already: then the result is `diverted`.
        """
        return run_unit(lambda: self.write_one(object_name, "create", Draft(0, members(values))), dry_run=dry_run)

    def update(
        self,
        object_name: str,
        record_id: Id,
        changes: Mapping[str, Any],
        *,
        expected_version: int | None = None,
        dry_run: bool = False,
    ) -> SavedRecord:
        """Change some values of a record; without a real change nothing is written and the version stays.

        Raises NotFound, Forbidden, ValidationFailed, and VersionConflict unless the record is still at
        `expected_version`.
        """

        def work() -> SavedRecord:
            draft = Draft(0, members(changes), known_id(record_id), expected_version)
            return self.write_one(object_name, "edit", draft)

        return run_unit(work, dry_run=dry_run)

    def transfer(
        self,
        object_name: str,
        record_id: Id,
        owner_id: Id,
        *,
        keep: int | None = None,
        expected_version: int | None = None,
        dry_run: bool = False,
    ) -> SavedRecord:
        """Give a record to another owner; with `keep` its old owner stays on the team, at that level.

        The new owner may be one out of the caller's reach. Raises what `update` does, Forbidden without the right.
        """

        def work() -> SavedRecord:
            held = None
            if keep is not None:
                require_team_level(keep, "keep")
                held = hold(self.actor, object_name, known_id(record_id))
            draft = Draft(0, {OWNER: str(owner_id)}, known_id(record_id), expected_version)
            saved = self.write_one(object_name, "edit", draft)
            if held is not None and keep is not None and draft.is_given_away and held.record.owner_id is not None:
                keep_on_team(self.actor, held, held.record.owner_id, keep)
            return saved

        return run_unit(work, dry_run=dry_run)

    def move(
        self, object_name: str, moves: Sequence[Move], movement: Movement, *, all_or_none: bool = False
    ) -> list[RowResult]:
        """Put up to MAX_ROWS records with owners or into pools, as the caller has decided for the actor.

        Asks nothing about the actor's rights, nor what else is in the records: services that know better what he may
        do call this (claiming, recycling, handover). Limits on what people hold do count. Returns a result per move.
        """
        drafts = [Draft(index, {}, order.id, order=order) for index, order in enumerate(moves)]
        options: dict[str, Any] = {"policy": AccessPolicy.of(system_actor()), "movement": movement}

        def work() -> None:
            pipeline.run(self._batch(object_name, "move", drafts, is_many=True, is_partial=not all_or_none, **options))

        if len(moves) > MAX_ROWS:
            raise ValueError(f"at most {MAX_ROWS} records are moved at once")
        try:
            run_unit(work)
        except pipeline.BatchFailed:
            return [RowResult(draft.index, None, None, draft.all_errors()) for draft in drafts]
        return [row_result(draft) for draft in drafts]

    def upsert(
        self, object_name: str, field: str, value: Any, values: Mapping[str, Any], *, dry_run: bool = False
    ) -> tuple[SavedRecord, bool]:
        """Update the record whose unique `field` holds `value`, or create it; tells whether it is new.

        Raises StateConflict when that record is in the trash.
        """
        return upserting.upsert(self, object_name, field, value, members(values), dry_run=dry_run)

    # --- many records -------------------------------------------------------------------------------------
    def bulk_create(
        self,
        object_name: str,
        rows: Sequence[Any],
        *,
        all_or_none: bool = True,
        dry_run: bool = False,
        origins: Sequence[Origin | None] = (),
    ) -> list[RowResult]:
        """Create up to MAX_ROWS records; a row is a mapping of values.

        Returns a result per row, in order. With `all_or_none` any error leaves nothing written, and then no
        result has an id; otherwise rows without an error are written. `origins`, one per row, is for services that
        have made sure that the actor may say so much.
        """
        return self._many(object_name, "create", rows, all_or_none, dry_run, origins)

    def bulk_update(
        self, object_name: str, rows: Sequence[Any], *, all_or_none: bool = True, dry_run: bool = False
    ) -> list[RowResult]:
        """Change up to MAX_ROWS records; a row holds `id`, perhaps the expected `version`, and the changes."""
        return self._many(object_name, "edit", rows, all_or_none, dry_run)

    # --- trash --------------------------------------------------------------------------------------------
    def delete(
        self, object_name: str, record_id: Id, *, expected_version: int | None = None, dry_run: bool = False
    ) -> uuid.UUID:
        """Move a record and what belongs to it to the trash; returns the id by which all of it comes back.

        Raises NotFound, Forbidden, VersionConflict, and StateConflict when other records forbid it.
        """

        def work() -> uuid.UUID:
            return trash.delete(self.actor, object_name, known_id(record_id), expected_version, self.consent)

        return run_unit(work, dry_run=dry_run)

    def restore(self, what: Id, record_id: Id | None = None, *, dry_run: bool = False) -> int:
        """Bring back one deletion, named by its id or by (object, a record of it); returns how many records.

        Raises NotFound, Forbidden, and StateConflict when a unique value is taken or a master is still deleted.
        """
        return run_unit(lambda: trash.restore(self.actor, self._deletion(what, record_id)), dry_run=dry_run)

    def purge(self, what: Id, record_id: Id | None = None, *, dry_run: bool = False) -> int:
        """Remove one deletion's records for good, with their history; for administrators and the system."""
        return run_unit(lambda: purging.purge(self.actor, self._deletion(what, record_id)), dry_run=dry_run)

    # --- inner workings -----------------------------------------------------------------------------------
    def write_one(self, object_name: str, action: str, draft: Draft) -> SavedRecord:
        """Carry one draft through the pipeline, inside the caller's unit."""
        batch = self._batch(object_name, action, [draft])
        pipeline.run(batch)
        return batch.saved(draft)

    def _batch(self, object_name: str, action: str, drafts: Sequence[Draft], **options: Any) -> Batch:
        snapshot = current_snapshot()
        obj = snapshot.object(object_name)
        how: dict[str, Any] = {"consent": self.consent, "event": self.event, **options}
        return Batch(self.actor, snapshot, obj, action, drafts, self.now(), **how)

    @staticmethod
    def now() -> datetime:
        return timezone.now()

    def _many(
        self,
        object_name: str,
        action: str,
        rows: Sequence[Any],
        all_or_none: bool,
        dry_run: bool,
        origins: Sequence[Origin | None] = (),
    ) -> list[RowResult]:
        if len(rows) > MAX_ROWS:
            message = _("At most %(max)d rows at once.") % {"max": MAX_ROWS}
            raise ValidationFailed.single(None, "payload_too_large", message, max=MAX_ROWS)
        make = new_draft if action == "create" else change_draft
        drafts: list[Draft] = []

        def work() -> None:
            drafts[:] = [make(index, row) for index, row in enumerate(rows)]
            for draft, origin in zip(drafts, origins, strict=False):
                if origin is not None:
                    follow(draft, origin)
            options = {"is_many": True, "is_partial": not all_or_none}
            pipeline.run(self._batch(object_name, action, drafts, **options))

        try:
            run_unit(work, dry_run=dry_run)
        except pipeline.BatchFailed:
            return [RowResult(draft.index, None, None, draft.all_errors()) for draft in drafts]
        return [row_result(draft) for draft in drafts]

    def _deletion(self, what: Id, record_id: Id | None) -> uuid.UUID:
        if record_id is None:
            return known_id(what)
        return trash.deletion_of(self.actor, str(what), known_id(record_id))


def members(values: object) -> Mapping[str, Any]:
    """Return the values of a record as given; raises ValidationFailed for what is no mapping."""
    if not isinstance(values, Mapping):
        raise ValidationFailed.single(None, "invalid_type", _("A record is an object of values by field name."))
    return values


def known_id(record_id: object) -> uuid.UUID:
    """Return the id; a malformed one names no record: raises NotFound."""
    found = parse_uuid(record_id)
    if found is None:
        raise NotFound
    return found


def new_draft(index: int, row: object) -> Draft:
    """Return the draft of one row of a bulk creation."""
    try:
        return Draft(index, members(row))
    except ValidationFailed as failed:
        return Draft(index, {}, refusal=failed)


def follow(draft: Draft, origin: Origin) -> None:
    """Have a draft come out as its origin says."""
    draft.stamps = origin.stamps()
    if origin.pool_id is not None:
        draft.carried = {**draft.carried, OWNER: None, POOL: origin.pool_id}
        draft.is_given_away = True  # those who fill a pool do not always see what waits there


def change_draft(index: int, row: object) -> Draft:
    """Return the draft of one row of a bulk update."""
    draft = new_draft(index, row)
    if draft.refusal is not None:
        return draft
    draft.id = parse_uuid(draft.given.get("id"))
    version = draft.given.get("version")
    if version is None or (isinstance(version, int) and not isinstance(version, bool)):
        draft.expected_version = version
    else:
        draft.error("version", "invalid_type", _("Enter a whole number."))
    if draft.id is None:
        draft.refusal = NotFound()
    draft.given = {name: value for name, value in draft.given.items() if name not in ("id", "version")}
    return draft


def row_result(draft: Draft) -> RowResult:
    """Return what became of a draft that was allowed to fail alone."""
    if draft.has_failed:
        return RowResult(draft.index, None, None, draft.all_errors())
    if draft.diverted is not None:
        return RowResult(draft.index, None, None, diverted=draft.diverted)
    return RowResult(draft.index, draft.id, draft.version)
