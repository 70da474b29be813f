"""Every address, crawled in one organisation with the ids, cookie and key of another: nothing shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.urls import URLPattern, get_resolver

from crm_platform.events.consumption import consume_all
from crm_platform.identity.auth import build_actor
from crm_platform.identity.models import User
from crm_platform.tenancy.context import tenant_context
from metadata.inputs import FieldInput, ObjectInput
from metadata.services import create_object
from objects.records.service import RecordService
from openapi.keys import create_key
from openapi.scopes import SCOPES
from tests.kit import make
from tests.kit.clients import OrganizationAPIClient, OrganizationClient

OBJECT = "work_order__c"
CANARY = "CANARY"
CLOSED = (400, 401, 403, 404, 405, 410, 415, 422)


@dataclass
class Side:
    """One of the two organisations with something of everything in it."""

    host: str
    ids: dict[str, str]
    key: str
    browser: OrganizationClient

    @property
    def api(self) -> OrganizationAPIClient:
        return self.keyed(self.key)

    def keyed(self, key: str) -> OrganizationAPIClient:
        client = OrganizationAPIClient(self.host)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
        return client


def furnish(organization: Any, word: str, field: str) -> Side:
    """Fill an organisation; both have the object `work_order__c`, each with a field of its own."""
    with tenant_context(organization.schema_name):
        admin = User.objects.get(username="admin")
        actor = build_actor(admin, via="console")
        create_object(actor, ObjectInput(OBJECT, f"派工单{word}", fields=[FieldInput(field, "text", word)]))
        kept = RecordService(actor).create(OBJECT, {"name": f"记录 {word}", field: word})
        gone = RecordService(actor).create(OBJECT, {"name": f"已删 {word}"})
        deletion = RecordService(actor).delete(OBJECT, gone.id)
        row, key = create_key(actor, word, list(SCOPES))
        consume_all()
        ids = {
            "record_id": str(kept.id),
            "deletion_id": str(deletion),
            "key_id": str(row.pk),
            "user_id": str(make.user(name=word).pk),
            "department_id": str(make.department(word).pk),
        }
        browser = OrganizationClient(f"{organization.slug}.localhost")
        browser.force_login(admin)
    return Side(f"{organization.slug}.localhost", ids, key, browser)


@pytest.fixture(scope="module")
def sides(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), make.organization(enter=False) as one, make.organization(enter=False) as two:
        yield furnish(one, "plain", "note__c"), furnish(two, CANARY, "secret__c")


@pytest.fixture(autouse=True)
def unblocked(django_db_blocker, settings):
    settings.API_BURST = (0, 10)  # a crawl asks more than a caller may in a moment
    with django_db_blocker.unblock():
        yield


def addresses(ids: dict[str, str], patterns: Any = None, prefix: str = "/") -> list[str]:
    """Return every address of the project with the ids put in; what has no id gets a word."""
    found = []
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern)
        if not isinstance(pattern, URLPattern):
            found += addresses(ids, pattern.url_patterns, route)
        elif "^" not in route:
            found.append(filled(pattern, route, ids))
    return found


def filled(pattern: URLPattern, route: str, ids: dict[str, str]) -> str:
    values = {"object_name": OBJECT, "field_name": "secret__c", "field": "external_id", **ids}
    for name, converter in pattern.pattern.converters.items():
        other = {"UUIDConverter": ids["record_id"], "IntConverter": "1"}.get(type(converter).__name__, "x")
        for kind in ("uuid", "slug", "str", "path", "int"):
            route = route.replace(f"<{kind}:{name}>", values.get(name, other))
    return route


def test_crawl_finds_its_own_canary(sides):
    """The crawl is worth something: with the own cookie and ids the canary shows on many pages."""
    _, two = sides
    seen = [url for url in addresses(two.ids) if CANARY in two.browser.get(url).content.decode(errors="ignore")]
    assert len(seen) >= 8
    assert two.api.get(f"/api/v1/records/{OBJECT}/{two.ids['record_id']}").json()["secret__c"] == CANARY


def test_foreign_ids_show_nothing_to_a_signed_in_administrator(sides):
    one, two = sides
    for url in addresses(two.ids):
        for path in (url, f"{url}?q={CANARY[:-1]}&filter[secret__c][eq]=x&fields=secret__c"):
            answer = one.browser.get(path)
            assert answer.status_code < 500, path
            assert CANARY not in answer.content.decode(errors="ignore"), path


def test_foreign_ids_show_nothing_to_a_key(sides):
    one, two = sides
    for url in addresses(two.ids):
        if url.startswith("/api/v1/"):
            answer = one.api.get(url)
            assert answer.status_code < 500, url
            assert CANARY not in answer.content.decode(), url


def test_foreign_record_is_not_found_like_one_that_never_was(sides):
    one, two = sides
    base = f"/api/v1/records/{OBJECT}"
    for method in ("get", "delete", "patch"):
        foreign = getattr(one.api, method)(f"{base}/{two.ids['record_id']}", {} if method == "patch" else None)
        absent = getattr(one.api, method)(
            f"{base}/01900000-0000-7000-8000-000000000000", {} if method == "patch" else None
        )
        assert foreign.status_code == absent.status_code == 404
        assert {k: v for k, v in foreign.json().items() if k not in ("request_id", "instance")} == {
            k: v for k, v in absent.json().items() if k not in ("request_id", "instance")
        }
    assert two.api.get(f"{base}/{two.ids['record_id']}").status_code == 200


def test_key_of_another_organisation_is_401_everywhere(sides):
    one, two = sides
    for ours, theirs in ((one, two), (two, one)):
        for url in addresses(ours.ids):
            if url.startswith("/api/v1/"):
                answer = ours.keyed(theirs.key).get(url)
                # Public addresses know no keys: they are unknown here, or take nothing but what is sent to them.
                is_public = "/public/" in url
                assert answer.status_code in ((404, 405) if is_public else (401, 404)), url
                assert is_public or answer.status_code == 401 or url.endswith(("/x", "/x.ics")), url
                assert CANARY not in answer.content.decode(), url


def test_cookie_of_another_organisation_signs_nobody_in(sides):
    one, two = sides
    for url in addresses(two.ids):
        answer = one.browser.get(url, SERVER_NAME=two.host)
        assert answer.status_code < 500, url
        assert CANARY not in answer.content.decode(errors="ignore"), url
        if url.startswith(("/setup/", "/o/", "/account", "/trash/")):
            assert answer.status_code in (302, 405), url


def test_posts_with_foreign_ids_change_nothing(sides):
    one, two = sides
    before = two.api.get(f"/api/v1/records/{OBJECT}").json()["data"]
    for url in addresses(two.ids):
        if any(value in url for value in two.ids.values()):
            assert one.browser.post(url).status_code in (302, *CLOSED), url
            assert one.browser.post(url, SERVER_NAME=two.host).status_code in (302, *CLOSED), url
    assert two.api.get(f"/api/v1/records/{OBJECT}").json()["data"] == before
    assert two.browser.get("/account").status_code == 200


def test_search_finds_only_the_own_records(sides):
    one, two = sides
    assert two.api.get("/api/v1/search", {"q": CANARY}).content.decode().count(CANARY) >= 1
    body = one.api.get("/api/v1/search", {"q": "记录"}).content.decode()
    assert "plain" in body
    assert CANARY not in body
