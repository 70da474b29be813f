"""Records that wait in a pool, and what stands against claiming them: cool-down, protection, first turn."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from crm_platform.identity.models import User
from crm_platform.identity.people import visible_ids
from crm_platform.kit.errors import NotFound, PlatformError
from crm_platform.kit.sqlnames import quote
from metadata.compiler.current import current_snapshot
from objects.access.circle import circle_of
from objects.query.query import RecordQuery
from workflows.pools.errors import AlreadyClaimed, PoolCooldown
from workflows.pools.models import Pool
from workflows.pools.outcomes import Outcome, refused
from workflows.pools.services.seats import Seat

# Whose it was last and why he lost it; when it came into the pool.
_LAST = """ LEFT JOIN LATERAL (
    SELECT m.from_owner_id, m.reason, m.at FROM workflows_poolmovement m
    WHERE m.record_id = t.id AND m.from_owner_id IS NOT NULL AND m.to_owner_id IS NULL AND m.undone_at IS NULL
    ORDER BY m.id DESC LIMIT 1) l ON TRUE"""
_ENTERED = """ LEFT JOIN LATERAL (
    SELECT m.at FROM workflows_poolmovement m
    WHERE m.record_id = t.id AND m.to_owner_id IS NULL AND m.to_pool_id = t.pool_id
    ORDER BY m.id DESC LIMIT 1) e ON TRUE"""


@dataclass(frozen=True)
class Waiting:
    """A record in a pool, with what is known of its way there."""

    id: uuid.UUID
    last_owner_id: uuid.UUID | None
    reason: str
    left_at: datetime | None
    entered_at: datetime


def read_waiting(place: Seat, ids: Sequence[uuid.UUID], *, lock: bool) -> dict[uuid.UUID, Waiting]:
    """Return those of the records that wait in the pool; with `lock` those that nobody else is writing, locked."""
    pool = place.pool
    has_last = bool(pool.cool_down_days or pool.own_department_hours)
    has_entered = bool(pool.protection_hours or pool.own_department_hours)
    last = "l.from_owner_id, l.reason, l.at" if has_last else "NULL::uuid, NULL, NULL"
    entered = "coalesce(e.at, t.created_at)" if has_entered else "t.created_at"
    table = quote(current_snapshot().object(place.object_name).table)
    sql = (
        f"SELECT t.id, {last}, {entered} FROM {table} t"  # noqa: S608 (physical names only)
        f"{_LAST if has_last else ''}{_ENTERED if has_entered else ''}"
        " WHERE t.id = ANY(%s) AND t.owner_id IS NULL AND t.pool_id = %s AND t.deleted_at IS NULL"
        f" ORDER BY t.id{' FOR NO KEY UPDATE OF t SKIP LOCKED' if lock else ''}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(ids), pool.pk])
        return {row[0]: Waiting(row[0], row[1], row[2] or "", row[3], row[4]) for row in cursor.fetchall()}


def lock_first(place: Seat, ids: Sequence[uuid.UUID], count: int) -> list[uuid.UUID]:
    """Lock the first of the records, in this order, that still wait and that nobody else is about to take."""
    table = quote(current_snapshot().object(place.object_name).table)
    sql = (
        "SELECT t.id FROM unnest(%s::uuid[]) WITH ORDINALITY w(id, place)"  # noqa: S608 (physical names only)
        f" JOIN {table} t ON t.id = w.id WHERE t.owner_id IS NULL AND t.pool_id = %s AND t.deleted_at IS NULL"
        " ORDER BY w.place LIMIT %s FOR NO KEY UPDATE OF t SKIP LOCKED"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(ids), place.pool.pk, count])
        return [row[0] for row in cursor.fetchall()]


def within_reach(place: Seat, ids: Sequence[uuid.UUID]) -> Sequence[uuid.UUID]:
    """Leave out the records that a rule keeps from the person, whatever pool they wait in."""
    obj = current_snapshot().object(place.object_name)
    if not place.policy.scope(obj).limits:
        return ids
    seen = RecordQuery(place.actor, place.object_name, policy=place.policy).visible_ids(ids)
    return [item for item in ids if item in seen]


def standing_against(place: Seat, records: Iterable[Waiting], now: datetime) -> dict[uuid.UUID, Outcome]:
    """Return what stands against the person's claiming some of the records now."""
    pool, found = place.pool, {}
    own = set(circle_of(place.actor).department_ids) if place.actor.user_id else set()
    records = list(records)
    departments = _departments(records) if pool.own_department_hours else {}
    for record in records:
        error = _cool_down(pool, place, record, now) or _protection(pool, record, now)
        if error is None and record.last_owner_id is not None and departments.get(record.last_owner_id) not in own:
            error = _first_turn(pool, record, now)
        if error is not None:
            found[record.id] = refused(record.id, error)
    return found


def explain_lost(place: Seat, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Outcome]:
    """Say of records that were not to be had whether somebody has them, or was about to; or they are not known."""
    if not ids:
        return {}
    table = quote(current_snapshot().object(place.object_name).table)
    sql = (
        f"SELECT id, owner_id FROM {table} WHERE id = ANY(%s) AND pool_id = %s"  # noqa: S608 (physical names only)
        " AND deleted_at IS NULL"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(ids), place.pool.pk])
        owners = dict(cursor.fetchall())
    names = _names(place, {owner for owner in owners.values() if owner})
    return {item: refused(item, _lost(owners[item], names) if item in owners else NotFound()) for item in ids}


def _lost(owner_id: uuid.UUID | None, names: Mapping[uuid.UUID, str]) -> PlatformError:
    name = names.get(owner_id) if owner_id else None
    if name is None:
        return AlreadyClaimed()
    return AlreadyClaimed(_("%(name)s was quicker.") % {"name": name}, name=name)


def _names(place: Seat, people: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    found = visible_ids(place.actor, people) if people else ()
    return dict(User.objects.filter(pk__in=found).values_list("pk", "name")) if found else {}


def _cool_down(pool: Pool, place: Seat, record: Waiting, now: datetime) -> PlatformError | None:
    if not pool.cool_down_days or record.left_at is None or record.last_owner_id != place.actor.user_id:
        return None
    until = record.left_at + timedelta(days=pool.cool_down_days)
    if until <= now or record.reason in pool.cool_down_exempt:
        return None
    return PoolCooldown(until=_told(until))


def _protection(pool: Pool, record: Waiting, now: datetime) -> PlatformError | None:
    until = record.entered_at + timedelta(hours=pool.protection_hours)
    if not pool.protection_hours or until <= now:
        return None
    return PoolCooldown(_("What has come in a short while ago can't be claimed yet."), until=_told(until))


def _first_turn(pool: Pool, record: Waiting, now: datetime) -> PlatformError | None:
    until = record.entered_at + timedelta(hours=pool.own_department_hours)
    if not pool.own_department_hours or until <= now:
        return None
    message = _("For now only the department of the last owner may claim this record.")
    return PoolCooldown(message, until=_told(until))


def _departments(records: Iterable[Waiting]) -> dict[Any, Any]:
    people = {record.last_owner_id for record in records if record.last_owner_id}
    return dict(User.objects.filter(pk__in=people).values_list("pk", "department_id")) if people else {}


def _told(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
