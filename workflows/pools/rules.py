"""Pools with their members and limits as the engine reads them: once per access version in each process."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from django.db.models.signals import post_delete, post_save

from crm_platform.identity.services import bump_access_version
from crm_platform.kit.context import Actor
from crm_platform.tenancy.context import current_schema
from workflows.pools.models import HoldCap, Pool, PoolMember, PoolQuota


@dataclass(frozen=True)
class Limits:
    """What one person may do in one pool, where that differs from the others; None: as the pool says."""

    hold_cap: int | None
    daily_cap: int | None


@dataclass(frozen=True)
class PoolRules:
    """All pools, members, quotas and caps of the organisation. The rows are shared by all: nobody changes them."""

    pools: Mapping[uuid.UUID, Pool]  # in order of their objects and positions
    members: Mapping[uuid.UUID, tuple[PoolMember, ...]]
    quotas: Mapping[tuple[uuid.UUID, uuid.UUID], Limits]  # by pool and user
    hold_caps: Mapping[int, tuple[HoldCap, ...]]  # by object, in their order

    def active(self, object_id: int) -> list[Pool]:
        """Return the pools of an object that are in use, in order."""
        return [pool for pool in self.pools.values() if pool.is_active and pool.business_object_id == object_id]

    def limits(self, pool: Pool, user_id: uuid.UUID) -> Limits:
        """Return what one person may hold of a pool, and claim in a day."""
        own = self.quotas.get((pool.pk, user_id), Limits(None, None))
        return Limits(
            pool.hold_cap if own.hold_cap is None else own.hold_cap,
            pool.daily_cap if own.daily_cap is None else own.daily_cap,
        )


def pool_rules(actor: Actor) -> PoolRules:
    """Return the rules as of the caller's access version; for one without, as they are now."""
    return _kept(current_schema(), actor.access_version) if actor.access_version else _read()


@lru_cache(maxsize=512)
def _kept(schema: str, access_version: int) -> PoolRules:
    return _read()


def _read() -> PoolRules:
    pools = Pool.objects.select_related("business_object").order_by("business_object_id", "position", "api_name")
    members: dict[uuid.UUID, list[PoolMember]] = defaultdict(list)
    for row in PoolMember.objects.order_by("pk"):
        members[row.pool_id].append(row)
    caps: dict[int, list[HoldCap]] = defaultdict(list)
    for cap in HoldCap.objects.order_by("position", "pk"):
        caps[cap.business_object_id].append(cap)
    return PoolRules(
        {pool.pk: pool for pool in pools},
        {key: tuple(rows) for key, rows in members.items()},
        {(row.pool_id, row.user_id): Limits(row.hold_cap, row.daily_cap) for row in PoolQuota.objects.all()},
        {key: tuple(rows) for key, rows in caps.items()},
    )


def watch() -> None:
    """Let every change of pools, members and limits move the access version; called once, when Django starts."""
    for model in (Pool, PoolMember, PoolQuota, HoldCap):
        for signal in (post_save, post_delete):
            signal.connect(_changed, sender=model, dispatch_uid=f"pools.{model.__name__}")


def _changed(**_kwargs: object) -> None:
    bump_access_version()
