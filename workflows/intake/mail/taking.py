"""Taking one message, whichever way it came: its row, what it becomes, and that it was dealt with, all or nothing.

The same message (by its Message-ID) is taken once for an object, also when it comes through two mailboxes.
"""

from __future__ import annotations

import io
import logging
import uuid
from collections.abc import Callable
from typing import Any, Protocol, cast

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from crm_platform.files.services import keep
from crm_platform.kit.db import advisory_xact_lock
from crm_platform.kit.errors import PlatformError
from crm_platform.kit.json import dumps
from metadata.compiler.current import current_snapshot
from metadata.field_types.attachments import AttachmentType, FileRef
from metadata.field_types.values import InvalidValue
from objects.activities.shipped import FOLLOW_UP
from workflows.intake import making
from workflows.intake.mail import people
from workflows.intake.mail.messages import Mail, as_text, known_as, read_mail
from workflows.intake.making import State, Target
from workflows.intake.mapping import mapped
from workflows.intake.models import Mailbox, MailboxMessage, digest_of

log = logging.getLogger(__name__)

MAX_BYTES = 25 * 1024 * 1024  # of a message: what mail servers usually let through
MAX_FILE = 10 * 1024 * 1024
Reader = Callable[[Mailbox, bytes], Mail]
UNREADABLE, EMAIL, FILES = "unreadable", "email", "files"


class Place(Protocol):
    """Where a message stands until it is dealt with."""

    @property
    def name(self) -> str:
        """What names the message within its mailbox, where it has no Message-ID."""

    @property
    def uid_validity(self) -> int | None: ...

    @property
    def uid(self) -> int | None: ...

    def claim(self, mailbox_id: uuid.UUID) -> bool:
        """Note in the caller's transaction that the message is dealt with; False if it was already."""


def take(mailbox_id: uuid.UUID, place: Place, raw: bytes | None) -> str:
    """Take one message; returns what became of it, "" for one that is known.

    A message that can't be read, or is None because it is gone, is kept as held back, with its text.
    """
    try:
        return _taken(mailbox_id, place, raw, read_mail)
    except (DatabaseError, OSError):  # ours, and perhaps gone the next time
        raise
    except Exception:  # the boundary of foreign input: one message must not stop the others
        log.exception("mailbox %s: message %s could not be read", mailbox_id, place.name)
        return _taken(mailbox_id, place, raw, None)


@transaction.atomic
def _taken(mailbox_id: uuid.UUID, place: Place, raw: bytes | None, read: Reader | None) -> str:
    row = Mailbox.objects.select_related("business_object", "pool").filter(pk=mailbox_id).first()
    if row is None:
        return ""  # it was disconnected meanwhile
    mail = None if raw is None else read(row, raw) if read is not None else as_text(raw)
    message_id = mail.message_id if mail is not None else ""
    once = known_as(message_id) if message_id else digest_of(place.name)
    advisory_xact_lock("mail", once)
    if not place.claim(mailbox_id):
        return ""
    known = MailboxMessage.objects.filter(once=once)
    same = {"mailbox__business_object": row.business_object_id} if message_id else {"mailbox": row}
    if known.filter(**same).exists():
        return ""
    arrival = MailboxMessage(mailbox=row, uid_validity=place.uid_validity, uid=place.uid, once=once)
    _settle(arrival, mail, is_read=raw is not None and read is not None)
    arrival.save(force_insert=True)
    return str(arrival.state)


def _settle(arrival: MailboxMessage, mail: Mail | None, *, is_read: bool) -> None:
    """Make of a message what it is to be, and note that on its row."""
    row = arrival.mailbox
    if mail is None or not is_read:
        arrival.state, arrival.reason = State.HELD, UNREADABLE
    if mail is None:
        return
    arrival.body = dumps(mail.document).decode()
    arrival.sender, arrival.subject = mail.sender[:320], mail.subject[:300]
    if not is_read:
        return
    arrival.values = mapped(row, _told(mail), fits=True)
    if mail.pass_over:
        arrival.state, arrival.reason = State.REFUSED, mail.pass_over
        return
    known = people.known(row, mail)
    if known is None or not _attached(arrival, mail, known):
        making.make(arrival, arrival.values)


def _told(mail: Mail) -> dict[str, Any]:
    """Return the document with the names of the files at the end of its text: a new record has no place for them."""
    if not mail.files:
        return mail.document
    with override(making.language()):
        names = _("Files: %(names)s") % {"names": ", ".join(item.name for item in mail.files)}
    return {**mail.document, "text": f"{mail.document['text']}\n\n{names}"}


def _attached(arrival: MailboxMessage, mail: Mail, known: Target) -> bool:
    """Write a message down as a follow-up of whom it is from, with its files; tells whether that was possible."""
    try:
        with transaction.atomic():
            files, left_out = _kept_files(arrival, mail)
            with override(making.language()):
                title = _("Mail from %(sender)s: %(subject)s") % {"sender": mail.sender, "subject": mail.subject}
                lines = [title, "", mail.document["text"]]
                if left_out:
                    lines[1:1] = [_("Files that were not kept: %(names)s") % {"names": ", ".join(left_out)}]
            making.attach(arrival, known, "\n".join(lines), files=files, method=EMAIL)
    except PlatformError as refused:
        log.warning("mailbox %s: no follow-up could be written: %s", arrival.mailbox_id, refused)
        return False
    return True


def _kept_files(arrival: MailboxMessage, mail: Mail) -> tuple[list[uuid.UUID], list[str]]:
    """Keep what a file of a follow-up may be; return the ids, and the names of what is left out."""
    kept: list[uuid.UUID] = []
    left_out: list[str] = []
    fields = current_snapshot().object(FOLLOW_UP).fields
    field = fields.get(FILES)
    writer = making.writer(arrival.mailbox)
    for item in mail.files:
        try:
            if field is None or len(item.content) > min(MAX_FILE, settings.FILE_MAX_BYTES):
                left_out.append(item.name)
                continue
            row = keep(writer, io.BytesIO(item.content), item.name, item.content_type)
            cast(AttachmentType, field.type).check_file(
                field.spec, FileRef(row.id, row.name, row.size, row.content_type)
            )
            kept.append(row.id)
        except (PlatformError, InvalidValue):  # what was kept already belongs to nothing, and goes within a day
            left_out.append(item.name)
    return kept, left_out
