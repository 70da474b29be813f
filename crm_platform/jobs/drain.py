"""Drains an organisation: its outbox, its due schedules, its due jobs. Safe to run anywhere, any number of times.

Wake-up rows are deleted by `settle` alone, which at once computes from the state of jobs, schedules and
cursors when the next one is due and notes that: so a process may die at any point, and nothing sleeps on.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction
from django_tenants.utils import get_public_schema_name

from crm_platform.events.clock import database_now
from crm_platform.events.consumption import consume_all, next_due
from crm_platform.events.waking import hints
from crm_platform.jobs.context import stopping
from crm_platform.jobs.leases import Claim, claim_next, take_back_expired
from crm_platform.jobs.models import Job, Schedule
from crm_platform.jobs.runner import run_claimed
from crm_platform.jobs.schedules import ensure_schedules, fire_due_schedules
from crm_platform.jobs.scopes import unit_scope
from crm_platform.kit.db import advisory_xact_lock, retry_unit
from crm_platform.tenancy.context import current_schema, tenant_context
from crm_platform.tenancy.models import Organization, WakeUp

log = logging.getLogger(__name__)

LINGER = 1.2  # seconds for which a drain waits for work that is due in a moment, instead of coming back


@dataclass
class Tally:
    """What this process has done since it started, for its heartbeat."""

    drains: int = 0
    jobs: int = 0
    running: int = 0  # drains in progress


tally = Tally()


def worker_name() -> str:
    """Return the name of this process and thread among all workers."""
    thread = "" if threading.current_thread() is threading.main_thread() else "*"
    return f"{socket.gethostname()}:{os.getpid()}{thread}"


def drain_schema(schema: str) -> None:
    """Drain the organisation with this schema; forgets wake-ups of one that is gone."""
    with tenant_context(get_public_schema_name()):
        if not Organization.objects.filter(schema_name=schema, is_template=False).exists():
            WakeUp.objects.filter(schema_name=schema).delete()
            return
    with tenant_context(schema):
        drain()


def drain() -> None:
    """Do what is due in the current organisation, for about `JOB_SLICE_SECONDS`; then leave the rest noted."""
    tally.drains += 1
    tally.running += 1
    end = time.monotonic() + settings.JOB_SLICE_SECONDS
    try:
        while not stopping.value and _pass(end):
            pass
    finally:
        tally.running -= 1


def _pass(end: float) -> bool:
    """Do one round; returns whether another one is worth while now."""
    with unit_scope():
        consume_all()
    fire_due_schedules()
    claim, due_in = retry_unit(settle)
    if claim is not None:
        if due_in is not None and due_in <= 0:
            hints.send(current_schema())  # more is due than one can do: let another worker help
        tally.jobs += 1
        run_claimed(claim, end - time.monotonic())
        return time.monotonic() < end
    if due_in is None or due_in > LINGER or time.monotonic() >= end:
        return False
    time.sleep(max(0.02, due_in))
    return True


def settle() -> tuple[Claim | None, float | None]:
    """Take back expired jobs, claim one that is due, and replace the due wake-ups by the next that is needed.

    Returns the claim, and in how many seconds the next thing is due. One at a time per organisation: else
    two could each rely on a wake-up that the other is about to delete.
    """
    with transaction.atomic():
        advisory_xact_lock("settle")
        take_back_expired()
        claim = claim_next(worker_name())
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM public.tenancy_wakeup WHERE schema_name = %s AND due_at <= clock_timestamp()",
                [current_schema()],
            )
        due = arm()
        return claim, None if due is None else (due - database_now()).total_seconds()


def arm() -> datetime | None:
    """See to it that a wake-up stands for the next thing that is due in this organisation; returns when."""
    due = _next_due()
    if due is not None:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO public.tenancy_wakeup (schema_name, due_at) SELECT %(schema)s, %(due)s
                WHERE NOT EXISTS (
                    SELECT FROM public.tenancy_wakeup WHERE schema_name = %(schema)s AND due_at <= %(due)s)
                """,
                {"schema": current_schema(), "due": due},
            )
    return due


def sweep() -> int:
    """Look into every organisation once for work that nobody was told of; returns how many there are.

    The net below the wake-up rows (a restored backup, a row deleted by hand): cheap, and run rarely.
    """
    with tenant_context(get_public_schema_name()):
        schemas = list(Organization.objects.filter(is_template=False).values_list("schema_name", flat=True))
    for schema in schemas:
        with tenant_context(schema), transaction.atomic():
            advisory_xact_lock("settle")
            ensure_schedules()
            arm()
    return len(schemas)


def due_schemas(overdue_seconds: float = 0) -> list[str]:
    """Return the organisations that have had work due for so many seconds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT schema_name FROM public.tenancy_wakeup "
            "WHERE due_at <= clock_timestamp() - make_interval(secs => %s)",
            [overdue_seconds],
        )
        return [row[0] for row in cursor.fetchall()]


def _next_due() -> datetime | None:
    queued = Job.objects.filter(state=Job.State.QUEUED).order_by("run_at").values_list("run_at", flat=True)
    leased = Job.objects.filter(state=Job.State.RUNNING).order_by("lease_until").values_list("lease_until", flat=True)
    turns = Schedule.objects.filter(is_enabled=True).order_by("next_run_at").values_list("next_run_at", flat=True)
    return min(filter(None, [queued.first(), leased.first(), turns.first(), next_due()]), default=None)
