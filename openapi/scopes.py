"""The scopes of API keys: what a key may do is its scopes and its user's rights together, never more."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import InsufficientScope

SCOPES = {
    "records:read": _("Read and search records"),
    "records:write": _("Create, change and restore records"),
    "records:delete": _("Delete records"),
    "records:reveal": _("Reveal masked and encrypted values"),
    "pools": _("Claim, assign, give back and move records of pools"),
    "files": _("Upload and download files"),
    "meta:read": _("Read the data model"),
    "meta:write": _("Change the data model"),
    "users:read": _("Read users, departments, roles and permissions"),
    "users:write": _("Change users, departments, roles and permissions"),
    "calendar": _("Make and end the address from which other programs read the calendar"),
    "notifications": _("Read notifications, and choose which ones come"),
}


def require_scope(actor: Actor, scope: str) -> None:
    """Raise InsufficientScope when the caller's key does not carry `scope`; other callers have no scopes."""
    if actor.scopes is not None and scope not in actor.scopes:
        raise InsufficientScope(scope=scope)
