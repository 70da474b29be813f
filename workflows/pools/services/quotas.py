"""How much of his limits in a pool somebody has used up."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.utils import timezone

from crm_platform.jobs.locality import organization_zone
from crm_platform.kit.context import Actor, system_actor
from metadata.compiler.current import current_snapshot
from objects.records.models import Holding
from workflows.pools.models import Pool, PoolMovement
from workflows.pools.room import Cap, Held, used_of
from workflows.pools.rules import pool_rules
from workflows.pools.services.seats import Seat


@dataclass(frozen=True)
class Quota:
    """What somebody holds of a pool and has claimed from it, beside what he may; None: no limit."""

    used: int
    cap: int | None
    claimed_today: int
    daily_cap: int | None
    claimed_this_hour: int
    hourly_cap: int | None

    @property
    def left(self) -> int | None:
        """Return how many more he may claim now; None: no limit."""
        rooms = [
            most - used
            for most, used in (
                (self.cap, self.used),
                (self.daily_cap, self.claimed_today),
                (self.hourly_cap, self.claimed_this_hour),
            )
            if most is not None
        ]
        return max(0, min(rooms)) if rooms else None


def quota(who: Actor | uuid.UUID, pool: Pool) -> Quota:
    """Return a person's limits in a pool and what is used up of them."""
    actor = who if isinstance(who, Actor) else system_actor()
    user_id = who.user_id if isinstance(who, Actor) else who
    if user_id is None:
        raise ValueError("the platform itself holds nothing")
    return _quotas(actor, pool, [user_id])[user_id]


def quotas(place: Seat) -> dict[uuid.UUID, Quota]:
    """Return the limits of everybody who holds something of the pool or has limits of his own; for others theirs."""
    own, pool = place.actor.user_id, place.pool
    if not place.is_admin:
        return _quotas(place.actor, pool, [own] if own else [])
    holding = Holding.objects.filter(object_id=pool.business_object_id, pool_id=pool.pk, held__gt=0)
    people = {*holding.values_list("user_id", flat=True), *pool.quotas.values_list("user_id", flat=True)}
    return _quotas(place.actor, pool, sorted(people))


def claims(user_id: uuid.UUID, pool_id: uuid.UUID, now: datetime) -> tuple[int, int]:
    """Return how many records somebody has claimed from a pool on this day of the organisation, and in 60 minutes."""
    return _claims([user_id], pool_id, now).get(user_id, (0, 0))


def _quotas(actor: Actor, pool: Pool, people: Sequence[uuid.UUID]) -> dict[uuid.UUID, Quota]:
    rules, obj = pool_rules(actor), current_snapshot().object(pool.business_object.api_name)
    rows = Holding.objects.filter(object_id=obj.spec.id, user_id__in=people, pool_id=pool.pk)
    held: Held = {user_id: {pool.pk: count} for user_id, count in rows.values_list("user_id", "held")}
    claimed = _claims(people, pool.pk, timezone.now())
    found = {}
    for user_id in people:
        limits = rules.limits(pool, user_id)
        used = used_of(actor, obj, Cap(user_id, pool.pk, limits.hold_cap or 0, pool.uncounted), held)
        today, hour = claimed.get(user_id, (0, 0))
        found[user_id] = Quota(used, limits.hold_cap, today, limits.daily_cap, hour, pool.hourly_cap)
    return found


def _claims(people: Sequence[uuid.UUID], pool_id: uuid.UUID, now: datetime) -> dict[uuid.UUID, tuple[int, int]]:
    midnight, hour = day_start(now), now - timedelta(hours=1)
    rows = PoolMovement.objects.filter(
        to_owner_id__in=people, from_pool_id=pool_id, kind=PoolMovement.Kind.CLAIM, at__gte=min(midnight, hour)
    )
    counts = rows.order_by().values("to_owner_id")
    counts = counts.annotate(day=Count("pk", filter=Q(at__gte=midnight)), hour=Count("pk", filter=Q(at__gte=hour)))
    return {row["to_owner_id"]: (row["day"], row["hour"]) for row in counts if row["to_owner_id"]}


def day_start(now: datetime) -> datetime:
    """Return when the day began by the organisation's clock."""
    return now.astimezone(organization_zone()).replace(hour=0, minute=0, second=0, microsecond=0)
