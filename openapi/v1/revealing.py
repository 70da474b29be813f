"""Revealing a masked value over the API."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from crm_platform.kit.errors import ValidationFailed
from objects.records.revealing import reveal
from openapi.http import Endpoint, json_response, members


class RecordReveal(Endpoint):
    """`POST {"field": "id_number__c"}`: the plain text of one field. No Idempotency-Key: the answer is never kept."""

    scopes = {"POST": "records:reveal"}

    def post(self, request: Request, object_name: str, record_id: uuid.UUID) -> HttpResponse:
        body = members(request.data)
        name = body.get("field")
        if not isinstance(name, str) or set(body) != {"field"}:
            raise ValidationFailed.single("field", "required", _('Send {"field": "…"}.'))
        found = reveal(self.actor, object_name, record_id, name)
        answer = {"object": object_name, "id": record_id, "field": name, "value": found.text}
        return json_response(answer, Cache_Control="no-store")
