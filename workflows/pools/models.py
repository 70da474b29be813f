"""Pools, their members, limits and rules, and the log of every movement between owners and pools."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm_platform.identity.models import User
from crm_platform.kit.ids import uuid7
from metadata.models import BusinessObject
from objects.access.models import PRINCIPAL


class Clock(models.TextChoices):
    """How days are counted until a record returns."""

    CALENDAR = "calendar", _("Calendar days")
    WORKDAYS = "workdays", _("Working days")


class OpenTasks(models.TextChoices):
    """What becomes of the former owner's open tasks about a record that comes into a pool."""

    CLOSE = "close", _("They are cancelled")
    ADMIN = "admin", _("They go to an administrator of the pool")
    LEAVE = "leave", _("They stay with the former owner")


class Pool(models.Model):
    """公海: where records of one object wait for an owner, and the rules by which they are claimed and return.

    A record belongs to at most one pool (`pool_id`): it waits there while it has no owner, and returns there when its
    owner loses it. New records belong to the first active pool, by position, whose `scope` they meet.
    """

    class Mode(models.TextChoices):
        CLAIM = "claim", _("Members see what waits, and claim it")
        ASSIGN = "assign", _("Only the pool's administrators see what waits, and assign it")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    business_object = models.ForeignKey(BusinessObject, on_delete=models.CASCADE, related_name="pools")
    api_name = models.CharField(max_length=40)
    label = models.CharField(max_length=80)
    description = models.CharField(max_length=300, blank=True)
    position = models.IntegerField(default=0)
    is_active = models.BooleanField(default=True)
    version = models.IntegerField(default=1)  # of these settings: for ETags and concurrent edits
    scope = models.JSONField(null=True, blank=True)  # a condition tree: which records belong here; None: all
    mode = models.CharField(max_length=10, choices=Mode.choices, default=Mode.CLAIM)
    masked_fields = ArrayField(models.CharField(max_length=40), default=list, blank=True)  # until claimed
    order = ArrayField(models.CharField(max_length=60), default=list, blank=True)  # in which "next" is claimed

    # What members may take
    hold_cap = models.PositiveIntegerField(null=True, blank=True)  # of this pool, by one person at a time
    uncounted = models.JSONField(null=True, blank=True)  # condition of records that take no room
    daily_cap = models.PositiveIntegerField(null=True, blank=True)
    hourly_cap = models.PositiveIntegerField(null=True, blank=True)
    batch_size = models.PositiveSmallIntegerField(default=50)  # claimed at once, at most
    daily_views = models.PositiveIntegerField(null=True, blank=True)  # records opened in the pool, by one person
    cool_down_days = models.PositiveSmallIntegerField(default=0)  # before the last owner may claim it again
    cool_down_exempt = ArrayField(models.CharField(max_length=80), default=list, blank=True)  # reasons without it
    protection_hours = models.PositiveSmallIntegerField(default=0)  # before what has come in may be claimed
    own_department_hours = models.PositiveSmallIntegerField(default=0)  # only by the last owner's department

    # How records return
    members_release = models.BooleanField(default=True)  # may owners give back what they hold?
    reasons = ArrayField(models.CharField(max_length=80), default=list, blank=True)  # of giving back; empty: free text
    keeps_team = models.BooleanField(default=False)
    open_tasks = models.CharField(max_length=10, choices=OpenTasks.choices, default=OpenTasks.CLOSE)
    recycles = models.BooleanField(default=False)
    clock = models.CharField(max_length=10, choices=Clock.choices, default=Clock.CALENDAR)
    waits_for_leave = models.BooleanField(default=True)  # the clock stands still while the owner is away
    exempt = models.JSONField(null=True, blank=True)  # condition of records that never return by themselves
    recycles_to = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    run_cap = models.PositiveIntegerField(default=100_000)  # records that one run takes back, at most
    reminder_days = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)  # before: [3, 1]
    reminds_manager = models.BooleanField(default=False)
    extension_days = models.PositiveSmallIntegerField(default=0)  # that an owner may ask for; 0: none
    protected_cap = models.PositiveSmallIntegerField(default=0)  # records that one person may protect; 0: none
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()
        ordering = ["position", "api_name"]
        constraints = [models.UniqueConstraint(fields=["business_object", "api_name"], name="pool_name_once")]

    def __str__(self) -> str:
        return self.label


class PoolMember(models.Model):
    """Who works with a pool: members claim, administrators also assign, move, take back and see everything unmasked."""

    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, related_name="members")
    principal = models.CharField(max_length=PRINCIPAL)
    is_admin = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["pool", "principal"], name="pool_member_once")]


class PoolQuota(models.Model):
    """Limits of one person in one pool, where they differ from the pool's."""

    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, related_name="quotas")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    hold_cap = models.PositiveIntegerField(null=True, blank=True)
    daily_cap = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["pool", "user"], name="pool_quota_once")]


class HoldCap(models.Model):
    """How many records of an object somebody may hold over all pools, and besides; the first that names him counts."""

    business_object = models.ForeignKey(BusinessObject, on_delete=models.CASCADE, related_name="hold_caps")
    principal = models.CharField(max_length=PRINCIPAL)
    cap = models.PositiveIntegerField()
    uncounted = models.JSONField(null=True, blank=True)  # condition of records that take no room
    position = models.IntegerField(default=0)

    class Meta:
        default_permissions = ()
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["business_object", "principal"], name="hold_cap_once")]


class RecycleRule(models.Model):
    """When a record returns to the pool. Rules of one group hold together; any group that holds is enough.

    `variants` names other numbers of days for some records, first match first: [{"condition": tree, "days": 7}].
    `settings` depend on the kind: stage field, won stages, least length and methods of a follow-up, the expression.
    """

    class Kind(models.TextChoices):
        NO_FOLLOW_UP = "no_follow_up", _("No follow-up")
        NO_VALID_FOLLOW_UP = "no_valid_follow_up", _("No valid follow-up")
        NO_PROGRESS = "no_progress", _("No progress of the stage")
        NO_DEAL = "no_deal", _("No deal")
        NOT_CONVERTED = "not_converted", _("Not converted")
        CONTRACT_ENDED = "contract_ended", _("Contract ended")
        EXPRESSION = "expression", _("An expression is true")

    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, related_name="recycle_rules")
    label = models.CharField(max_length=80)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    days = models.PositiveSmallIntegerField(default=0)
    variants = models.JSONField(default=list, blank=True)
    settings = models.JSONField(default=dict, blank=True)
    group = models.PositiveSmallIntegerField(default=0)
    position = models.IntegerField(default=0)
    is_active = models.BooleanField(default=True)

    class Meta:
        default_permissions = ()
        ordering = ["group", "position", "id"]


class RecycleRun(models.Model):
    """One turn of taking back what is due in a pool; there is at most one for each time that it was due."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, related_name="runs")
    scheduled_for = models.DateTimeField()
    cutoff = models.DateTimeField()  # the "now" of its rules, whenever it is carried on
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    counts = models.JSONField(default=dict)
    is_undone = models.BooleanField(default=False)
    ordered_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        default_permissions = ()
        ordering = ["-scheduled_for"]
        constraints = [models.UniqueConstraint(fields=["pool", "scheduled_for"], name="recycle_run_once")]


class PoolMovement(models.Model):
    """One record that changed hands: written in the same transaction, never changed but for `undone_at`."""

    class Kind(models.TextChoices):
        CREATE = "create", _("Created")
        CLAIM = "claim", _("Claimed")
        ASSIGN = "assign", _("Assigned")
        TRANSFER = "transfer", _("Transferred")
        RELEASE = "release", _("Given back")
        RECALL = "recall", _("Taken back")
        RECYCLE = "recycle", _("Returned by rule")
        MOVE = "move", _("Moved to another pool")
        IMPORT = "import", _("Imported")
        HANDOVER = "handover", _("Handed over")
        CONVERT = "convert", _("Converted")
        ROUTE = "route", _("Assigned by rule")
        UNDO = "undo", _("Undone")

    object_id = models.BigIntegerField()  # BusinessObject.id
    record_id = models.UUIDField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    from_owner_id = models.UUIDField(null=True)
    to_owner_id = models.UUIDField(null=True)
    from_pool_id = models.UUIDField(null=True)
    to_pool_id = models.UUIDField(null=True)
    actor_id = models.UUIDField(null=True)  # None: the platform itself
    via = models.CharField(max_length=10)
    reason = models.CharField(max_length=80, blank=True)
    note = models.CharField(max_length=300, blank=True)
    rule_id = models.BigIntegerField(null=True)
    run_id = models.UUIDField(null=True)
    evidence = models.JSONField(null=True)
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["record_id", "-id"], name="movement_of_record"),
            models.Index(fields=["to_pool_id", "-at"], name="movement_to_pool"),
            models.Index(fields=["from_pool_id", "-at"], name="movement_from_pool"),
            models.Index(
                fields=["to_owner_id", "from_pool_id", "at"],
                name="movement_claims",
                condition=models.Q(kind="claim"),
            ),
            models.Index(fields=["run_id"], name="movement_of_run", condition=models.Q(run_id__isnull=False)),
        ]


class PoolView(models.Model):
    """Which records of a pool somebody has opened on one day of the organisation's calendar."""

    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    record_id = models.UUIDField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "pool", "day", "record_id"], name="pool_view_once")]


class RecordProtection(models.Model):
    """A record that its owner has put out of reach of recycling, until a moment or for good; his quota counts it."""

    object_id = models.BigIntegerField()
    record_id = models.UUIDField(unique=True)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()


class PoolExtension(models.Model):
    """An owner's request for more days; while it waits the record does not return."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting for an answer")
        GRANTED = "granted", _("Granted")
        REFUSED = "refused", _("Refused")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, related_name="extensions")
    object_id = models.BigIntegerField()
    record_id = models.UUIDField()
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    days = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    until = models.DateTimeField(null=True)  # granted: the record does not return before
    asked_at = models.DateTimeField(db_default=Now())
    decided_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["record_id", "owner"], name="one_waiting_extension", condition=models.Q(state="waiting")
            ),
        ]
        indexes = [models.Index(fields=["record_id", "state", "until"], name="extension_of_record")]


class PoolReminder(models.Model):
    """An owner was told so many days before that a record of his returns on a day; told once for each of the three."""

    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, related_name="+")
    record_id = models.UUIDField()
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    mark = models.PositiveSmallIntegerField()  # of the pool's `reminder_days`
    due_on = models.DateField()
    at = models.DateTimeField(db_default=Now())
    told_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["record_id", "owner", "mark", "due_on"], name="pool_reminder_once"),
        ]
        indexes = [
            models.Index(fields=["pool", "owner"], name="pool_reminder_untold", condition=models.Q(told_at=None)),
            models.Index(fields=["at"], name="pool_reminder_at"),
        ]
