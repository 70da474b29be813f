"""Rows of the file store: uploads, and contents that may have lost their last upload."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from crm_platform.files import store
from crm_platform.kit.ids import uuid7


class StoredFile(models.Model):
    """One upload: what it is called, what its content was found to be, and what it belongs to.

    The content lies in the store under its own digest, so that the same content is kept once. Until `record_id`
    is set the file is loose: only its uploader may see or attach it, and it goes after a day unless something
    else holds it (`held_by`). A file that was taken out of its record's field has `detached_at`; it goes after
    a day, too, and can be put back into that field until then.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    content_type = models.CharField(max_length=100)
    name = models.CharField(max_length=255)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    object_id = models.BigIntegerField(null=True)
    record_id = models.UUIDField(null=True)
    field_id = models.BigIntegerField(null=True)
    detached_at = models.DateTimeField(null=True)
    held_by = models.CharField(max_length=60, blank=True)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["record_id"], name="file_record"),
            models.Index(fields=["sha256"], name="file_content"),
            models.Index(fields=["created_at"], name="file_loose", condition=Q(record_id=None, held_by="")),
            models.Index(fields=["held_by", "created_at"], name="file_held", condition=~Q(held_by="")),
            models.Index(fields=["detached_at"], name="file_detached", condition=Q(detached_at__isnull=False)),
        ]

    @property
    def is_image(self) -> bool:
        return self.width is not None

    def opened(self) -> Any:
        """Return the content as an open file; raises FileNotFoundError."""
        return store.open_content(store.content_key(self.sha256))


class DoubtfulContent(models.Model):
    """A content that perhaps no upload refers to: written a moment ago, or its upload was deleted.

    The row is there before the bytes are written and outlives the upload's own, so that no crash leaves bytes
    which nobody knows of.
    """

    sha256 = models.CharField(primary_key=True, max_length=64)
    since = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()
