"""What intake makes known at start-up."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm_platform.audit.actions import Action, actions
from crm_platform.console.navigation import NavItem
from crm_platform.console.navigation import register as register_page
from workflows.intake.services import CHANGED, CREATED, DELETED, RELEASED
from workflows.pools.services.seats import MANAGE


def register() -> None:
    """Fill the registries; called once, when Django starts."""
    register_page(NavItem("web-forms", _("Web forms"), "forms", "web-forms", "admin", permission=MANAGE, position=45))
    for key, label in (
        (CREATED, _("Web form created")),
        (CHANGED, _("Web form changed")),
        (DELETED, _("Web form deleted")),
        (RELEASED, _("Submission of a web form released")),
    ):
        actions.register(Action(key, label))
