"""The Celery tasks: they wake and drain. What is to be done stands in rows, so losing a task loses nothing."""

from __future__ import annotations

import uuid
from typing import Any

from celery import Task, shared_task

from crm_platform.events.waking import DRAIN_TASK, ORGANIZATION_HEADER
from crm_platform.jobs import drain as draining
from crm_platform.tenancy.context import current_schema, tenant_context

HINT_EXPIRES = 60  # seconds after which a hint that nobody took is worth nothing: beat has sent newer ones
TICK_EXPIRES = 10


class OrganizationTask(Task):
    """Base of the tasks that work inside an organisation: its schema travels in a header.

    Arguments are ids: whatever else a task needs it reads from rows, so that no record data rests in the
    broker. Celery's JSON serializer refuses everything that is no plain value.
    """

    abstract = True

    def apply_async(self, args: Any = None, kwargs: Any = None, **options: Any) -> Any:
        """Send the task for the current organisation, or the one named in the header."""
        _refuse_data([*(args or ()), *(kwargs or {}).values()])
        headers = dict(options.pop("headers", None) or {})
        if ORGANIZATION_HEADER not in headers:
            headers[ORGANIZATION_HEADER] = current_schema()
        return super().apply_async(args, kwargs, headers=headers, **options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run inside the organisation that the message names; called directly, inside the current one."""
        if self.request.called_directly:
            current_schema()
            return super().__call__(*args, **kwargs)
        schema = (self.request.headers or {}).get(ORGANIZATION_HEADER)
        if not schema:
            raise RuntimeError(f"{self.name} came without an organisation")
        with tenant_context(schema):
            return super().__call__(*args, **kwargs)


def _refuse_data(values: list[Any]) -> None:
    for value in values:
        if not isinstance(value, int | uuid.UUID | None) and not (isinstance(value, str) and len(value) <= 64):
            raise TypeError(f"a task takes ids, not {type(value).__name__}: put it into a row")


@shared_task(name=DRAIN_TASK, base=OrganizationTask, expires=HINT_EXPIRES)
def drain() -> None:
    """Drain the organisation that the message names."""
    draining.drain_schema(current_schema())


@shared_task(name="jobs.wake", expires=TICK_EXPIRES)
def wake() -> None:
    """Send a drain to every organisation that has work due. Beat calls this every few seconds."""
    for schema in draining.due_schemas():
        drain.apply_async(headers={ORGANIZATION_HEADER: schema})


@shared_task(name="jobs.sweep", expires=TICK_EXPIRES)
def sweep() -> None:
    """Look for work that nobody was told of. Beat calls this every few minutes."""
    draining.sweep()
