"""校验规则: conditions under which a record may not be saved."""

from __future__ import annotations

import uuid

from django.db import models

from metadata.models.business_object import BusinessObject


class ValidationRule(models.Model):
    """A condition that is true when a record is wrong, and what its author is told then."""

    class Severity(models.TextChoices):
        ERROR = "error"
        WARNING = "warning"  # saved all the same once it is confirmed

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    business_object = models.ForeignKey(BusinessObject, on_delete=models.CASCADE, related_name="validation_rules")
    api_name = models.CharField(max_length=40)
    label = models.CharField(max_length=80)
    condition = models.TextField()
    message = models.CharField(max_length=500)
    location = models.CharField(max_length=40, blank=True)  # API name of a field; empty: top of the page
    severity = models.CharField(max_length=10, choices=Severity.choices, default=Severity.ERROR)
    events = models.JSONField(default=list)
    record_types = models.JSONField(default=list, blank=True)  # API names; empty: records of any type
    can_be_bypassed = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    is_custom = models.BooleanField(default=True)
    position = models.IntegerField(default=0)

    class Meta:
        default_permissions = ()
        permissions = [("bypass_validation", "Bypass validation rules")]
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["business_object", "api_name"], name="rule_api_name_once_per_object")
        ]

    def __str__(self) -> str:
        return self.api_name
