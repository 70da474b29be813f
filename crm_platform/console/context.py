"""What every page's frame needs, computed only when a template asks for it."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cached_property

from django.http import HttpRequest

from crm_platform.console import navigation
from crm_platform.console.navigation import NavSection, ObjectLink
from crm_platform.identity.models import OrganizationSettings
from crm_platform.kit.context import Actor


class Shell:
    """The frame around a page: rail, quick create, the organisation and the person signed in."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def actor(self) -> Actor | None:
        return getattr(self._request, "actor", None)

    @cached_property
    def organization_name(self) -> str:
        known: str | None = getattr(getattr(self._request, "user", None), "organization_name", None)
        if known is not None:  # read together with the user of the session
            return known
        return OrganizationSettings.objects.values_list("name", flat=True).first() or ""

    @cached_property
    def objects(self) -> tuple[ObjectLink, ...]:
        return navigation.object_links(self.actor) if self.actor else ()

    @cached_property
    def essence(self) -> tuple[Hashable, ...]:
        """All that rail and top bar show of the caller's organisation and rights, as a key for what is kept of them."""
        functions = self.actor.functions if self.actor else frozenset()
        return self.organization_name, functions, self.objects

    @cached_property
    def active_url(self) -> str | None:
        """The address of the rail's entry that the page lies under."""
        return navigation.active_url(self.actor, self.objects, self._request.path) if self.actor else None

    @cached_property
    def creatable(self) -> tuple[ObjectLink, ...]:
        return tuple(link for link in self.objects if link.create_url)

    @cached_property
    def sections(self) -> tuple[NavSection, ...]:
        return navigation.sections(self.actor, self.objects, self.active_url) if self.actor else ()

    @cached_property
    def can_manage_organization(self) -> bool:
        return self.actor is not None and self.actor.has_function("identity.manage_organization")


def shell(request: HttpRequest) -> dict[str, Shell]:
    """Context processor: `shell` for the base templates."""
    return {"shell": Shell(request)}
