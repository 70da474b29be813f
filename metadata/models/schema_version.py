"""The published versions of an organisation's data model."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class SchemaVersion(models.Model):
    """One published version with its whole canonical spec; versions are never changed."""

    number = models.BigIntegerField(primary_key=True)
    spec = models.JSONField()
    summary = models.CharField(max_length=500)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True)

    class Meta:
        default_permissions = ()
        ordering = ["-number"]


class SchemaState(models.Model):
    """Exactly one row: the number of the current version (0: nothing published yet)."""

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    current = models.BigIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="schema_state_one_row")]
