"""Duplicates over the API: looked for before a record is sent, or of one that is there."""

from __future__ import annotations

import re
import uuid

from django.http import HttpResponse
from rest_framework.request import Request

from objects.duplicates.checking import check_record, check_values
from objects.duplicates.errors import RuleFinding
from objects.records.service import Consent
from openapi.http import Endpoint, json_response, members

_REASON = re.compile(r'reason\s*=\s*"?([^",;]{1,500})')


def consent(request: Request) -> Consent:
    """Return what the caller wants in spite of warnings: `Prefer: duplicates=allow; reason="Father and son"`.

    `warnings=allow` confirms the warnings of validation rules.
    """
    preference = request.headers.get("Prefer", "")
    allowed = {kind: bool(re.search(rf"\b{kind}\s*=\s*allow\b", preference)) for kind in ("duplicates", "warnings")}
    reason = _REASON.search(preference) if any(allowed.values()) else None
    return Consent(**allowed, reason=reason[1].strip() if reason else "")


class DuplicateCheck(Endpoint):
    """`POST` values of a record: what each duplicate rule finds; nothing is written."""

    scopes = {"POST": "records:read"}

    def post(self, request: Request, object_name: str) -> HttpResponse:
        return _answer(object_name, check_values(self.actor, object_name, members(request.data)))


class RecordDuplicates(Endpoint):
    """`GET` what each duplicate rule finds for a record."""

    scopes = {"GET": "records:read"}

    def get(self, request: Request, object_name: str, record_id: uuid.UUID) -> HttpResponse:
        return _answer(object_name, check_record(self.actor, object_name, record_id))


def _answer(object_name: str, findings: list[RuleFinding]) -> HttpResponse:
    return json_response({"object": object_name, "duplicates": [item.to_api() for item in findings]})
