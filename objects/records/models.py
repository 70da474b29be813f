"""Rows beside the record tables that writing records needs: counters, deletions, what is to be worked out anew."""

from __future__ import annotations

from django.db import models

from crm_platform.identity.models import User


class NumberCounter(models.Model):
    """The last number given out in a series without gaps: a field, and the key of its period and partition.

    The row stays locked until the records are committed, so that numbers which were rolled back are given out
    again and no gap appears.
    """

    field_id = models.BigIntegerField()
    key = models.CharField(max_length=120, default="")
    value = models.BigIntegerField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["field_id", "key"], name="one_counter_per_series")]


class Deletion(models.Model):
    """One act of deleting: the record that was chosen, and how many rows went with it from which objects.

    The rows themselves carry the id in `deletion_id`; `counts` says in whose tables a restore has to look.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    object_id = models.BigIntegerField()
    record_id = models.UUIDField()
    counts = models.JSONField()  # {"<object id>": rows}
    at = models.DateTimeField()
    actor_id = models.UUIDField(null=True)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["at"], name="deletion_at")]


class Recalculation(models.Model):
    """Records whose formulas read a record that has changed: to be worked out anew by a job.

    They are the records of `object_id` that lead to `source_id` by the lookups `via` (field ids, the record's own
    first); `after` is the last of them that is done.
    """

    id = models.BigAutoField(primary_key=True)
    object_id = models.BigIntegerField()
    via = models.JSONField()
    source_id = models.UUIDField()
    after = models.UUIDField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["object_id", "via", "source_id"], name="recalculated_once")]


class Holding(models.Model):
    """How many live records of an object a person holds, by the pool to which they would return.

    Triggers on the record tables keep it, in the transaction of every change. Whoever gives a person another record
    locks the person's rows first, so that two at once can't both find room for the last one.
    """

    object_id = models.BigIntegerField()  # BusinessObject.id
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    pool_id = models.UUIDField(null=True)
    held = models.IntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["object_id", "user", "pool_id"], name="holding_once", nulls_distinct=False),
        ]
