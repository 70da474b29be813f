"""The rules by which a pool gives out what waits in it, and among whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request

from openapi.http import expected_version, json_response, members
from openapi.v1.administering import AdministrationEndpoint
from openapi.v1.reading import MemberReader
from workflows.assignment import settings
from workflows.assignment.models import AssignmentRule
from workflows.assignment.settings import MemberInput, RuleInput

READ, CHANGE = "meta:read", "meta:write"


class AssignmentRuleList(AdministrationEndpoint):
    """`GET` the rules of a pool, in order; `POST` a new one."""

    scopes = {"GET": READ, "POST": CHANGE}

    def get(self, request: Request, pool_id: UUID) -> HttpResponse:
        return json_response({"data": [_told(row) for row in settings.rules_of(self.actor, pool_id)]})

    def post(self, request: Request, pool_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            given = RuleInput(**{"label": "", **_changes(MemberReader(members(request.data)))})
            return _told(settings.save_rule(self.actor, pool_id, given))

        return self.change(request, work, 201)


class AssignmentRuleDetail(AdministrationEndpoint):
    """One rule: `GET`, `PATCH`, `DELETE`. `members`, where they are given, are all of them."""

    scopes = {"GET": READ, "PATCH": CHANGE, "DELETE": CHANGE}

    def get(self, request: Request, pool_id: UUID, assignment_rule_id: UUID) -> HttpResponse:
        row = settings.get_rule(self.actor, pool_id, assignment_rule_id)
        return json_response(_told(row), etag=str(row.version))

    def patch(self, request: Request, pool_id: UUID, assignment_rule_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            changes = _changes(MemberReader(members(request.data)))
            version = expected_version(request)
            return _told(settings.update_rule(self.actor, pool_id, assignment_rule_id, changes, version))

        return self.change(request, work)

    def delete(self, request: Request, pool_id: UUID, assignment_rule_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            settings.delete_rule(self.actor, pool_id, assignment_rule_id, expected_version(request))
            return {"id": assignment_rule_id, "deleted": True}

        return self.change(request, work)


def _changes(reader: MemberReader) -> Mapping[str, Any]:
    given: dict[str, Any] = {
        **reader.words("label", "strategy"),
        **reader.strings("entries", "sticky_fields"),
        **reader.trees("condition"),
        **reader.flags("only_in_hours", "is_active"),
        **reader.integers("accept_minutes", "most_tries", "position"),
        **reader.each("members", _member),
    }
    reader.done()
    return given


def _member(reader: MemberReader) -> MemberInput:
    more: dict[str, Any] = {**reader.integers("weight"), **reader.counts("capacity"), **reader.tables("tags")}
    return MemberInput(reader.reference("user_id"), **more)


def _told(row: AssignmentRule) -> dict[str, Any]:
    return {"id": row.pk, "pool_id": row.pool_id, **settings.said(row), "version": row.version}
