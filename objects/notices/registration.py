"""What notices add to the registries of lower layers."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm_platform.events.consumers import consumers
from crm_platform.notifications.kinds import register_kind
from objects.access.services.telling import ON_TEAM, SHARED
from objects.notices.consumer import ASSIGNED, TASK_ASSIGNED, WAS_MENTIONED, notices_consumer


def register() -> None:
    """Register the consumer and its kinds of notifications; called once, when Django starts."""
    register_kind(ASSIGNED, _("Records assigned to me"))
    register_kind(TASK_ASSIGNED, _("Tasks assigned to me"))
    register_kind(SHARED, _("Records shared with me"))
    register_kind(ON_TEAM, _("I am on the team of a record"))
    register_kind(WAS_MENTIONED, _("I was mentioned"))
    consumers.register(notices_consumer)
