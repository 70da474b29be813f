"""Validation rules over the API, for admins of the data model."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from metadata import services
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import Labels
from metadata.models import ValidationRule
from metadata.publishing import require_customize
from metadata.services.labels import texts_of
from metadata.services.validation_rules import get_validation_rule
from openapi.http import json_response, members
from openapi.v1.describing import labels
from openapi.v1.metadata import MetaEndpoint
from openapi.v1.metadata_input import validation_rule_changes, validation_rule_input


class ValidationRuleList(MetaEndpoint):
    """`GET` the rules of an object, the inactive ones included; `POST` a new one."""

    scopes = {"GET": "meta:read", "POST": "meta:write"}

    def get(self, request: Request, object_name: str) -> HttpResponse:
        require_customize(self.actor)
        spec = current_snapshot().object(object_name).spec
        rows = ValidationRule.objects.filter(business_object_id=spec.id)
        data = [summary(row, self.actor.language) for row in rows]
        return json_response({"data": data}, etag=str(current_snapshot().version))

    def post(self, request: Request, object_name: str) -> HttpResponse:
        given = validation_rule_input(members(request.data))
        return self.publish(
            request,
            lambda: services.create_validation_rule(self.actor, object_name, given),
            lambda: summary(get_validation_rule(object_name, given.api_name), self.actor.language),
            201,
        )


class ValidationRuleDetail(MetaEndpoint):
    """One rule: `GET`, `PATCH`, `DELETE`."""

    scopes = {"GET": "meta:read", "PATCH": "meta:write", "DELETE": "meta:write"}

    def get(self, request: Request, object_name: str, rule_name: str) -> HttpResponse:
        require_customize(self.actor)
        body = summary(get_validation_rule(object_name, rule_name), self.actor.language)
        return json_response(body, etag=str(current_snapshot().version))

    def patch(self, request: Request, object_name: str, rule_name: str) -> HttpResponse:
        changes = validation_rule_changes(members(request.data))
        return self.publish(
            request,
            lambda: services.update_validation_rule(self.actor, object_name, rule_name, **changes),
            lambda: summary(get_validation_rule(object_name, rule_name), self.actor.language),
            200,
        )

    def delete(self, request: Request, object_name: str, rule_name: str) -> HttpResponse:
        return self.publish(
            request,
            lambda: services.delete_validation_rule(self.actor, object_name, rule_name),
            lambda: {"api_name": rule_name, "state": "deleted"},
            200,
        )


def summary(row: ValidationRule, language: str) -> dict[str, Any]:
    """Return a rule with its texts in the caller's language and in all others."""
    label, message = (Labels(texts_of(row, name)) for name in ("label", "message"))
    return {
        "api_name": row.api_name,
        "uuid": row.uuid,
        "label": label.text(language),
        "labels": labels(label),
        "condition": row.condition,
        "message": message.text(language),
        "messages": labels(message),
        "location": row.location,
        "severity": row.severity,
        "events": row.events,
        "record_types": row.record_types,
        "can_be_bypassed": row.can_be_bypassed,
        "is_active": row.is_active,
        "is_custom": row.is_custom,
        "position": row.position,
    }
