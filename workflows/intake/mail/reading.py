"""Reading mailboxes: every new message once, each in a transaction of its own with what it becomes.

UIDs are looked at in their order; the last one is kept with the message's row, so that a reader that is killed goes on
where it stopped. When the server has numbered the folder anew (UIDVALIDITY), the messages of the last days are looked
at again, and those that are known by their Message-ID are left alone.
"""

from __future__ import annotations

import io
import logging
import re
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import override
from imap_tools import BaseMailBox

from crm_platform.files.services import keep
from crm_platform.jobs.services import JobContext, enqueue
from crm_platform.kit.errors import PlatformError
from crm_platform.kit.json import dumps
from metadata.compiler.current import current_snapshot
from metadata.field_types.attachments import AttachmentType, FileRef
from metadata.field_types.values import InvalidValue
from objects.activities.shipped import FOLLOW_UP
from workflows.intake import making
from workflows.intake.mail import people
from workflows.intake.mail.connecting import Trouble, opened
from workflows.intake.mail.messages import Mail, once_of, read_mail
from workflows.intake.making import State, Target
from workflows.intake.mapping import mapped
from workflows.intake.models import Mailbox, MailboxMessage

log = logging.getLogger(__name__)

EVERY, ONE = "intake.mailboxes", "intake.mailbox"
EVERY_SECONDS = 120
MAX_MESSAGES, MAX_RUN_SECONDS = 100, 60  # of one run; what is left waits for the next one
MAX_BYTES = 20 * 1024 * 1024  # of a message; of a larger one only the head is read
MAX_FILE = 10 * 1024 * 1024
WINDOW = 10_000  # UIDs that one search is about
LOOK_BACK = timedelta(days=3)
BACK_OFF, LONGEST_BACK_OFF = timedelta(minutes=2), timedelta(hours=6)
UNREADABLE, EMAIL, FILES = "unreadable", "email", "files"
_SIZE = re.compile(rb"UID (\d+)[^)]*RFC822\.SIZE (\d+)|RFC822\.SIZE (\d+)[^)]*UID (\d+)")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands in its folder."""

    uid_validity: int
    uid: int


# --- jobs -------------------------------------------------------------------------------------------------------
def read_all(context: JobContext) -> dict[str, int]:
    """Have every mailbox read whose turn has come, each by a job of its own: a slow one keeps none waiting."""
    due = Mailbox.objects.filter(is_active=True, next_at__lte=context.now).values_list("pk", flat=True)
    for key in due:
        enqueue(ONE, {"mailbox": str(key)}, dedupe_key=f"{ONE}:{key}")
    return {"mailboxes": len(due)}


def read_one(context: JobContext) -> dict[str, int]:
    """Read one mailbox."""
    return read(uuid.UUID(context.args["mailbox"]), context.now)


def read(mailbox_id: uuid.UUID, now: datetime) -> dict[str, int]:
    """Read the new messages of a mailbox; returns how many became what. Trouble is noted and tried again later."""
    row = Mailbox.objects.select_related("business_object", "pool").filter(pk=mailbox_id, is_active=True).first()
    if row is None:
        return {}
    counts: Counter[str] = Counter()
    try:
        with opened(row) as box:
            for state in _read(box, row):
                counts[state] += 1
    except Trouble as trouble:
        later = min(BACK_OFF * 2 ** min(row.failures, 12), LONGEST_BACK_OFF)
        log.warning("mailbox %s: %s", row.pk, trouble.reason)
        failed = {"error": trouble.reason, "failures": row.failures + 1, "next_at": now + later}
        Mailbox.objects.filter(pk=row.pk).update(**failed)  # `checked_at` stays: from there on messages may be missing
    else:
        next_at = now + timedelta(seconds=EVERY_SECONDS - 5)
        Mailbox.objects.filter(pk=row.pk).update(error="", failures=0, next_at=next_at, checked_at=now)
    return dict(counts)


# --- folders ----------------------------------------------------------------------------------------------------
def _read(box: BaseMailBox, row: Mailbox) -> Iterator[str]:
    """Yield the state of each message that was taken."""
    uid_validity, uids = _new_uids(box, row)
    until = time.monotonic() + MAX_RUN_SECONDS
    taken = uids[:MAX_MESSAGES]
    sizes = _sizes(box, taken)
    for uid in taken:
        if time.monotonic() > until:
            return
        raw = _fetched(box, uid, sizes.get(uid))
        state = take(row.pk, Place(uid_validity, uid), raw) if raw is not None else _pass(row.pk, uid)
        if state:
            yield state


def _new_uids(box: BaseMailBox, row: Mailbox) -> tuple[int, Sequence[int]]:
    """Return how the folder is called, and its UIDs that were not looked at, in their order."""
    told = box.folder.status(row.folder, ("UIDVALIDITY", "UIDNEXT"))
    box.folder.set(row.folder, readonly=True)
    uid_validity, top = told.get("UIDVALIDITY", 0), told.get("UIDNEXT", 1) - 1
    if row.uid_validity is None:
        _begin(row, uid_validity, 0 if row.reads_old else top)
    elif row.uid_validity != uid_validity:
        _begin(row, uid_validity, _before(box, row, top))
    while row.last_uid < top:
        end = min(row.last_uid + WINDOW, top)
        found = {int(uid) for uid in box.uids(f"UID {row.last_uid + 1}:{end}", charset=None) if uid.isdecimal()}
        uids = sorted(uid for uid in found if row.last_uid < uid <= end)
        if uids:
            return uid_validity, uids
        _pass(row.pk, end)
        row.last_uid = end
    return uid_validity, ()


def _before(box: BaseMailBox, row: Mailbox, top: int) -> int:
    """Return the last UID before the messages of the last days, in a folder that was numbered anew."""
    since = (row.checked_at or row.created_at) - LOOK_BACK
    asked = f"SINCE {since.day}-{_MONTHS[since.month - 1]}-{since.year}"
    return min((int(uid) for uid in box.uids(asked, charset=None) if uid.isdecimal()), default=top + 1) - 1


def _begin(row: Mailbox, uid_validity: int, last_uid: int) -> None:
    row.uid_validity, row.last_uid = uid_validity, last_uid
    Mailbox.objects.filter(pk=row.pk).update(uid_validity=uid_validity, last_uid=last_uid)


def _sizes(box: BaseMailBox, uids: Sequence[int]) -> dict[int, int]:
    if not uids:
        return {}
    found = {}
    for answer in _answers(box, ",".join(map(str, uids)), "(UID RFC822.SIZE)"):
        match = _SIZE.search(answer) if isinstance(answer, bytes) else None
        if match:
            found[int(match[1] or match[4])] = int(match[2] or match[3])
    return found


def _fetched(box: BaseMailBox, uid: int, size: int | None) -> bytes | None:
    """Return a message, only the head of one that is too large; None where it is gone."""
    part = "BODY.PEEK[]" if size is not None and size <= MAX_BYTES else "BODY.PEEK[HEADER]"
    answers = _answers(box, str(uid), f"(UID {part})")
    return next((bytes(item[1]) for item in answers if isinstance(item, tuple)), None)


def _answers(box: BaseMailBox, uids: str, parts: str) -> Sequence[Any]:
    state, answers = box.client.uid("FETCH", uids, parts)
    if state != "OK":
        raise Trouble("no_imap")
    return answers or ()


def _pass(mailbox_id: uuid.UUID, uid: int) -> str:
    """Note that nothing is left to be read up to a UID."""
    Mailbox.objects.filter(pk=mailbox_id, last_uid__lt=uid).update(last_uid=uid)
    return ""


# --- messages ---------------------------------------------------------------------------------------------------
def take(mailbox_id: uuid.UUID, place: Place, raw: bytes) -> str:
    """Take one message: its row, its record and how far the folder was read, all or nothing.

    Returns what became of it, "" for one that is known. A message that can't be read is kept as held back.
    """
    try:
        return _taken(mailbox_id, place, raw)
    except (DatabaseError, OSError):  # ours, and perhaps gone the next time
        raise
    except Exception:  # the boundary of foreign input: one message must not stop the box
        log.exception("mailbox %s: message %s could not be read", mailbox_id, place.uid)
        return _taken(mailbox_id, place, None)


@transaction.atomic
def _taken(mailbox_id: uuid.UUID, place: Place, raw: bytes | None) -> str:
    rows = Mailbox.objects.select_related("business_object", "pool").select_for_update(of=("self",))
    row = rows.filter(pk=mailbox_id, uid_validity=place.uid_validity, last_uid__lt=place.uid).first()
    if row is None:
        return ""  # somebody else has read on meanwhile
    mail = read_mail(row, raw) if raw is not None else None
    row.last_uid = place.uid
    row.save(update_fields=["last_uid"])
    once = once_of(mail, place.uid_validity, place.uid)
    if row.arrivals.filter(once=once).exists():
        return ""
    arrival = MailboxMessage(mailbox=row, uid_validity=place.uid_validity, uid=place.uid, once=once)
    _settle(arrival, mail)
    arrival.save(force_insert=True)
    return str(arrival.state)


def _settle(arrival: MailboxMessage, mail: Mail | None) -> None:
    """Make of a message what it is to be, and note that on its row."""
    if mail is None:
        arrival.state, arrival.reason = State.HELD, UNREADABLE
        return
    row = arrival.mailbox
    arrival.body = dumps(mail.document).decode()
    arrival.sender, arrival.subject = mail.sender[:320], mail.subject[:300]
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
