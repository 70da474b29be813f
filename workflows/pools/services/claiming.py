"""Taking records out of pools and putting them back: claim, assign, give back, take back, move to another pool.

Each call is one transaction, tried again when it meets a deadlock, and answers with one outcome per record.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from crm_platform.identity.auth import build_actor, users_for_actor
from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.errors import NotFound, ValidationFailed
from objects.access.policy import AccessPolicy
from objects.access.reach import READ
from objects.access.through_pool import PoolPolicy
from objects.query.query import RecordQuery
from objects.records.drafts import Movement
from objects.records.ownership import Holder, Move
from objects.records.unit import run_unit
from workflows.pools import returning
from workflows.pools.errors import PoolDailyCapReached
from workflows.pools.models import PoolMovement
from workflows.pools.outcomes import Outcome, carry_out, in_order, refused
from workflows.pools.returning import MANY, target_pool, unique
from workflows.pools.room import lock_people
from workflows.pools.rules import pool_rules
from workflows.pools.services.quotas import claims
from workflows.pools.services.seats import Seat, seat
from workflows.pools.waiting import explain_lost, lock_first, read_waiting, standing_against, within_reach

__all__ = ["MANY", "Outcome", "assign", "claim", "claim_next", "move", "recall", "release"]

Kind = PoolMovement.Kind
LOOKED_THROUGH = 200  # at once, for the next records that a person may claim


def claim(actor: Actor, pool_id: uuid.UUID, ids: Iterable[uuid.UUID]) -> list[Outcome]:
    """Take records that wait in a pool for oneself; who comes too late learns so at once, and waits for nobody.

    Raises NotFound, Forbidden, and ValidationFailed beyond the pool's batch size.
    """
    place, wanted = seat(actor, pool_id), unique(ids)
    place.require_claim()
    _refuse_many(place, len(wanted), "ids")

    def work() -> list[Outcome]:
        found = read_waiting(place, within_reach(place, wanted), lock=True)
        now = timezone.now()
        against = standing_against(place, found.values(), now)
        lost = explain_lost(place, [item for item in wanted if item not in found])
        takers = [item for item in wanted if item in found and item not in against]
        return in_order(wanted, lost, against, _take(place, takers, now))

    return run_unit(work)


def claim_next(actor: Actor, pool_id: uuid.UUID, count: int = 1) -> list[Outcome]:
    """Take the next records in the pool's order that nobody else is taking and that the person may claim.

    There may be fewer than asked for, or none. Raises what `claim` does.
    """
    place = seat(actor, pool_id)
    place.require_claim()
    if count < 1:
        raise ValidationFailed.single("count", "out_of_range", _("Take at least one record."))
    _refuse_many(place, count, "count")

    def work() -> list[Outcome]:
        now = timezone.now()
        taken: list[uuid.UUID] = []
        for offset in range(0, 10_000, LOOKED_THROUGH):
            page = _ordered(place, offset)
            usable = _usable(place, page, now)
            taken += lock_first(place, usable, count - len(taken)) if usable else []
            if len(taken) == count or len(page) < LOOKED_THROUGH:
                break
        return in_order(taken, _take(place, taken, now))

    return run_unit(work)


def assign(actor: Actor, pool_id: uuid.UUID, ids: Iterable[uuid.UUID], owner_id: uuid.UUID) -> list[Outcome]:
    """Give records that wait in a pool to somebody; for the pool's administrators.

    Raises ValidationFailed for one who may not hold such records.
    """
    place, wanted = seat(actor, pool_id), unique(ids)
    place.require_admin()
    _refuse_unable(place, owner_id)

    def work() -> list[Outcome]:
        found = read_waiting(place, within_reach(place, wanted), lock=True)
        lost = explain_lost(place, [item for item in wanted if item not in found])
        given = _hand_out(place, [item for item in wanted if item in found], owner_id, Kind.ASSIGN)
        return in_order(wanted, lost, given)

    return run_unit(work)


def release(
    actor: Actor,
    object_name: str,
    ids: Iterable[uuid.UUID],
    *,
    pool_id: uuid.UUID | None = None,
    reason: str = "",
    note: str = "",
) -> list[Outcome]:
    """退回: give back what one holds, or what others hold by who may give it to another owner.

    Records go into the chosen pool, else into their own. Raises NotFound for an unknown object, ValidationFailed for
    a pool or a reason that is none.
    """
    AccessPolicy.of(actor).require(object_name, READ)
    wanted = unique(ids)
    target = target_pool(actor, object_name, pool_id) if pool_id else None
    movement = Movement(Kind.RELEASE, reason.strip(), note.strip())
    return run_unit(lambda: returning.give_back(actor, object_name, wanted, target, movement))


def recall(
    actor: Actor, pool_id: uuid.UUID, ids: Iterable[uuid.UUID], *, reason: str = "", note: str = ""
) -> list[Outcome]:
    """Take records of a pool back from their owners; for the pool's administrators."""
    place, wanted = seat(actor, pool_id), unique(ids)
    place.require_admin()
    movement = Movement(Kind.RECALL, reason.strip(), note.strip())
    return run_unit(lambda: returning.take_back(place, wanted, movement))


def move(
    actor: Actor, pool_id: uuid.UUID, ids: Iterable[uuid.UUID], to_pool_id: uuid.UUID, *, note: str = ""
) -> list[Outcome]:
    """Put records of a pool into another one of the same object; what somebody holds stays his.

    For the pool's administrators. Raises ValidationFailed for a pool that is none.
    """
    place, wanted = seat(actor, pool_id), unique(ids)
    place.require_admin()
    target = target_pool(actor, place.object_name, to_pool_id, "to_pool_id")
    movement = Movement(Kind.MOVE, "", note.strip())
    return run_unit(lambda: returning.move_over(place, wanted, target, movement))


def _take(place: Seat, ids: Sequence[uuid.UUID], now: datetime) -> dict[uuid.UUID, Outcome]:
    """Hand locked records to the person as far as the day and the hour allow."""
    user_id, pool = place.actor.user_id, place.pool
    assert user_id is not None
    daily = pool_rules(place.actor).limits(pool, user_id).daily_cap
    refusals: dict[uuid.UUID, Outcome] = {}
    if ids and (daily is not None or pool.hourly_cap is not None):
        lock_people(pool.business_object_id, [(user_id, pool.pk)])
        today, hour = claims(user_id, pool.pk, now)
        for period, most, used in (("day", daily, today), ("hour", pool.hourly_cap, hour)):
            left = len(ids) if most is None else max(0, most - used)
            error = PoolDailyCapReached(cap=most, used=used, period=period)
            refusals |= {item: refused(item, error) for item in ids[left:] if item not in refusals}
            ids = ids[:left]
    return refusals | _hand_out(place, ids, user_id, Kind.CLAIM)


def _hand_out(place: Seat, ids: Sequence[uuid.UUID], owner_id: uuid.UUID, kind: str) -> dict[uuid.UUID, Outcome]:
    waits = Holder(None, place.pool.pk)
    moves = [Move(item, Holder(owner_id, place.pool.pk), expected=waits) for item in ids]
    return carry_out(place.actor, place.object_name, moves, Movement(kind), is_race=True)


def _ordered(place: Seat, offset: int) -> list[uuid.UUID]:
    """Return the ids of a part of what waits, in the pool's order, which may speak of fields that members can't read.

    Without an order of its own what has waited longest comes first.
    """
    policy = PoolPolicy(system_actor(), place.object_name, place.pool.pk)
    query = RecordQuery(system_actor(), place.object_name, policy=policy).fields("id")
    page = query.order(*(place.pool.order or ["created_at"])).page(LOOKED_THROUGH, offset=offset)
    return [uuid.UUID(row[0]) for row in page.rows]


def _usable(place: Seat, ids: Sequence[uuid.UUID], now: datetime) -> list[uuid.UUID]:
    pool = place.pool
    reached = within_reach(place, ids)
    if not (pool.cool_down_days or pool.protection_hours or pool.own_department_hours):
        return list(reached)
    found = read_waiting(place, reached, lock=False)
    against = standing_against(place, found.values(), now)
    return [item for item in reached if item in found and item not in against]


def _refuse_many(place: Seat, count: int, field: str) -> None:
    most = place.pool.batch_size
    if count > most:
        message = _("At most %(max)d records at once.")
        raise ValidationFailed.single(field, "out_of_range", message, max=most)


def _refuse_unable(place: Seat, owner_id: uuid.UUID) -> None:
    user = users_for_actor().filter(pk=owner_id, is_active=True).first()
    if user is None:
        raise ValidationFailed.single("owner_id", "invalid_reference", _("There is no such user."))
    owner = build_actor(user, via=place.actor.via)
    try:
        AccessPolicy.of(owner).require(place.object_name, READ)
    except NotFound as error:
        message = _("This person may not hold such records.")
        raise ValidationFailed.single("owner_id", "invalid_choice", message) from error
