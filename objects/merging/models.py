"""What is kept about merges: what each has moved, so that it can be undone, and where old ids lead."""

from __future__ import annotations

from django.db import models


class Merge(models.Model):
    """One merge: losers went into the survivor.

    `before` holds what the undo brings back: the survivor's columns as they were, and which rows pointed at
    which loser. It is emptied when the time for an undo is over.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    object_id = models.BigIntegerField()
    survivor_id = models.UUIDField()
    losers = models.JSONField()  # ids
    choices = models.JSONField()  # field → id of the record whose value was taken
    counts = models.JSONField()  # {"<object id>.<field id>": rows moved}
    before = models.JSONField(null=True)
    at = models.DateTimeField()
    actor_id = models.UUIDField(null=True)
    undone_at = models.DateTimeField(null=True)
    undone_by_id = models.UUIDField(null=True)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["survivor_id"], name="merge_survivor"),
            models.Index(fields=["at"], name="merge_at"),
        ]


class Redirect(models.Model):
    """Where the id of a merged record leads; a chain of merges is kept short by rewriting it."""

    loser_id = models.UUIDField(primary_key=True, editable=False)
    survivor_id = models.UUIDField()
    object_id = models.BigIntegerField()
    merge = models.ForeignKey(Merge, on_delete=models.CASCADE, related_name="redirects")

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["survivor_id"], name="redirect_survivor")]


class MergeMove(models.Model):
    """One row that a merge has led from a loser to the survivor, by which column of which table.

    `before` is the old value where the loser's id alone does not tell it: a list of several records.
    """

    merge = models.ForeignKey(Merge, on_delete=models.CASCADE, related_name="moves")
    object_id = models.BigIntegerField()  # of the row
    field_id = models.BigIntegerField()
    record_id = models.UUIDField()
    loser_id = models.UUIDField()
    before = models.JSONField(null=True)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["merge", "object_id", "field_id"], name="merge_move_place")]
