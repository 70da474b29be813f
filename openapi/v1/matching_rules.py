"""Matching and duplicate rules over the API, for admins of the data model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.http import HttpResponse
from rest_framework.request import Request

from metadata import services
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import Labels
from metadata.models import DuplicateRule, MatchingRule
from metadata.publishing import require_customize
from metadata.services.duplicate_rules import get_rule
from metadata.services.labels import texts_of
from openapi.http import json_response, members
from openapi.v1.describing import labels
from openapi.v1.metadata import MetaEndpoint
from openapi.v1.metadata_input import (
    duplicate_rule_changes,
    duplicate_rule_input,
    matching_rule_changes,
    matching_rule_input,
)


@dataclass(frozen=True)
class Kind:
    """A kind of rule: its rows, its input, its services, and how it is answered."""

    model: Any
    read_input: Callable[[Mapping[str, Any]], Any]
    read_changes: Callable[[Mapping[str, Any]], dict[str, Any]]
    create: Callable[..., Any]
    update: Callable[..., Any]
    remove: Callable[..., Any]
    summary: Callable[[Any, str], dict[str, Any]]


class RuleEndpoint(MetaEndpoint):
    """Base of the endpoints of both kinds."""

    kind: ClassVar[Kind]

    def answer(self, object_name: str, rule_name: str) -> dict[str, Any]:
        """Return a rule as the caller reads it."""
        return self.kind.summary(get_rule(self.kind.model, object_name, rule_name), self.actor.language)


class RuleList(RuleEndpoint):
    """`GET` the rules of an object, the inactive ones included; `POST` a new one."""

    scopes = {"GET": "meta:read", "POST": "meta:write"}

    def get(self, request: Request, object_name: str) -> HttpResponse:
        require_customize(self.actor)
        kind, spec = self.kind, current_snapshot().object(object_name).spec
        rows = kind.model.objects.filter(business_object_id=spec.id)
        data = [kind.summary(row, self.actor.language) for row in rows]
        return json_response({"data": data}, etag=str(current_snapshot().version))

    def post(self, request: Request, object_name: str) -> HttpResponse:
        kind = self.kind
        given = kind.read_input(members(request.data))
        return self.publish(
            request,
            lambda: kind.create(self.actor, object_name, given),
            lambda: self.answer(object_name, given.api_name),
            201,
        )


class RuleDetail(RuleEndpoint):
    """One rule: `GET`, `PATCH`, `DELETE`."""

    scopes = {"GET": "meta:read", "PATCH": "meta:write", "DELETE": "meta:write"}

    def get(self, request: Request, object_name: str, rule_name: str) -> HttpResponse:
        require_customize(self.actor)
        return json_response(self.answer(object_name, rule_name), etag=str(current_snapshot().version))

    def patch(self, request: Request, object_name: str, rule_name: str) -> HttpResponse:
        kind = self.kind
        changes = kind.read_changes(members(request.data))
        return self.publish(
            request,
            lambda: kind.update(self.actor, object_name, rule_name, **changes),
            lambda: self.answer(object_name, rule_name),
            200,
        )

    def delete(self, request: Request, object_name: str, rule_name: str) -> HttpResponse:
        return self.publish(
            request,
            lambda: self.kind.remove(self.actor, object_name, rule_name),
            lambda: {"api_name": rule_name, "state": "deleted"},
            200,
        )


def _common(row: Any, language: str) -> dict[str, Any]:
    label = Labels(texts_of(row, "label"))
    return {
        "api_name": row.api_name,
        "uuid": row.uuid,
        "label": label.text(language),
        "labels": labels(label),
        "is_active": row.is_active,
        "is_custom": row.is_custom,
        "position": row.position,
    }


def matching_summary(row: MatchingRule, language: str) -> dict[str, Any]:
    """Return a matching rule with its label in the caller's language and in all others."""
    return {**_common(row, language), "target": row.target.api_name, "matchers": row.matchers}


def duplicate_summary(row: DuplicateRule, language: str) -> dict[str, Any]:
    """Return a duplicate rule with its texts in the caller's language and in all others."""
    message = Labels(texts_of(row, "message"))
    names = ("matching_rules", "actions", "scope", "period_days", "include_trashed", "include_converted", "condition")
    return {
        **_common(row, language),
        **{name: getattr(row, name) for name in (*names, "override", "shown_fields")},
        "message": message.text(language),
        "messages": labels(message),
    }


MATCHING = Kind(
    MatchingRule,
    matching_rule_input,
    matching_rule_changes,
    services.create_matching_rule,
    services.update_matching_rule,
    services.delete_matching_rule,
    matching_summary,
)
DUPLICATE = Kind(
    DuplicateRule,
    duplicate_rule_input,
    duplicate_rule_changes,
    services.create_duplicate_rule,
    services.update_duplicate_rule,
    services.delete_duplicate_rule,
    duplicate_summary,
)


class MatchingRuleList(RuleList):
    kind = MATCHING


class MatchingRuleDetail(RuleDetail):
    kind = MATCHING


class DuplicateRuleList(RuleList):
    kind = DUPLICATE


class DuplicateRuleDetail(RuleDetail):
    kind = DUPLICATE
