"""What was reminded of already."""

from __future__ import annotations

from django.db import models


class Reminder(models.Model):
    """One time of which a record's owner was reminded: once each, whoever looks for them at the same moment."""

    field_id = models.BigIntegerField()  # BusinessField.id
    record_id = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["field_id", "record_id", "at"], name="reminded_once")]
        indexes = [models.Index(fields=["at"], name="reminder_at")]
