"""The Celery application. Its tasks only wake and drain; beat only ticks. See `crm_platform.jobs`."""

from __future__ import annotations

from typing import Any

from celery import Celery
from celery.signals import worker_process_init, worker_shutting_down

app = Celery("crm_platform")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["crm_platform.jobs"])


@worker_process_init.connect
def start_watch(**_: Any) -> None:
    """Start the watching thread in every process that runs tasks."""
    from crm_platform.jobs.watch import Watch  # models: only once Django is set up

    Watch().start()


@worker_shutting_down.connect
def yield_long_jobs(**_: Any) -> None:
    """Let running jobs stop at their next saved cursor, so that the worker need not wait for their end."""
    from crm_platform.jobs.context import stopping

    stopping.value = 1
