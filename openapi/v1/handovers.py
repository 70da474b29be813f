"""Handovers 离职交接 over the API: ordered with a plan or only previewed, watched, cancelled, tried again."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.services import require_function
from crm_platform.kit.errors import ValidationFailed
from crm_platform.kit.ids import parse_uuid
from metadata.compiler.current import current_snapshot
from objects.handover import service
from objects.handover.holdings import Holding
from objects.handover.job import totals
from objects.handover.models import Handover, HandoverItem
from objects.handover.plan import read_plan
from objects.handover.preview import Owned, preview
from openapi.http import Endpoint, json_response, members
from openapi.models import ApiKey

PAGE = 200


class HandoverList(Endpoint):
    """`POST {"user": id, "everything": {"to": …}, …}`; with `dry_run` it tells what there is, and orders nothing."""

    scopes = {"POST": "users:write"}

    def post(self, request: Request) -> HttpResponse:
        def work() -> HttpResponse:
            require_function(self.actor, MANAGE_USERS)
            given = dict(members(request.data))
            user_id = parse_uuid(given.pop("user", None))
            if user_id is None:
                raise ValidationFailed.single("user", "required", _("Choose a person."))
            plan = read_plan(given, current_snapshot())
            if self.is_dry_run(request):
                found = preview(self.actor, user_id)
                if given:
                    service.check_order(self.actor, user_id, plan)
                return json_response(
                    {
                        "dry_run": True,
                        "user": str(user_id),
                        "records": found.total,
                        "objects": [_owned(item) for item in found.objects],
                        "holdings": {item.key: item.count for item in found.holdings},
                    }
                )
            return json_response(told(service.order_handover(self.actor, user_id, plan)), 202)

        return self.write(request, work)


class HandoverDetail(Endpoint):
    """`GET`: how far a handover is, with the records that stayed and why."""

    scopes = {"GET": "users:read"}

    def get(self, request: Request, handover_id: uuid.UUID) -> HttpResponse:
        row = service.get_handover(self.actor, handover_id)
        stayed = row.items.filter(state__in=(HandoverItem.State.FAILED, HandoverItem.State.SKIPPED))
        return json_response({**told(row), "stayed": [_item(item) for item in stayed.order_by("id")[:PAGE]]})


class HandoverRecords(Endpoint):
    """`GET`: every record with its old and new owner, in pages: `?after=` the `next` of the page before."""

    scopes = {"GET": "users:read"}

    def get(self, request: Request, handover_id: uuid.UUID) -> HttpResponse:
        row = service.get_handover(self.actor, handover_id)
        after = request.query_params.get("after", "0")
        start = int(after) if after.isdigit() and len(after) < 19 else 0
        page = list(row.items.filter(pk__gt=start).order_by("id")[: PAGE + 1])
        more = str(page[PAGE - 1].pk) if len(page) > PAGE else None
        return json_response({"data": [_item(item) for item in page[:PAGE]], "next": more})


class HandoverCancel(Endpoint):
    """`POST`: stop; what has moved stays moved."""

    scopes = {"POST": "users:write"}

    def post(self, request: Request, handover_id: uuid.UUID) -> HttpResponse:
        return self.write(request, lambda: json_response(told(service.cancel_handover(self.actor, handover_id))))


class HandoverRetry(Endpoint):
    """`POST`: try the records again that failed or still wait."""

    scopes = {"POST": "users:write"}

    def post(self, request: Request, handover_id: uuid.UUID) -> HttpResponse:
        return self.write(request, lambda: json_response(told(service.retry_handover(self.actor, handover_id)), 202))


def told(row: Handover) -> dict[str, Any]:
    """Return an order in the form of the API."""
    return {
        "id": str(row.pk),
        "kind": row.kind,
        "state": row.state,
        "user": str(row.leaver_id) if row.leaver_id else None,
        "plan": row.plan,
        **totals(row),
        "objects": {_name(key): counts for key, counts in row.counts.items()},
        "people": row.people,
        "job": str(row.job_id) if row.job_id else None,
        "ordered_by": str(row.ordered_by_id) if row.ordered_by_id else None,
        "ordered_at": row.ordered_at,
        "finished_at": row.finished_at,
    }


def keys_held(user_id: uuid.UUID) -> Holding:
    """Count the API keys with which somebody could still call."""
    return Holding("api_keys", _("API keys"), ApiKey.objects.filter(user=user_id, revoked_at=None).count())


def _owned(item: Owned) -> Mapping[str, Any]:
    return {
        "object": item.object.name,
        "owned": item.owned,
        "unfinished": item.open,
        "mentions": item.mentions,
        "can_transfer": item.can_move,
        "may_be_ownerless": item.may_be_ownerless,
    }


def _item(item: HandoverItem) -> Mapping[str, Any]:
    return {
        "object": _name(item.object_id),
        "id": str(item.record_id),
        "old_owner": str(item.old_owner_id) if item.old_owner_id else None,
        "new_owner": str(item.new_owner_id) if item.new_owner_id else None,
        "state": item.state,
        "code": item.code or None,
        "message": item.message or None,
    }


def _name(object_id: int | str) -> str:
    spec = current_snapshot().spec.object_by_id.get(int(object_id))
    return spec.api_name if spec else str(object_id)
