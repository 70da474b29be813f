"""What search adds to the registries of lower layers."""

from __future__ import annotations

from datetime import time

from django.core import checks
from django.utils.translation import gettext_lazy as _

from crm_platform.events.consumers import consumers
from crm_platform.jobs.services import register_job, register_schedule
from objects.search.checks import trigrams_of_chinese
from objects.search.consumer import RECONCILE, search_consumer
from objects.search.rebuild import REBUILD, rebuild, reconcile


def register() -> None:
    """Register consumer, jobs and schedule; called once, when Django starts."""
    checks.register(trigrams_of_chinese, checks.Tags.database)
    consumers.register(search_consumer)
    register_job(REBUILD, rebuild, _("Index records for search"))
    register_job(RECONCILE, reconcile, _("Compare the search index with the data model"))
    register_schedule(RECONCILE, daily_at=time(3, 40))
