"""Looking at what waits in a pool, and at the log of what has passed through it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.db import advisory_xact_lock
from crm_platform.kit.errors import Forbidden, NotFound, PlatformError
from objects.query.query import RecordQuery
from objects.records.unit import run_unit
from workflows.pools.models import PoolMovement, PoolView
from workflows.pools.services.quotas import day_start
from workflows.pools.services.seats import Seat

PAGE = 50


class DailyViewsReached(PlatformError):
    """Details: `cap`."""

    code = "quota_exceeded"
    status = 429
    message = _("You have opened as many records of this pool today as allowed.")


@dataclass(frozen=True)
class MovementPage:
    """A part of the log, newest first; `next` is where the following page begins, None at the end."""

    rows: list[PoolMovement]
    next: int | None


def waiting(place: Seat) -> RecordQuery:
    """Return the query of what waits in the pool, as its reader may see it.

    Raises Forbidden for members of a pool whose administrators alone see it.
    """
    if not place.may_look:
        raise Forbidden
    return RecordQuery(place.actor, place.object_name, policy=place.policy)


def open_waiting(place: Seat, record_id: uuid.UUID) -> Mapping[str, Any]:
    """Return a record that waits in the pool for people to read, typed values by path, and count that it was opened.

    Raises NotFound, and DailyViewsReached for one record more than a day allows.
    """
    values = waiting(place).show(record_id)
    count_view(place, record_id)
    return values


def count_view(place: Seat, record_id: uuid.UUID) -> None:
    """Count that the person has opened a record that waits in the pool; one that he has opened today is free.

    Administrators open as many as they like, and it is not counted. Raises NotFound, DailyViewsReached.
    """
    user_id, pool = place.actor.user_id, place.pool
    if not waiting(place).visible_ids([record_id]):
        raise NotFound
    if place.is_admin or user_id is None or pool.daily_views is None:
        return

    def work() -> None:
        day = day_start(timezone.now()).date()
        advisory_xact_lock("pool-views", pool.pk, user_id)
        seen = PoolView.objects.filter(pool=pool.pk, user=user_id, day=day)
        if seen.filter(record_id=record_id).exists():
            return
        if seen.count() >= (pool.daily_views or 0):
            raise DailyViewsReached(cap=pool.daily_views)
        PoolView.objects.create(pool_id=pool.pk, user_id=user_id, day=day, record_id=record_id)

    run_unit(work)


def log(
    place: Seat, *, before: int | None = None, limit: int = PAGE, kind: str = "", record_id: uuid.UUID | None = None
) -> MovementPage:
    """Return a part of what came into the pool and left it: all of it for administrators, for others their own part."""
    pool_id = place.pool.pk
    rows = PoolMovement.objects.filter(Q(from_pool_id=pool_id) | Q(to_pool_id=pool_id))
    if not place.is_admin:
        own = place.actor.user_id
        rows = rows.filter(Q(from_owner_id=own) | Q(to_owner_id=own) | Q(actor_id=own))
    narrowed = {"kind": kind, "record_id": record_id, "pk__lt": before}
    rows = rows.filter(**{name: value for name, value in narrowed.items() if value})
    found = list(rows.order_by("-pk")[: limit + 1])
    return MovementPage(found[:limit], found[limit - 1].pk if len(found) > limit else None)
