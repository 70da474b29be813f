"""The outbox: what happened to records, and how far each consumer has read."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Now

from crm_platform.events.fields import CurrentTransactionId, TransactionIdField


class OutboxMessage(models.Model):
    """One happening, written in the transaction that caused it; never changed, deleted by retention.

    Readers order by (xid, seq) and take only transactions below the oldest running one: a number alone
    would skip what commits late.
    """

    seq = models.BigAutoField(primary_key=True)
    xid = TransactionIdField(db_default=CurrentTransactionId(), editable=False)
    event_id = models.UUIDField()
    type = models.CharField(max_length=60)
    object_id = models.BigIntegerField(null=True)
    object_name = models.CharField(max_length=40, blank=True)
    record_id = models.UUIDField(null=True)
    version = models.IntegerField(null=True)
    changed = models.JSONField(default=dict)
    actor_id = models.UUIDField(null=True)
    via = models.CharField(max_length=20, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["xid", "seq"], name="outbox_token"),
            models.Index(fields=["at"], name="outbox_at"),
        ]

    @property
    def token(self) -> tuple[int, int]:
        return self.xid, self.seq


class ConsumerCursor(models.Model):
    """How far one consumer has read, and how it fares. Moves in the transaction of the consumer's effects."""

    consumer = models.CharField(max_length=60, primary_key=True)
    xid = TransactionIdField(default=0)
    seq = models.BigIntegerField(default=0)
    advanced_at = models.DateTimeField(db_default=Now())
    cluster = models.BigIntegerField(null=True)  # the database cluster whose transaction ids these are
    batch_limit = models.IntegerField(default=500)  # shrinks around a message that fails, then grows again
    failures = models.IntegerField(default=0)  # in a row
    retry_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        default_permissions = ()


class DeadLetter(models.Model):
    """A message that a consumer could not take, set aside so that the others go on."""

    id = models.BigAutoField(primary_key=True)
    consumer = models.CharField(max_length=60)
    event_id = models.UUIDField(default=uuid.uuid4)
    message = models.JSONField()
    error = models.TextField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["consumer", "event_id"], name="dead_letter_once_per_consumer")]
