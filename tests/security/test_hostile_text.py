"""Quotes, emoji, bidirectional marks, NUL and markup as names, labels, values, filters and searches."""

from __future__ import annotations

import re
import uuid
from typing import Any
from urllib.parse import quote

import pytest

from crm_platform.events.consumption import consume_all
from tests.security.world import OBJECT, Place

MARKUP = '<script>alert("x")</script>'
TEXTS = {
    "quotes": 'O\'Brien "the" `one`; -- /* */ \\',
    "sql": "'); DROP TABLE identity_user; --",
    "emoji": "👩‍👩‍👧‍👦 工单 🚀",
    "rtl": "שלום עולם مرحبا",
    "script": MARKUP,
    "attribute": "\" autofocus onfocus=alert(1) x='",
    "image": "<img src=x onerror=alert(1)>",
    "template": "{{ 7|add:7 }} {% debug %} ${7*7} #{7*7}",
    "format": "%s %(x)s %d {0} {name}",
    "url": "javascript:alert(1)",
    "long word": "长" * 79,
    "zero width": "a\u200bb\ufeffc",
}
REFUSED = {"nul": "a\x00b", "bidi override": "a\u202eb", "control": "a\x07b"}
NAMES = [
    "x' OR 1=1",
    "<b>__c",
    "select__c\x00",
    "名称__c",
    "A__c",
    "a b__c",
    "../x__c",
    "__class____c",
    "x" * 300 + "__c",
]
EVENT = re.compile(r"<[^>]+\son(?:focus|error)=|<script>alert|<img src=x", re.I)

every_text = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())


def page(home: Place, url: str, status: int = 200) -> str:
    """Return a page that the administrator opens; whatever stands on it is text."""
    answer = home.browser("admin").get(url)
    assert answer.status_code == status, url
    html: str = answer.content.decode()
    outside_quotes = re.sub(r'"[^"]*"', '""', html)
    assert EVENT.search(outside_quotes) is None, url
    assert MARKUP not in html, url
    return html


@every_text
def test_labels_are_text_wherever_they_are_shown(home: Place, text: str) -> None:
    api = home.api("admin")
    new = {"api_name": "hostile__c", "label": text, "plural_label": text, "description": text}
    assert api.post("/api/v1/meta/objects", new).status_code == 201
    choice = {"value": "v", "label": text}
    field = {"api_name": "pick__c", "type": "picklist", "label": text, "help_text": text, "choices": [choice]}
    assert api.post("/api/v1/meta/objects/hostile__c/fields", field).status_code == 201
    described = api.get("/api/v1/meta/objects/hostile__c/describe").json()
    assert text in {item["label"] for item in described["fields"]}
    assert api.get("/api/v1/openapi.json").status_code == 200
    made = api.post("/api/v1/records/hostile__c", {"name": text, "pick__c": "v"})
    assert made.status_code == 201
    for url in (
        "/setup/objects/", "/setup/objects/hostile__c/", "/setup/objects/hostile__c/edit",
        "/setup/objects/hostile__c/fields/pick__c/", "/o/hostile__c/", "/o/hostile__c/new",
        "/o/hostile__c/filter?path=pick__c", "/o/hostile__c/columns", f"/o/hostile__c/{made.json()['id']}",
        f"/o/hostile__c/{made.json()['id']}/edit", f"/o/hostile__c/{made.json()['id']}/delete", "/",
    ):  # fmt: skip
        page(home, url)


@every_text
def test_values_come_back_as_they_were_and_are_text_on_pages(home: Place, text: str) -> None:
    api = home.api("admin")
    made = api.post(f"/api/v1/records/{OBJECT}", {"name": text, "note__c": text})
    assert made.status_code == 201
    assert made.json()["note__c"] == text.strip()
    record_id = made.json()["id"]
    listed = api.get(f"/api/v1/records/{OBJECT}", {"filter[note__c][eq]": text, "fields": "id"}).json()["data"]
    assert [row["id"] for row in listed] == [record_id]
    consume_all()
    for url in (
        f"/o/{OBJECT}/", f"/o/{OBJECT}/{record_id}", f"/o/{OBJECT}/{record_id}/edit",
        f"/o/{OBJECT}/?q={quote(text)}", f"/search?q={quote(text)}", f"/lookup/{OBJECT}?q={quote(text)}",
        f"/o/{OBJECT}/filter?path=note__c&op=eq&value={quote(text)}", "/", "/trash/",
    ):  # fmt: skip
        answer = home.browser("admin").get(url)
        assert answer.status_code == 200, url
        if answer["Content-Type"].startswith("text/html"):
            page(home, url)
    assert api.get("/api/v1/search", {"q": text}).status_code == 200
    assert home.browser("admin").post(f"/o/{OBJECT}/{record_id}/delete").status_code == 302
    page(home, "/trash/")


@every_text
def test_hostile_parameters_are_answered_not_obeyed(home: Place, text: str) -> None:
    api, browser, given = home.api("admin"), home.browser("admin"), quote(text)
    for parameter in ("fields", "sort", "expand", "cursor", "limit", "page", "count", "filter", "include", text):
        answer = api.get(f"/api/v1/records/{OBJECT}", {parameter: text})
        assert answer.status_code in (200, 400, 410, 422), parameter
    for parameter in ("view", "sort", "cursor", "q", "filter", "order", "show", "next", "path", "op"):
        for url in (f"/o/{OBJECT}/", "/trash/", "/search", f"/o/{OBJECT}/filter", "/sign-in", "/setup/users/"):
            answer = browser.get(f"{url}?{parameter}={given}")
            assert answer.status_code in (200, 302, 400, 404, 410, 422), (url, parameter)
            assert EVENT.search(re.sub(r'"[^"]*"', '""', answer.content.decode())) is None, (url, parameter)
            if answer.status_code == 302:
                assert not answer["Location"].startswith(("javascript:", "//", "http"))


@every_text
def test_a_form_sends_nobody_away(home: Place, text: str) -> None:
    for wanted in (text, f"//{text}", "//evil.example", "https://evil.example/", "/\\evil.example", "home"):
        sent = {
            f"/o/{OBJECT}/{home.ids['record_id']}/edit": {"name": "Kept", "next": wanted},
            "/language": {"language": "en", "next": wanted},
        }
        for url, data in sent.items():
            answer = home.browser("admin").post(url, data)
            assert answer.status_code == 302, (url, wanted)
            assert re.match(r"/(?![/\\])", answer["Location"]), (url, wanted)


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_unprintable_labels_are_refused(home: Place, text: str) -> None:
    api = home.api("admin")
    answer = api.post("/api/v1/meta/objects", {"api_name": "hostile__c", "label": text})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "invalid_type")
    shown = home.browser("admin").post("/setup/objects/new", {"label_zh_hans": text, "icon": "box", "color": "blue"})
    assert shown.status_code == 422


def test_nul_is_refused_everywhere(home: Place) -> None:
    api, browser, nul = home.api("admin"), home.browser("admin"), "a\x00b"
    record = f"/api/v1/records/{OBJECT}"
    for name in ("name", "note__c", "stage__c", "amount__c", "external_id", "owner_id"):
        assert api.post(record, {"name": "X", name: nul}).status_code == 422, name
    for url in (f"{record}?filter[note__c][eq]=a%00b", f"{record}/by/code__c/a%00b", "/api/v1/search?q=a%00b"):
        assert api.get(url).status_code in (200, 400, 404, 422), url
    for url in (f"/o/{OBJECT}/?q=a%00b", "/search?q=a%00b", f"/lookup/{OBJECT}?q=a%00b", "/setup/users/?q=a%00b"):
        assert browser.get(url).status_code in (200, 400, 404, 422), url
    assert browser.post(f"/o/{OBJECT}/new", {"name": nul}).status_code == 422
    anonymous = home.browser("nobody").post("/sign-in", {"username": nul, "password": nul})
    assert anonymous.status_code == 422


@pytest.mark.parametrize("name", NAMES)
def test_malformed_names_are_refused(home: Place, name: str) -> None:
    api: Any = home.api("admin")
    assert api.post("/api/v1/meta/objects", {"api_name": name, "label": "X"}).status_code == 422
    new = {"api_name": name, "type": "text", "label": "X"}
    assert api.post(f"/api/v1/meta/objects/{OBJECT}/fields", new).status_code == 422
    assert api.post(f"/api/v1/records/{OBJECT}", {"name": "X", name: "x"}).status_code == 422
    for url in (f"/api/v1/records/{quote(name, safe='')}", f"/api/v1/meta/objects/{quote(name, safe='')}"):
        assert api.get(url).status_code == 404
    assert home.browser("admin").get(f"/o/{quote(name, safe='')}/").status_code == 404


@pytest.mark.parametrize(
    "header", ["Authorization", "If-Match", "Idempotency-Key", "Accept-Language", "X-Request-Id", "Prefer"]
)
def test_hostile_headers_are_answered(home: Place, header: str) -> None:
    for text in (*TEXTS.values(), "\x7f", "9" * 5000, str(uuid.uuid4())):
        value = text.encode("ascii", "backslashreplace").decode()
        answer = home.api("admin").patch(
            f"/api/v1/records/{OBJECT}/{home.ids['record_id']}", {"name": "X"}, headers={header: value}
        )
        assert answer.status_code in (200, 400, 401, 412, 422), value
        assert MARKUP not in answer.content.decode()
