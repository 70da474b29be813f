"""The search index: one row per searchable record, beside the record tables."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now


class SearchEntry(models.Model):
    """What a record is found by, normalised; written from the outbox alone.

    `tokens` serve terms of one or two characters (which trigrams can't), `haystack` all longer ones. Owner
    and department are there to narrow a search before records are touched; they never decide.
    """

    record_id = models.UUIDField(primary_key=True)
    object_id = models.BigIntegerField()
    title = models.CharField(max_length=200)
    pinyin_full = models.CharField(max_length=400, blank=True)
    pinyin_initials = models.CharField(max_length=100, blank=True)
    haystack = models.TextField()
    tokens = ArrayField(models.TextField())
    owner_id = models.UUIDField(null=True)
    owner_department_id = models.UUIDField(null=True)
    version = models.IntegerField()
    updated_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        indexes = [
            # With the object in front, a word that fills a large object does not slow down a small one.
            GinIndex(fields=["object_id", "tokens"], name="search_tokens"),
            GinIndex(fields=["object_id", "haystack"], opclasses=["int8_ops", "gin_trgm_ops"], name="search_haystack"),
            models.Index(
                fields=["object_id", "title"], opclasses=["int8_ops", "varchar_pattern_ops"], name="search_title"
            ),
        ]


class IndexedShape(models.Model):
    """By which fields an object's records are indexed; differs from the data model until it is rebuilt."""

    object_id = models.BigIntegerField(primary_key=True)
    signature = models.CharField(max_length=64)
    built_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()
