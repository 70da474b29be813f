"""The kinds of acts that are written to the audit trail."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.registry import Registry


@dataclass(frozen=True, slots=True)
class Action:
    """A kind of act: a stable key and what people read."""

    key: str
    label: Promise


actions: Registry[Action] = Registry("audit action")

REVEALED = "field.revealed"
REVEAL_REFUSED = "field.reveal_refused"

actions.register(Action(REVEALED, _("Value revealed")))
actions.register(Action(REVEAL_REFUSED, _("Reveal refused")))
