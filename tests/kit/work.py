"""For tests of background work: threads inside an organisation, waiting for a condition, registries to fill."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from crm_platform.jobs.drain import settle
from crm_platform.jobs.runner import run_claimed
from crm_platform.kit.registry import Registry
from crm_platform.tenancy.context import current_schema, tenant_context


def in_threads(count: int, work: Callable[[int], None], *, seconds: float = 60) -> None:
    """Run `work(number)` in `count` threads at once, each with its own connection to the organisation.

    The first error of any of them is raised here.
    """
    schema, errors, start = current_schema(), [], threading.Barrier(count)

    def run(number: int) -> None:
        try:
            with tenant_context(schema):
                start.wait()
                work(number)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds)
        assert not thread.is_alive(), "a thread does not end"
    if errors:
        raise errors[0]


def eventually(condition: Callable[[], Any], *, seconds: float = 120, pause: float = 0.05) -> Any:
    """Return the first true answer of `condition`; fails after `seconds`.

    The bound is generous because any transaction of the whole server holds the outbox back, those of tests
    in other processes too.
    """
    end = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(pause)
    return answer


@contextmanager
def registered(registry: Registry[Any], *items: Any, alone: bool = False) -> Iterator[None]:
    """Add items to a registry for the block; with `alone`, they are all that it holds."""
    before = dict(registry._items)
    if alone:
        registry._items.clear()
    for item in items:
        registry._items[item.key] = item
    try:
        yield
    finally:
        registry._items.clear()
        registry._items.update(before)


def run_queued_jobs(*, most: int = 50) -> int:
    """Run the jobs that are due, one after the other; returns how many.

    For tests that live in one transaction, where `drain` would wait for events that are only let out on commit.
    """
    for done in range(most):
        claim, _due_in = settle()
        if claim is None:
            return done
        run_claimed(claim, 60)
    raise AssertionError(f"{most} jobs have run, and there are more")
