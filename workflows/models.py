"""The static tables of this app, topic by topic."""

from workflows.pools.models import (
    HoldCap,
    Pool,
    PoolExtension,
    PoolMember,
    PoolMovement,
    PoolQuota,
    PoolView,
    RecordProtection,
    RecycleRule,
    RecycleRun,
)

__all__ = [
    "HoldCap",
    "Pool",
    "PoolExtension",
    "PoolMember",
    "PoolMovement",
    "PoolQuota",
    "PoolView",
    "RecordProtection",
    "RecycleRule",
    "RecycleRun",
]
