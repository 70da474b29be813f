"""The ways by which records come in (web forms, hooks, mailboxes), and everything that came in through them."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm_platform.files.models import StoredFile
from crm_platform.identity.models import User
from crm_platform.kit.ids import uuid7
from metadata.models import BusinessObject
from workflows.pools.models import Pool

HELD_BY = "intake"  # what keeps files in the store that belong to no record yet


def new_token() -> str:
    return secrets.token_urlsafe(18)


def digest_of(said: str) -> str:
    """Return the `once` of an arrival: what names it for good, however long, at one length."""
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()


# --- what all of them share ---------------------------------------------------------------------------------------
class IntakeSource(models.Model):
    """A way by which records of one object come in.

    Where no pool and no owner is named, the record goes where pools take it.
    """

    class Duplicates(models.TextChoices):
        ALLOW = "allow", _("Add another record, and report the duplicate")
        ATTACH = "attach", _("Write it down as a follow-up of the existing record")
        REFUSE = "refuse", _("Refuse it politely")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    business_object = models.ForeignKey(BusinessObject, on_delete=models.CASCADE, related_name="+")
    label = models.CharField(max_length=80)
    pool = models.ForeignKey(Pool, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    owner = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    duplicates = models.CharField(max_length=10, choices=Duplicates.choices, default=Duplicates.ALLOW)
    is_active = models.BooleanField(default=True)
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        abstract = True
        default_permissions = ()
        ordering = ["label", "id"]

    def __str__(self) -> str:
        return self.label


class AddressedSource(IntakeSource):
    """A source that strangers reach by an address, and servers with a signature."""

    token = models.CharField(max_length=40, unique=True, default=new_token)
    secret_number = models.PositiveIntegerField(default=1)  # one more makes another secret of signed requests

    class Meta(IntakeSource.Meta):
        abstract = True


class Arrival(models.Model):
    """What came in, and what became of it. `once` names it, so that the same is taken only once by its source."""

    class State(models.TextChoices):
        ACCEPTED = "accepted", _("Accepted")
        ATTACHED = "attached", _("Attached to an existing record")
        HELD = "held", _("Held back")
        REFUSED = "refused", _("Refused")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    once = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State.choices)
    reason = models.CharField(max_length=40, blank=True)
    detail = models.TextField(blank=True, db_default="")  # what was wrong, in the organisation's language
    values = models.JSONField(default=dict)
    record_object = models.CharField(max_length=40, blank=True)
    record_id = models.UUIDField(null=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        abstract = True
        default_permissions = ()

    @property
    def source(self) -> Any:
        """Return the IntakeSource that it came through."""
        raise NotImplementedError

    @property
    def is_open(self) -> bool:
        """Tell whether somebody may still make its record."""
        return self.state in (self.State.HELD, self.State.REFUSED)


# --- web forms ----------------------------------------------------------------------------------------------------
class WebForm(AddressedSource):
    """A form for strangers, which makes records of one object.

    `fields` holds, in their order, mappings of `field` (API name), `label`, `help`, `required`, `default`, `hidden`
    and `parameter` (of the page's address, which fills a hidden field).
    """

    title = models.CharField(max_length=120, blank=True)
    intro = models.TextField(blank=True)
    fields = models.JSONField(default=list)
    consent_text = models.TextField(blank=True)
    success_text = models.TextField(blank=True)
    redirect_url = models.CharField(max_length=500, blank=True)
    origins = ArrayField(models.CharField(max_length=200), default=list, blank=True)  # that may show and send it

    class Meta(IntakeSource.Meta):
        abstract = False


class FormSubmission(Arrival):
    """What somebody sent. `once` is the token of the page it was typed into."""

    form = models.ForeignKey(WebForm, on_delete=models.CASCADE, related_name="submissions")
    consent_text = models.TextField(blank=True)  # as it was agreed to, at `at`
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

    @property
    def source(self) -> WebForm:
        return self.form


class FormFile(models.Model):
    """A file that a visitor has uploaded for a field, before there is a record.

    It belongs to the page (`once`) from which it came. It goes once the record has it, or after a day, unless the
    submission `submission` waits with it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    form = models.ForeignKey(WebForm, on_delete=models.CASCADE, related_name="files")
    once = models.CharField(max_length=64)
    field = models.CharField(max_length=40)
    file = models.OneToOneField(StoredFile, on_delete=models.CASCADE, related_name="+")
    submission = models.ForeignKey(FormSubmission, on_delete=models.CASCADE, null=True, related_name="files")
    address = models.CharField(max_length=45, blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["form", "once"], name="form_file_of_page"),
            models.Index(fields=["form", "at"], name="form_file_rate"),
        ]


# --- documents: what other programs send, and mails -----------------------------------------------------------------
class InboundHook(AddressedSource):
    """An address to which another program posts JSON of its own shape.

    `mapping` holds mappings of `field` (API name), `path` (into the document), `constant`, `default` and `values`
    (of the document, to those of the field). What names a document once and for all is found at `once_path`, in the
    header `once_header`, or else made of the whole body.
    """

    mapping = models.JSONField(default=list)
    is_signed = models.BooleanField(default=False)  # only signed requests are taken
    once_path = models.CharField(max_length=200, blank=True)
    once_header = models.CharField(max_length=80, blank=True)

    class Meta(IntakeSource.Meta):
        abstract = False


class HookDelivery(Arrival):
    """A document that was posted. `body` is JSON without what looks like a secret, `is_whole` if nothing is missing."""

    hook = models.ForeignKey(InboundHook, on_delete=models.CASCADE, related_name="arrivals")
    body = models.TextField(blank=True)
    is_whole = models.BooleanField(default=True)
    address = models.CharField(max_length=45, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["hook", "once"], name="delivery_once")]
        indexes = [
            models.Index(fields=["hook", "-id"], name="delivery_of_hook"),
            models.Index(fields=["hook", "at"], name="delivery_rate"),
        ]

    @property
    def source(self) -> InboundHook:
        return self.hook


class Mailbox(IntakeSource):
    """A mailbox whose new messages become records: a folder that is read (IMAP), or whatever is posted to an address.

    `mapping` is as that of hooks; the document is made by `workflows.intake.mail.messages`. UIDs up to `last_uid` of
    the folder as it was called `uid_validity` have been looked at. The ending of `secret_seal` is how
    `manage.py reseal` finds the password. Of an address only the token's digest is kept.
    """

    class Way(models.TextChoices):
        IMAP = "imap", _("Read from a server (IMAP)")
        POSTED = "posted", _("Posted by a mail server")

    class Security(models.TextChoices):
        TLS = "tls", _("TLS")
        STARTTLS = "starttls", _("STARTTLS")
        PLAIN = "plain", _("None (only for servers on this machine, or that the settings name)")

    way = models.CharField(max_length=10, choices=Way.choices, default=Way.IMAP, db_default=Way.IMAP)
    token_digest = models.CharField(max_length=64, null=True, blank=True, unique=True)
    host = models.CharField(max_length=253, blank=True)
    port = models.PositiveIntegerField(default=993)
    security = models.CharField(max_length=10, choices=Security.choices, default=Security.TLS)
    username = models.CharField(max_length=200, blank=True)  # of what is posted: the mail address, if it is told
    secret_seal = models.TextField(blank=True)
    folder = models.CharField(max_length=200, default="INBOX")
    mapping = models.JSONField(default=list)
    attaches_known = models.BooleanField(default=True)  # messages of known people become follow-ups of their records
    reads_old = models.BooleanField(default=False)  # what is in the folder at the first time is taken, too
    uid_validity = models.BigIntegerField(null=True)
    last_uid = models.BigIntegerField(default=0)
    checked_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(db_default=Now())
    failures = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=40, blank=True)  # code of `workflows.intake.mail.connecting.Trouble`

    trouble: str | Promise = ""  # what `error` says, where a page tells it

    class Meta(IntakeSource.Meta):
        abstract = False

    @property
    def is_posted(self) -> bool:
        return self.way == self.Way.POSTED


class PostedMail(models.Model):
    """A message that a mail server has posted and that nobody has looked at yet; `file` is all of it, as it came."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="posted")
    file = models.ForeignKey(StoredFile, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()


class MailboxMessage(Arrival):
    """A message that was looked at. `once` is a digest of its Message-ID, by which it is known when it comes again,
    under another UID or another way.

    `body` is the document that was made of it. What was posted has no UID.
    """

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="arrivals")
    uid_validity = models.BigIntegerField(null=True)
    uid = models.BigIntegerField(null=True)
    body = models.TextField(blank=True)
    sender = models.CharField(max_length=320, blank=True)
    subject = models.CharField(max_length=300, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["mailbox", "once"], name="message_once"),
            models.UniqueConstraint(fields=["mailbox", "uid_validity", "uid"], name="message_uid_once"),
        ]
        indexes = [
            models.Index(fields=["mailbox", "-id"], name="message_of_mailbox"),
            models.Index(fields=["once"], name="message_once_anywhere"),
        ]

    @property
    def source(self) -> Mailbox:
        return self.mailbox
