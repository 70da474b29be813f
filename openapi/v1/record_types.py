"""Record types over the API, for admins of the data model. What others see of them is in `describe`."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from metadata import services
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import Labels
from metadata.models import RecordType
from metadata.publishing import require_customize
from metadata.services.labels import texts_of
from metadata.services.record_types import get_record_type
from openapi.http import json_response, members
from openapi.v1.describing import labels
from openapi.v1.metadata import MetaEndpoint
from openapi.v1.metadata_input import record_type_changes, record_type_input


class RecordTypeList(MetaEndpoint):
    """`GET` the record types of an object, the retired ones included; `POST` a new one."""

    scopes = {"GET": "meta:read", "POST": "meta:write"}

    def get(self, request: Request, object_name: str) -> HttpResponse:
        require_customize(self.actor)
        spec = current_snapshot().object(object_name).spec
        data = [summary(row, self.actor.language) for row in RecordType.objects.filter(business_object_id=spec.id)]
        return json_response({"data": data}, etag=str(current_snapshot().version))

    def post(self, request: Request, object_name: str) -> HttpResponse:
        given = record_type_input(members(request.data))
        return self.publish(
            request,
            lambda: services.create_record_type(self.actor, object_name, given),
            lambda: summary(get_record_type(object_name, given.api_name), self.actor.language),
            201,
        )


class RecordTypeDetail(MetaEndpoint):
    """One record type: `GET`, `PATCH`. It is retired by `{"is_active": false}`, never deleted."""

    scopes = {"GET": "meta:read", "PATCH": "meta:write"}

    def get(self, request: Request, object_name: str, type_name: str) -> HttpResponse:
        require_customize(self.actor)
        body = summary(get_record_type(object_name, type_name), self.actor.language)
        return json_response(body, etag=str(current_snapshot().version))

    def patch(self, request: Request, object_name: str, type_name: str) -> HttpResponse:
        changes = record_type_changes(members(request.data))
        return self.publish(
            request,
            lambda: services.update_record_type(self.actor, object_name, type_name, **changes),
            lambda: summary(get_record_type(object_name, type_name), self.actor.language),
            200,
        )


def summary(row: RecordType, language: str) -> dict[str, Any]:
    """Return a type with its texts in the caller's language and in all others."""
    label, description = (Labels(texts_of(row, name)) for name in ("label", "description"))
    return {
        "api_name": row.api_name,
        "uuid": row.uuid,
        "label": label.text(language),
        "labels": labels(label),
        "description": description.text(language),
        "descriptions": labels(description),
        "color": row.color,
        "choices": row.choices,
        "is_active": row.is_active,
        "is_default": row.is_default,
        "is_custom": row.is_custom,
        "position": row.position,
    }
