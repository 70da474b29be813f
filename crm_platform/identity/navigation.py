"""The identity pages in the navigation rail."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm_platform.console.navigation import NavItem, register
from crm_platform.identity.functions import MANAGE_ORGANIZATION, MANAGE_USERS, VIEW_AUDIT


def register_navigation() -> None:
    """Add the pages; called once, when the app is ready."""
    register(
        NavItem(
            "users", _("Users"), icon="users", url_name="users", section="admin", permission=MANAGE_USERS, position=20
        )
    )
    register(
        NavItem(
            "departments",
            _("Departments"),
            icon="hierarchy-2",
            url_name="departments",
            section="admin",
            permission=MANAGE_USERS,
            position=21,
        )
    )
    register(
        NavItem(
            "groups",
            _("User groups"),
            icon="users-group",
            url_name="groups",
            section="admin",
            permission=MANAGE_USERS,
            position=21,
        )
    )
    register(
        NavItem(
            "organization",
            _("Organisation"),
            icon="building",
            url_name="organization-settings",
            section="admin",
            permission=MANAGE_ORGANIZATION,
            position=22,
        )
    )
    register(
        NavItem(
            "sign-in-policy",
            _("Sign-in security"),
            icon="lock",
            url_name="sign-in-policy",
            section="admin",
            permission=MANAGE_ORGANIZATION,
            position=23,
        )
    )
    register(
        NavItem(
            "sign-in-history",
            _("Sign-in history"),
            icon="history",
            url_name="sign-in-history",
            section="admin",
            permission=VIEW_AUDIT,
            position=86,
        )
    )
