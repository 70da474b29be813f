"""What would return to a pool, when, and why: asked by its administrators, changes nothing."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from crm_platform.events.clock import database_now
from crm_platform.identity.models import User
from crm_platform.jobs.models import Job
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import StateConflict, ValidationFailed
from objects.access.policy import AccessPolicy
from objects.query.query import RecordQuery
from workflows.pools.models import Pool, RecycleRun
from workflows.pools.recycling.finding import PAGE_SECONDS, DueRecord, Place, count_due, due_among, due_places
from workflows.pools.recycling.predicate import DuePlan, due_plan
from workflows.pools.recycling.running import order
from workflows.pools.services.seats import seat

MOST_COUNTED = 10_000
MOST_ROWS, MOST_RUNS = 200, 50
LOOK_AHEAD = timedelta(days=366)


@dataclass(frozen=True)
class PreviewRow:
    """A record that would return, with the names to show."""

    record: DueRecord
    name: str
    owner: str


@dataclass(frozen=True)
class Preview:
    """A page of what would return at a moment. `total` is exact below MOST_COUNTED; `next` begins the next page."""

    pool: Pool
    at: datetime
    total: int
    rows: tuple[PreviewRow, ...]
    next: Place | None

    @property
    def is_capped(self) -> bool:
        """Whether one run takes fewer than all of them."""
        return self.total > self.pool.run_cap


def preview(
    actor: Actor, pool_id: uuid.UUID, at: datetime | None = None, limit: int = 50, after: Place | None = None
) -> Preview:
    """Return what would return from a pool at a moment (now without), as records and rules are now.

    For administrators of the pool; raises NotFound, Forbidden, BrokenRules, and ValidationFailed for a moment that
    is not in the year ahead.
    """
    found = seat(actor, pool_id)
    found.require_admin()
    now = database_now()
    moment = at or now
    if not now - timedelta(minutes=5) <= moment <= now + LOOK_AHEAD:
        raise ValidationFailed.single("at", "out_of_range", _("Choose a moment in the year ahead."))
    plan = due_plan(found.pool, moment)
    wanted = max(1, min(limit, MOST_ROWS))
    places = due_places(plan, after, wanted + 1, PAGE_SECONDS)
    shown, more = places[:wanted], places[wanted:]
    records = due_among(plan, [place.id for place in shown])
    total = count_due(plan, MOST_COUNTED)
    return Preview(found.pool, moment, total, _rows(actor, plan, records), shown[-1] if more else None)


def order_run(actor: Actor, pool_id: uuid.UUID) -> Job:
    """Queue a run of a pool at once, for its administrators; a run that waits or works already is returned."""
    found = seat(actor, pool_id)
    found.require_admin()
    if not found.pool.recycles:
        raise StateConflict(_("No records return to this pool by themselves."))
    due_plan(found.pool, database_now())  # tells at once that the rules are broken
    return order(found.pool, database_now(), actor)


def runs_of(actor: Actor, pool_id: uuid.UUID, limit: int = MOST_RUNS) -> list[RecycleRun]:
    """Return the last runs of a pool, the newest first, for its administrators; raises NotFound, Forbidden."""
    seat(actor, pool_id).require_admin()
    return list(RecycleRun.objects.filter(pool=pool_id).order_by("-scheduled_for")[:limit])


def _rows(actor: Actor, plan: DuePlan, records: Sequence[DueRecord]) -> tuple[PreviewRow, ...]:
    """Return the records with their names: administrators see records of their pool, whoever holds them."""
    reads_names = AccessPolicy.of(actor).can_read_field(plan.obj, plan.obj.spec.name_field)
    named = names_of(plan, [record.id for record in records]) if reads_names else {}
    people = dict(User.objects.filter(pk__in={record.owner_id for record in records}).values_list("pk", "name"))
    return tuple(PreviewRow(record, named.get(record.id, ""), people.get(record.owner_id, "")) for record in records)


def names_of(plan: DuePlan, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Return the names of records of a pool by their ids."""
    if not ids:
        return {}
    query = RecordQuery(plan.actor, plan.obj.name)
    rows = query.fields("id", plan.obj.spec.name_field).where_ids(ids).page(len(ids)).rows
    return {uuid.UUID(str(row[0])): str(row[-1] or "") for row in rows}
