"""What the navigation rail and the quick-create menu offer: declared here, filled by the layers above.

Fixed pages are registered as `NavItem`s in `AppConfig.ready()`. Business objects come from one source, a
function of the actor, because they are rows and differ between organisations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.context import Actor
from crm_platform.kit.registry import Registry

SECTIONS: dict[str, str | Promise] = {
    "main": "",
    "objects": "",
    "work": _("My work"),
    "admin": _("Administration"),
}


@dataclass(frozen=True, slots=True)
class NavItem:
    """A fixed entry of the rail; `permission` is a function permission such as `metadata.customize`."""

    key: str
    label: str | Promise
    icon: str
    url_name: str
    section: str = "work"
    permission: str | None = None
    position: int = 100


@dataclass(frozen=True, slots=True)
class ObjectLink:
    """A business object that the actor may read; `create_url` is set when they may create records of it."""

    api_name: str
    label: str
    icon: str
    color: str
    url: str
    create_url: str | None = None
    singular: str = ""


@dataclass(frozen=True, slots=True)
class NavLink:
    """An entry as the rail shows it."""

    label: str
    icon: str
    url: str
    is_active: bool = False


@dataclass(frozen=True, slots=True)
class NavSection:
    key: str
    label: str
    links: tuple[NavLink, ...]


ObjectSource = Callable[[Actor], Iterable[ObjectLink]]

items: Registry[NavItem] = Registry("navigation item")
_object_sources: list[ObjectSource] = []


def register(item: NavItem) -> NavItem:
    """Add a fixed entry; its section must be one of `SECTIONS`."""
    if item.section not in SECTIONS:
        raise ValueError(f"navigation item {item.key!r} names an unknown section {item.section!r}")
    return items.register(item)


def register_object_source(source: ObjectSource) -> ObjectSource:
    """Add the function that lists the business objects an actor may read, in the order of the rail."""
    if source not in _object_sources:
        _object_sources.append(source)
    return source


def object_links(actor: Actor) -> tuple[ObjectLink, ...]:
    """Return the business objects that the actor may read."""
    return tuple(link for source in _object_sources for link in source(actor))


def _items_for(actor: Actor) -> list[NavItem]:
    """Return the fixed entries that the actor may see, by position."""
    allowed = [item for item in items if item.permission is None or actor.has_function(item.permission)]
    return sorted(allowed, key=lambda item: item.position)


def sections(actor: Actor, links: Sequence[ObjectLink], active: str | None) -> tuple[NavSection, ...]:
    """Return the rail for the actor, with the entry of the address `active` marked; empty sections are left out."""
    found: dict[str, list[NavLink]] = {key: [] for key in SECTIONS}
    for item in _items_for(actor):
        found[item.section].append(NavLink(str(item.label), item.icon, reverse(item.url_name)))
    found["objects"] = [NavLink(link.label, link.icon, link.url) for link in links] + found["objects"]
    return tuple(
        NavSection(key, str(SECTIONS[key]), tuple(replace(link, is_active=link.url == active) for link in section))
        for key, section in found.items()
        if section
    )


def active_url(actor: Actor, links: Sequence[ObjectLink], path: str) -> str | None:
    """Return the address of the entry that `path` lies under, the longest; the home page matches only itself."""
    urls = [*(link.url for link in links), *(reverse(item.url_name) for item in _items_for(actor))]
    matching = (url for url in urls if path == url or (url != "/" and path.startswith(url.rstrip("/") + "/")))
    return max(matching, key=len, default=None)
