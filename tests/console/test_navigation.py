"""The rail: who sees what, in which order, and what is marked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.urls import reverse

from crm_platform.console import navigation
from crm_platform.console.navigation import NavItem, NavSection, ObjectLink
from crm_platform.kit.context import Actor
from crm_platform.kit.registry import Registry

LEADS = ObjectLink("lead", "Leads", "user-search", "blue", "/o/lead/", "/o/lead/new", "Lead")


@pytest.fixture(autouse=True)
def _empty_rail(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(navigation, "items", Registry("navigation item"))
    monkeypatch.setattr(navigation, "_object_sources", [])
    yield


def actor(*functions: str) -> Actor:
    return Actor(None, "Li Na", "console", functions=frozenset(functions))


def labels(sections: tuple[NavSection, ...]) -> dict[str, list[str]]:
    return {section.key: [link.label for link in section.links] for section in sections}


def test_entries_stand_in_their_sections_by_position() -> None:
    navigation.register(NavItem("b", "Second", "box", "set-language", position=20))
    navigation.register(NavItem("a", "First", "box", "set-language", position=10))
    navigation.register(NavItem("c", "Objects", "box", "set-language", section="admin"))
    assert labels(navigation.sections(actor(), [LEADS], "/")) == {
        "objects": ["Leads"],
        "work": ["First", "Second"],
        "admin": ["Objects"],
    }


def test_entry_with_a_permission_shows_only_to_those_who_hold_it() -> None:
    navigation.register(NavItem("a", "Model", "box", "set-language", section="admin", permission="metadata.customize"))
    assert navigation.sections(actor(), [], "/") == ()
    assert labels(navigation.sections(actor("metadata.customize"), [], "/")) == {"admin": ["Model"]}


@pytest.mark.parametrize(
    ("path", "active"),
    [("/o/lead/", "Leads"), ("/o/lead/0190-1/edit", "Leads"), ("/o/leadership/", None), ("/", None)],
)
def test_the_entry_that_the_page_lies_under_is_marked(path: str, active: str | None) -> None:
    sections = navigation.sections(actor(), [LEADS], navigation.active_url(actor(), [LEADS], path))
    marked = [link.label for section in sections for link in section.links if link.is_active]
    assert marked == ([active] if active else [])


def test_the_longer_address_wins() -> None:
    navigation.register(NavItem("a", "Language", "box", "set-language"))
    inner = ObjectLink("x", "Inner", "box", "blue", reverse("set-language") + "/inner/")
    sections = navigation.sections(actor(), [inner], navigation.active_url(actor(), [inner], "/language/inner/7"))
    assert [link.label for section in sections for link in section.links if link.is_active] == ["Inner"]


def test_an_unknown_section_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown section"):
        navigation.register(NavItem("a", "A", "box", "set-language", section="nowhere"))


def test_object_sources_are_asked_with_the_actor() -> None:
    seen: list[Actor] = []

    def source(caller: Actor) -> list[ObjectLink]:
        seen.append(caller)
        return [LEADS]

    navigation.register_object_source(source)
    navigation.register_object_source(source)
    assert navigation.object_links(caller := actor()) == (LEADS,)
    assert seen == [caller]
