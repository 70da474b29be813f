"""Says that an organisation has work: a row in `public`, committed with the work, and a hint to the broker.

The row is what counts: whoever drains the organisation deletes it. The hint only makes it quick; losing every
hint costs seconds, not work.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from datetime import datetime

from celery import current_app
from django.db import connection, transaction
from kombu import Connection
from kombu.exceptions import KombuError, OperationalError
from redis.exceptions import RedisError

from crm_platform.tenancy.context import current_schema

log = logging.getLogger(__name__)

DRAIN_TASK = "jobs.drain"
ORGANIZATION_HEADER = "organization"

# At most one row per transaction: the setting lives as long as the transaction, and is rolled back with a
# savepoint as the row is.
WAKE_SQL = """
    INSERT INTO public.tenancy_wakeup (schema_name, due_at)
    SELECT %s, clock_timestamp()
    WHERE coalesce(current_setting('crm.woken', true), '') <> pg_current_xact_id()::text
    RETURNING set_config('crm.woken', pg_current_xact_id()::text, true)
"""


def wake(due_at: datetime | None = None) -> None:
    """Note in the caller's transaction that work is due (now, or at `due_at`), and hint after the commit."""
    schema = current_schema()
    with connection.cursor() as cursor:
        if due_at is None:
            cursor.execute(WAKE_SQL, [schema])
        else:
            cursor.execute("INSERT INTO public.tenancy_wakeup (schema_name, due_at) VALUES (%s, %s)", [schema, due_at])
    if due_at is None:
        hint_after_commit(schema)


def hint_after_commit(schema: str) -> None:
    """Tell the broker after the commit that the organisation has work; never fails, never waits."""
    transaction.on_commit(lambda: hints.send(schema), robust=True)


class HintSender:
    """Sends hints from a thread of its own, so that no request waits for the broker.

    Hints that come within `pause` seconds become one per organisation. When the broker is away the circuit
    opens: hints are dropped for `rest` seconds, which is no loss.
    """

    def __init__(self, pause: float = 0.2, rest: float = 5.0, timeout: float = 0.5) -> None:
        self.pause, self.rest, self.timeout = pause, rest, timeout
        self._reset()
        os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        """Start from nothing: a forked process has this object, but neither its thread nor its socket."""
        self.sent = 0
        self._pending: set[str] = set()
        self._lock = threading.Lock()
        self._there = threading.Event()
        self._thread: threading.Thread | None = None
        self._closed_until = 0.0
        self._connection: Connection | None = None

    def send(self, schema: str) -> None:
        """Queue a hint for the organisation; returns at once."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="drain-hints", daemon=True)
                self._thread.start()
            self._pending.add(schema)
            self._there.set()

    def is_open(self) -> bool:
        """Tell whether the circuit is open: the broker failed a moment ago and is left alone."""
        return time.monotonic() < self._closed_until

    def _run(self) -> None:
        while True:
            self._there.wait()
            with self._lock:
                schemas, self._pending = self._pending, set()
                self._there.clear()
            if not self.is_open():
                self._publish(schemas)
            time.sleep(self.pause)

    def _publish(self, schemas: set[str]) -> None:
        try:
            broker = self._broker()
            for schema in schemas:
                current_app.send_task(
                    DRAIN_TASK,
                    headers={ORGANIZATION_HEADER: schema},
                    connection=broker,
                    retry=False,
                    ignore_result=True,
                )
                self.sent += 1
        except (KombuError, OperationalError, RedisError, OSError) as error:
            self._closed_until = time.monotonic() + self.rest
            self._drop_broker()
            log.warning("no hints for %.0f s: the broker does not answer (%s)", self.rest, error)

    def _broker(self) -> Connection:
        if self._connection is None:
            bounds = {
                "socket_timeout": self.timeout,
                "socket_connect_timeout": self.timeout,
                "retry_on_timeout": False,
                "max_retries": 0,
            }
            self._connection = current_app.connection_for_write(transport_options=bounds)
        return self._connection

    def _drop_broker(self) -> None:
        broken, self._connection = self._connection, None
        if broken is not None:
            try:
                broken.release()
            except (KombuError, OperationalError, RedisError, OSError):
                log.debug("the broken connection did not close cleanly")


hints = HintSender()
