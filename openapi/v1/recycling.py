"""Recycling 回收 over the API: what would return to a pool and why, a run at once, the runs of a pool, undoing one."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from rest_framework.request import Request

from crm_platform.jobs.models import Job
from crm_platform.kit.errors import FieldError, ValidationFailed
from openapi.http import Endpoint, json_response, members
from openapi.v1.reading import unknown_members
from workflows.pools.models import RecycleRun
from workflows.pools.recycling.finding import Place, Reason
from workflows.pools.recycling.preview import MOST_ROWS, Preview, PreviewRow, order_run, preview, runs_of
from workflows.pools.recycling.undo import order_undo

MEMBERS = frozenset({"at", "limit", "after"})
DEFAULT_ROWS = 50


class RecyclePreview(Endpoint):
    """`POST {"at", "limit", "after"}`: which records would return at a moment (now without), since when, and why."""

    scopes = {"POST": "pools"}

    def post(self, request: Request, pool_id: uuid.UUID) -> HttpResponse:
        given = members(request.data or {})
        errors = unknown_members(given, MEMBERS)
        limit, after = given.get("limit", DEFAULT_ROWS), Place.of(given.get("after"))
        if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MOST_ROWS:
            message = _("Enter a whole number from 1 to %(max)d.")
            errors.append(FieldError("limit", "out_of_range", message, {"max": MOST_ROWS}))
        if given.get("after") is not None and after is None:
            errors.append(FieldError("after", "invalid_type", _("Send what the page before gave as `next`.")))
        if given.get("at") is not None and _moment(given["at"]) is None:
            errors.append(FieldError("at", "invalid_type", _("Send a moment with its offset.")))
        if errors:
            raise ValidationFailed(errors)
        return json_response(_told(preview(self.actor, pool_id, _moment(given.get("at")), limit, after)))


class RecycleRunList(Endpoint):
    """`GET`: the last runs of a pool."""

    scopes = {"GET": "pools"}

    def get(self, request: Request, pool_id: uuid.UUID) -> HttpResponse:
        return json_response({"data": [_run(row) for row in runs_of(self.actor, pool_id)]})


class RecycleNow(Endpoint):
    """`POST`: take back at once what is due, by a job."""

    scopes = {"POST": "pools"}

    def post(self, request: Request, pool_id: uuid.UUID) -> HttpResponse:
        return self.write(request, lambda: json_response(_job(order_run(self.actor, pool_id)), 202))


class RecycleUndo(Endpoint):
    """`POST`: give back to their owners, by a job, the records of a run that nobody has taken since."""

    scopes = {"POST": "pools"}

    def post(self, request: Request, pool_id: uuid.UUID, run_id: uuid.UUID) -> HttpResponse:
        return self.write(request, lambda: json_response(_job(order_undo(self.actor, run_id, pool_id)), 202))


def _moment(given: Any) -> datetime | None:
    """Return a moment that says its offset; None for anything else."""
    try:
        found = parse_datetime(given) if isinstance(given, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def _job(job: Job) -> Mapping[str, Any]:
    return {"job": str(job.pk), "state": job.state}


def _told(found: Preview) -> Mapping[str, Any]:
    return {
        "pool": str(found.pool.pk),
        "at": found.at,
        "total": found.total,
        "takes_at_once": found.pool.run_cap,
        "data": [_row(row) for row in found.rows],
        "next": found.next.to_json() if found.next else None,
    }


def _row(row: PreviewRow) -> Mapping[str, Any]:
    record = row.record
    return {
        "id": str(record.id),
        "name": row.name,
        "owner": {"id": str(record.owner_id), "name": row.owner},
        "due_at": record.due,
        "reasons": [_reason(reason) for reason in record.reasons],
    }


def _reason(reason: Reason) -> Mapping[str, Any]:
    return {"rule": reason.label, "kind": reason.kind, "since": reason.base, "days": reason.days}


def _run(row: RecycleRun) -> Mapping[str, Any]:
    return {
        "id": str(row.pk),
        "scheduled_for": row.scheduled_for,
        "cutoff": row.cutoff,
        "finished_at": row.finished_at,
        "recycled": row.counts.get("recycled", 0),
        "refused": row.counts.get("refused", 0),
        "error": row.counts.get("error"),
        "is_undone": row.is_undone,
        "ordered_by": str(row.ordered_by_id) if row.ordered_by_id else None,
    }
