"""Mails as documents, which a mailbox's mapping makes records of; and which mails are no business of ours."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import nh3
from imap_tools import MailMessage

from workflows.intake.models import Mailbox, digest_of

MAX_TEXT, MAX_SUBJECT, MAX_ADDRESS, MAX_FILES = 20_000, 300, 254, 10
MAX_REFERENCES = 30
AUTO_REPLY, BOUNCE, LIST, OWN = "auto_reply", "bounce", "list", "own"
# The paths that a mapping may name, and what a new mailbox begins with.
PATHS = (
    "sender.name", "sender.email", "sender.domain", "subject", "text", "date", "to[0]", "cc[0]",
    "from.name", "from.email", "attachments[0]",
)  # fmt: skip
USUAL: list[dict[str, Any]] = [
    {"field": "name", "path": "sender.name", "default": "—"},
    {"field": "email", "path": "sender.email"},
    {"field": "company", "path": "sender.domain", "default": "—"},
    {"field": "description", "path": "text"},
]
_BREAKS = re.compile(r"<\s*(br|/p|/div|/tr|/li|/h[1-6])\b[^>]*>", re.I)
_HIDDEN = re.compile(r"<(style|script|head|title)\b.*?</\1\s*>", re.I | re.S)
_BLANK = re.compile(r"[ \t]+\n|\n{3,}")
_MANY = frozenset({"bulk", "list", "junk"})
_POSTMASTERS = ("mailer-daemon@", "postmaster@")


@dataclass(frozen=True, slots=True)
class Attached:
    """A file of a mail."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Mail:
    """What counts of a mail. `answers` are the Message-IDs that it names as those before it."""

    document: dict[str, Any]
    message_id: str
    answers: tuple[str, ...] = ()
    pass_over: str = ""  # why it is none of ours
    files: tuple[Attached, ...] = field(default=(), repr=False)

    @property
    def sender(self) -> str:
        return str(self.document["sender"]["email"])

    @property
    def subject(self) -> str:
        return str(self.document["subject"])


def read_mail(row: Mailbox, raw: bytes) -> Mail:
    """Return what counts of a mail. Whatever a parser raises on a broken one passes through."""
    message = MailMessage.from_bytes(raw)
    from_ = message.from_values
    writer = next(iter(message.reply_to_values), None) or from_
    files = tuple(_files(message))
    subject, text = _line(message.subject), _text(message)
    document = {
        "sender": _person(writer),
        "from": _person(from_),
        "to": [_line(item)[:MAX_ADDRESS] for item in message.to[:20]],
        "cc": [_line(item)[:MAX_ADDRESS] for item in message.cc[:20]],
        "subject": subject[:MAX_SUBJECT],
        "text": text[:MAX_TEXT] or subject,
        "date": message.date.isoformat(),
        "attachments": [item.name for item in files],
    }
    answers = _ids(message.headers.get("in-reply-to", ()), message.headers.get("references", ()))
    own_id = next(iter(_ids(message.headers.get("message-id", ()))), "")
    return Mail(document, own_id, answers, _pass_over(row, message), files[:MAX_FILES])


def as_text(raw: bytes) -> Mail:
    """Return a mail that can't be taken apart as the text that it is, so that nothing of it is lost on anybody."""
    nobody = {"name": "", "email": "", "domain": ""}
    document: dict[str, Any] = {"sender": nobody, "from": nobody, "to": [], "cc": [], "subject": "", "attachments": []}
    return Mail({**document, "text": clean(raw[:MAX_TEXT].decode("utf-8", "replace")), "date": ""}, "")


def known_as(message_id: str) -> str:
    """Return the `once` of the mail of a Message-ID."""
    return digest_of(f"id {message_id}")


def _pass_over(row: Mailbox, message: MailMessage) -> str:
    """Return why a mail is passed over (RFC 3834, 2919, 3464), "" for one of a person."""
    header = {name: " ".join(str(value) for value in message.headers.get(name, ())).strip() for name in _LOOKED_AT}
    sender = message.from_.lower()
    if header["return-path"] == "<>" or message.obj.get_content_type() == "multipart/report":
        return BOUNCE
    if sender.startswith(_POSTMASTERS):
        return BOUNCE
    if sender and sender == row.username.lower():
        return OWN
    if header["auto-submitted"].lower() not in ("", "no") or header["x-autoreply"] or header["x-autorespond"]:
        return AUTO_REPLY
    precedence = header["precedence"].lower()
    if precedence == "auto_reply":
        return AUTO_REPLY
    return LIST if header["list-id"] or precedence in _MANY else ""


_LOOKED_AT = ("return-path", "auto-submitted", "x-autoreply", "x-autorespond", "precedence", "list-id")


def _person(found: Any) -> dict[str, str]:
    email = _line(found.email if found else "")[:MAX_ADDRESS]
    local, _at, domain = email.partition("@")
    return {"name": _line(found.name if found else "") or local, "email": email, "domain": domain}


def _text(message: MailMessage) -> str:
    text = message.text or _plain(message.html[: MAX_TEXT * 20])
    return _BLANK.sub("\n\n", clean(text).replace("\r\n", "\n")).strip()


def _plain(page: str) -> str:
    """Return what a page says, line by line."""
    broken = _BREAKS.sub("\n", _HIDDEN.sub("", page))
    return html.unescape(nh3.clean(broken, tags=set()))


def _files(message: MailMessage) -> Iterable[Attached]:
    for part in message.attachments:
        name = _line(part.filename)[:200] or part.content_type.replace("/", ".")
        yield Attached(name, part.content_type, part.payload)


def _ids(*headers: Iterable[Any]) -> tuple[str, ...]:
    found = [item for header in headers for value in header for item in re.findall(r"<([^<>\s]{1,500})>", str(value))]
    return tuple(dict.fromkeys(found))[-MAX_REFERENCES:]


def _line(text: str) -> str:
    return " ".join(clean(text).split())


def clean(text: str) -> str:
    """Return a text as the database takes it."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
