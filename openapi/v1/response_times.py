"""Response times (SLA): how soon the owners of a pool's records are to follow them up."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request

from openapi.http import expected_version, json_response, members
from openapi.v1.administering import AdministrationEndpoint
from openapi.v1.reading import MemberReader
from workflows.sla import settings
from workflows.sla.models import SlaPolicy


class ResponseTimes(AdministrationEndpoint):
    """`GET`, `PATCH`: what a pool demands, in minutes; version 0 demands nothing yet, `is_active: false` any more."""

    scopes = {"GET": "meta:read", "PATCH": "meta:write"}

    def get(self, request: Request, pool_id: UUID) -> HttpResponse:
        row = settings.policy_of(self.actor, pool_id)
        return json_response(_told(row), etag=str(row.version))

    def patch(self, request: Request, pool_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            reader = MemberReader(members(request.data))
            changes: dict[str, Any] = {
                **reader.integers("first_response", "next_response"),
                **reader.flags("in_hours", "notifies_manager", "is_active"),
                **reader.trees("condition"),
            }
            reader.done()
            return _told(settings.save_policy(self.actor, pool_id, changes, expected_version(request)))

        return self.change(request, work)


def _told(row: SlaPolicy) -> dict[str, Any]:
    return {"pool_id": row.pool_id, **settings.said(row), "version": row.version}
