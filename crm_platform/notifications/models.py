"""Notifications, and which of them people have switched on or off."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from crm_platform.kit.ids import uuid7


class Notification(models.Model):
    """Something told to one person. The text is kept as message keys and parameters, put into words when it is read.

    `mail_due_at` is when the mail may be tried next; whoever tries it moves it into the future first, so that nobody
    else does meanwhile, and somebody does after a crash.
    """

    class Mail(models.TextChoices):
        NONE = "none"
        WAITING = "waiting"
        SENT = "sent"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=60)
    title = models.CharField(max_length=300)
    body = models.TextField(blank=True)
    url = models.CharField(max_length=500, blank=True)
    data = models.JSONField(default=dict)
    dedupe_key = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(db_default=Now(), db_index=True)
    is_shown = models.BooleanField(default=True)  # in the console
    read_at = models.DateTimeField(null=True)
    mail = models.CharField(max_length=8, choices=Mail.choices, default=Mail.NONE)
    mail_due_at = models.DateTimeField(null=True)
    mail_tries = models.PositiveSmallIntegerField(default=0)
    mail_error = models.TextField(blank=True)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["user", "-id"], name="notification_of_user", condition=Q(is_shown=True)),
            models.Index(fields=["user"], name="notification_unread", condition=Q(is_shown=True, read_at=None)),
            models.Index(fields=["mail_due_at"], name="notification_mail_due", condition=Q(mail="waiting")),
            models.Index(fields=["-id"], name="notification_mail_failed", condition=Q(mail="failed")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "dedupe_key"], condition=~Q(dedupe_key=""), name="notification_once_per_key"
            )
        ]


class Preference(models.Model):
    """That somebody wants a kind of notification through a channel, or does not, other than its default."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=60)
    channel = models.CharField(max_length=10)
    is_on = models.BooleanField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "kind", "channel"], name="notification_preference_once")]
