"""The way back into pools: by the owner, by administrators, and from one pool to another."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

from django.utils import timezone
from django.utils.translation import gettext as _

from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.errors import Forbidden, NotFound, PlatformError, StateConflict, ValidationFailed
from metadata.compiler.current import current_snapshot
from metadata.compiler.record_base import Record
from objects.access.policy import AccessPolicy
from objects.access.reach import READ, TRANSFER
from objects.records.drafts import Movement
from objects.records.locking import FOR_UPDATE, lock_live
from objects.records.ownership import Holder, Move
from objects.records.table import record_table
from workflows.pools.models import Pool
from workflows.pools.outcomes import Outcome, carry_out, in_order, refused
from workflows.pools.placing import pools_for
from workflows.pools.rules import pool_rules
from workflows.pools.services.seats import Seat, pools_of

MANY = 1_000  # records in one call
REASON = 80


def unique(ids: Iterable[uuid.UUID]) -> list[uuid.UUID]:
    """Return the ids, each once; raises ValidationFailed beyond what one call may do."""
    found = list(dict.fromkeys(ids))
    if len(found) > MANY:
        raise ValidationFailed.single("ids", "out_of_range", _("At most %(max)d records at once."), max=MANY)
    return found


def target_pool(actor: Actor, object_name: str, pool_id: uuid.UUID, field: str = "pool_id") -> Pool:
    """Return a pool of the object that is in use; raises ValidationFailed at `field`."""
    pool = pool_rules(actor).pools.get(pool_id)
    if pool is None or not pool.is_active or pool.business_object.api_name != object_name:
        raise ValidationFailed.single(field, "invalid_reference", _("There is no such pool."))
    return pool


def give_back(
    actor: Actor, object_name: str, wanted: Sequence[uuid.UUID], target: Pool | None, movement: Movement
) -> list[Outcome]:
    """Put records with owners into `target`, else into the pool that is theirs or takes them."""
    policy, pools = AccessPolicy.of(actor), pool_rules(actor).pools
    held = _locked(actor, object_name, wanted, policy)
    obj = current_snapshot().object(object_name)
    homeless = [key for key, (record, _may) in held.items() if not _home(record, pools)] if target is None else []
    found = pools_for(actor, obj, homeless, timezone.now()) if homeless else {}
    moves, outcomes = [], {}
    for key in wanted:
        try:
            record, may = held[key] if key in held else _unknown()
            goes_to = target or _home(record, pools) or pools.get(found.get(key))  # type: ignore[arg-type]
            _refuse_giver(actor, record, may, pools.get(record.pool_id) or goes_to)  # type: ignore[arg-type]
            if goes_to is None:
                raise StateConflict(_("No pool takes this record. Choose one."))
            check_reason(goes_to, movement.reason)
            moves.append(Move(key, Holder(None, goes_to.pk), expected=Holder(record.owner_id, record.pool_id)))
        except ValidationFailed:
            raise
        except PlatformError as error:
            outcomes[key] = refused(key, error)
    return in_order(wanted, outcomes, carry_out(actor, object_name, moves, movement))


def take_back(place: Seat, wanted: Sequence[uuid.UUID], movement: Movement) -> list[Outcome]:
    """Put records of a pool that people hold into it."""
    waits = Holder(None, place.pool.pk)
    moves, outcomes = [], {}
    for key, record in _of_pool(place, wanted).items():
        if record is None:
            outcomes[key] = refused(key, NotFound())
        elif record.owner_id is None:
            outcomes[key] = refused(key, StateConflict(_("The record waits in the pool already.")))
        else:
            moves.append(Move(key, waits, expected=Holder(record.owner_id, place.pool.pk)))
    return in_order(wanted, outcomes, carry_out(place.actor, place.object_name, moves, movement))


def move_over(place: Seat, wanted: Sequence[uuid.UUID], target: Pool, movement: Movement) -> list[Outcome]:
    """Put records of a pool, waiting or held, into another one."""
    moves, outcomes = [], {}
    for key, record in _of_pool(place, wanted).items():
        if record is None:
            outcomes[key] = refused(key, NotFound())
        else:
            before = Holder(record.owner_id, place.pool.pk)
            moves.append(Move(key, before._replace(pool_id=target.pk), expected=before))
    return in_order(wanted, outcomes, carry_out(place.actor, place.object_name, moves, movement))


def check_reason(pool: Pool, reason: str) -> None:
    """Raise ValidationFailed unless the reason is one of the pool's; where it names none, any text is one."""
    if len(reason) > REASON:
        raise ValidationFailed.single("reason", "too_long", _("At most %(max)d characters."), max=REASON)
    if pool.reasons and not reason:
        raise ValidationFailed.single("reason", "required", _("Say why you give the record back."))
    if pool.reasons and reason not in pool.reasons:
        raise ValidationFailed.single("reason", "invalid_choice", _("Choose one of the pool's reasons."))


def _refuse_giver(actor: Actor, record: Record, may_transfer: bool, pool: Pool | None) -> None:
    if record.owner_id is None:
        raise StateConflict(_("The record waits in the pool already."))
    if record.owner_id != actor.user_id and not may_transfer:
        raise Forbidden(_("Only its owner, and those above, may give this record back."))
    if record.owner_id == actor.user_id and pool is not None and not pool.members_release and not _runs(actor, pool):
        raise Forbidden(_("What comes from this pool is only taken back by its administrators."))


def _runs(actor: Actor, pool: Pool) -> bool:
    return any(place.pool.pk == pool.pk and place.is_admin for place in pools_of(actor))


def _locked(
    actor: Actor, object_name: str, wanted: Sequence[uuid.UUID], policy: AccessPolicy
) -> dict[uuid.UUID, tuple[Record, bool]]:
    """Return the records that the policy shows, locked, each with whether it may be given to another owner."""
    snapshot = current_snapshot()
    obj = snapshot.object(object_name)
    table, may = record_table(snapshot, obj), policy.can(object_name, TRANSFER)
    rows = lock_live(policy, obj, table, wanted, TRANSFER if may else READ, FOR_UPDATE)
    return {key: (table.load(row), bool(may and row[-1])) for key, row in rows.items()}


def _of_pool(place: Seat, wanted: Sequence[uuid.UUID]) -> dict[uuid.UUID, Record | None]:
    """Return the records that belong to the pool, locked; None for others."""
    everything = AccessPolicy.of(system_actor())
    held = _locked(place.actor, place.object_name, wanted, everything)
    found = {key: record for key, (record, _may) in held.items() if record.pool_id == place.pool.pk}
    return {key: found.get(key) for key in wanted}


def _home(record: Record, pools: object) -> Pool | None:
    """Return the pool to which a record returns, if it is still in use."""
    found = pools.get(record.pool_id)  # type: ignore[attr-defined]
    return found if found is not None and found.is_active else None


def _unknown() -> tuple[Record, bool]:
    raise NotFound
