"""What this app adds to the navigation rail: the business objects, and the pages of who may do what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm_platform.console.navigation import NavItem, ObjectLink, register
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.kit.context import Actor
from objects.access.policy import AccessPolicy
from objects.display.desk import plural_label


@lru_cache(maxsize=4096)
def list_url(object_name: str) -> str:
    """Return the address of an object's list; kept, because every page names dozens of them."""
    return reverse("record-list", args=[object_name])


def object_links(actor: Actor) -> Iterator[ObjectLink]:
    """Yield the objects that stand in the navigation and that the caller may read, in their order."""
    policy = AccessPolicy.of(actor)
    for spec in policy.readable_objects():
        if not spec.in_navigation:
            continue
        url = list_url(spec.api_name)
        yield ObjectLink(
            api_name=spec.api_name,
            label=plural_label(spec).text(actor.language),
            icon=spec.icon,
            color=spec.color,
            url=url,
            create_url=f"{url}new" if policy.can(spec.api_name, "create") else None,
            singular=spec.label.text(actor.language),
        )


def register_access() -> None:
    """Add the pages of who may do what; called once, when the app is ready."""
    places = (
        NavItem("roles", _("Roles"), icon="sitemap", url_name="roles"),
        NavItem("profiles", _("Profiles"), icon="user-shield", url_name="profiles"),
        NavItem("permission-sets", _("Permission sets"), icon="shield-plus", url_name="permission-sets"),
        NavItem("handovers", _("Handovers"), icon="transfer", url_name="handovers"),
    )
    territories = NavItem("territories", _("Territories"), icon="map-2", url_name="territories")
    register(replace(territories, section="admin", permission=MANAGE_USERS, position=21))
    for position, item in enumerate(places, start=23):
        register(replace(item, section="admin", permission=MANAGE_USERS, position=position))
