"""The names under which handovers run and are written to the audit trail."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm_platform.audit.actions import Action, actions

JOB = "objects.handover"
ORDERED, FINISHED = "handover.ordered", "handover.finished"
CANCELLED, RETRIED = "handover.cancelled", "handover.retried"
TRANSFERRED = "records.transferred"

for key, label in (
    (ORDERED, _("Handover ordered")),
    (FINISHED, _("Handover finished")),
    (CANCELLED, _("Handover cancelled")),
    (RETRIED, _("Handover tried again")),
    (TRANSFERRED, _("Records given to other owners")),
):
    actions.register(Action(key, label))
