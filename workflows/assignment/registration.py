"""What assignment makes known at start-up, and how it learns that something waits."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from crm_platform.jobs.services import register_job
from objects.records.drafts import Batch
from objects.records.ownership import HolderChange, watchers
from workflows.assignment.accepting import settle_due
from workflows.assignment.models import AssignmentRule
from workflows.assignment.routing import JOB, SETTLE, request_routing, route_pool


class AssignmentWatcher:
    """Has rules look at what comes to wait in a pool."""

    key = "assignment"

    def place(self, batch: Batch) -> None:
        """Chooses no pools."""

    def admit(self, batch: Batch, changes: Sequence[HolderChange]) -> None:
        """Refuses nobody."""

    def note(self, batch: Batch, changes: Sequence[HolderChange]) -> None:
        """Wake the pools into which something has come and that have rules."""
        pools = {change.after.pool_id for change in changes if change.after.is_waiting}
        if pools:
            for pool_id in set(
                AssignmentRule.objects.filter(pool__in=pools, is_active=True).values_list("pool_id", flat=True)
            ):
                request_routing(pool_id)


def register() -> None:
    """Register watcher and jobs; called once, when Django starts."""
    watchers.register(AssignmentWatcher())
    register_job(JOB, route_pool, _("Assign what waits in a pool"))
    register_job(SETTLE, settle_due, _("See who has taken on what he was given"))
