"""What a job's handler gets: its arguments, where it stopped last time, and the ways to report back."""

from __future__ import annotations

import multiprocessing
import time
import uuid
from datetime import datetime
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from crm_platform.identity.auth import build_actor
from crm_platform.identity.models import User
from crm_platform.jobs import leases
from crm_platform.jobs.leases import Claim, LeaseLost
from crm_platform.jobs.locality import organization_language
from crm_platform.kit.context import Actor, system_actor

SECONDS_BETWEEN_REPORTS = 0.5

# Shared with the processes forked from the worker, so that all of them learn that it shuts down.
stopping = multiprocessing.Value("b", 0, lock=False)


class JobFailed(Exception):
    """The job can't succeed, however often it is tried; the message is shown to people."""


class JobAborted(Exception):
    """Somebody asked to abort the job."""


class JobYielded(Exception):
    """The job has had its share of time: it goes on from its cursor in another turn."""


class JobContext:
    """A running job, as its handler sees it.

    A long job works in chunks: each in a transaction of its own, which ends with `save_cursor`; between
    chunks it calls `check_abort`. Then it may be killed at any point, and nothing is lost or done twice.
    """

    def __init__(self, claim: Claim, seconds: float | None = None) -> None:
        self.claim = claim
        self.args: dict[str, Any] = claim.args
        self.cursor: Any = claim.cursor
        self.done, self.total = claim.done, claim.total
        self.now: datetime = claim.now
        self.failures = claim.failures
        self.lost = False  # set by the thread that renews the lease
        self.abort_requested = False
        self._saved = False
        self._ends = time.monotonic() + (settings.JOB_SLICE_SECONDS if seconds is None else seconds)
        self._reported = 0.0

    @property
    def job_id(self) -> uuid.UUID:
        return self.claim.job_id

    @cached_property
    def actor(self) -> Actor:
        """The job's creator with the rights they have now; the system for jobs that nobody created."""
        if self.claim.created_by_id is None:
            return system_actor(self.claim.kind)
        user = User.objects.get(pk=self.claim.created_by_id)
        if not user.is_active:
            raise JobFailed(_("%(name)s has no active account any more.") % {"name": user.name})
        return build_actor(user, via="job", request_id=str(self.job_id))

    @cached_property
    def language(self) -> str:
        """The language of what the job says to people: its creator's, else the organisation's."""
        creator = self.claim.created_by_id
        chosen = creator and User.objects.filter(pk=creator).values_list("language", flat=True).first()
        return chosen or organization_language()

    def progress(self, done: int, total: int | None = None) -> None:
        """Report how far the job is, for people; writes at most twice a second. May raise as `check_abort`."""
        self.done, self.total = done, self.total if total is None else total
        if time.monotonic() - self._reported >= SECONDS_BETWEEN_REPORTS or done == self.total:
            self._reported = time.monotonic()
            self.abort_requested |= leases.save_progress(self.claim, self.done, self.total)
        self.check_abort()

    def save_cursor(self, cursor: Any, done: int | None = None, total: int | None = None) -> None:
        """Note where the next attempt goes on, in the transaction of the chunk that was done.

        Raises LeaseLost when another worker has the job, which undoes the chunk. Outside a transaction it
        may raise as `check_abort` does.
        """
        self.done = self.done if done is None else done
        self.total = self.total if total is None else total
        self.abort_requested |= leases.save_cursor(self.claim, cursor, self.done, self.total)
        self.cursor, self.failures, self._saved = cursor, 0, True
        if not connection.in_atomic_block:
            self.check_abort()

    def check_abort(self) -> None:
        """Stop here if the job must not go on: LeaseLost, JobAborted, or JobYielded after a saved cursor."""
        if self.lost:
            raise LeaseLost(str(self.job_id))
        if self.abort_requested:
            raise JobAborted
        if self._saved and not connection.in_atomic_block and (stopping.value or time.monotonic() > self._ends):
            raise JobYielded
