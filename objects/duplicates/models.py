"""What is kept about duplicates: the keys of records, decisions of people, and sets that wait for one."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now

from metadata.match_methods import match_methods

FUZZY = [method.code for method in match_methods if method.is_fuzzy]


class DuplicateKey(models.Model):
    """A value of a record in the form in which two spellings of it are equal.

    `source` is the field that it comes from, or stands for several that make one key together. Keys with an
    `origin` are those of a record that was merged into this one: they stay when the record changes.
    """

    object_id = models.BigIntegerField()
    record_id = models.UUIDField()
    source = models.BigIntegerField()
    method = models.SmallIntegerField()
    key = models.CharField(max_length=200)
    origin = models.UUIDField(null=True)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["object_id", "method", "key"], name="duplicate_key"),
            models.Index(fields=["record_id"], name="duplicate_key_record"),
            # Alike names: without a pending list, whose length would decide how long a check takes.
            GinIndex(
                fields=["object_id", "key"],
                opclasses=["int8_ops", "gin_trgm_ops"],
                condition=models.Q(method__in=FUZZY),
                fastupdate=False,
                name="duplicate_key_alike",
            ),
        ]


class KeyShape(models.Model):
    """Of which fields an object's keys are made; differs from the rules until they are made anew."""

    object_id = models.BigIntegerField(primary_key=True)
    signature = models.CharField(max_length=64)
    built_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()


class DuplicateDecision(models.Model):
    """Somebody was warned of duplicates, saved all the same, and said why."""

    rule_uuid = models.UUIDField()
    rule = models.CharField(max_length=40)
    event = models.CharField(max_length=10)
    object_id = models.BigIntegerField()
    record_id = models.UUIDField()
    matches = models.JSONField()  # [{"object": api name, "id": uuid, "score": percent}]
    reason = models.CharField(max_length=500, blank=True)
    actor_id = models.UUIDField(null=True)
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["record_id"], name="duplicate_decision_record"),
            models.Index(fields=["at"], name="duplicate_decision_at"),
        ]


class DuplicateSet(models.Model):
    """Records of one object, or of several, that are probably the same and wait for somebody to decide."""

    class State(models.TextChoices):
        OPEN = "open"
        MERGED = "merged"
        DISMISSED = "dismissed"  # looked at, and not the same

    id = models.UUIDField(primary_key=True, editable=False)
    object_id = models.BigIntegerField()
    rule = models.CharField(max_length=40)
    rule_uuid = models.UUIDField()
    score = models.SmallIntegerField()
    size = models.SmallIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by_id = models.UUIDField(null=True)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["object_id", "state", "-score", "-id"], name="duplicate_set_open"),
        ]


class DuplicateMember(models.Model):
    """One record of a set."""

    duplicate_set = models.ForeignKey(DuplicateSet, on_delete=models.CASCADE, related_name="members")
    object_id = models.BigIntegerField()
    record_id = models.UUIDField()
    score = models.SmallIntegerField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["duplicate_set", "record_id"], name="duplicate_member_once"),
        ]
        indexes = [models.Index(fields=["record_id"], name="duplicate_member_record")]


class NotDuplicate(models.Model):
    """Two records that somebody has looked at and found to be different; the smaller id comes first."""

    first_id = models.UUIDField()
    second_id = models.UUIDField()
    actor_id = models.UUIDField(null=True)
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["first_id", "second_id"], name="not_duplicate_once")]
        indexes = [models.Index(fields=["second_id"], name="not_duplicate_second")]
