"""Reads jobs, workers and queues, for pages and health checks."""

from __future__ import annotations

import platform
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import celery
import django
import redis
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models import Count
from django.utils.functional import Promise

from crm_platform.events.clock import database_now
from crm_platform.events.selectors import ConsumerState, consumer_states
from crm_platform.jobs.kinds import job_kinds
from crm_platform.jobs.models import Job, Schedule
from crm_platform.jobs.workers.models import WorkerHeartbeat
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import Forbidden, NotFound
from crm_platform.tenancy.context import current_schema

PERMISSION = "identity.view_system"
WORKER_SILENT_AFTER = timedelta(seconds=30)
PAGE = 50


@dataclass(frozen=True, slots=True)
class JobPage:
    """A page of jobs, the newest first; `next_before` is the id to go on from."""

    jobs: list[Job]
    next_before: uuid.UUID | None
    counts: Mapping[str, int]  # by state, of all jobs


def jobs(actor: Actor, *, state: str = "", before: uuid.UUID | None = None, limit: int = PAGE) -> JobPage:
    """Return jobs, the newest first: all of them for those who see the system, else the actor's own."""
    visible = Job.objects.all()
    if not actor.has_function(PERMISSION):
        visible = visible.filter(created_by_id=actor.user_id, created_by__isnull=False)
    counts = dict(visible.order_by().values_list("state").annotate(Count("id")))
    rows = visible.filter(state=state) if state else visible
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.select_related("created_by").order_by("-id")[: limit + 1])
    return JobPage(found[:limit], found[limit - 1].pk if len(found) > limit else None, counts)


def job(actor: Actor, job_id: uuid.UUID) -> Job:
    """Return a job that the actor made, or any for those who see the system; else NotFound."""
    found = Job.objects.select_related("created_by").filter(pk=job_id).first()
    if found is None or not (actor.has_function(PERMISSION) or found.created_by_id == actor.user_id):
        raise NotFound
    return found


def kind_label(kind: str) -> str | Promise:
    """Return what people read for a kind; its key when this code does not know it."""
    return job_kinds.get(kind).label if kind in job_kinds else kind


def oldest_due_wakeup_age(schema: str | None = None) -> float:
    """Return for how many seconds the oldest due work has waited, of one organisation or of all (0: none)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM clock_timestamp() - min(due_at)) FROM public.tenancy_wakeup "
            "WHERE due_at <= clock_timestamp() AND (%(schema)s::text IS NULL OR schema_name = %(schema)s)",
            {"schema": schema},
        )
        age = cursor.fetchone()[0]
        return float(age or 0)


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker process; `is_alive` when it reported within the last half minute."""

    name: str
    version: str
    started_at: datetime
    seen_at: datetime
    drains: int
    jobs: int
    is_alive: bool


def workers() -> list[Worker]:
    """Return the worker processes that reported within the last minutes, the living first."""
    alive_since = database_now() - WORKER_SILENT_AFTER
    return sorted(
        (
            Worker(row.name, row.version, row.started_at, row.seen_at, row.drains, row.jobs, row.seen_at >= alive_since)
            for row in WorkerHeartbeat.objects.order_by("name")
        ),
        key=lambda worker: not worker.is_alive,
    )


@dataclass(frozen=True, slots=True)
class SystemReport:
    """What the system page shows."""

    versions: Mapping[str, str]
    schema_version: int
    workers: list[Worker]
    job_counts: Mapping[str, int]
    broker_depth: int | None  # hints waiting in the broker; None when it does not answer
    waiting_seconds: float
    consumers: list[ConsumerState]
    schedules: list[Schedule]


def system_report(actor: Actor) -> SystemReport:
    """Return versions, workers, queues and lag; Forbidden for those who may not see the system."""
    if not actor.has_function(PERMISSION):
        raise Forbidden
    depth, broker = _broker()
    return SystemReport(
        versions={**_versions(), **broker},
        schema_version=_schema_version(),
        workers=workers(),
        job_counts=dict(Job.objects.order_by().values_list("state").annotate(Count("id"))),
        broker_depth=depth,
        waiting_seconds=oldest_due_wakeup_age(current_schema()),
        consumers=consumer_states(),
        schedules=list(Schedule.objects.order_by("key")),
    )


def _versions() -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        postgresql = str(cursor.fetchone()[0])
    return {
        "CRM": settings.VERSION,
        "PostgreSQL": postgresql,
        "Python": platform.python_version(),
        "Django": django.get_version(),
        "Celery": celery.__version__,
    }


def _broker() -> tuple[int | None, dict[str, str]]:
    """Return the length of the queue and the broker's name and version."""
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5)
    try:
        info: dict[str, Any] = client.info("server")  # type: ignore[assignment]
        depth = int(client.llen("celery"))  # type: ignore[arg-type]
    except redis.RedisError:
        return None, {}
    finally:
        client.close()
    if "valkey_version" in info:
        return depth, {"Valkey": str(info["valkey_version"])}
    return depth, {"Redis": str(info.get("redis_version", "?"))}


def _schema_version() -> int:
    """Return the published version of the data model, read through the app registry: metadata is a layer above."""
    state = apps.get_model("metadata", "SchemaState").objects.first()
    return state.current if state else 0
