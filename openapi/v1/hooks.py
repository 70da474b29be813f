"""Inbound hooks: settling them, trying their mapping, and what came through them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from crm_platform.kit.errors import ValidationFailed
from crm_platform.kit.json import dumps
from openapi.errors import field_error
from openapi.http import json_response, members
from openapi.v1.administering import AdministrationEndpoint
from openapi.v1.intake_sources import SourceArrivals, SourceDetail, SourceEndpoint, SourceList, SourceRelease
from openapi.v1.reading import MemberReader
from workflows.intake import settling, trying
from workflows.intake.hooks import HOOKS, TEXTS
from workflows.intake.sources import json_of

SENT = ("body", "is_whole")


class _Hooks(SourceEndpoint):
    kind = HOOKS

    def changes(self, reader: MemberReader) -> Mapping[str, Any]:
        own = {**reader.words(*TEXTS), **reader.lists("mapping"), **reader.flags("is_signed")}
        return {**super().changes(reader), **own}

    def told(self, row: Any) -> dict[str, Any]:
        return {**super().told(row), **{name: getattr(row, name) for name in ("token", "mapping", "is_signed", *TEXTS)}}


class HookList(_Hooks, SourceList):
    """`GET` all hooks; `POST` a new one."""


class HookDetail(_Hooks, SourceDetail):
    """One hook: `GET`, `PATCH`, `DELETE`."""


class HookTry(AdministrationEndpoint):
    """`POST` a `document`: what would become of it. Nothing is written."""

    scopes = {"POST": "meta:write"}

    def post(self, request: Request, source_id: UUID) -> HttpResponse:
        row = settling.get(self.actor, HOOKS, source_id)
        document = members(request.data).get("document")
        if not isinstance(document, dict | list):
            raise ValidationFailed.single("document", "invalid_type", _("Enter an object or a list."))
        trial = trying.try_out(row, json_of(dumps(document)))
        told = {"state": trial.state, "reason": trial.reason, "values": trial.values}
        return json_response({**told, "errors": [field_error(error) for error in trial.errors]})


class HookDeliveries(SourceArrivals):
    """`GET` what came through a hook, the newest first (`state`, `cursor`)."""

    kind, texts = HOOKS, SENT


class HookRelease(SourceRelease):
    """`POST`: make the record of what was held back."""

    kind, texts = HOOKS, SENT
