"""Jobs, and the schedules that make some of them: rows decide what runs, Celery only wakes the workers."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.ids import uuid7


class Job(models.Model):
    """A piece of work of a registered kind.

    Whoever holds the lease may run it; `attempt` moves with every claim and fences out whoever held it
    before. `failures` counts in a row, without progress in between.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        SUCCEEDED = "succeeded", _("Succeeded")
        FAILED = "failed", _("Failed")
        ABORTED = "aborted", _("Aborted")

    UNFINISHED = (State.QUEUED, State.RUNNING)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=60)
    label = models.CharField(max_length=200, blank=True)
    args = models.JSONField(default=dict)
    dedupe_key = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001 (null: no key)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    run_at = models.DateTimeField(db_default=Now())
    attempt = models.IntegerField(default=0)
    failures = models.IntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    worker = models.CharField(max_length=120, blank=True)
    abort_requested = models.BooleanField(default=False)
    cursor = models.JSONField(null=True)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    result = models.JSONField(null=True)
    error = models.TextField(blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["dedupe_key"],
                condition=models.Q(state__in=["queued", "running"]),
                name="job_once_while_unfinished",
            ),
        ]
        indexes = [
            models.Index(fields=["run_at"], condition=models.Q(state="queued"), name="job_queued"),
            models.Index(fields=["lease_until"], condition=models.Q(state="running"), name="job_leases"),
            models.Index(fields=["-created_at"], name="job_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def is_finished(self) -> bool:
        return self.state not in self.UNFINISHED


class Schedule(models.Model):
    """A job that comes again: every so many seconds, or at a time of day in the organisation's time zone.

    Claimed by any worker when `next_run_at` has come; turns that were missed run once, not one by one.
    """

    key = models.CharField(max_length=60, primary_key=True)
    kind = models.CharField(max_length=60)
    args = models.JSONField(default=dict)
    every = models.DurationField(null=True)
    daily_at = models.TimeField(null=True)
    next_run_at = models.DateTimeField()
    is_enabled = models.BooleanField(default=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=models.Q(every__gt=timedelta(0), daily_at=None)
                | models.Q(every=None, daily_at__isnull=False),
                name="schedule_every_or_daily",
            ),
        ]
        indexes = [models.Index(fields=["next_run_at"], condition=models.Q(is_enabled=True), name="schedule_due")]


class ScheduleFiring(models.Model):
    """A turn of a schedule that was taken: each at most once, whoever tries."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="firings")
    fire_at = models.DateTimeField()
    job_id = models.UUIDField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["schedule", "fire_at"], name="schedule_fires_once")]
        indexes = [models.Index(fields=["at"], name="schedule_firing_at")]
