"""What intake makes known at start-up."""

from __future__ import annotations

from datetime import time

from django.utils.translation import gettext_lazy as _

from crm_platform.audit.actions import Action, actions
from crm_platform.console.navigation import NavItem
from crm_platform.console.navigation import register as register_page
from crm_platform.jobs.services import register_job, register_schedule
from workflows.intake import forgetting
from workflows.intake.mail import posting, reading
from workflows.pools.services.seats import MANAGE

FORGET, FORGET_AT = "intake.forget", time(3, 40)
AGAIN_SECONDS = 600


def register() -> None:
    """Fill the registries; called once, when Django starts."""
    register_page(NavItem("web-forms", _("Web forms"), "forms", "web-forms", "admin", permission=MANAGE, position=45))
    register_page(
        NavItem("hooks", _("Inbound hooks"), "cloud-download", "hooks", "admin", permission=MANAGE, position=46)
    )
    register_page(NavItem("mailboxes", _("Mailboxes"), "mail", "mailboxes", "admin", permission=MANAGE, position=47))
    for key, label in (
        ("form.created", _("Web form created")),
        ("form.changed", _("Web form changed")),
        ("form.deleted", _("Web form deleted")),
        ("form.released", _("Submission of a web form released")),
        ("hook.created", _("Inbound hook created")),
        ("hook.changed", _("Inbound hook changed")),
        ("hook.deleted", _("Inbound hook deleted")),
        ("hook.released", _("Message of an inbound hook released")),
        ("mailbox.created", _("Mailbox connected")),
        ("mailbox.changed", _("Mailbox changed")),
        ("mailbox.deleted", _("Mailbox disconnected")),
        ("mailbox.released", _("Mail of a mailbox released")),
    ):
        actions.register(Action(key, label))
    register_job(reading.EVERY, reading.read_all, _("Have mailboxes read"))
    register_job(reading.ONE, reading.read_one, _("Read a mailbox"))
    register_schedule(reading.EVERY, reading.EVERY_SECONDS)
    register_job(posting.TAKE, posting.take_one, _("Take a mail that was posted"))
    register_job(posting.AGAIN, posting.take_again, _("Have mails taken that still wait"))
    register_schedule(posting.AGAIN, AGAIN_SECONDS)
    register_job(FORGET, forgetting.forget, _("Let go of what came in long ago"))
    register_schedule(FORGET, daily_at=FORGET_AT)
