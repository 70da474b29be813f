"""The kinds of jobs that this code can run; layers above register theirs in `AppConfig.ready`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise

from crm_platform.kit.registry import Registry

if TYPE_CHECKING:
    from crm_platform.jobs.context import JobContext

Handler = Callable[["JobContext"], dict[str, Any] | None]

MAX_FAILURES = 5


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of job. `handler` may be called several times for one job, each time with the last cursor.

    It commits its effects itself, in small transactions, each together with `context.save_cursor`; what it
    returns is kept as the job's result.
    """

    key: str
    handler: Handler
    label: str | Promise
    max_failures: int = MAX_FAILURES


job_kinds: Registry[JobKind] = Registry("kind of job")


def register_job(kind: str, handler: Handler, label: str | Promise, *, max_failures: int = MAX_FAILURES) -> JobKind:
    """Make a kind of job known under `kind`; `label` is what people read where a job has no label of its own."""
    return job_kinds.register(JobKind(kind, handler, label, max_failures))
