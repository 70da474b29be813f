"""记录类型: the kinds of an object's records, and whose records may be of which (guardian)."""

from __future__ import annotations

import uuid

from django.db import models
from guardian.models import GroupObjectPermissionBase

from metadata.models.business_object import BusinessObject


class RecordType(models.Model):
    """A kind of record: what it narrows, and who may choose it. Retired, never deleted: old records keep it."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    business_object = models.ForeignKey(BusinessObject, on_delete=models.CASCADE, related_name="record_types")
    api_name = models.CharField(max_length=40)
    label = models.CharField(max_length=80)
    description = models.CharField(max_length=500, blank=True)
    color = models.CharField(max_length=20, blank=True)
    choices = models.JSONField(default=dict, blank=True)  # field → the values that it may have
    is_active = models.BooleanField(default=True)
    is_default = models.BooleanField(default=False)  # of records whose maker does not say
    is_custom = models.BooleanField(default=True)
    position = models.IntegerField(default=0)

    class Meta:
        default_permissions = ()
        permissions = [
            ("use_type", "Make records of the type"),
            ("default_type", "Make records of the type unless another one is chosen"),
        ]
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["business_object", "api_name"], name="record_type_name_once_per_object"),
            models.UniqueConstraint(
                fields=["business_object"],
                condition=models.Q(is_default=True),
                name="record_type_one_default",
            ),
        ]

    def __str__(self) -> str:
        return self.api_name


class RecordTypeGroupPermission(GroupObjectPermissionBase):
    """A grant of a profile's (or permission set's) auth.Group on one record type."""

    content_object = models.ForeignKey(RecordType, on_delete=models.CASCADE, related_name="group_grants")

    class Meta(GroupObjectPermissionBase.Meta):
        abstract = False
