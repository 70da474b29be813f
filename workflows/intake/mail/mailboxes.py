"""Settling mailboxes. The password is sealed, and told to nobody; of an address only a digest is kept."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, StateConflict, ValidationFailed
from crm_platform.kit.json import loads
from crm_platform.kit.sealing import seal
from metadata.compiler.current import current_snapshot
from workflows.intake import settling
from workflows.intake.mail.connecting import opened
from workflows.intake.mail.messages import USUAL
from workflows.intake.mapping import fitting, mapped, mapping_errors
from workflows.intake.models import Mailbox, MailboxMessage
from workflows.intake.settling import SHARED, Kind

TEXTS = {"host": 253, "username": 200, "folder": 200}
PASSWORD, MAX_PASSWORD = "password", 500
SETTABLE = (*TEXTS, "port", "security", "mapping", "attaches_known", "reads_old")
PLACE = frozenset({"host", "port", "username", "folder"})  # another one has other messages
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:.]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
Given = Mapping[str, Any]


def create_mailbox(actor: Actor, object_name: str, given: Given) -> Mailbox:
    """Connect a mailbox, with the usual mapping unless one is given. Raises Forbidden, ValidationFailed."""
    usual = {}
    if object_name in current_snapshot().spec.object_map and "mapping" not in given:
        usual = {"mapping": fitting(current_snapshot().object(object_name), USUAL)}
    return settling.create(actor, MAILBOXES, object_name, _sealed({**usual, **given}))


def update_mailbox(actor: Actor, mailbox_id: uuid.UUID, changes: Given, expected_version: int | None = None) -> Mailbox:
    """Change a mailbox. Raises Forbidden, NotFound, ValidationFailed, VersionConflict.

    Who names another server must give the password anew: it is sent to nobody for whom it was not entered.
    """
    with transaction.atomic():
        before = settling.get(actor, MAILBOXES, mailbox_id)
        is_elsewhere = any(name in changes and changes[name] != getattr(before, name) for name in ("host", "port"))
        weakened = changes.get("security", before.security) != before.security
        if not before.is_posted and (is_elsewhere or weakened) and not changes.get(PASSWORD):
            text = _("Enter the password again: it was entered for another server or another encryption.")
            raise ValidationFailed.single(PASSWORD, "required", text)
        return settling.update(actor, MAILBOXES, mailbox_id, _sealed(changes), expected_version)


def try_mailbox(actor: Actor, mailbox_id: uuid.UUID) -> dict[str, int]:
    """Sign in and look at the folder; returns how many messages it has. Raises Trouble, StateConflict."""
    row = settling.get(actor, MAILBOXES, mailbox_id)
    if row.is_posted:
        raise StateConflict(_("Nothing is read here: a mail server posts the messages."))
    with opened(row) as box:
        return {"messages": box.folder.status(row.folder, ("MESSAGES",)).get("MESSAGES", 0)}


def values_again(row: MailboxMessage) -> Given:
    """Return the values by the mapping as it is now."""
    return mapped(row.mailbox, loads(row.body), fits=True) if row.body else row.values


def _sealed(given: Given) -> dict[str, Any]:
    """Return what is given with the password as it is kept."""
    rest = {name: value for name, value in given.items() if name != PASSWORD}
    password = given.get(PASSWORD, "")
    if len(password) > MAX_PASSWORD or _CONTROL.search(password):
        raise ValidationFailed.single(PASSWORD, "invalid_type", _("This can't be a password."))
    return {**rest, "secret_seal": seal(password)} if password else rest


def _errors(row: Mailbox) -> list[FieldError]:
    if row.way not in Mailbox.Way.values:
        return [FieldError("way", "invalid_choice", _("Choose one of the offered values."))]
    errors = _posted_errors(row) if row.is_posted else _server_errors(row)
    errors += [
        FieldError(name, "invalid_type", _("This text holds signs that are not allowed."))
        for name in ("username", "folder")
        if _CONTROL.search(getattr(row, name))
    ]
    return [*errors, *mapping_errors(row)]


def _posted_errors(row: Mailbox) -> list[FieldError]:
    text = _("An address to which messages are posted has no server.")
    given = {"host": row.host, PASSWORD: row.secret_seal}
    return [FieldError(name, "invalid_choice", text) for name, value in given.items() if value]


def _server_errors(row: Mailbox) -> list[FieldError]:
    required = _("This field is required.")
    errors = [
        FieldError(name, "required", required) for name in ("host", "username", "folder") if not getattr(row, name)
    ]
    if not row.secret_seal:
        errors.append(FieldError(PASSWORD, "required", required))
    if row.host and not _HOST.fullmatch(row.host):
        errors.append(FieldError("host", "invalid_type", _("Enter the name of a server, such as imap.example.com.")))
    if not 0 < row.port <= 65_535:
        errors.append(FieldError("port", "out_of_range", _("A port is a number from 1 to 65535.")))
    if row.security not in Mailbox.Security.values:
        errors.append(FieldError("security", "invalid_choice", _("Choose one of the offered values.")))
    return errors


def _finish(row: Mailbox, changed: set[str]) -> None:
    """Begin anew where the messages are others, and look at once at what was settled."""
    if changed & PLACE:
        row.uid_validity, row.last_uid = None, 0
    row.next_at, row.failures, row.error = row.created_at, 0, ""


MAILBOXES = Kind(
    Mailbox,
    "mailbox",
    (*SHARED, *SETTABLE, "secret_seal", "way", "token_digest"),
    _errors,
    texts=TEXTS,
    most=20,
    values=values_again,
    finish=_finish,
)
