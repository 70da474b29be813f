"""Web forms, and everything that was sent through them."""

from __future__ import annotations

import secrets

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm_platform.identity.models import User
from crm_platform.kit.ids import uuid7
from metadata.models import BusinessObject
from workflows.pools.models import Pool


def new_token() -> str:
    return secrets.token_urlsafe(18)


class WebForm(models.Model):
    """A form for strangers, which makes records of one object.

    `fields` holds, in their order, mappings of `field` (API name), `label`, `help`, `required`, `default`, `hidden`
    and `parameter` (of the page's address, which fills a hidden field). Where no pool and no owner is named, the
    record goes where pools take it.
    """

    class Duplicates(models.TextChoices):
        ALLOW = "allow", _("Add another record, and report the duplicate")
        ATTACH = "attach", _("Write it down as a follow-up of the existing record")
        REFUSE = "refuse", _("Refuse it politely")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    token = models.CharField(max_length=40, unique=True, default=new_token)
    business_object = models.ForeignKey(BusinessObject, on_delete=models.CASCADE, related_name="web_forms")
    label = models.CharField(max_length=80)
    title = models.CharField(max_length=120, blank=True)
    intro = models.TextField(blank=True)
    fields = models.JSONField(default=list)
    consent_text = models.TextField(blank=True)
    success_text = models.TextField(blank=True)
    redirect_url = models.CharField(max_length=500, blank=True)
    pool = models.ForeignKey(Pool, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    owner = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    duplicates = models.CharField(max_length=10, choices=Duplicates.choices, default=Duplicates.ALLOW)
    origins = ArrayField(models.CharField(max_length=200), default=list, blank=True)  # that may show and send it
    is_active = models.BooleanField(default=True)
    secret_number = models.PositiveIntegerField(default=1)  # one more makes another secret of signed requests
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()
        ordering = ["label", "id"]

    def __str__(self) -> str:
        return self.label


class FormSubmission(models.Model):
    """What somebody sent, and what became of it. `once` is the token of the page it was typed into."""

    class State(models.TextChoices):
        ACCEPTED = "accepted", _("Accepted")
        ATTACHED = "attached", _("Attached to an existing record")
        HELD = "held", _("Held back")
        REFUSED = "refused", _("Refused")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    form = models.ForeignKey(WebForm, on_delete=models.CASCADE, related_name="submissions")
    once = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State.choices)
    reason = models.CharField(max_length=40, blank=True)
    values = models.JSONField(default=dict)
    record_object = models.CharField(max_length=40, blank=True)
    record_id = models.UUIDField(null=True)
    consent_text = models.TextField(blank=True)  # as it was agreed to, at `at`
    at = models.DateTimeField(db_default=Now())
    address = models.CharField(max_length=45, blank=True)
    page = models.CharField(max_length=1000, blank=True)
    referrer = models.CharField(max_length=1000, blank=True)
    parameters = models.JSONField(default=dict)  # utm_… of the page's address
    agent = models.CharField(max_length=300, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["form", "once"], name="submission_once")]
        indexes = [
            models.Index(fields=["form", "-id"], name="submission_of_form"),
            models.Index(fields=["form", "address", "at"], name="submission_rate"),
        ]
