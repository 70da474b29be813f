"""查重规则: which records are taken for the same (matching), and what happens then (the rule)."""

from __future__ import annotations

import uuid

from django.db import models

from metadata.models.business_object import BusinessObject


class MatchingRule(models.Model):
    """When a record of one object is the same as one of another, or of its own: all matchers must agree.

    A matcher is `{"method", "fields", "target_fields", "threshold", "blank"}`; fields are named by API name.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    business_object = models.ForeignKey(BusinessObject, on_delete=models.CASCADE, related_name="matching_rules")
    target = models.ForeignKey(BusinessObject, on_delete=models.CASCADE, related_name="+")
    api_name = models.CharField(max_length=40)
    label = models.CharField(max_length=80)
    matchers = models.JSONField(default=list)
    is_active = models.BooleanField(default=True)
    is_custom = models.BooleanField(default=True)
    position = models.IntegerField(default=0)

    class Meta:
        default_permissions = ()
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["business_object", "api_name"], name="matching_rule_name_once_per_object")
        ]

    def __str__(self) -> str:
        return self.api_name


class DuplicateRule(models.Model):
    """What happens when a record matches another one by any of some matching rules.

    `actions` maps an event to an action; `override` names the function permission that a caller needs to save
    in spite of a warning, empty when everybody may. `shown_fields` are told of records that the caller may
    not read, masked.
    """

    class Scope(models.TextChoices):
        ALL = "all"
        OWNER = "owner"
        DEPARTMENT = "department"
        RECORD_TYPE = "record_type"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    business_object = models.ForeignKey(BusinessObject, on_delete=models.CASCADE, related_name="duplicate_rules")
    api_name = models.CharField(max_length=40)
    label = models.CharField(max_length=80)
    matching_rules = models.JSONField(default=list)  # API names of matching rules of the same object
    scope = models.CharField(max_length=12, choices=Scope.choices, default=Scope.ALL)
    period_days = models.IntegerField(default=0)  # only records of so many days; 0: of any age
    include_trashed = models.BooleanField(default=False)
    include_converted = models.BooleanField(default=True)
    condition = models.TextField(blank=True)  # an expression over the record: the rule applies while it is true
    actions = models.JSONField(default=dict)
    override = models.CharField(max_length=60, blank=True)
    message = models.CharField(max_length=500, blank=True)
    shown_fields = models.JSONField(default=list)
    is_active = models.BooleanField(default=True)
    is_custom = models.BooleanField(default=True)
    position = models.IntegerField(default=0)

    class Meta:
        default_permissions = ()
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["business_object", "api_name"], name="duplicate_rule_name_once_per_object")
        ]

    def __str__(self) -> str:
        return self.api_name
