"""What demands on owners make known at start-up, and how they learn that somebody got a record."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from crm_platform.jobs.services import register_job
from crm_platform.kit.context import Actor
from metadata.compiler.compiled import CompiledObject
from objects.extensions import RecordPanel, Values, record_panels
from objects.records.drafts import Batch
from objects.records.ownership import HolderChange, watchers
from workflows.sla import notices
from workflows.sla.clocks import JOB, restart, settle
from workflows.sla.models import SlaClock


class SlaWatcher:
    """Starts and stops clocks with every change of owner."""

    key = "sla"

    def place(self, batch: Batch) -> None:
        """Chooses no pools."""

    def admit(self, batch: Batch, changes: Sequence[HolderChange]) -> None:
        """Refuses nobody."""

    def note(self, batch: Batch, changes: Sequence[HolderChange]) -> None:
        """Let the clocks of records that change hands begin anew."""
        restart(batch.object.spec.id, changes, batch.now)


def register() -> None:
    """Register watcher, job, notices and panel; called once, when Django starts."""
    watchers.register(SlaWatcher())
    register_job(JOB, settle, _("See what was followed up in time"))
    notices.register()
    record_panels.register(
        RecordPanel("sla", _("Response times"), "stopwatch", "record-sla-panel", offered=_has_clock, position=40)
    )


def _has_clock(actor: Actor, obj: CompiledObject, values: Values) -> bool:
    """Offer the card beside records on which there is a demand."""
    if not obj.spec.has_pools or values.get("owner_id") is None:
        return False
    return SlaClock.objects.filter(record_id=values["id"]).exclude(state=SlaClock.State.STOPPED).exists()
