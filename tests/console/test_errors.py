"""How failures of pages reach people: pages, toasts, JSON, the way to the sign-in page."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib import messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils import translation
from django_htmx.middleware import HtmxDetails

from crm_platform.console import views
from crm_platform.console.access import function_required, signed_in
from crm_platform.console.middleware import PlatformErrorMiddleware
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import (
    CursorExpired,
    FieldError,
    Forbidden,
    NotAuthenticated,
    PlatformError,
    ValidationFailed,
)

INVALID = ValidationFailed([FieldError("name", "too_long", "At most %(max)s characters.", {"max": 5})])


def make_request(path: str = "/o/lead/", *, htmx: bool = False, actor: Actor | None = None, **headers: str) -> Any:
    if htmx:
        headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/o/lead/?page=2", **headers}
    request: Any = RequestFactory().get(path, headers=headers)
    request.htmx = HtmxDetails(request)
    request.actor = actor
    request._messages = CookieStorage(request)
    return request


def answer(request: HttpRequest, error: Exception) -> HttpResponse | None:
    return PlatformErrorMiddleware(lambda _: HttpResponse()).process_exception(request, error)


@pytest.mark.django_db
@pytest.mark.parametrize(("error", "status"), [(Forbidden(), 403), (CursorExpired(), 410), (INVALID, 422)])
def test_page_answers_with_the_status_and_the_message(error: PlatformError, status: int) -> None:
    response = answer(make_request(), error)
    assert response is not None
    assert response.status_code == status
    assert str(error.message) in response.content.decode()


@pytest.mark.django_db
def test_page_lists_all_errors_of_the_input() -> None:
    response = answer(make_request(), INVALID)
    assert response is not None
    assert "At most 5 characters." in response.content.decode()


def test_fragment_answers_with_a_toast_that_survives_any_alphabet() -> None:
    with translation.override("zh-hans"):
        response = answer(make_request(htmx=True), Forbidden("不可以"))
    assert response is not None
    assert (response.status_code, response.content) == (403, b"")
    assert json.loads(response["HX-Trigger"]) == {"toast": [{"level": "error", "text": "不可以"}]}
    assert response["HX-Trigger"].isascii()


def test_script_that_asks_for_json_gets_json() -> None:
    response = answer(make_request(Accept="application/json"), Forbidden())
    assert response is not None
    assert json.loads(response.content)["code"] == "forbidden"


def test_stranger_is_sent_to_sign_in_and_back() -> None:
    response = answer(make_request("/o/lead/?page=2"), NotAuthenticated())
    assert response is not None
    assert (response.status_code, response["Location"]) == (302, "/sign-in?next=%2Fo%2Flead%2F%3Fpage%3D2")


def test_fragment_of_a_stranger_redirects_the_whole_page() -> None:
    response = answer(make_request(htmx=True), NotAuthenticated())
    assert response is not None
    assert response["HX-Redirect"] == "/sign-in?next=%2Fo%2Flead%2F%3Fpage%3D2"


def test_the_open_api_and_unexpected_failures_are_left_alone() -> None:
    assert answer(make_request("/api/v1/me"), Forbidden()) is None
    assert answer(make_request(), ValueError("a bug")) is None


def test_messages_travel_with_a_fragment_and_stay_for_a_redirect() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        messages.success(request, "Saved")
        return HttpResponse(status=request.GET.get("status", "200"))

    shown = PlatformErrorMiddleware(view)(make_request("/x?status=200", htmx=True))
    assert json.loads(shown["HX-Trigger"]) == {"toast": [{"level": "success", "text": "Saved"}]}
    assert "HX-Trigger" not in PlatformErrorMiddleware(view)(make_request("/x?status=302", htmx=True)).headers
    assert "HX-Trigger" not in PlatformErrorMiddleware(view)(make_request("/x?status=200")).headers


def test_access_decorators() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse("in")

    somebody = Actor(None, "Li Na", "console", functions=frozenset({"identity.manage_users"}))
    with pytest.raises(NotAuthenticated):
        signed_in(view)(make_request())
    with pytest.raises(NotAuthenticated):
        function_required("identity.manage_users")(view)(make_request())
    with pytest.raises(Forbidden):
        function_required("metadata.customize")(view)(make_request(actor=somebody))
    assert function_required("identity.manage_users")(view)(make_request(actor=somebody)).status_code == 200


@pytest.mark.django_db
def test_error_handlers_answer_in_the_language_of_the_request() -> None:
    with translation.override("zh-hans"):
        assert "找不到这个页面" in views.not_found(make_request()).content.decode()
        assert "您无权打开此页面" in views.forbidden(make_request()).content.decode()
        assert "表单已过期" in views.csrf_failure(make_request()).content.decode()


def test_server_error_needs_no_database() -> None:
    response = views.server_error(make_request())
    assert response.status_code == 500
    assert "Something went wrong" in response.content.decode()


@pytest.mark.parametrize("quoted", ["{% debug %}", "%s %d %", "100 %(x)s", "%(name", "%%"[:1]])
def test_texts_that_a_message_quotes_are_no_placeholders(quoted: str) -> None:
    error = FieldError("name", "too_long", f"{quoted}: at most %(max)d", {"max": 5, "field": "x"})
    assert error.text == f"{quoted}: at most 5"
