"""A condition under which a request goes on: checked by the statement that reads its records, at no round trip.

A face that knows a caller from an earlier request opens the guard with the SQL of "he is still the same". The next
page of records carries it as one more column. Only when that column is true may the answer be used.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django.db import connection


class GuardFailed(Exception):
    """What the request took for granted holds no longer: all that it has done so far is void."""


@dataclass
class Guard:
    """`sql` is a condition, ready to run; nothing is known as long as `is_met` is false."""

    sql: str
    is_met: bool = False

    def check(self, answer: object) -> None:
        """Take the database's answer; raises GuardFailed unless it is true."""
        if answer is not True:
            raise GuardFailed
        self.is_met = True

    def settle(self) -> None:
        """Ask by a statement of its own if no other has; raises GuardFailed."""
        if not self.is_met:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT {self.sql}")
                self.check(cursor.fetchone()[0])


_open: ContextVar[Guard | None] = ContextVar("open_guard", default=None)


@contextmanager
def guarded_by(sql: str) -> Iterator[Guard]:
    """Open a guard for a block; the block's result counts only if the guard is met at its end."""
    guard = Guard(sql)
    token = _open.set(guard)
    try:
        yield guard
    finally:
        _open.reset(token)


def pending_guard() -> Guard | None:
    """Return the guard that some statement has still to check."""
    guard = _open.get()
    return None if guard is None or guard.is_met else guard
