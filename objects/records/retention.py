"""The nightly job that empties the trash: what was deleted 30 days ago can no longer be restored."""

from __future__ import annotations

import uuid
from datetime import time, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm_platform.jobs.services import JobContext, register_job, register_schedule
from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import NotFound, StateConflict
from crm_platform.kit.ids import parse_uuid
from objects.records.purging import expired
from objects.records.service import RecordService

TRASH_DAYS = 30
KIND = "records.empty_trash"


def empty_trash(job: JobContext) -> dict[str, Any]:
    """Purge old deletions, the oldest first, each in a transaction of its own.

    One that something in the trash still holds on to stays until that is gone. Running twice does nothing.
    """
    service, before = RecordService(system_actor("trash")), job.now - timedelta(days=TRASH_DAYS)
    records = 0
    while due := expired(before, after=parse_uuid(job.cursor)):
        for deletion_id in due:
            with transaction.atomic():
                records += _purge(service, deletion_id)
                job.save_cursor(str(deletion_id))
            job.check_abort()
    return {"records": records}


def _purge(service: RecordService, deletion_id: uuid.UUID) -> int:
    try:
        return service.purge(deletion_id)
    except (NotFound, StateConflict):
        return 0


def register() -> None:
    """Register the job and its schedule, from AppConfig.ready()."""
    register_job(KIND, empty_trash, _("Empty the trash"))
    register_schedule(KIND, daily_at=time(3, 30))
