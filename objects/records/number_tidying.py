"""Sequences of periods that are over: a nightly job drops them, so that they do not pile up."""

from __future__ import annotations

import re
from datetime import time, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from crm_platform.jobs.services import JobContext, register_job, register_schedule
from crm_platform.kit.sqlnames import quote

KIND = "records.tidy_numbers"
GRACE = timedelta(days=7)
_NAME = re.compile(r"numbers_\d+_(\d{4}|\d{6}|\d{8})_[0-9a-f]+")
_FORMATS = {4: "%Y", 6: "%Y%m", 8: "%Y%m%d"}
_SEQUENCES = """
    SELECT sequencename FROM pg_sequences WHERE schemaname = current_schema() AND starts_with(sequencename, 'numbers_')
"""


def tidy_numbers(job: JobContext) -> dict[str, Any]:
    """Drop the sequences of periods that ended a week ago or earlier; nobody draws from them any more."""
    with connection.cursor() as cursor:
        cursor.execute(_SEQUENCES)
        names = [row[0] for row in cursor.fetchall()]
    dropped = 0
    for name in names:
        match = _NAME.fullmatch(name)
        if match and match[1] < (job.now - GRACE).strftime(_FORMATS[len(match[1])]):
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"DROP SEQUENCE IF EXISTS {quote(name)}")
            dropped += 1
            job.check_abort()
    return {"dropped": dropped}


def register() -> None:
    """Register the job and its schedule, from AppConfig.ready()."""
    register_job(KIND, tidy_numbers, _("Tidy up numbers of former periods"))
    register_schedule(KIND, daily_at=time(3, 50))
