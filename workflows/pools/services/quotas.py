"""How much of his limits in a pool somebody has used up."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.utils import timezone

from crm_platform.jobs.locality import organization_zone
from crm_platform.kit.context import Actor, system_actor
from metadata.compiler.current import current_snapshot
from objects.records.models import Holding
from workflows.pools.models import Pool, PoolMovement
from workflows.pools.room import Cap, used_of
from workflows.pools.rules import pool_rules


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
    limits = pool_rules(actor).limits(pool, user_id)
    obj = current_snapshot().object(pool.business_object.api_name)
    rows = Holding.objects.filter(object_id=obj.spec.id, user_id=user_id).values_list("pool_id", "held")
    used = used_of(actor, obj, Cap(user_id, pool.pk, limits.hold_cap or 0, pool.uncounted), {user_id: dict(rows)})
    today, hour = claims(user_id, pool.pk, timezone.now())
    return Quota(used, limits.hold_cap, today, limits.daily_cap, hour, pool.hourly_cap)


def claims(user_id: uuid.UUID, pool_id: uuid.UUID, now: datetime) -> tuple[int, int]:
    """Return how many records somebody has claimed from a pool on this day of the organisation, and in 60 minutes."""
    midnight, hour = day_start(now), now - timedelta(hours=1)
    rows = PoolMovement.objects.filter(
        to_owner_id=user_id, from_pool_id=pool_id, kind=PoolMovement.Kind.CLAIM, at__gte=min(midnight, hour)
    )
    found = rows.aggregate(day=Count("pk", filter=Q(at__gte=midnight)), hour=Count("pk", filter=Q(at__gte=hour)))
    return found["day"], found["hour"]


def day_start(now: datetime) -> datetime:
    """Return when the day began by the organisation's clock."""
    return now.astimezone(organization_zone()).replace(hour=0, minute=0, second=0, microsecond=0)
