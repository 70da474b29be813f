"""The business objects that the navigation rail and the quick-create menu offer."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from crm_platform.console.navigation import ObjectLink
from crm_platform.kit.context import Actor
from layouts.generated import plural_label
from objects.access.policy import AccessPolicy


def object_links(actor: Actor) -> Iterator[ObjectLink]:
    """Yield the objects that stand in the navigation and that the caller may read, in their order."""
    policy = AccessPolicy.of(actor)
    for spec in policy.readable_objects():
        if not spec.in_navigation:
            continue
        create_url = reverse("record-new", args=[spec.api_name]) if policy.can(spec.api_name, "create") else None
        yield ObjectLink(
            api_name=spec.api_name,
            label=plural_label(spec).text(actor.language),
            icon=spec.icon,
            color=spec.color,
            url=reverse("record-list", args=[spec.api_name]),
            create_url=create_url,
            singular=spec.label.text(actor.language),
        )
