"""Reminding owners: every minute the times that have come, each once, by one statement per kind of record."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from crm_platform.jobs.services import JobContext, register_job, register_schedule
from crm_platform.kit.sqlnames import quote
from crm_platform.notifications.services import notify, register_kind
from metadata.compiler.compiled import CompiledField, CompiledObject, UnknownField, UnknownObject
from metadata.compiler.current import current_snapshot
from objects.activities.models import Reminder
from objects.activities.shipped import REMIND, STATUS, TASK

KIND = "activities.reminder"  # of the notification, and of the job
REACH = timedelta(days=1)  # a reminder that is older than that is of no use any more
BATCH = 500
REMINDED = (TASK, "event")  # objects whose records have a time to be reminded at
OVER = ("done", "cancelled")  # statuses of what needs no reminder any more


@dataclass(frozen=True)
class Due:
    """A record whose reminder has come."""

    record_id: uuid.UUID
    owner_id: uuid.UUID
    name: str
    at: datetime


def remind(context: JobContext) -> dict[str, Any]:
    """Tell owners of what is due; returns of how many records."""
    count = 0
    for object_name in REMINDED:
        for batch in _batches(object_name, context.now):
            count += batch
            context.progress(count)
    with transaction.atomic():
        Reminder.objects.filter(at__lt=context.now - 2 * REACH).delete()
    return {"reminded": count}


def register() -> None:
    """Fill the registries; called once, when Django starts."""
    register_kind(KIND, _("Reminders of tasks and events"))
    register_job(KIND, remind, _("Remind of tasks and events"))
    register_schedule(KIND, every_seconds=60)


def _batches(object_name: str, now: datetime) -> Iterator[int]:
    try:
        obj = current_snapshot().object(object_name)
        field = obj.field(REMIND)
    except (UnknownObject, UnknownField):
        return
    while True:
        with transaction.atomic():
            due = _take(obj, field, now)
            for item in due:
                _tell(object_name, field, item)
        if due:
            yield len(due)
        if len(due) < BATCH:
            return


def _take(obj: CompiledObject, field: CompiledField, now: datetime) -> Sequence[Due]:
    """Note that the next due records are reminded of, and return them; another job at the same moment gets none."""
    name = obj.field(obj.spec.name_field).main.column
    at, is_open = quote(field.main.column), ""
    params: list[Any] = [field.spec.id, now - REACH, now]
    if STATUS in obj.fields:
        status = quote(obj.field(STATUS).main.column)
        is_open, params = f" AND ({status} IS NULL OR NOT {status} = ANY(%s))", [*params, list(OVER)]
    sql = (
        "WITH due AS ("  # noqa: S608 (physical names only)
        f" SELECT t.id, t.owner_id, t.{quote(name)} AS name, t.{at} AS at FROM {quote(obj.table)} t"
        " WHERE NOT EXISTS (SELECT FROM objects_reminder r"
        f" WHERE r.field_id = %s AND r.record_id = t.id AND r.at = t.{at})"
        f" AND t.{at} > %s AND t.{at} <= %s AND t.deleted_at IS NULL AND t.owner_id IS NOT NULL{is_open}"
        f" ORDER BY t.{at} LIMIT {BATCH}),"
        " noted AS (INSERT INTO objects_reminder (field_id, record_id, at)"
        " SELECT %s, id, at FROM due ON CONFLICT DO NOTHING RETURNING record_id, at)"
        " SELECT due.id, due.owner_id, due.name, due.at FROM due JOIN noted ON noted.record_id = due.id"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [*params, field.spec.id])
        return [Due(row[0], row[1], str(row[2] or ""), row[3]) for row in cursor.fetchall()]


def _tell(object_name: str, field: CompiledField, due: Due) -> None:
    notify(
        [due.owner_id],
        KIND,
        title=gettext_noop("Reminder: %(name)s"),
        url=reverse("record", args=[object_name, due.record_id]),
        data={"name": due.name},
        dedupe_key=f"{KIND}:{field.spec.id}:{due.record_id}:{due.at.isoformat()}",
    )
