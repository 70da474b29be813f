"""How an import stands, in the states of the Open API; how long it will take; what codes mean to people."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext as _

from crm_platform.jobs.models import Job
from objects.exchange.models import Import

DRAFT, QUEUED, RUNNING, FAILED, ABORTED = "draft", "queued", "running", "failed", "aborted"
COMPLETED, WITH_ERRORS = "completed", "completed_with_errors"


def state_of(row: Import, job: Job | None) -> str:
    """Return the state of an import whose job is given; while it is undone, that of undoing."""
    if row.state == Import.State.DRAFT:
        return DRAFT
    if row.state == Import.State.DONE and row.undo != Import.Undo.RUNNING:
        return WITH_ERRORS if row.bad else COMPLETED
    if job is None or job.state == Job.State.FAILED:
        return FAILED
    return {Job.State.ABORTED: ABORTED, Job.State.QUEUED: QUEUED}.get(Job.State(job.state), RUNNING)


def states_of(rows: Iterable[Import]) -> dict[uuid.UUID, str]:
    """Return the states of many imports, by one query."""
    listed = list(rows)
    wanted = {row.pk: row.undo_job_id or row.job_id for row in listed}
    jobs = Job.objects.in_bulk([item for item in wanted.values() if item])
    return {row.pk: state_of(row, jobs.get(wanted[row.pk]) if wanted[row.pk] else None) for row in listed}


def rows_per_second(job: Job | None, now: datetime) -> float | None:
    """Return how fast a job goes, or went."""
    if job is None or not job.done or job.started_at is None:
        return None
    seconds = ((job.finished_at or now) - job.started_at).total_seconds()
    return job.done / seconds if seconds > 0 else None


def seconds_left(job: Job | None, now: datetime) -> float | None:
    """Return how long a running job will take still, if it goes on as it did so far."""
    rate = rows_per_second(job, now)
    if job is None or job.state != Job.State.RUNNING or not job.total or rate is None:
        return None
    return max(job.total - job.done, 0) / rate


def code_text(code: str) -> str:
    """Return what a code of the Open API means to people."""
    known = {
        "required": _("a value is missing"),
        "invalid_type": _("not readable as such a value"),
        "invalid_choice": _("no such choice"),
        "too_long": _("too long"),
        "out_of_range": _("out of range"),
        "not_unique": _("taken by another record"),
        "invalid_reference": _("names nothing, or several things"),
        "inactive_reference": _("no longer active"),
        "record_locked": _("the record is locked"),
        "version_conflict": _("changed by others meanwhile"),
        "state_conflict": _("other records or people stand against it"),
        "validation_rule_failed": _("a validation rule stands against it"),
        "duplicate_detected": _("there is such a record already"),
        "forbidden": _("not allowed"),
        "not_found": _("not found, or out of reach"),
        "pool_cap_reached": _("the owner holds as much as allowed"),
    }
    return known.get(code, code)
