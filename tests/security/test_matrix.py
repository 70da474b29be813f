"""Every address, asked by every kind of caller with every method: the answers are those of the matrix."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern

from openapi.scopes import SCOPES
from tests.security.matrix import FILLERS, FROM_ELSEWHERE, MATRIX, METHODS, Row, routes
from tests.security.world import HOLDERS, PEOPLE, Place

ROUTES = {str(pattern.name): (pattern, route) for pattern, route in routes()}
# What reading may write: the session, recently opened records, when a key or an address was last used.
NOTES = (
    "identity_session", "identity_failedattempts", "layouts_recentrecord", "openapi_apikey", "objects_calendarfeed",
)  # fmt: skip
CHANGE = re.compile(r"^\s*(WITH .*?)?(INSERT INTO|UPDATE|DELETE FROM) \"?(\w+)", re.S)

every_route = pytest.mark.parametrize("name", sorted(ROUTES))


def is_api(name: str) -> bool:
    return ROUTES[name][1].startswith("/api/v1/")


def address(name: str, home: Place) -> str:
    values = {**FILLERS, **home.ids, **{key: filled(text, home) for key, text in MATRIX[name].args.items()}}
    route = re.sub(r"<\w+:(\w+)>", lambda found: values[found[1]], ROUTES[name][1])
    return ("/api/v1/nothing/here" if "^" in route else route) + MATRIX[name].query


def filled(value: Any, home: Place) -> Any:
    """Return the data of a row with ids of the world in the place of `{record_id}` and the like."""
    if isinstance(value, dict):
        return {key: filled(item, home) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, home) for item in value]
    return value.format(**home.ids) if isinstance(value, str) else value


def scope_of(pattern: URLPattern, method: str) -> str | None:
    view = getattr(pattern.callback, "cls", None)
    return view.scopes.get(method) if view else None


def ask(home: Place, name: str, method: str, who: str) -> Any:
    """Send one request, undo what it did, and return the answer."""
    row: Row = MATRIX[name]
    data = filled(dict(row.data), home)
    if is_api(name):
        client: Any = home.api(who, scope_of(ROUTES[name][0], method))
    else:
        client = home.browser(who)
    if name == "sign-in":
        data = {"username": f"{who}-{method}", "password": "wrong"}
    sent = data if is_api(name) or method == "POST" else None
    with transaction.atomic():
        answer = getattr(client, method.lower())(address(name, home), None if method == "GET" else sent)
        transaction.set_rollback(True)
    return answer


def told(answer: Any) -> str:
    is_to_sign_in = answer.status_code == 302 and answer["Location"].startswith("/sign-in")
    return "in" if is_to_sign_in else str(answer.status_code)


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    assert [str(pattern.pattern) for pattern, _ in routes() if not pattern.name] == []
    assert len(list(routes())) == len(ROUTES), "two addresses share a name"
    assert sorted(ROUTES) == sorted(MATRIX)
    for name, row in MATRIX.items():
        callers = HOLDERS if is_api(name) else PEOPLE
        assert {len(expected.split()) for expected in row.expected.values()} == {len(callers)}, name


def test_every_endpoint_names_the_scope_of_each_method_that_it_serves() -> None:
    for name, (pattern, _route) in ROUTES.items():
        view = getattr(pattern.callback, "cls", None)
        if view is not None:
            served = {method for method in METHODS if hasattr(view, method.lower())}
            assert served == set(view.scopes) == set(MATRIX[name].expected), name


@every_route
def test_answers_are_those_of_the_matrix(home: Place, name: str) -> None:
    callers = HOLDERS if is_api(name) else PEOPLE
    for method, expected in MATRIX[name].expected.items():
        found = " ".join(told(ask(home, name, method, who)) for who in callers)
        assert found == expected, f"{method} {name}: {', '.join(callers)}"


@every_route
def test_other_methods_are_refused_even_to_the_administrator(home: Place, name: str) -> None:
    for method in set(METHODS) - set(MATRIX[name].expected):
        assert ask(home, name, method, "admin").status_code == 405, method
        assert told(ask(home, name, method, "nobody")) in ("in", "401", "405"), method


@every_route
def test_reading_changes_nothing(home: Place, name: str) -> None:
    if "GET" not in MATRIX[name].expected:
        pytest.skip("is not read")
    with CaptureQueriesContext(connection) as statements:
        ask(home, name, "GET", "rep")
    changed = [found[3] for item in statements if (found := CHANGE.match(item["sql"]))]
    assert [table for table in changed if table not in NOTES] == []


@pytest.mark.parametrize("name", sorted(name for name, row in MATRIX.items() if set(row.expected) - {"GET"}))
def test_nothing_is_written_without_the_token_of_the_form(home: Place, name: str) -> None:
    for method in set(MATRIX[name].expected) - {"GET"}:
        if name == "api-unknown" or name in FROM_ELSEWHERE:
            continue
        client = home.browser("admin", enforce_csrf_checks=True)
        data = filled(dict(MATRIX[name].data), home)
        answer = getattr(client, method.lower())(address(name, home), data, content_type="application/json")
        assert answer.status_code == 403, method


@pytest.mark.parametrize("scope", sorted(SCOPES))
def test_the_key_without_a_scope_has_all_the_others(home: Place, scope: str) -> None:
    """So that it is refused for the scope, and not because it was wrong altogether."""
    answer = home.api("scopeless", scope).get("/api/v1/me")
    assert set(answer.json()["scopes"]) == set(SCOPES) - {scope}
