"""What other apps call: add a job, abort one, try one again; and the registrations they make at start-up."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from crm_platform.events.clock import ClockTimestamp
from crm_platform.events.waking import wake
from crm_platform.jobs.context import JobAborted, JobContext, JobFailed, JobYielded
from crm_platform.jobs.kinds import register_job
from crm_platform.jobs.leases import LeaseLost
from crm_platform.jobs.models import Job
from crm_platform.jobs.queue import add_job
from crm_platform.jobs.schedules import register_schedule
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import NotFound, StateConflict

__all__ = [
    "JobAborted",
    "JobContext",
    "JobFailed",
    "JobYielded",
    "LeaseLost",
    "abort",
    "enqueue",
    "register_job",
    "register_schedule",
    "retry",
]

PERMISSION = "identity.view_system"


def enqueue(
    kind: str,
    args: dict[str, Any],
    *,
    actor: Actor | None = None,
    dedupe_key: str | None = None,
    run_at: datetime | None = None,
    label: str = "",
) -> Job:
    """Add a job in the caller's transaction; it runs with the rights that `actor` has when it runs.

    Without an actor (or with the system's) it runs as the system. With a `dedupe_key` that an unfinished
    job has, that job is returned and nothing is added.
    """
    created_by_id = actor.user_id if actor is not None else None
    return add_job(kind, args, created_by_id=created_by_id, dedupe_key=dedupe_key, run_at=run_at, label=label)


def abort(actor: Actor, job_id: uuid.UUID) -> Job:
    """End a waiting job at once, and ask a running one to end at its next chance."""
    with transaction.atomic():
        job = _locked(actor, job_id)
        if job.is_finished:
            raise StateConflict(_("The job is over already."))
        if job.state == Job.State.QUEUED:
            job.state, job.finished_at = Job.State.ABORTED, ClockTimestamp()
        job.abort_requested = True
        job.save(update_fields=["state", "finished_at", "abort_requested"])
    job.refresh_from_db()
    return job


def retry(actor: Actor, job_id: uuid.UUID) -> Job:
    """Queue a failed or aborted job again; it goes on from where it stopped."""
    try:
        with transaction.atomic():
            job = _locked(actor, job_id)
            if job.state not in (Job.State.FAILED, Job.State.ABORTED):
                raise StateConflict(_("Only a failed or aborted job can be tried again."))
            job.state, job.failures, job.abort_requested = Job.State.QUEUED, 0, False
            job.run_at, job.finished_at, job.error = ClockTimestamp(), None, ""
            job.save()
            wake()
    except IntegrityError as error:
        raise StateConflict(_("The same job is waiting or running already.")) from error
    job.refresh_from_db()
    return job


def _locked(actor: Actor, job_id: uuid.UUID) -> Job:
    """Return the job, locked, if the actor made it or may see the system; else NotFound."""
    job = Job.objects.select_for_update(of=("self",)).filter(pk=job_id).first()
    if job is None or not (actor.has_function(PERMISSION) or job.created_by_id == actor.user_id):
        raise NotFound
    return job
