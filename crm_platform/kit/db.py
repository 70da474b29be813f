"""Database primitives that Django lacks: advisory locks, short lock timeouts, retries of a whole unit."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from django.db import DatabaseError, OperationalError, connection, transaction

T = TypeVar("T")

SERIALIZATION_FAILURE, DEADLOCK, LOCK_NOT_AVAILABLE = "40001", "40P01", "55P03"
RETRYABLE = frozenset({SERIALIZATION_FAILURE, DEADLOCK, LOCK_NOT_AVAILABLE})


def sqlstate(error: BaseException) -> str | None:
    """Return the SQLSTATE of a database error, looking through Django's wrapper; None when there is none."""
    for candidate in (error, error.__cause__):
        code = getattr(candidate, "pgcode", None)
        if code:
            return str(code)
    return None


def fetch_prepared(name: str, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Run a statement that the session has parsed and planned before, under a name of its own; return the rows.

    For the few statements of every request whose planning costs more than running them. `sql` has `$1`, `$2`, …
    and names its columns' types where a migration may widen them. PostgreSQL plans anew when the search path
    differs from the last time, so that a plan never leads into another organisation's tables.
    """
    with connection.cursor() as cursor:
        session = connection.connection
        known = _prepared.setdefault(session, set())
        if name not in known:
            # Past Django's wrapper: whether the session has seen the statement is no part of what a request asks.
            cursor.cursor.execute(f"PREPARE {name} AS {sql}")
            known.add(name)
        arguments = f" ({', '.join(['%s'] * len(params))})" if params else ""
        cursor.execute(f"EXECUTE {name}{arguments}", params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


_prepared: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()  # names of statements by driver connection


def lock_key(*parts: object) -> int:
    """Return a stable signed 64-bit key for `pg_advisory_lock` from any parts."""
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _schema_name() -> str:
    """Return the schema that the connection works in, so that organisations do not share locks."""
    return str(getattr(connection, "schema_name", ""))


def try_advisory_xact_lock(*parts: object) -> bool:
    """Take the lock until the transaction ends; False at once when another session has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [lock_key(_schema_name(), *parts)])
        return bool(cursor.fetchone()[0])


def advisory_xact_lock(*parts: object, shared: bool = False) -> None:
    """Take the lock until the transaction ends, waiting for it (bounded by `lock_timeout`).

    Those who share it only wait for those who do not.
    """
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [lock_key(_schema_name(), *parts)])


@contextmanager
def lock_timeout(milliseconds: int) -> Iterator[None]:
    """Bound the wait for any lock inside the current transaction; the old bound comes back afterwards."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout')")
        before = cursor.fetchone()[0]
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{int(milliseconds)}ms"])
    yield
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [before])


def retry_unit(
    unit: Callable[[], T], *, attempts: int = 3, states: frozenset[str] = RETRYABLE, base_delay: float = 0.02
) -> T:
    """Run `unit` (a whole transaction) again when it lost a race; re-raises after the last attempt.

    Delays grow with full jitter (0…base·2ⁿ seconds). Must not be called inside a transaction, where a retry
    could only fail again.
    """
    if transaction.get_connection().in_atomic_block:
        return unit()
    for attempt in range(attempts):
        try:
            return unit()
        except (DatabaseError, OperationalError) as error:
            if sqlstate(error) not in states or attempt == attempts - 1:
                raise
            time.sleep(random.uniform(0, base_delay * 2**attempt))  # noqa: S311 (jitter, not a secret)
    raise AssertionError("unreachable: the last attempt returns or raises")
