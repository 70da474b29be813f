"""Rows beside the record tables that writing records needs: counters of numbers, and deletions."""

from __future__ import annotations

from django.db import models


class NumberCounter(models.Model):
    """The last number given out for an auto-number field.

    The row stays locked until the records are committed, so that numbers which were rolled back are given out
    again and no gap appears.
    """

    field_id = models.BigIntegerField(primary_key=True)
    value = models.BigIntegerField()

    class Meta:
        default_permissions = ()


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
