"""Runs a claimed job: keeps its lease, calls its handler, and writes down how it ended."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import translation

from crm_platform.jobs import leases
from crm_platform.jobs.context import JobAborted, JobContext, JobFailed, JobYielded
from crm_platform.jobs.kinds import job_kinds
from crm_platform.jobs.leases import Claim, LeaseLost
from crm_platform.jobs.models import Job
from crm_platform.jobs.scopes import unit_scope
from crm_platform.kit.errors import PlatformError
from crm_platform.tenancy.context import current_schema, tenant_context

log = logging.getLogger(__name__)

PASSING_STATUSES = frozenset({409, 412, 429, 503})  # of expected errors: may be gone at the next try


def run_claimed(claim: Claim, seconds: float | None = None) -> None:
    """Run the job until it ends, yields or fails; `seconds` is its share of time. Never raises for the job."""
    context = JobContext(claim, seconds)
    log.info("job %s (%s) starts, attempt %d", claim.job_id, claim.kind, claim.attempt)
    try:
        with lease_kept(context), unit_scope(), translation.override(context.language):
            result = job_kinds.get(claim.kind).handler(context)
        leases.finish(claim, Job.State.SUCCEEDED, result=result)
        log.info("job %s succeeded", claim.job_id)
    except LeaseLost:
        log.warning("job %s was taken over; this attempt counts for nothing", claim.job_id)
    except JobYielded:
        _unless_lost(lambda: leases.put_back(claim))
    except JobAborted:
        _unless_lost(lambda: leases.finish(claim, Job.State.ABORTED))
    except Exception as error:  # the boundary of a task: logged and recorded, whatever it is
        log.exception("job %s (%s) failed", claim.job_id, claim.kind)
        _record(context, error)


def _record(context: JobContext, error: Exception) -> None:
    claim, text = context.claim, describe(error)
    if connection.needs_rollback or not connection.is_usable():
        connection.close()
    if is_final(error):
        _unless_lost(lambda: leases.finish(claim, Job.State.FAILED, error=text))
    else:
        leases.record_failure(claim.job_id, claim.attempt, claim.kind, context.failures, text)


def describe(error: Exception) -> str:
    """Return what is shown of an error: expected ones in their own words, others with their class."""
    if isinstance(error, PlatformError | JobFailed):
        return str(error)
    return f"{type(error).__name__}: {error}"


def is_final(error: Exception) -> bool:
    """Tell whether trying again is useless."""
    if isinstance(error, PlatformError):
        return error.status not in PASSING_STATUSES
    return isinstance(error, JobFailed)


def _unless_lost(write: object) -> None:
    try:
        write()  # type: ignore[operator]
    except LeaseLost:
        log.warning("the job was taken over before its end could be written")


@contextmanager
def lease_kept(context: JobContext) -> Iterator[None]:
    """Renew the lease from a thread with its own connection while the block runs."""
    over = threading.Event()
    thread = threading.Thread(
        target=_renew, args=(context, over, current_schema()), name=f"lease-{context.job_id}", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=5)


def _renew(context: JobContext, over: threading.Event, schema: str) -> None:
    try:
        while not over.wait(settings.JOB_RENEW_SECONDS):
            try:
                with tenant_context(schema):
                    context.abort_requested |= leases.renew(context.claim)
            except LeaseLost:
                context.lost = True
                return
            except DatabaseError as error:  # the next try may find the database again
                log.warning("the lease of job %s could not be renewed: %s", context.job_id, error)
                connection.close()
    finally:
        connection.close()
