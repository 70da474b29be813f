"""字段: one row per field of a business object."""

from __future__ import annotations

import uuid

from django.db import models
from guardian.models import GroupObjectPermissionBase

from metadata.models.business_object import BusinessObject
from metadata.models.choice_set import ChoiceSet


class BusinessField(models.Model):
    """The definition of a field; its values live in the column(s) `c_<id>…` of the object's table."""

    class State(models.TextChoices):
        ACTIVE = "active"  # in every snapshot
        HIDDEN = "hidden"  # deleted by an admin; the column waits to be dropped or restored
        PREPARING = "preparing"  # a change of type: its columns are being filled from the field it will replace

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    business_object = models.ForeignKey(BusinessObject, on_delete=models.CASCADE, related_name="fields")
    api_name = models.CharField(max_length=40)
    label = models.CharField(max_length=80)
    help_text = models.CharField(max_length=500, blank=True)
    type = models.CharField(max_length=30)
    settings = models.JSONField(default=dict)
    choice_set = models.ForeignKey(ChoiceSet, on_delete=models.PROTECT, null=True, blank=True)
    default = models.JSONField(null=True, blank=True)
    is_required = models.BooleanField(default=False)
    is_unique = models.BooleanField(default=False)
    is_indexed = models.BooleanField(default=False)
    is_searchable = models.BooleanField(default=False)
    is_custom = models.BooleanField(default=True)
    track_history = models.BooleanField(default=True)
    unique_scope = models.JSONField(default=list, blank=True)
    is_case_sensitive = models.BooleanField(default=False)
    default_formula = models.TextField(blank=True)
    required_if = models.TextField(blank=True)
    visible_if = models.TextField(blank=True)
    readonly_if = models.TextField(blank=True)
    sensitivity = models.CharField(max_length=10, default="normal")
    is_deprecated = models.BooleanField(default=False)
    part = models.SmallIntegerField(default=0)  # which of the object's tables holds its columns
    replaces = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="successors")
    position = models.IntegerField(default=0)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    hidden_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["position", "id"]
        default_permissions = ()
        permissions = [
            ("mask_field", "Read the field, masked"),
            ("read_field", "Read the field"),
            ("edit_field", "Change the field"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["business_object", "api_name"], name="field_api_name_once_per_object")
        ]

    def __str__(self) -> str:
        return self.api_name


class BusinessFieldGroupPermission(GroupObjectPermissionBase):
    """A grant of a profile's (or permission set's) auth.Group on one field."""

    content_object = models.ForeignKey(BusinessField, on_delete=models.CASCADE, related_name="group_grants")

    class Meta(GroupObjectPermissionBase.Meta):
        abstract = False
