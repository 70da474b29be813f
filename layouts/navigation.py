"""The business objects that the navigation rail and the quick-create menu offer."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from django.urls import reverse

from crm_platform.console.navigation import ObjectLink
from crm_platform.kit.context import Actor
from layouts.generated import plural_label
from objects.access.policy import AccessPolicy


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
