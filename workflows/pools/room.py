"""How many records people may hold: in one pool, and over all of them. Every way of giving a record passes here."""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from crm_platform.identity.auth import build_actor, users_for_actor
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import PlatformError
from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledObject
from objects.access.circle import circle_of
from objects.access.principals import EVERYONE, USER, Principal
from objects.query.fragments import Fragment, fragment
from objects.records.drafts import Batch
from objects.records.ownership import HolderChange
from workflows.pools.drafted import meeting, tree_of
from workflows.pools.errors import PoolCapReached
from workflows.pools.models import HoldCap
from workflows.pools.rules import pool_rules

_MISSING = (
    "INSERT INTO objects_holding (object_id, user_id, pool_id, held)"
    " SELECT %s, u.person, u.pool, 0 FROM unnest(%s::uuid[], %s::uuid[]) AS u(person, pool) ORDER BY 2, 3"
    " ON CONFLICT (object_id, user_id, pool_id) DO NOTHING"
)
_LOCKED = (
    "SELECT user_id, pool_id, held FROM objects_holding WHERE object_id = %s AND user_id = ANY(%s)"
    " ORDER BY user_id, pool_id FOR UPDATE"
)
Place = tuple[uuid.UUID, uuid.UUID | None]  # a person, and a pool; None: over all pools
Held = Mapping[uuid.UUID, Mapping[uuid.UUID | None, int]]  # records by person and pool


@dataclass(frozen=True)
class Cap:
    """A limit of one person: how much he may hold of a pool, or over all; `uncounted` says what takes no room."""

    person: uuid.UUID
    pool_id: uuid.UUID | None
    most: int
    uncounted: Any


def admit(batch: Batch, changes: Sequence[HolderChange]) -> None:
    """Refuse drafts for whose new owner there is no room left; of a batch as many are let in as there is room for.

    Old and new owners stay locked until the end, in the order of their ids, so that two at once can't both find
    room for the last record.
    """
    wanted = [change for change in changes if change.after.owner_id is not None]
    caps = _caps_of(batch.actor, batch.object.spec.id, wanted)
    if not caps:
        return
    held = lock_people(batch.object.spec.id, _concerned(changes))
    used = {place: used_of(batch.actor, batch.object, cap, held) for place, cap in caps.items()}
    free = _taking_no_room(batch, wanted, caps)
    for change in wanted:
        _admit_one(change, caps, used, free)


def lock_people(object_id: int, places: Collection[Place]) -> Held:
    """Lock all that is counted of some people for an object, rows that are missing being made; return the counts.

    Rows are locked in the order in which the triggers of the record tables write them.
    """
    pairs = sorted({*places, *((person, None) for person, _pool in places)}, key=str)
    people = sorted({person for person, _pool in pairs})
    held: dict[uuid.UUID, dict[uuid.UUID | None, int]] = defaultdict(dict)
    with connection.cursor() as cursor:
        rows = _locked(cursor, object_id, people)
        known = {(person, pool) for person, pool, _count in rows}
        if not known.issuperset(pairs):
            cursor.execute(_MISSING, [object_id, *map(list, zip(*pairs, strict=True))])
            rows = _locked(cursor, object_id, people)
    for person, pool, count in rows:
        held[person][pool] = count
    return held


def cap_over_all(actor: Actor, object_id: int, people: Iterable[uuid.UUID]) -> dict[uuid.UUID, HoldCap]:
    """Return the cap over all pools of each person who has one: the first that names him."""
    caps = pool_rules(actor).hold_caps.get(object_id, ())
    if not caps:
        return {}
    known = _names(actor, set(people), caps)
    found = {person: next((cap for cap in caps if cap.principal in known[person]), None) for person in known}
    return {person: cap for person, cap in found.items() if cap is not None}


def used_of(actor: Actor, obj: CompiledObject, cap: Cap, held: Held) -> int:
    """Return how much of a cap is used up, by what is counted or, where a condition says what counts, by counting."""
    by_pool = held.get(cap.person, {})
    tree = tree_of(obj, cap.uncounted)
    if tree is None:
        return by_pool.get(cap.pool_id, 0) if cap.pool_id else sum(by_pool.values())
    try:
        part = fragment(actor, obj, tree, timezone.now())
    except PlatformError:
        return by_pool.get(cap.pool_id, 0) if cap.pool_id else sum(by_pool.values())
    return _counted(obj, cap, part)


def _admit_one(
    change: HolderChange, caps: Mapping[Place, Cap], used: dict[Place, int], free: Mapping[Place, set[uuid.UUID]]
) -> None:
    person, before = change.after.owner_id, change.before
    assert person is not None
    places: list[Place] = [(person, change.after.pool_id)] if change.after.pool_id else []
    if before is None or before.owner_id != person:  # another pool alone leaves the whole as it was
        places.append((person, None))
    counted = [place for place in places if place in caps and change.draft.id not in free[place]]
    for place in counted:
        if used[place] >= caps[place].most:
            change.draft.refusal = PoolCapReached(cap=caps[place].most, used=used[place])
            return
    for place in counted:
        used[place] += 1


def _caps_of(actor: Actor, object_id: int, changes: Sequence[HolderChange]) -> dict[Place, Cap]:
    rules = pool_rules(actor)
    found: dict[Place, Cap] = {}
    for person, pool_id in {(change.after.owner_id, change.after.pool_id) for change in changes}:
        pool = rules.pools.get(pool_id) if pool_id else None
        most = rules.limits(pool, person).hold_cap if pool and person else None
        if pool is not None and person is not None and most is not None:
            found[person, pool.pk] = Cap(person, pool.pk, most, pool.uncounted)
    people = {change.after.owner_id for change in changes if change.after.owner_id}
    for person, cap in cap_over_all(actor, object_id, people).items():
        found[person, None] = Cap(person, None, cap.cap, cap.uncounted)
    return found


def _taking_no_room(
    batch: Batch, changes: Sequence[HolderChange], caps: Mapping[Place, Cap]
) -> dict[Place, set[uuid.UUID]]:
    """Return, for each cap, the records of the batch that do not count; equal conditions are asked once."""
    answers: dict[str, set[uuid.UUID]] = {"null": set()}
    found: dict[Place, set[uuid.UUID]] = {}
    drafts = [change.draft for change in changes]
    for place, cap in caps.items():
        key = json.dumps(cap.uncounted or None, sort_keys=True)
        if key not in answers:
            answers[key] = meeting(batch, drafts, cap.uncounted)
        found[place] = answers[key]
    return found


def _concerned(changes: Sequence[HolderChange]) -> set[Place]:
    """Return who gets or loses a record, and of which pool."""
    holders = [holder for change in changes for holder in (change.before, change.after) if holder is not None]
    return {(holder.owner_id, holder.pool_id) for holder in holders if holder.owner_id is not None}


def _locked(cursor: Any, object_id: int, people: list[uuid.UUID]) -> list[tuple[uuid.UUID, uuid.UUID | None, int]]:
    cursor.execute(_LOCKED, [object_id, people])
    return list(cursor.fetchall())


def _counted(obj: CompiledObject, cap: Cap, part: Fragment) -> int:
    """Count what somebody holds and what takes room."""
    pool, pools = (" AND t.pool_id = %s", [cap.pool_id]) if cap.pool_id else ("", [])
    sql = (
        f"SELECT count(*) FROM {quote(obj.table)} t{part.joins.text}"  # noqa: S608 (physical names only)
        f" WHERE t.owner_id = %s{pool} AND t.deleted_at IS NULL AND ({part.where.text}) IS NOT TRUE"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [*part.joins.params, cap.person, *pools, *part.where.params])
        return int(cursor.fetchone()[0])


def _names(actor: Actor, people: set[uuid.UUID], caps: Sequence[HoldCap]) -> dict[uuid.UUID, Collection[str]]:
    """Return under which principals each person is known; groups and departments only where a cap speaks of such."""
    if all(Principal.parse(cap.principal).kind in (EVERYONE, USER) for cap in caps):
        return {person: (EVERYONE, str(Principal(USER, person))) for person in people}
    found: dict[uuid.UUID, Collection[str]] = {}
    if actor.user_id in people and actor.user_id is not None:
        found[actor.user_id] = circle_of(actor).principals
    others = users_for_actor().filter(pk__in=people - found.keys())
    return found | {user.pk: circle_of(build_actor(user, via=actor.via)).principals for user in others}
