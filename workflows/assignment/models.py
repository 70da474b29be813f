"""Rules by which what waits in a pool is given to people, who takes part, who is absent, and what was decided."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm_platform.identity.models import User
from crm_platform.kit.ids import uuid7
from workflows.pools.models import Pool, PoolMovement

ENTRIES = (  # kinds of movement by which a record comes to wait in a pool
    PoolMovement.Kind.CREATE,
    PoolMovement.Kind.IMPORT,
    PoolMovement.Kind.RELEASE,
    PoolMovement.Kind.RECALL,
    PoolMovement.Kind.RECYCLE,
    PoolMovement.Kind.MOVE,
)


class AssignmentRule(models.Model):
    """Who gets a record that has come into a pool; of a pool's rules the first whose condition it meets decides."""

    class Strategy(models.TextChoices):
        ROUND_ROBIN = "round_robin", _("In turn")
        WEIGHTED = "weighted", _("In turn, by weight")
        LEAST_LOAD = "least_load", _("Who holds the least")
        BEST_MATCH = "best_match", _("Who fits best by tags, then who holds the least")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, related_name="assignment_rules")
    label = models.CharField(max_length=80)
    position = models.IntegerField(default=0)
    is_active = models.BooleanField(default=True)
    version = models.IntegerField(default=1)
    entries = ArrayField(models.CharField(max_length=10), default=list)  # kinds of movement that it looks at
    condition = models.JSONField(null=True, blank=True)  # a condition tree; None: every record
    strategy = models.CharField(max_length=20, choices=Strategy.choices, default=Strategy.ROUND_ROBIN)
    sticky_fields = ArrayField(models.CharField(max_length=40), default=list, blank=True)  # equal in one: same owner
    only_in_hours = models.BooleanField(default=False)  # wait for the working hours of the organisation
    accept_minutes = models.PositiveIntegerField(default=0)  # to show that one has taken it on; 0: no need to
    most_tries = models.PositiveSmallIntegerField(default=3)  # people in a row, then it stays in the pool

    class Meta:
        default_permissions = ()
        ordering = ["position", "id"]


class AssignmentMember(models.Model):
    """Somebody among whom a rule chooses, and what speaks for him."""

    rule = models.ForeignKey(AssignmentRule, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    position = models.IntegerField(default=0)
    weight = models.PositiveSmallIntegerField(default=1)
    capacity = models.PositiveIntegerField(null=True, blank=True)  # records of the pool, at a time
    tags = models.JSONField(
        default=dict, blank=True
    )  # {"region": ["east"], …}: values of the record that he is good at
    assigned = models.PositiveBigIntegerField(default=0)  # records so far, since he takes part
    last_assigned_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["rule", "user"], name="assignment_member_once"),
            models.CheckConstraint(condition=models.Q(weight__gte=1), name="assignment_weight_counts"),
        ]


class Absence(models.Model):
    """请假: a time in which somebody is given nothing by a rule, and the clocks of what he holds stand still."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="absences")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["-starts_at"]
        constraints = [
            models.CheckConstraint(condition=models.Q(ends_at__gt=models.F("starts_at")), name="absence_in_order"),
        ]


class Assignment(models.Model):
    """What a rule decided about one record, and why; `unplaced` when there was nobody to give it to."""

    class State(models.TextChoices):
        GIVEN = "given", _("Given")
        ACCEPTED = "accepted", _("Taken on")
        MISSED = "missed", _("Not taken on in time")
        UNPLACED = "unplaced", _("Nobody was free")

    class Reason(models.TextChoices):
        TURN = "turn", _("It was his turn")
        WEIGHT = "weight", _("It was his turn by weight")
        LOAD = "load", _("He held the least")
        MATCH = "match", _("He fitted best")
        STICKY = "sticky", _("He has a record of the same kind already")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    rule = models.ForeignKey(AssignmentRule, on_delete=models.SET_NULL, null=True, related_name="+")
    object_id = models.BigIntegerField()  # BusinessObject.id
    record_id = models.UUIDField()
    pool_id = models.UUIDField()
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices)
    reason = models.CharField(max_length=10, choices=Reason.choices, blank=True)
    facts = models.JSONField(default=dict)  # what was compared: {"load": 3, "capacity": 20, "matched": ["region"]}
    at = models.DateTimeField()
    accept_by = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["record_id", "-at"], name="assignment_of_record"),
            models.Index(fields=["accept_by"], name="assignment_due", condition=models.Q(state="given")),
        ]
