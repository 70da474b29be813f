"""What was reminded of already, and the addresses from which calendars are read by other programs."""

from __future__ import annotations

from django.conf import settings
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


class CalendarFeed(models.Model):
    """The address from which other programs read somebody's calendar. Only the SHA-256 of its secret part is kept."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_feed")
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    last_read_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.user_id}"
