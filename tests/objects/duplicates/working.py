"""Running the jobs that wait, without their worker: it would take rows of the test's transaction from elsewhere."""

from __future__ import annotations

from crm_platform.jobs import leases
from crm_platform.jobs.context import JobContext
from crm_platform.jobs.kinds import job_kinds
from crm_platform.jobs.models import Job
from tests.jobs.conftest import take


def run_jobs() -> list[str]:
    """Run jobs until none waits; returns their kinds, in order."""
    Job.objects.exclude(kind__startswith="duplicates.").delete()
    done = []
    while Job.objects.filter(state=Job.State.QUEUED).exists():
        context = JobContext(take())
        leases.finish(context.claim, Job.State.SUCCEEDED, result=job_kinds.get(context.claim.kind).handler(context))
        done.append(context.claim.kind)
    return done
