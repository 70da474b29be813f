"""Whom a mail is from: somebody whose record is there already."""

from __future__ import annotations

from crm_platform.kit.errors import PlatformError
from metadata.compiler.current import current_snapshot
from objects.activities.services import followed_objects
from objects.query.conditions import Condition
from objects.query.query import RecordQuery
from workflows.intake.mail.messages import Mail, known_as
from workflows.intake.making import Target, writer
from workflows.intake.models import Mailbox, MailboxMessage

CONTACT, EMAIL = "contact", "email"


def known(row: Mailbox, mail: Mail) -> Target | None:
    """Return the record to which a mail belongs: of the mail that it answers, else of the person who sends it."""
    return _answered(row, mail) or (_of_sender(row, mail.sender) if row.attaches_known and mail.sender else None)


def _answered(row: Mailbox, mail: Mail) -> Target | None:
    if not mail.answers:
        return None
    same = MailboxMessage.objects.filter(mailbox__business_object=row.business_object_id)
    rows = same.filter(once__in=[known_as(item) for item in mail.answers])
    for name, record_id in rows.exclude(record_id=None).order_by("-id").values_list("record_object", "record_id"):
        if record_id and name in followed_objects() and RecordQuery(writer(row), name).where_ids([record_id]).exists():
            return name, record_id
    return None


def _of_sender(row: Mailbox, address: str) -> Target | None:
    """Return the contact of an address, else the newest record of the mailbox's object."""
    snapshot, spellings = current_snapshot(), list({address, address.lower()})
    for name in dict.fromkeys((CONTACT, row.business_object.api_name)):
        if name not in followed_objects() or name not in snapshot.spec.object_map:
            continue
        fields = [field for field in snapshot.object(name).fields.values() if field.spec.type == EMAIL]
        for field in fields:
            query = RecordQuery(writer(row), name).where(Condition(field.name, "in", spellings)).order("-created_at")
            try:
                found = query.ids(1)
            except PlatformError:  # no address at all
                return None
            if found:
                return name, found[0]
    return None
