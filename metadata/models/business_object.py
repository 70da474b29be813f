"""业务对象: one row per business object, and who may do what with its records (guardian)."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _
from guardian.models import GroupObjectPermissionBase


class BusinessObject(models.Model):
    """The definition of an object; its records live in the table `o_<id>`."""

    class State(models.TextChoices):
        ACTIVE = "active"
        TRASHED = "trashed"

    class Sharing(models.TextChoices):
        """What everybody who may use the object at all may do with the records of others."""

        PRIVATE = "private", _("Private: roles and sharing decide")
        READ = "read", _("Everybody reads")
        EDIT = "edit", _("Everybody reads and edits")
        FULL = "full", _("Everybody reads, edits, transfers and deletes")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    api_name = models.CharField(max_length=40, unique=True)
    label = models.CharField(max_length=80)
    plural_label = models.CharField(max_length=80, blank=True)
    description = models.CharField(max_length=500, blank=True)
    icon = models.CharField(max_length=40, default="box")
    color = models.CharField(max_length=20, default="blue")
    name_field = models.CharField(max_length=40, default="name")
    is_custom = models.BooleanField(default=True)
    is_activity = models.BooleanField(default=False)  # tasks, calls, visits: shown on timelines
    has_pools = models.BooleanField(default=False)  # records may wait in pools, and what everybody holds is counted
    in_navigation = models.BooleanField(default=True)
    is_searchable = models.BooleanField(default=True)
    sharing = models.CharField(max_length=10, choices=Sharing.choices, default=Sharing.PRIVATE)
    position = models.IntegerField(default=0)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    trashed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        permissions = [
            ("read", "Read records"),
            ("create", "Create records"),
            ("edit", "Edit records"),
            ("delete", "Delete records"),
            ("import", "Import records"),
            ("export", "Export records"),
            ("mass_update", "Change many records at once"),
            ("merge", "Merge records"),
            ("convert", "Convert records"),
            ("transfer", "Give records to another owner"),
            ("share", "Share records, and choose their teams"),
            ("restore", "Bring records back from the trash"),
            ("view_all", "Read all records, whoever owns them"),
            ("modify_all", "Do everything with all records, whoever owns them"),
            ("customize", "Customise the data model"),  # a function permission, granted without an object
        ]
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.api_name


class BusinessObjectGroupPermission(GroupObjectPermissionBase):
    """A grant of a profile's (or group's) auth.Group on one business object."""

    content_object = models.ForeignKey(BusinessObject, on_delete=models.CASCADE, related_name="group_grants")

    class Meta(GroupObjectPermissionBase.Meta):
        abstract = False
