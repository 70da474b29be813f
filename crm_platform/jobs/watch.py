"""A thread in every worker process: reports that it lives, and drains by itself when nobody sends it to.

Whether the broker is away, was flushed, or beat has died: work that stays due while this process has nothing
to do is taken here.
"""

from __future__ import annotations

import logging
import random
import threading
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from crm_platform.events.clock import database_now
from crm_platform.jobs.context import stopping
from crm_platform.jobs.drain import drain_schema, due_schemas, tally, worker_name
from crm_platform.jobs.workers.models import WorkerHeartbeat

log = logging.getLogger(__name__)

FORGOTTEN_AFTER = timedelta(minutes=10)


class Watch:
    """The thread; `start` once per process, after forking."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._started_at: datetime | None = None

    def start(self) -> None:
        """Begin to watch."""
        threading.Thread(target=self._run, name="watch", daemon=True).start()

    def stop(self) -> None:
        """End the thread after its present round."""
        self._over.set()

    def _run(self) -> None:
        while not self._over.wait(random.uniform(0.8, 1.0) * settings.JOB_WATCH_SECONDS):  # noqa: S311 (spread)
            try:
                self.look()
            except (DatabaseError, InterfaceError) as error:
                log.warning("the watch found no database: %s", error)
                connection.close()
            except Exception:  # the thread must outlive whatever a drain runs into
                log.exception("the watch stumbled")
                connection.close()

    def look(self) -> None:
        """Do one round: report, and drain what has been due for too long while this process is idle."""
        close_old_connections()
        self.report()
        for schema in due_schemas(overdue_seconds=settings.JOB_WATCH_SECONDS):
            if tally.running == 0 and not stopping.value:
                log.info("nobody drained %s: the watch does", schema)
                drain_schema(schema)

    def report(self) -> None:
        """Write this process's heartbeat and forget those that have been silent for long."""
        now = database_now()
        self._started_at = self._started_at or now
        WorkerHeartbeat.objects.update_or_create(
            name=worker_name().rstrip("*"),
            defaults={
                "version": settings.VERSION,
                "started_at": self._started_at,
                "seen_at": now,
                "drains": tally.drains,
                "jobs": tally.jobs,
            },
        )
        WorkerHeartbeat.objects.filter(seen_at__lt=now - FORGOTTEN_AFTER).delete()
