"""The short way: what a request with a key is spared, and what its answer carries all the same."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone, translation

from openapi.keys import create_key

pytestmark = pytest.mark.django_db


@pytest.fixture
def key(admin_actor: Any) -> str:
    return create_key(admin_actor, "lane", ["meta:read"])[1]


def test_key_costs_one_statement_beside_the_answer(api: Any, key: str, django_assert_num_queries: Any) -> None:
    api.get("/api/v1/meta", HTTP_AUTHORIZATION=f"Bearer {key}")
    with django_assert_num_queries(1):  # key, user, language, version of the data model
        assert api.get("/api/v1/meta", HTTP_AUTHORIZATION=f"Bearer {key}").status_code == 200


def test_answer_carries_the_headers_of_security_and_language(api: Any, key: str, admin_user: Any) -> None:
    admin_user.language = "zh-hans"
    admin_user.save()
    answer = api.get("/api/v1/meta", HTTP_AUTHORIZATION=f"Bearer {key}")
    assert answer["Content-Language"] == "zh-hans"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert answer["Content-Length"] == str(len(answer.content))
    assert answer["X-Request-Id"]


def test_language_and_zone_end_with_the_request(api: Any, key: str, admin_user: Any) -> None:
    before = translation.get_language(), timezone.get_current_timezone_name()
    admin_user.language, admin_user.time_zone = "zh-hans", "Asia/Tokyo"
    admin_user.save()
    api.get("/api/v1/meta", HTTP_AUTHORIZATION=f"Bearer {key}")
    assert (translation.get_language(), timezone.get_current_timezone_name()) == before


def test_session_of_the_console_needs_its_token_although_a_header_is_there(admin_user: Any) -> None:
    from tests.kit.clients import OrganizationAPIClient
    from tests.kit.database import ACME_HOST

    browser = OrganizationAPIClient(ACME_HOST, enforce_csrf_checks=True)
    browser.force_login(admin_user)
    for headers in ({}, {"HTTP_AUTHORIZATION": "Bearer nobody"}, {"HTTP_AUTHORIZATION": ""}):
        answer = browser.post("/api/v1/records/nothing", {}, format="json", **headers)
        assert answer.status_code in (401, 403)


@pytest.mark.parametrize("path", ["/api/v1/no-such-thing", "/api/v1/records/nothing"])
def test_unknown_address_is_a_problem_document(api: Any, key: str, path: str) -> None:
    answer = api.get(path, HTTP_AUTHORIZATION=f"Bearer {key}")
    assert answer.status_code in (403, 404)
    assert answer["Content-Type"] == "application/problem+json"
