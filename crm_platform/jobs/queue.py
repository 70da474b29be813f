"""Adds jobs. Services and schedules both do; whether somebody may is decided by the services."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from crm_platform.events.waking import wake
from crm_platform.jobs.kinds import job_kinds
from crm_platform.jobs.models import Job

TRIES = 5


def add_job(
    kind: str,
    args: dict[str, Any],
    *,
    created_by_id: uuid.UUID | None = None,
    dedupe_key: str | None = None,
    run_at: datetime | None = None,
    label: str = "",
) -> Job:
    """Add a job in the caller's transaction, with the wake-up that makes somebody run it.

    With a `dedupe_key` that an unfinished job has, that job is returned and nothing is added.
    """
    values: dict[str, Any] = {
        "kind": job_kinds.get(kind).key,
        "args": args,
        "created_by_id": created_by_id,
        "dedupe_key": dedupe_key,
        "label": label[:200],
    }
    if run_at is not None:
        values["run_at"] = run_at
    for _attempt in range(TRIES):
        job = Job(**values)
        Job.objects.bulk_create([job], ignore_conflicts=dedupe_key is not None)
        if dedupe_key is None:
            break
        # The holder of the key may be ours, or another's, or have finished since we were refused.
        holder = Job.objects.filter(dedupe_key=dedupe_key, state__in=Job.UNFINISHED).first()
        if holder is not None and holder.pk != job.pk:
            return holder
        if holder is not None:
            break
    wake(run_at)
    job.refresh_from_db()
    return job
