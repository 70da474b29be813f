"""Schedules: which jobs come again, when the next turn is, and who takes it."""

from __future__ import annotations

import logging
import zoneinfo
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import transaction

from crm_platform.events.clock import ClockTimestamp, database_now
from crm_platform.jobs.kinds import job_kinds
from crm_platform.jobs.locality import organization_zone
from crm_platform.jobs.models import Schedule, ScheduleFiring
from crm_platform.jobs.queue import add_job
from crm_platform.kit.registry import Registry

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ScheduleSpec:
    """A schedule that every organisation has; its row may differ, since admins may change it."""

    key: str
    kind: str
    args: dict[str, Any] = field(default_factory=dict)
    every: timedelta | None = None
    daily_at: time | None = None


schedules: Registry[ScheduleSpec] = Registry("schedule")


def register_schedule(
    key: str,
    every_seconds: float | None = None,
    kind: str = "",
    args: dict[str, Any] | None = None,
    *,
    daily_at: time | None = None,
) -> ScheduleSpec:
    """Have a job of `kind` made every so many seconds, or every day at a time of the organisation's zone."""
    if (every_seconds is None) == (daily_at is None):
        raise ValueError(f"schedule {key!r} needs either an interval or a time of day")
    every = None if every_seconds is None else timedelta(seconds=every_seconds)
    return schedules.register(ScheduleSpec(key, kind or key, args or {}, every, daily_at))


def ensure_schedules() -> None:
    """Add the rows of registered schedules that the organisation does not have yet."""
    missing = set(schedules.keys()) - set(Schedule.objects.values_list("key", flat=True))
    if not missing:
        return
    now, zone = database_now(), organization_zone()
    rows = [
        Schedule(
            key=spec.key,
            kind=spec.kind,
            args=spec.args,
            every=spec.every,
            daily_at=spec.daily_at,
            next_run_at=next_turn(now, now, zone, every=spec.every, daily_at=spec.daily_at),
        )
        for spec in schedules
        if spec.key in missing
    ]
    Schedule.objects.bulk_create(rows, ignore_conflicts=True)


def fire_due_schedules() -> int:
    """Make the jobs of all schedules whose turn has come; returns how many turns were taken."""
    fired = 0
    while _fire_one():
        fired += 1
    return fired


def _fire_one() -> bool:
    with transaction.atomic():
        row = (
            Schedule.objects.select_for_update(skip_locked=True)
            .filter(is_enabled=True, next_run_at__lte=ClockTimestamp())
            .order_by("next_run_at")
            .first()
        )
        if row is None:
            return False
        if row.kind in job_kinds:
            job = add_job(row.kind, row.args, dedupe_key=f"schedule:{row.key}")
            ScheduleFiring.objects.create(schedule=row, fire_at=row.next_run_at, job_id=job.pk)
        else:
            log.warning("schedule %s names the kind %r, which this code does not know", row.key, row.kind)
        row.next_run_at = next_turn(
            row.next_run_at, database_now(), organization_zone(), every=row.every, daily_at=row.daily_at
        )
        row.save(update_fields=["next_run_at"])
    return True


def next_turn(
    last: datetime, now: datetime, zone: zoneinfo.ZoneInfo, *, every: timedelta | None, daily_at: time | None
) -> datetime:
    """Return the first turn after `now`; intervals keep the rhythm that began with `last`."""
    if every is not None:
        missed = max(0, (now - last) // every)
        return last + (missed + 1) * every
    if daily_at is None:
        raise ValueError("a schedule needs an interval or a time of day")
    day = now.astimezone(zone).date()
    while (turn := wall_time(day, daily_at, zone)) <= now:
        day += timedelta(days=1)
    return turn


def wall_time(day: date, at: time, zone: zoneinfo.ZoneInfo) -> datetime:
    """Return the moment when clocks in `zone` show `at`: the first of two, the next that exists of none."""
    local = datetime.combine(day, at)
    while True:
        moment = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) == local:
            return moment
        local += timedelta(minutes=1)
