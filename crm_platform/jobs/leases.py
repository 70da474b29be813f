"""Who may run a job: claiming, renewing, taking back. Every write is fenced by the number of the attempt."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext as _

from crm_platform.events.clock import ClockTimestamp, database_now
from crm_platform.jobs.kinds import MAX_FAILURES, job_kinds
from crm_platform.jobs.locality import organization_language
from crm_platform.jobs.models import Job
from crm_platform.kit.json import dumps_str


class LeaseLost(Exception):
    """Another worker has the job now, or it was taken back: whatever this one still does must not count."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to run a job, for as long as the lease is renewed and nobody claims after us."""

    job_id: uuid.UUID
    attempt: int
    kind: str
    args: dict[str, Any]
    cursor: Any
    failures: int
    done: int
    total: int | None
    created_by_id: uuid.UUID | None
    now: datetime


def claim_next(worker: str) -> Claim | None:
    """Take the job that has been due longest; None when there is none. Needs a transaction around."""
    job = (
        Job.objects.select_for_update(skip_locked=True)
        .filter(state=Job.State.QUEUED, run_at__lte=ClockTimestamp())
        .order_by("run_at", "id")
        .first()
    )
    if job is None:
        return None
    now = database_now()
    job.attempt += 1
    Job.objects.filter(pk=job.pk).update(
        state=Job.State.RUNNING,
        attempt=job.attempt,
        worker=worker[:120],
        lease_until=now + _lease(),
        started_at=job.started_at or now,
        error="",
    )
    return Claim(
        job.pk, job.attempt, job.kind, job.args, job.cursor, job.failures, job.done, job.total, job.created_by_id, now
    )


def take_back_expired() -> int:
    """Queue again every job whose worker fell silent, or give it up after too many times; returns how many."""
    expired = (
        Job.objects.select_for_update(skip_locked=True)
        .filter(state=Job.State.RUNNING, lease_until__lt=ClockTimestamp())
        .only("pk", "kind", "failures", "attempt", "worker", "abort_requested")
    )
    for job in expired:
        if job.abort_requested:
            Job.objects.filter(pk=job.pk).update(
                state=Job.State.ABORTED, lease_until=None, finished_at=ClockTimestamp()
            )
            continue
        with translation.override(organization_language()):
            message = _("The worker %(name)s stopped without a word.") % {"name": job.worker}
        record_failure(job.pk, job.attempt, job.kind, job.failures, message, at_once=job.failures == 0)
    return len(expired)


def renew(claim: Claim) -> bool:
    """Prolong the lease; returns whether somebody asked to abort the job. Raises LeaseLost."""
    return fenced_update(claim, "lease_until = clock_timestamp() + %s", [_lease()])


def fenced_update(claim: Claim, assignments: str, params: list[Any]) -> bool:
    """Write to the job's row if the claim still holds; returns `abort_requested`. Raises LeaseLost.

    Inside a transaction the row stays locked until its end, so that the effects written there count only if
    nobody has taken the job meanwhile.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE jobs_job SET {assignments} WHERE id = %s AND attempt = %s AND state = 'running' "  # noqa: S608
            "RETURNING abort_requested",
            [*params, claim.job_id, claim.attempt],
        )
        row = cursor.fetchone()
    if row is None:
        raise LeaseLost(f"job {claim.job_id}, attempt {claim.attempt}")
    return bool(row[0])


def save_progress(claim: Claim, done: int, total: int | None) -> bool:
    """Note how far the job is; prolongs the lease."""
    return fenced_update(claim, "done = %s, total = %s, lease_until = clock_timestamp() + %s", [done, total, _lease()])


def save_cursor(claim: Claim, cursor: Any, done: int, total: int | None) -> bool:
    """Note where the next attempt goes on. That is progress: failures are counted from zero again."""
    return fenced_update(
        claim,
        "cursor = %s::jsonb, failures = 0, done = %s, total = %s, lease_until = clock_timestamp() + %s",
        [dumps_str(cursor), done, total, _lease()],
    )


def finish(claim: Claim, state: Job.State, *, result: Any = None, error: str = "") -> None:
    """End the job. Raises LeaseLost when it is no longer ours to end."""
    fenced_update(
        claim,
        "state = %s, result = %s::jsonb, error = %s, lease_until = NULL, finished_at = clock_timestamp(), "
        "done = CASE WHEN %s THEN coalesce(total, done) ELSE done END",
        [state, dumps_str(result), error[:4000], state == Job.State.SUCCEEDED],
    )


def put_back(claim: Claim) -> None:
    """Queue the job again, to go on from its cursor at once; that is no failure."""
    fenced_update(claim, "state = 'queued', run_at = clock_timestamp(), lease_until = NULL, worker = ''", [])


def record_failure(
    job_id: uuid.UUID, attempt: int, kind: str, failures: int, error: str, *, at_once: bool = False
) -> int:
    """Queue the job for another try after a pause, or end it as failed; returns 0 when it is not ours."""
    limit = job_kinds.get(kind).max_failures if kind in job_kinds else MAX_FAILURES
    mine = Job.objects.filter(pk=job_id, attempt=attempt, state=Job.State.RUNNING)
    if failures + 1 >= limit:
        return mine.update(
            state=Job.State.FAILED,
            failures=F("failures") + 1,
            error=error[:4000],
            lease_until=None,
            finished_at=ClockTimestamp(),
        )
    pause = timedelta() if at_once else backoff(failures)
    return mine.update(
        state=Job.State.QUEUED,
        failures=F("failures") + 1,
        error=error[:4000],
        lease_until=None,
        worker="",
        run_at=database_now() + pause,
    )


def backoff(failures: int) -> timedelta:
    """Return the pause after a failure: about 4, 8, 16 … seconds, at most ten minutes, with jitter."""
    seconds = min(4.0 * 2**failures, 600.0)
    return timedelta(seconds=random.uniform(seconds / 2, seconds))  # noqa: S311 (jitter, not a secret)


def _lease() -> timedelta:
    return timedelta(seconds=settings.JOB_LEASE_SECONDS)
