"""Reading mailboxes (IMAP): every new message once, each in a transaction of its own with what it becomes.

UIDs are looked at in their order; the last one is kept with the message's row, so that a reader that is killed goes on
where it stopped. When the server has numbered the folder anew (UIDVALIDITY), the messages of the last days are looked
at again, and those that are known by their Message-ID are left alone.
"""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from imap_tools import BaseMailBox

from crm_platform.jobs.services import JobContext, enqueue
from workflows.intake.mail.connecting import Trouble, opened
from workflows.intake.mail.taking import MAX_BYTES, take
from workflows.intake.models import Mailbox

log = logging.getLogger(__name__)

EVERY, ONE = "intake.mailboxes", "intake.mailbox"
EVERY_SECONDS = 120
MAX_MESSAGES, MAX_RUN_SECONDS = 100, 60  # of one run; what is left waits for the next one
WINDOW = 10_000  # UIDs that one search is about
LOOK_BACK = timedelta(days=3)
BACK_OFF, LONGEST_BACK_OFF = timedelta(minutes=2), timedelta(hours=6)
_SIZE = re.compile(rb"UID (\d+)[^)]*RFC822\.SIZE (\d+)|RFC822\.SIZE (\d+)[^)]*UID (\d+)")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands in its folder."""

    uid_validity: int
    uid: int

    @property
    def name(self) -> str:
        return f"uid {self.uid_validity} {self.uid}"

    def claim(self, mailbox_id: uuid.UUID) -> bool:
        """Note how far the folder was read, unless somebody else has read on meanwhile."""
        rows = Mailbox.objects.filter(pk=mailbox_id, uid_validity=self.uid_validity, last_uid__lt=self.uid)
        return rows.update(last_uid=self.uid) == 1


# --- jobs -------------------------------------------------------------------------------------------------------
def read_all(context: JobContext) -> dict[str, int]:
    """Have every mailbox read whose turn has come, each by a job of its own: a slow one keeps none waiting."""
    read = Mailbox.objects.filter(way=Mailbox.Way.IMAP, is_active=True)
    due = read.filter(next_at__lte=context.now).values_list("pk", flat=True)
    for key in due:
        enqueue(ONE, {"mailbox": str(key)}, dedupe_key=f"{ONE}:{key}")
    return {"mailboxes": len(due)}


def read_one(context: JobContext) -> dict[str, int]:
    """Read one mailbox."""
    return read(uuid.UUID(context.args["mailbox"]), context.now)


def read(mailbox_id: uuid.UUID, now: datetime) -> dict[str, int]:
    """Read the new messages of a mailbox; returns how many became what. Trouble is noted and tried again later."""
    rows = Mailbox.objects.select_related("business_object", "pool")
    row = rows.filter(pk=mailbox_id, way=Mailbox.Way.IMAP, is_active=True).first()
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
    """Return a message, only the head of one larger than MAX_BYTES; None where it is gone."""
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
