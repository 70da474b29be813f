"""The audit trail: who did what that others must be able to look up later. Rows are added, never changed."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class AuditSeal(models.Model):
    """The digest of one day of a trail, with that of the day before in it: see `chain`. Stays as it is for ever."""

    trail = models.CharField(max_length=20)  # a key of chain.TRAILS
    day = models.DateField()  # in UTC
    count = models.PositiveBigIntegerField()
    previous = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64)
    sealed_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["trail", "day"], name="audit_seal_once")]


class AuditEntry(models.Model):
    """One act. Names are kept beside ids, because a row must outlive what it speaks of.

    `object_name`, `record_id` and `field_name` say what the act was about, as far as it was about a record.
    The database refuses UPDATE, TRUNCATE and any DELETE but that of the retention job (migration 0002).
    """

    at = models.DateTimeField(db_default=Now())
    action = models.CharField(max_length=40)  # a key of `actions`
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=100, blank=True)
    via = models.CharField(max_length=20)
    object_name = models.CharField(max_length=60, blank=True)
    record_id = models.UUIDField(null=True)
    record_name = models.CharField(max_length=200, blank=True)
    field_name = models.CharField(max_length=60, blank=True)
    address = models.CharField(max_length=45, blank=True)  # of the caller, as the outermost trusted proxy saw it
    request_id = models.CharField(max_length=64)
    details = models.JSONField(default=dict)

    class Meta:
        default_permissions = ()
        permissions = [
            ("view_entries", "See the audit trail"),
            ("reveal_sensitive", "Reveal masked and encrypted values"),
        ]
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_at"),
            models.Index(fields=["actor_id", "-at"], name="audit_actor"),
            models.Index(fields=["record_id", "-at"], name="audit_record"),
        ]
