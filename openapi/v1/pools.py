"""Pools 公海: what waits in them, claiming and assigning it, giving and taking back, the log, and people's limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from crm_platform.kit.errors import ValidationFailed
from crm_platform.kit.ids import parse_uuid
from openapi.http import Endpoint, json_response, members
from openapi.v1.administering import AdministrationEndpoint
from openapi.v1.reading import MemberReader
from openapi.v1.records import answer_list, answer_one
from workflows.assignment.ordering import Assigned, auto_assign
from workflows.pools.models import PoolMovement
from workflows.pools.outcomes import Outcome
from workflows.pools.services import claiming, reading, settings
from workflows.pools.services.quotas import Quota, quota, quotas
from workflows.pools.services.seats import Seat, pools_of, seat

SCOPE = "pools"
MAX_LOG = 200
ALWAYS_SHOWN = ("id", "version", "created_at", "updated_at", "pool_id", "last_owner_change_at")


class PoolList(Endpoint):
    """`GET` the pools of which the caller is member or administrator, of one object with `?object=`."""

    scopes = {"GET": SCOPE}

    def get(self, request: Request) -> HttpResponse:
        seats = pools_of(self.actor, request.query_params.get("object"))
        return json_response({"data": [_told(place) for place in seats]})


class PoolDetail(Endpoint):
    """`GET` one pool, with its settings for its administrators."""

    scopes = {"GET": SCOPE}

    def get(self, request: Request, pool_id: UUID) -> HttpResponse:
        place = seat(self.actor, pool_id)
        more = {"settings": settings.said(place.pool)} if place.is_admin else {}
        return json_response({**_told(place), **more}, etag=str(place.pool.version))


class PoolRecords(Endpoint):
    """`GET` what waits in a pool, as lists of records are asked for.

    Where the pool limits how many records somebody opens in a day, lists tell what they are called and no more.
    """

    scopes = {"GET": SCOPE}

    def get(self, request: Request, pool_id: UUID) -> HttpResponse:
        place = seat(self.actor, pool_id)
        query = reading.waiting(place)
        if place.pool.daily_views is None or place.is_admin:
            return answer_list(request, query)
        shown = (*ALWAYS_SHOWN, *query.name_fields())
        asked = {item.strip() for item in request.query_params.get("fields", "").split(",") if item.strip()}
        if request.query_params.get("expand") or not asked.issubset(shown):
            message = _("This pool limits how many records are opened in a day: read them one by one.")
            raise ValidationFailed.single("fields", "out_of_range", message, pointer="fields")
        return answer_list(request, query, () if asked else shown)


class PoolRecord(Endpoint):
    """`GET` one record that waits in a pool; it counts as opened on this day."""

    scopes = {"GET": SCOPE}

    def get(self, request: Request, pool_id: UUID, record_id: UUID) -> HttpResponse:
        place = seat(self.actor, pool_id)
        reading.count_view(place, record_id)
        return answer_one(request, reading.waiting(place), record_id)


class PoolLog(Endpoint):
    """`GET` what came and went, newest first: `?before=` the `next` of the page before, `?limit=&kind=&record=`."""

    scopes = {"GET": SCOPE}

    def get(self, request: Request, pool_id: UUID) -> HttpResponse:
        params = request.query_params
        limit = min(_number(params.get("limit"), "limit") or reading.PAGE, MAX_LOG)
        page = reading.log(
            seat(self.actor, pool_id),
            before=_number(params.get("before"), "before"),
            limit=limit,
            kind=params.get("kind", ""),
            record_id=parse_uuid(params.get("record")),
        )
        return json_response({"data": [_movement(row) for row in page.rows], "next": page.next})


class PoolClaim(AdministrationEndpoint):
    """`POST {"ids": […]}`: take records; each is told for itself."""

    scopes = {"POST": SCOPE}

    def post(self, request: Request, pool_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            reader = MemberReader(members(request.data))
            ids = _ids(reader)
            reader.done()
            return _claimed(self, pool_id, claiming.claim(self.actor, pool_id, ids))

        return self.change(request, work)


class PoolClaimNext(AdministrationEndpoint):
    """`POST {"count": 1}`: take the next records in the pool's order."""

    scopes = {"POST": SCOPE}

    def post(self, request: Request, pool_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            reader = MemberReader(members(request.data))
            count = reader.integers("count").get("count", 1)
            reader.done()
            return _claimed(self, pool_id, claiming.claim_next(self.actor, pool_id, count))

        return self.change(request, work)


class PoolAssign(AdministrationEndpoint):
    """`POST {"ids": […], "owner_id": …}`, for the pool's administrators."""

    scopes = {"POST": SCOPE}

    def post(self, request: Request, pool_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            reader = MemberReader(members(request.data))
            ids, owner_id = _ids(reader), reader.reference("owner_id")
            reader.done()
            return _results("assigned", claiming.assign(self.actor, pool_id, ids, owner_id))

        return self.change(request, work)


class PoolAutoAssign(AdministrationEndpoint):
    """`POST {"ids": […]}`, or nothing for what has waited longest: the pool's rules give it out, and tell why."""

    scopes = {"POST": SCOPE}

    def post(self, request: Request, pool_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            reader = MemberReader(members(request.data or {}))
            ids = reader.ids("ids").get("ids")
            reader.done()
            found = auto_assign(self.actor, pool_id, ids)
            told = _results("assigned", [item.outcome for item in found])
            results = [{**one, **_decided(item)} for one, item in zip(told["results"], found, strict=True)]
            return {**told, "results": results}

        return self.change(request, work)


class PoolRelease(AdministrationEndpoint):
    """`POST {"ids": […], "reason": …, "note": …}`: give back into this pool what one holds."""

    scopes = {"POST": SCOPE}

    def post(self, request: Request, pool_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            place = seat(self.actor, pool_id)
            reader = MemberReader(members(request.data))
            ids, words = _ids(reader), reader.words("reason", "note")
            reader.done()
            found = claiming.release(self.actor, place.object_name, ids, pool_id=pool_id, **words)
            return _results("released", found)

        return self.change(request, work)


class PoolRecall(AdministrationEndpoint):
    """`POST {"ids": […], "reason": …, "note": …}`: take back from their owners, for the pool's administrators."""

    scopes = {"POST": SCOPE}

    def post(self, request: Request, pool_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            reader = MemberReader(members(request.data))
            ids, words = _ids(reader), reader.words("reason", "note")
            reader.done()
            return _results("recalled", claiming.recall(self.actor, pool_id, ids, **words))

        return self.change(request, work)


class PoolMove(AdministrationEndpoint):
    """`POST {"ids": […], "to_pool_id": …, "note": …}`: into another pool, for the pool's administrators."""

    scopes = {"POST": SCOPE}

    def post(self, request: Request, pool_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            reader = MemberReader(members(request.data))
            ids, target, words = _ids(reader), reader.reference("to_pool_id"), reader.words("note")
            reader.done()
            return _results("moved", claiming.move(self.actor, pool_id, ids, target, **words))

        return self.change(request, work)


class PoolQuotas(Endpoint):
    """`GET` who holds how much, and may: everybody for administrators, for others themselves."""

    scopes = {"GET": SCOPE}

    def get(self, request: Request, pool_id: UUID) -> HttpResponse:
        found = quotas(seat(self.actor, pool_id))
        return json_response({"data": [{"user_id": key, **_limits(item)} for key, item in found.items()]})


class PoolQuotaDetail(AdministrationEndpoint):
    """`PUT {"hold_cap": 30, "daily_cap": null}`: other limits for one person, null for those of the pool."""

    scopes = {"PUT": SCOPE}

    def put(self, request: Request, pool_id: UUID, user_id: UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            body = {name: value for name, value in members(request.data).items() if value is not None}
            reader = MemberReader(body)
            caps = reader.integers("hold_cap", "daily_cap")
            reader.done()
            settings.set_quota(self.actor, pool_id, user_id, **caps)
            return {"user_id": user_id, "hold_cap": None, "daily_cap": None, **caps}

        return self.change(request, work)


def _told(place: Seat) -> dict[str, Any]:
    pool = place.pool
    own = _limits(quota(place.actor, pool)) if place.actor.user_id else {}
    return {
        "id": pool.pk,
        "object": place.object_name,
        "api_name": pool.api_name,
        "label": pool.label,
        "description": pool.description,
        "is_active": pool.is_active,
        "mode": pool.mode,
        "is_admin": place.is_admin,
        "may_claim": place.may_claim,
        "version": pool.version,
        "batch_size": pool.batch_size,
        "cool_down_days": pool.cool_down_days,
        "protection_hours": pool.protection_hours,
        "masked_fields": sorted(place.policy.masked),
        "reasons": list(pool.reasons),
        **own,
    }


def _limits(found: Quota) -> dict[str, Any]:
    return {
        "used": found.used,
        "cap": found.cap,
        "claimed_today": found.claimed_today,
        "daily_cap": found.daily_cap,
        "claimed_this_hour": found.claimed_this_hour,
        "hourly_cap": found.hourly_cap,
    }


def _claimed(endpoint: Endpoint, pool_id: UUID, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    place = seat(endpoint.actor, pool_id)
    return {**_results("claimed", outcomes), "quota": _limits(quota(endpoint.actor, place.pool))}


def _results(verb: str, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    done = sum(item.is_ok for item in outcomes)
    return {
        "results": [_result(verb, item) for item in outcomes],
        "summary": {"total": len(outcomes), verb: done, "rejected": len(outcomes) - done},
    }


def _result(verb: str, item: Outcome) -> Mapping[str, Any]:
    if item.is_ok:
        return {"id": item.id, "status": verb, "version": item.version}
    params = {"params": dict(item.params)} if item.params else {}
    return {"id": item.id, "status": "rejected", "code": item.status, "message": item.message, **params}


def _decided(item: Assigned) -> Mapping[str, Any]:
    return {"owner_id": item.owner_id, "assignment_rule_id": item.rule_id, "evidence": item.evidence}


def _movement(row: PoolMovement) -> Mapping[str, Any]:
    names = (
        *("id", "record_id", "kind", "from_owner_id", "to_owner_id", "from_pool_id", "to_pool_id", "actor_id", "via"),
        *("reason", "note", "rule_id", "run_id", "evidence", "at", "undone_at"),
    )
    return {name: getattr(row, name) for name in names}


def _ids(reader: MemberReader) -> list[UUID]:
    found = reader.ids("ids").get("ids")
    if found is None and not reader.errors:
        raise ValidationFailed.single("ids", "required", _("This member is required."))
    return found or []


def _number(text: str | None, name: str) -> int | None:
    if not text:
        return None
    if not text.isdigit() or len(text) > 18 or int(text) == 0:
        raise ValidationFailed.single(name, "invalid_type", _("Enter a whole number."), pointer=name)
    return int(text)
