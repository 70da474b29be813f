"""A person's seat at a pool: whether he is a member or an administrator of it, and how he reads what waits there."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from crm_platform.identity.functions import CUSTOMIZE
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import Forbidden, NotFound
from metadata.compiler.current import current_snapshot
from objects.access.circle import circle_of
from objects.access.policy import AccessPolicy
from objects.access.reach import EDIT, READ
from objects.access.through_pool import PoolPolicy
from workflows.pools.models import Pool
from workflows.pools.rules import PoolRules, pool_rules

MANAGE = CUSTOMIZE  # who makes pools and settles their rules


@dataclass(frozen=True)
class Seat:
    """What somebody is to a pool. One who is neither member nor administrator only reads, by his profile."""

    actor: Actor
    pool: Pool
    is_admin: bool
    is_member: bool
    policy: PoolPolicy

    @property
    def object_name(self) -> str:
        return str(self.pool.business_object.api_name)

    @property
    def may_claim(self) -> bool:
        """Tell whether the person may take from the pool himself."""
        is_open = self.is_admin or (self.is_member and self.pool.mode == Pool.Mode.CLAIM)
        return is_open and self.pool.is_active and self.actor.user_id is not None

    @property
    def may_look(self) -> bool:
        """Tell whether the person sees what waits; of a pool that only assigns, members do not."""
        return self.is_admin or self.pool.mode == Pool.Mode.CLAIM or _reads_all(self.actor, self.object_name)

    def require_admin(self) -> None:
        if not self.is_admin:
            raise Forbidden

    def require_claim(self) -> None:
        if not self.may_claim:
            raise Forbidden


def seat(actor: Actor, pool_id: uuid.UUID) -> Seat:
    """Return the caller's seat at a pool; raises NotFound for who has nothing to do with it.

    A pool that is switched off is there for its administrators alone, who may move what still waits.
    """
    rules = pool_rules(actor)
    pool = rules.pools.get(pool_id)
    found = _seat(actor, rules, pool) if pool is not None else None
    if found is None or not (found.pool.is_active or found.is_admin):
        raise NotFound
    return found


def pools_of(actor: Actor, object_name: str | None = None) -> list[Seat]:
    """Return the active pools in which the caller is member or administrator, by object and position."""
    rules = pool_rules(actor)
    seats = [_seat(actor, rules, pool) for pool in rules.pools.values() if pool.is_active]
    return [
        item
        for item in seats
        if item is not None and (item.is_admin or item.is_member) and object_name in (None, item.object_name)
    ]


def _seat(actor: Actor, rules: PoolRules, pool: Pool) -> Seat | None:
    name = str(pool.business_object.api_name)
    spec = current_snapshot().spec.object_map.get(name)
    policy = AccessPolicy.of(actor)
    if spec is None or not spec.has_pools or not policy.can(name, READ):
        return None
    own = frozenset(circle_of(actor).principals) if actor.user_id is not None else frozenset()
    rows = [row for row in rules.members.get(pool.pk, ()) if row.principal in own]
    is_admin = any(row.is_admin for row in rows) or actor.has_function(MANAGE) or policy.opens(name, EDIT)
    if not (is_admin or rows or _reads_all(actor, name)):
        return None
    masked = () if is_admin or _reads_all(actor, name) else pool.masked_fields
    return Seat(actor, pool, is_admin, bool(rows), PoolPolicy(actor, name, pool.pk, masked))


def _reads_all(actor: Actor, object_name: str) -> bool:
    return AccessPolicy.of(actor).opens(object_name, READ)
