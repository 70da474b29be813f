"""What a pool demands of the owners of its records, and the clocks that run for each record."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm_platform.identity.models import User
from workflows.pools.models import Pool


class SlaPolicy(models.Model):
    """How soon records of a pool are to be followed up; 0 minutes: no demand."""

    pool = models.OneToOneField(Pool, on_delete=models.CASCADE, related_name="sla")
    first_response = models.PositiveIntegerField(default=0)  # minutes since somebody got the record
    next_response = models.PositiveIntegerField(default=0)  # minutes between two follow-ups
    in_hours = models.BooleanField(default=True)  # counted in working hours only
    condition = models.JSONField(null=True, blank=True)  # a condition tree: which records; None: all
    notifies_manager = models.BooleanField(default=True)
    is_active = models.BooleanField(default=True)
    version = models.IntegerField(default=1)

    class Meta:
        default_permissions = ()


class SlaClock(models.Model):
    """One demand on one record: met by a follow-up before it is due, missed by none, stopped when it is pointless."""

    class Kind(models.TextChoices):
        FIRST = "first", _("First response")
        NEXT = "next", _("Next follow-up")

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        MET = "met", _("Met")
        MISSED = "missed", _("Missed")
        STOPPED = "stopped", _("Stopped")

    object_id = models.BigIntegerField()  # BusinessObject.id
    record_id = models.UUIDField()
    pool_id = models.UUIDField()
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["record_id"], name="one_running_clock", condition=models.Q(state="running")
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="sla_clock_due", condition=models.Q(state="running")),
            models.Index(fields=["record_id", "-id"], name="sla_clock_of_record"),
            models.Index(
                fields=["object_id", "-settled_at"], name="sla_clock_missed", condition=models.Q(state="missed")
            ),
        ]
