"""What happened to records: one row per change, written in the transaction of the change."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class RecordChange(models.Model):
    """One version of one record: who made it, when, through which channel, and what differs.

    `changes` is keyed by the stable id of the field, `{"42": {"old": …, "new": …}}`, so that a renamed field
    keeps its history; values are in the API's form. A created record has no old values and its first values
    are those of the record, so its row holds none. Users and objects are named by plain ids: a history row
    must cost one insert and no lock, and must outlive what it names.
    """

    class Action(models.TextChoices):
        CREATED = "created", _("Created")
        UPDATED = "updated", _("Updated")
        DELETED = "deleted", _("Deleted")
        RESTORED = "restored", _("Restored")
        PURGED = "purged", _("Purged")

    object_id = models.BigIntegerField()
    record_id = models.UUIDField()
    version = models.IntegerField()
    action = models.CharField(max_length=10, choices=Action.choices)
    at = models.DateTimeField(db_default=Now())
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=100, blank=True)
    via = models.CharField(max_length=20)
    request_id = models.CharField(max_length=64)
    changes = models.JSONField(default=dict)

    class Meta:
        default_permissions = ()
        constraints = [
            # Every version has exactly one row: two writers of the same version can't both commit.
            models.UniqueConstraint(fields=["object_id", "record_id", "version"], name="one_change_per_version")
        ]
        indexes = [models.Index(fields=["at"], name="record_change_at")]
