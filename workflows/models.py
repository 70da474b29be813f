"""The static tables of this app, topic by topic."""

from workflows.assignment.models import Absence, Assignment, AssignmentMember, AssignmentRule
from workflows.intake.models import FormSubmission, HookDelivery, InboundHook, Mailbox, MailboxMessage, WebForm
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
from workflows.sla.models import SlaClock, SlaPolicy

__all__ = [
    "Absence",
    "Assignment",
    "AssignmentMember",
    "AssignmentRule",
    "FormSubmission",
    "HoldCap",
    "HookDelivery",
    "InboundHook",
    "Mailbox",
    "MailboxMessage",
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
    "SlaClock",
    "SlaPolicy",
    "WebForm",
]
