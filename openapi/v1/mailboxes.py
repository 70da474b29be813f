"""Mailboxes that are read (`/inbound-addresses`). No password ever leaves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request

from openapi.http import json_response
from openapi.v1.administering import AdministrationEndpoint
from openapi.v1.intake_sources import SourceArrivals, SourceDetail, SourceEndpoint, SourceList, SourceRelease
from openapi.v1.reading import MemberReader
from workflows.intake.mail.mailboxes import MAILBOXES, PASSWORD, TEXTS, create_mailbox, try_mailbox, update_mailbox

SENT = ("sender", "subject")
FLAGS = ("attaches_known", "reads_old")


class _Mailboxes(SourceEndpoint):
    kind = MAILBOXES

    def changes(self, reader: MemberReader) -> Mapping[str, Any]:
        own = {
            **reader.words(*TEXTS, "security", PASSWORD),
            **reader.integers("port"),
            **reader.lists("mapping"),
            **reader.flags(*FLAGS),
        }
        return {**super().changes(reader), **own}

    def told(self, row: Any) -> dict[str, Any]:
        names = (*TEXTS, "port", "security", "mapping", *FLAGS, "checked_at", "next_at", "error")
        return {**super().told(row), **{name: getattr(row, name) for name in names}}

    def create(self, object_name: str, given: Mapping[str, Any]) -> Any:
        made = create_mailbox(self.actor, object_name, given)
        made.refresh_from_db(fields=["next_at"])
        return made

    def update(self, source_id: UUID, changes: Mapping[str, Any], version: int | None) -> Any:
        return update_mailbox(self.actor, source_id, changes, version)


class MailboxList(_Mailboxes, SourceList):
    """`GET` all mailboxes; `POST` a new one."""


class MailboxDetail(_Mailboxes, SourceDetail):
    """One mailbox: `GET`, `PATCH`, `DELETE`."""


class MailboxTry(AdministrationEndpoint):
    """`POST`: sign in and look at the folder."""

    scopes = {"POST": "meta:write"}

    def post(self, request: Request, source_id: UUID) -> HttpResponse:
        return json_response(try_mailbox(self.actor, source_id))


class MailboxMails(SourceArrivals):
    """`GET` what was read from a mailbox, the newest first (`state`, `cursor`)."""

    kind, texts = MAILBOXES, SENT


class MailboxRelease(SourceRelease):
    """`POST`: make the record of what was held back or passed over."""

    kind, texts = MAILBOXES, SENT
