"""选项集: sets of choices for picklists and pipelines."""

from __future__ import annotations

import uuid

from django.db import models


class ChoiceSet(models.Model):
    """A named set of choices; a private one belongs to the one field that uses it."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    api_name = models.CharField(max_length=90, unique=True)
    label = models.CharField(max_length=80)
    is_shared = models.BooleanField(default=True)
    is_custom = models.BooleanField(default=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.api_name


class Choice(models.Model):
    """One choice: `value` is stored in records and never changes; it is retired, not deleted."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    choice_set = models.ForeignKey(ChoiceSet, on_delete=models.CASCADE, related_name="choices")
    value = models.CharField(max_length=60)
    label = models.CharField(max_length=80)
    color = models.CharField(max_length=20, blank=True)
    position = models.IntegerField(default=0)
    is_active = models.BooleanField(default=True)
    is_default = models.BooleanField(default=False)
    # What the value means to the platform; for stages {"probability": 60, "category": "open"|"won"|"lost"}.
    properties = models.JSONField(default=dict, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["choice_set", "value"], name="choice_value_once_per_set")]

    def __str__(self) -> str:
        return self.value
