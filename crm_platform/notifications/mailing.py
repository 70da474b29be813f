"""The job that sends mails from notifications: each at least once, always under the same Message-ID.

A mail is taken by moving its due time ahead, in a transaction that ends before anything is sent. Whoever takes it and
dies leaves it to be taken again when that time has come; the server or the reader's program knows by the Message-ID
that it is the same mail.
"""

from __future__ import annotations

import logging
import smtplib
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import sanitize_address
from django.db import transaction
from django.db.models import F, Min
from django.template.loader import render_to_string
from django.utils import timezone, translation

from crm_platform.events.clock import ClockTimestamp, database_now
from crm_platform.identity.models import OrganizationSettings
from crm_platform.jobs.services import JobContext, enqueue
from crm_platform.notifications.models import Notification
from crm_platform.notifications.selectors import told
from crm_platform.notifications.services import SEND
from crm_platform.tenancy.context import current_schema
from crm_platform.tenancy.models import Domain

log = logging.getLogger(__name__)

BATCH = 20
TAKEN_FOR = timedelta(minutes=10)
PAUSES = (60, 300, 1800, 7200, 21600)  # seconds after the first, second … failure; then it is given up
TIMEOUT = 10  # seconds of any answer of the server
Mail = Notification.Mail


@dataclass(frozen=True, slots=True)
class Sender:
    """The organisation as it writes: its name and address, and where its console is."""

    name: str
    address: str
    site: str
    language: str
    time_zone: str


def send_mails(context: JobContext) -> dict[str, int]:
    """Send what is due, a batch over one connection; what fails comes again later."""
    counts = context.cursor or {"sent": 0, "failed": 0}
    if settings.MAIL_SERVER is None:
        return counts
    sender = _sender()
    while taken := take_due():
        sent = _send_batch(sender, taken)
        counts = {"sent": counts["sent"] + sent, "failed": counts["failed"] + len(taken) - sent}
        context.save_cursor(counts, counts["sent"])
    _come_again()
    return counts


def take_due() -> list[Notification]:
    """Take mails that are due, so that nobody else does for ten minutes."""
    with transaction.atomic():
        due = Notification.objects.select_for_update(skip_locked=True, of=("self",)).filter(
            mail=Mail.WAITING, mail_due_at__lte=ClockTimestamp()
        )
        taken = list(due.select_related("user").order_by("mail_due_at", "id")[:BATCH])
        Notification.objects.filter(pk__in=[row.pk for row in taken]).update(
            mail_due_at=ClockTimestamp() + TAKEN_FOR, mail_tries=F("mail_tries") + 1
        )
    for row in taken:
        row.mail_tries += 1
    return taken


def _send_batch(sender: Sender, rows: list[Notification]) -> int:
    connection, sent = open_connection(), 0
    try:
        for row in rows:
            sent += _send(connection, sender, row)
    finally:
        with suppress(OSError, smtplib.SMTPException):
            connection.close()
    return sent


def _send(connection: EmailBackend, sender: Sender, row: Notification) -> bool:
    if not (row.user.is_active and row.user.email):
        _settle(row, mail=Mail.NONE)
        return True
    try:
        connection.open()  # once for all mails of a batch
        connection.send_messages([message_of(sender, row)])
    except Exception as error:  # whatever is wrong with one mail, the others go on
        log.warning("notification %s was not mailed: %s", row.pk, error)
        with suppress(OSError, smtplib.SMTPException):
            connection.close()
        _note_failure(row, error)
        return False
    _settle(row, mail=Mail.SENT, mail_error="")
    return True


def open_connection() -> EmailBackend:
    """Return a connection to the configured server; it opens with the first mail."""
    server: dict[str, Any] = settings.MAIL_SERVER or {}
    return EmailBackend(**server, timeout=TIMEOUT)


def message_of(sender: Sender, row: Notification) -> EmailMultiAlternatives:
    """Return the mail for a notification, in the language and the time zone of its reader."""
    user = row.user
    with translation.override(user.language or sender.language), timezone.override(user.time_zone or sender.time_zone):
        item = told(row)
        context = {"item": item, "sender": sender, "link": f"{sender.site}{item.url}" if item.url else "", "user": user}
        text = render_to_string("notifications/mail.txt", context)
        html = render_to_string("notifications/mail.html", context)
    message = EmailMultiAlternatives(
        " ".join(item.title.split()),
        text,
        sanitize_address((sender.name, sender.address), "utf-8"),
        [user.email],
        headers={"Message-ID": message_id(row.pk, sender.address), "Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(html, "text/html")
    return message


def message_id(notification_id: uuid.UUID, address: str) -> str:
    return f"<{notification_id}@{address.rpartition('@')[2]}>"


def _note_failure(row: Notification, error: Exception) -> None:
    """Keep why a mail was not sent; it comes again after a pause, unless the server refused it for good."""
    text = f"{type(error).__name__}: {error}"[:2000]
    if row.mail_tries > len(PAUSES) or _is_final(error):
        _settle(row, mail=Mail.FAILED, mail_error=text)
    else:
        pause = timedelta(seconds=PAUSES[row.mail_tries - 1])
        _settle(row, mail_due_at=ClockTimestamp() + pause, mail_error=text)


def _is_final(error: Exception) -> bool:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(500 <= code < 600 for code, _text in error.recipients.values())
    is_refusal = isinstance(error, smtplib.SMTPResponseException) and not isinstance(
        error, smtplib.SMTPAuthenticationError | smtplib.SMTPConnectError | smtplib.SMTPHeloError
    )
    return is_refusal and 500 <= error.smtp_code < 600  # type: ignore[attr-defined]


def _settle(row: Notification, **values: Any) -> None:
    """Note the outcome, unless the mail was taken by somebody else since."""
    Notification.objects.filter(pk=row.pk, mail=Mail.WAITING, mail_tries=row.mail_tries).update(**values)


def _come_again() -> None:
    """See to it that somebody comes when the next mail is due: after a pause, or after another worker's crash."""
    due: datetime | None = Notification.objects.filter(mail=Mail.WAITING).aggregate(due=Min("mail_due_at"))["due"]
    if due is not None:
        at = max(due, database_now())
        enqueue(SEND, {}, run_at=at, dedupe_key=f"{SEND}:at:{int(at.timestamp())}")


def _sender() -> Sender:
    organization = OrganizationSettings.objects.get()
    domains = Domain.objects.filter(tenant__schema_name=current_schema()).order_by("-is_primary", "id")
    domain = domains.values_list("domain", flat=True).first() or "localhost"
    site = settings.SITE_ADDRESS.replace("{domain}", domain)
    address = settings.MAIL_FROM or f"crm@{domain}"
    return Sender(organization.name, address, site, organization.language, organization.time_zone)
