"""Mailboxes that are read, and addresses to which mails are posted (`/inbound-addresses`). No password ever leaves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request

from crm_platform.kit.json import loads
from openapi.http import json_response
from openapi.v1.administering import AdministrationEndpoint
from openapi.v1.intake_sources import SourceArrivals, SourceDetail, SourceEndpoint, SourceList, SourceRelease
from openapi.v1.reading import MemberReader
from workflows.intake.mail import posting
from workflows.intake.mail.mailboxes import MAILBOXES, PASSWORD, TEXTS, create_mailbox, try_mailbox, update_mailbox
from workflows.intake.models import Mailbox

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
        names = ("way", *TEXTS, "port", "security", "mapping", *FLAGS, "checked_at", "next_at", "error")
        return {**super().told(row), **{name: getattr(row, name) for name in names}}

    def update(self, source_id: UUID, changes: Mapping[str, Any], version: int | None) -> Any:
        return update_mailbox(self.actor, source_id, changes, version)


class MailboxList(_Mailboxes, SourceList):
    """`GET` all mailboxes; `POST` a new one. The token of an address is told in this one answer."""

    token = ""

    def changes(self, reader: MemberReader) -> Mapping[str, Any]:
        return {**super().changes(reader), **reader.words("way")}

    def post(self, request: Request) -> HttpResponse:
        response = super().post(request)
        if not self.token or response.status_code != 201:
            return response
        told = json_response({**loads(response.content), "token": self.token}, 201)  # kept for no Idempotency-Key
        for name, value in response.headers.items():
            told.headers.setdefault(name, value)
        return told

    def create(self, object_name: str, given: Mapping[str, Any]) -> Any:
        if given.get("way") == Mailbox.Way.POSTED:
            made, self.token = posting.create_address(self.actor, object_name, given)
        else:
            made = create_mailbox(self.actor, object_name, given)
        made.refresh_from_db(fields=["next_at"])
        return made


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
