"""Addresses to which mail servers post whole messages: kept as they came, answered, and taken by a job afterwards.

The message, its row and the job are written in one transaction before the server gets its answer, so that nothing
is lost whatever breaks; the row goes in the transaction that makes the record.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

from django.db import transaction
from django.utils.translation import gettext as _

from crm_platform.audit.services import record_entry
from crm_platform.events.clock import database_now
from crm_platform.files import services as files
from crm_platform.jobs.services import JobContext, enqueue
from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.errors import NotFound, StateConflict
from crm_platform.kit.tokens import new_token, token_digest
from workflows.intake import settling
from workflows.intake.mail.mailboxes import MAILBOXES, create_mailbox
from workflows.intake.mail.taking import take
from workflows.intake.models import HELD_BY, Mailbox, PostedMail
from workflows.intake.submitting import TooManySubmissions
from workflows.intake.windows import WINDOW

TAKE, AGAIN = "intake.posted_mail", "intake.posted_mails"
AGAIN_AFTER = timedelta(minutes=10)  # a message whose job has failed for good is tried again
PER_ADDRESS = 1_000  # messages within WINDOW
MAX_TOKEN = 64


# --- settling ---------------------------------------------------------------------------------------------------
def create_address(actor: Actor, object_name: str, given: Mapping[str, Any]) -> tuple[Mailbox, str]:
    """Make an address; returns its token, too, which is kept nowhere. Raises Forbidden, ValidationFailed."""
    token = new_token()
    made = {**given, "way": Mailbox.Way.POSTED, "token_digest": token_digest(token)}
    return create_mailbox(actor, object_name, made), token


@transaction.atomic
def another_address(actor: Actor, mailbox_id: uuid.UUID) -> tuple[Mailbox, str]:
    """Give a mailbox another address; the old one ends at once. Raises Forbidden, NotFound, StateConflict."""
    row = settling.locked(actor, MAILBOXES, mailbox_id)
    if not row.is_posted:
        raise StateConflict(_("This mailbox is read from its server: it has no address to post to."))
    token = new_token()
    row.token_digest, row.version = token_digest(token), row.version + 1
    row.save(update_fields=["token_digest", "version"])
    record_entry(actor, f"{MAILBOXES.key}.changed", settling.about(row), {"changed": ["token"]})
    return row, token


# --- taking -----------------------------------------------------------------------------------------------------
def active_address(token: str) -> Mailbox:
    """Return the mailbox of an address that is in use; raises NotFound, the same for whatever else is called."""
    row = Mailbox.objects.filter(token_digest=token_digest(token[:MAX_TOKEN]), is_active=True).first()
    if row is None:
        raise NotFound
    return row


def receive(row: Mailbox, raw: bytes) -> PostedMail:
    """Keep a message and have it taken. Raises TooManySubmissions."""
    since = database_now() - WINDOW
    earlier = row.arrivals.order_by("-id").values_list("at", flat=True)[PER_ADDRESS - 1 : PER_ADDRESS].first()
    if (earlier is not None and earlier > since) or row.posted.filter(at__gt=since).count() >= PER_ADDRESS:
        raise TooManySubmissions
    with transaction.atomic():
        file = files.keep_made(system_actor(), io.BytesIO(raw), "mail.eml", "message/rfc822", HELD_BY)
        made = PostedMail.objects.create(mailbox=row, file=file)
        _enqueue(made.pk)
    return made


def take_one(context: JobContext) -> dict[str, int]:
    """Make of a message what it is to be."""
    found = PostedMail.objects.select_related("file").filter(pk=context.args["mail"]).first()
    state = take(found.mailbox_id, _Waiting(found.pk, found.file.sha256), _content(found)) if found else ""
    return {state: 1} if state else {}


def take_again(context: JobContext) -> dict[str, int]:
    """Have taken what waits for longer than it should."""
    waiting = PostedMail.objects.filter(at__lt=context.now - AGAIN_AFTER).order_by("id")
    for key in waiting.values_list("pk", flat=True)[:PER_ADDRESS]:
        _enqueue(key)
    return {}


def _enqueue(key: uuid.UUID) -> None:
    enqueue(TAKE, {"mail": str(key)}, dedupe_key=f"{TAKE}:{key}")


def _content(row: PostedMail) -> bytes | None:
    try:
        with row.file.opened() as content:
            return bytes(content.read())
    except FileNotFoundError:
        return None


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Where a message stands that was posted."""

    id: uuid.UUID
    sha256: str
    uid_validity: ClassVar[int | None] = None
    uid: ClassVar[int | None] = None

    @property
    def name(self) -> str:
        return f"body {self.sha256}"

    def claim(self, mailbox_id: uuid.UUID) -> bool:
        """Let go of the message, unless another job has."""
        row = PostedMail.objects.select_for_update(of=("self",)).filter(pk=self.id, mailbox=mailbox_id).first()
        if row is None:
            return False
        file_id = row.file_id
        row.delete()
        files.discard([file_id])
        return True
