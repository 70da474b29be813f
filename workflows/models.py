"""The static tables of this app, topic by topic."""

from workflows.assignment.models import Absence, Assignment, AssignmentMember, AssignmentRule
from workflows.pools.models import (
    HoldCap,
    Pool,
    PoolExtension,
    PoolMember,
    PoolMovement,
    PoolQuota,
    PoolReminder,
    PoolView,
    RecordProtection,
    RecycleRule,
    RecycleRun,
)

__all__ = [
    "Absence",
    "Assignment",
    "AssignmentMember",
    "AssignmentRule",
    "HoldCap",
    "Pool",
    "PoolExtension",
    "PoolMember",
    "PoolMovement",
    "PoolQuota",
    "PoolReminder",
    "PoolView",
    "RecordProtection",
    "RecycleRule",
    "RecycleRun",
]
