"""The frame of every page, as people with different rights get it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm_platform.console import navigation
from crm_platform.console.navigation import ObjectLink
from tests.kit import make

# The session's user, the organisation's name, the permissions of the profile; nothing else is the frame's own.
FRAME_QUERIES = 4


@pytest.fixture
def rep(client: Any) -> Any:
    """A browser with somebody signed in who holds no function."""
    client.force_login(make.user("chen.jing", name="陈静"))
    return client


@pytest.fixture
def _two_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    links = (
        ObjectLink("lead", "线索", "user-search", "blue", "/o/lead/", "/o/lead/new", "线索"),
        ObjectLink("product", "产品", "package", "teal", "/o/product/"),
    )
    monkeypatch.setattr(navigation, "_object_sources", [lambda actor: links])


def frame(client: Any) -> str:
    """Return a page that is all frame: the one for an address that does not exist."""
    return client.get("/no/such/page").content.decode()


@pytest.mark.usefixtures("_two_objects")
def test_rail_lists_objects_and_quick_create_only_what_may_be_created(rep: Any) -> None:
    html = frame(rep)
    assert 'href="/o/lead/"' in html
    assert 'href="/o/product/"' in html
    assert 'href="/o/lead/new"' in html
    assert 'href="/o/product/new"' not in html


@pytest.mark.usefixtures("_two_objects")
def test_administration_shows_only_to_those_who_hold_a_function(client: Any, rep: Any, admin_user: Any) -> None:
    assert 'href="/setup/users/"' not in frame(rep)
    client.force_login(admin_user)
    html = frame(client)
    assert 'href="/setup/users/"' in html
    assert 'id="rail-admin"' in html


@pytest.mark.usefixtures("_two_objects")
def test_frame_has_one_heading_landmarks_and_a_skip_link(rep: Any) -> None:
    html = frame(rep)
    assert len(re.findall(r"<h1\b", html)) == 1
    for part in ("<main", "<nav", 'role="search"', 'class="skip-link" href="#main"', 'aria-live="polite"'):
        assert part in html


@pytest.mark.usefixtures("_two_objects")
def test_scripts_carry_the_nonce_of_the_policy(rep: Any) -> None:
    response = rep.get("/no/such/page")
    nonces = set(re.findall(r'nonce="([^"]+)"', response.content.decode()))
    assert len(nonces) == 1
    assert f"'nonce-{nonces.pop()}'" in response["Content-Security-Policy"]
    assert "unsafe" not in response["Content-Security-Policy"]


@pytest.mark.usefixtures("_two_objects")
def test_identifiers_are_unique(rep: Any) -> None:
    ids = re.findall(r'\sid="([^"]+)"', frame(rep))
    assert sorted(ids) == sorted(set(ids))


@pytest.mark.usefixtures("_two_objects")
def test_frame_costs_few_queries(rep: Any) -> None:
    frame(rep)
    with CaptureQueriesContext(connection) as queries:
        frame(rep)
    own = [query["sql"] for query in queries if "search_path" not in query["sql"]]
    assert len(own) <= FRAME_QUERIES, own


def test_stranger_gets_error_pages_without_the_frame(client: Any) -> None:
    html = frame(client)
    assert 'id="rail"' not in html
    assert "plain-card" in html


@pytest.mark.usefixtures("_two_objects")
def test_language_switch_is_kept_with_the_account(rep: Any) -> None:
    rep.post("/language", {"language": "en", "next": "/"})
    assert 'lang="en"' in frame(rep)
    rep.post("/language", {"language": "zh-hans", "next": "/"})
    html = frame(rep)
    assert '<html lang="zh-Hans"' in html
    assert "English" in html  # languages call themselves by their own names
