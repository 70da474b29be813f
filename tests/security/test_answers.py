"""What every answer carries, and what no answer tells: headers, cookies, errors."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as project
from django.db import DatabaseError, OperationalError, ProgrammingError
from django.db.utils import DataError

from tests.kit.make import PASSWORD
from tests.security.matrix import MATRIX, Row, routes
from tests.security.test_matrix import ask, is_api
from tests.security.world import OBJECT, Place

INLINE = re.compile(r"<script(?![^>]*\b(?:src|nonce)=)[^>]*>|<[^>]+\s(?:on[a-z]+|style)=|javascript:", re.I)
LEAK = re.compile(
    r"Traceback|psycopg|SELECT |INSERT |UPDATE |relation \"|column \"|\bo_\d+\b|\bc_\d+\b|\bf_\d+\b|/site-packages/"
    r"|File \"|DEBUG = |Request Method|org_\w+_\w{6}|SECRET"
)
LAX = {"'unsafe-inline'", "'unsafe-eval'", "*", "http:", "https:"}
SECRET_TEXT = 'SECRET relation "o_1" does not exist LINE 1: SELECT c_1 FROM o_1'


def pages() -> list[str]:
    return sorted(name for name, row in MATRIX.items() if "GET" in row.expected and not is_api(name))


FRAMED = frozenset({"public-form"})  # what other sites may show in theirs, as far as the form names them


# --- headers --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", sorted(MATRIX))
def test_every_answer_has_the_headers(home: Place, name: str) -> None:
    for who in ("nobody", "admin"):
        for method in MATRIX[name].expected:
            headers = ask(home, name, method, who).headers
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "same-origin"
            policy = directives(headers["Content-Security-Policy"])
            if name in FRAMED:
                assert policy["frame-ancestors"] == ["'self'"], (name, method, who)
            else:
                assert headers["X-Frame-Options"] == "DENY"
                assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
                assert policy["frame-ancestors"] == ["'none'"], (name, method, who)
            assert not LAX & {source for sources in policy.values() for source in sources}


def directives(policy: str) -> dict[str, list[str]]:
    parts = [part.split() for part in policy.split(";") if part.strip()]
    return {name: sources for name, *sources in parts}


@pytest.mark.parametrize("name", pages())
def test_scripts_and_styles_come_from_here_or_carry_the_nonce(home: Place, name: str) -> None:
    answer = ask(home, name, "GET", "admin")
    if not answer["Content-Type"].startswith("text/html"):
        pytest.skip("is no page")
    html = answer.content.decode()
    policy = directives(answer["Content-Security-Policy"])
    assert INLINE.search(html) is None
    for kind in ("script-src", "style-src"):
        nonces = {source.removeprefix("'nonce-").rstrip("'") for source in policy[kind] if "nonce-" in source}
        assert set(policy[kind]) <= {"'self'"} | {f"'nonce-{nonce}'" for nonce in nonces}
        assert set(re.findall(r'nonce="([^"]*)"', html)) <= nonces or not nonces
    assert (policy["object-src"], policy["base-uri"]) == (["'none'"], ["'none'"])
    assert re.findall(r'(?:src|href)="(?:https?:)?//[^"]+"', html) == []


def test_a_nonce_is_used_once(home: Place) -> None:
    policies = {home.browser("admin").get("/")["Content-Security-Policy"] for _ in range(3)}
    assert len(policies) in (1, 3)  # without inline scripts there is no nonce at all
    assert len(policies) == 3 or "nonce" not in policies.pop()


# --- cookies --------------------------------------------------------------------------------------------------
def test_cookies_are_closed_to_scripts_and_other_sites(home: Place) -> None:
    browser = home.browser("nobody")
    browser.get("/sign-in")
    from crm_platform.identity.models import User

    username = User.objects.get(pk=home.ids["user_id"]).username
    assert browser.post("/sign-in", {"username": username, "password": PASSWORD}).status_code == 302
    cookies = browser.cookies
    assert {"sessionid", "csrftoken"} <= set(cookies)
    for name in ("sessionid", "csrftoken"):
        assert cookies[name]["httponly"], name
        assert cookies[name]["samesite"] == "Lax", name
        assert not cookies[name]["domain"], name


def test_production_cookies_travel_encrypted_and_debug_is_off() -> None:
    script = (
        "import django; from django.conf import settings as s; print(s.DEBUG, s.SESSION_COOKIE_SECURE,"
        " s.CSRF_COOKIE_SECURE, s.SECURE_SSL_REDIRECT, s.SECURE_HSTS_SECONDS >= 31536000)"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "crm_platform.config.settings.prod", "SECRET_KEY": "x" * 60}
    environment["DATABASE_URL"] = "postgresql://crm@127.0.0.1:5433/crm"
    run = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=project.BASE_DIR, capture_output=True, text=True
    )
    assert run.stdout.split() == ["False", "True", "True", "True", "True"], run.stderr[-500:]


# --- errors ---------------------------------------------------------------------------------------------------
@pytest.fixture(params=[ValueError, ProgrammingError, DataError, OperationalError, DatabaseError])
def broken(request: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Exception]]:
    """The reading of records fails, whoever asks."""

    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise request.param(SECRET_TEXT)

    for name in ("page", "display", "get", "count"):
        monkeypatch.setattr(f"objects.query.query.RecordQuery.{name}", fail)
    return request.param


def test_a_failure_tells_nothing_of_the_inside(home: Place, broken: type[Exception]) -> None:
    answers = [
        home.api("admin").get(f"/api/v1/records/{OBJECT}"),
        home.api("admin").get(f"/api/v1/records/{OBJECT}/{home.ids['record_id']}"),
        home.browser("admin").get(f"/api/v1/records/{OBJECT}"),
        home.browser("admin").get(f"/o/{OBJECT}/"),
        home.browser("admin").get(f"/o/{OBJECT}/{home.ids['record_id']}"),
        home.browser("admin").get(f"/o/{OBJECT}/", headers={"HX-Request": "true"}),
    ]
    for answer in answers:
        assert answer.status_code in (500, 503)
        assert LEAK.search(answer.content.decode()) is None
    for answer in answers[:3]:
        assert answer["Content-Type"] == "application/problem+json"
        assert set(answer.json()) == {"type", "title", "status", "code", "request_id"}


def test_a_statement_that_the_database_refuses_tells_nothing(home: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real error of PostgreSQL, from a table that is not there."""
    from django.db import connection, transaction

    def fail(*_args: Any, **_kwargs: Any) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT c_1 FROM o_999999")

    monkeypatch.setattr("objects.query.query.RecordQuery.page", fail)
    monkeypatch.setattr("objects.query.query.RecordQuery.display", fail)
    for answer in (
        home.api("admin").get(f"/api/v1/records/{OBJECT}"),
        home.browser("admin").get(f"/o/{OBJECT}/"),
    ):
        assert answer.status_code == 500
        assert LEAK.search(answer.content.decode()) is None


@pytest.mark.parametrize(
    "path", ["/nowhere", "/o/nope__c/", "/api/v1/records/nope__c", "/o/order__c/not-an-id", "/%00"]
)
def test_what_is_not_there_is_a_plain_404(home: Place, path: str) -> None:
    for client in (home.browser("admin"), home.api("admin"), home.browser("nobody")):
        answer = client.get(path)
        assert answer.status_code in (302, 401, 404)
        assert LEAK.search(answer.content.decode()) is None
        assert "urlpatterns" not in answer.content.decode()


def test_probes_and_strange_hosts_answer_without_an_organisation(home: Place) -> None:
    for path, statuses in (("/health/live", (200,)), ("/health/ready", (200, 503)), ("/health/x", (404,))):
        answer = home.browser("nobody").get(path)
        assert answer.status_code in statuses
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert LEAK.search(answer.content.decode()) is None
    stranger = home.browser("nobody").get("/", SERVER_NAME="nobody.example")
    assert stranger.status_code == 404
    assert LEAK.search(stranger.content.decode()) is None


def test_rows_of_the_matrix_cover_what_is_checked_here() -> None:
    assert {str(pattern.name) for pattern, _ in routes()} == set(MATRIX)
    assert all(isinstance(row, Row) for row in MATRIX.values())
