"""What assignment makes known at start-up, and how it learns that something waits."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from crm_platform.console import navigation
from crm_platform.jobs.services import register_job
from crm_platform.kit.context import Actor
from metadata.compiler.compiled import CompiledObject
from objects.extensions import RecordPanel, Values, record_panels
from objects.records.drafts import Batch
from objects.records.ownership import HolderChange, watchers
from workflows.assignment.accepting import settle_due
from workflows.assignment.models import Assignment, AssignmentRule
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
    navigation.register(navigation.NavItem("absences", _("Absences"), "beach", "absences", "work", position=700))
    record_panels.register(
        RecordPanel("assignment", _("Assignment"), "user-check", "record-assignment-panel", offered=_waits_for_me)
    )
    register_job(JOB, route_pool, _("Assign what waits in a pool"))
    register_job(SETTLE, settle_due, _("See who has taken on what he was given"))


def _waits_for_me(actor: Actor, obj: CompiledObject, values: Values) -> bool:
    """Offer the card beside a record that the caller has been given and has not taken on yet."""
    owner = values.get("owner_id")
    if not obj.spec.has_pools or owner is None or owner.id != actor.user_id:
        return False
    return Assignment.objects.filter(record_id=values["id"], user=actor.user_id, state=Assignment.State.GIVEN).exists()
