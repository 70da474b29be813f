"""What is kept about handing records over: the order with its plan, and a row per record, which is the report too."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm_platform.identity.models import User
from crm_platform.kit.ids import uuid7


class Handover(models.Model):
    """Records change their owner: all that a leaver 离职 owns, or those that somebody selected.

    `counts` holds, by object id, how many records there are and what became of them; `people` what was done to
    the leaver's memberships and reports. Both are written in the transactions that make them true.
    """

    class Kind(models.TextChoices):
        LEAVER = "leaver", _("Handover")
        TRANSFER = "transfer", _("Transfer")

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        CANCELLED = "cancelled", _("Cancelled")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    leaver = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="handovers")
    object_id = models.BigIntegerField(null=True)  # of a transfer
    plan = models.JSONField()
    counts = models.JSONField(default=dict)
    people = models.JSONField(default=dict)
    is_gathered = models.BooleanField(default=False)  # the rows of all records are there
    job_id = models.UUIDField(null=True)
    ordered_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    ordered_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["leaver"], condition=models.Q(state="running"), name="one_handover_at_once"
            ),
        ]
        indexes = [models.Index(fields=["kind", "-ordered_at"], name="handover_newest")]


class HandoverItem(models.Model):
    """One record of a handover: whose it was, whose it shall be or is now, and why not, where it stayed."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        MOVED = "moved", _("Handed over")
        FAILED = "failed", _("Failed")
        SKIPPED = "skipped", _("Left out")

    handover = models.ForeignKey(Handover, on_delete=models.CASCADE, related_name="items")
    object_id = models.BigIntegerField()
    record_id = models.UUIDField()
    old_owner_id = models.UUIDField(null=True)
    new_owner_id = models.UUIDField(null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    code = models.CharField(max_length=60, blank=True)
    message = models.CharField(max_length=500, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["handover", "record_id"], name="handover_item_once")]
        indexes = [models.Index(fields=["handover", "object_id", "state", "id"], name="handover_item_next")]
