"""视图: which records a list shows, with which columns, in which order."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from metadata.models import BusinessObject


class ListView(models.Model):
    """A named look at one object's records: shared by all (no owner), or one user's own.

    `columns` and `order` hold API paths (`name`, `account.name`, `-amount`); `conditions` is the JSON form of a
    condition tree, null for every record. Names of fields that no longer exist are passed over when it is read.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    object = models.ForeignKey(BusinessObject, on_delete=models.CASCADE, related_name="list_views")
    api_name = models.CharField(max_length=40)
    label = models.CharField(max_length=80)
    columns = models.JSONField(default=list)
    conditions = models.JSONField(null=True, blank=True)
    order = models.JSONField(default=list, blank=True)
    is_default = models.BooleanField(default=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="list_views"
    )
    position = models.IntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["object", "owner", "api_name"], name="list_view_name_once", nulls_distinct=False
            ),
            models.UniqueConstraint(
                fields=["object"],
                condition=models.Q(is_default=True, owner=None),
                name="one_default_list_view_per_object",
            ),
        ]

    def __str__(self) -> str:
        return self.api_name


class ColumnChoice(models.Model):
    """The columns that one user wants in one list; `view` is a list view's API name, "" for any."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    object = models.ForeignKey(BusinessObject, on_delete=models.CASCADE, related_name="+")
    view = models.CharField(max_length=40)
    columns = models.JSONField(default=list)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "object", "view"], name="one_column_choice_per_list")]
