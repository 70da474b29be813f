"""布局: how the page and the form of an object's records are arranged."""

from __future__ import annotations

import uuid

from django.db import models

from metadata.models import BusinessObject


class PageLayout(models.Model):
    """An arrangement of fields by API name.

    `sections` is `[{"label": {locale: text}, "columns": 1|2, "fields": [name, …]}]`, `related` is
    `[{"object": name, "field": lookup, "columns": [path, …]}]`. Fields and related lists that a layout does not
    name are added after those it names, so that a new field is never out of sight.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    object = models.ForeignKey(BusinessObject, on_delete=models.CASCADE, related_name="page_layouts")
    api_name = models.CharField(max_length=40, default="default")
    label = models.CharField(max_length=80)
    highlights = models.JSONField(default=list)
    sections = models.JSONField(default=list)
    related = models.JSONField(default=list)
    is_default = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["object", "api_name"], name="page_layout_name_once_per_object"),
            models.UniqueConstraint(
                fields=["object"], condition=models.Q(is_default=True), name="one_default_layout_per_object"
            ),
        ]

    def __str__(self) -> str:
        return self.api_name
