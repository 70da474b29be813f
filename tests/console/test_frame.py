"""The kept parts of the frame: the same for everybody whom they show the same, never another's, never outdated."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from crm_platform.console import frame
from crm_platform.identity.models import OrganizationSettings, User
from crm_platform.kit.context import system_actor
from metadata import services
from metadata.inputs import ObjectInput
from tests.kit import make
from tests.kit.clients import OrganizationClient
from tests.kit.database import ACME_HOST

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(admin_user: User) -> Client:
    admin_user.language = "en"
    admin_user.save()
    return client_of(admin_user)


def client_of(user: User) -> Client:
    client = OrganizationClient(ACME_HOST)
    client.force_login(user)
    return client


def page(client: Client, path: str = "/") -> str:
    answer: Any = client.get(path)
    assert answer.status_code == 200
    return str(answer.content.decode())


def rail(html: str) -> str:
    return html[html.index('<nav class="rail"') : html.index("</nav>")]


def test_a_part_is_rendered_once(admin: Client) -> None:
    page(admin)
    kept = dict(frame._kept)
    page(admin)
    assert dict(frame._kept) == kept


def test_a_new_object_and_a_new_name_show_at_the_next_page(admin: Client) -> None:
    page(admin)
    services.create_object(system_actor(), ObjectInput("rocket__c", "Rocket", plural_label="Rockets <3"))
    assert "Rockets &lt;3" in rail(page(admin))
    OrganizationSettings.objects.update(name="Other & Sons")
    assert "Other &amp; Sons" in rail(page(admin))


def test_functions_that_were_taken_away_are_not_offered_any_more(admin: Client, admin_user: User) -> None:
    assert "/setup/objects/" in rail(page(admin))
    User.objects.filter(pk=admin_user.pk).update(profile=None)
    assert "/setup/objects/" not in rail(page(admin))


def test_each_person_sees_the_own_name_and_language(admin: Client) -> None:
    other = make.user(name="Zoë <b>", language="zh-hans")
    mine, theirs = page(admin), page(client_of(other))
    assert "Zoë &lt;b&gt;" in theirs and "Zoë" not in mine
    assert "Sign out" in mine and "Sign out" not in theirs


def test_tokens_and_addresses_are_those_of_the_request(admin: Client) -> None:
    pages = [page(admin), page(admin, "/search?q=%22%3Cscript%3E"), page(client_of(make.user()))]
    tokens = [set(re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', html)) for html in pages]
    assert all(tokens) and not tokens[0] & tokens[2]
    assert 'name="next" value="/search?q=%22%3Cscript%3E"' in pages[1]
    assert 'value="&quot;&lt;script&gt;"' in pages[1]
    assert not any(mark in html for html in pages for mark in (frame.TOKEN, frame.ADDRESS, frame.WORDS))


def test_the_form_of_a_kept_part_works(admin_user: User) -> None:
    client = OrganizationClient(ACME_HOST, enforce_csrf_checks=True)
    client.force_login(admin_user)
    token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page(client))[0]
    assert client.post("/sign-out", {"csrfmiddlewaretoken": token}).status_code == 302
    assert client.get("/").status_code == 302


def test_the_marked_entry_is_that_of_the_page(admin: Client) -> None:
    for path, label in (("/", "Home"), ("/trash/", "Trash"), ("/", "Home")):
        (marked,) = re.findall(r'aria-current="page">.*?rail-label">([^<]+)', rail(page(admin, path)), re.S)
        assert marked == label


def test_what_is_kept_is_bounded(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    frame._kept.clear()
    monkeypatch.setattr(frame, "MAX_KEPT", 3)
    for path in ("/", "/trash/", "/search"):
        page(admin, path)
    assert len(frame._kept) == 3
