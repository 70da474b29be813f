"""最近访问: the records that a user looked at last, kept beside the records themselves."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class RecentRecord(models.Model):
    """One record that one user has opened; the newest fifty of a user are kept."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    object_id = models.IntegerField()
    record_id = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["user", "-at"], name="recent_record_newest")]
        constraints = [
            models.UniqueConstraint(fields=["user", "object_id", "record_id"], name="recent_record_once_per_user")
        ]
