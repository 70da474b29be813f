"""Request ids, request logs, languages and time zones."""

from __future__ import annotations

import json
import logging

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone, translation

from crm_platform.config.logging import ContextFilter, JsonFormatter
from crm_platform.config.middleware import RequestLogMiddleware
from crm_platform.identity.middleware import ActorMiddleware
from crm_platform.identity.models import OrganizationSettings, User
from crm_platform.kit.context import request_id
from tests.kit import make


@pytest.mark.parametrize("offered", ["", "a b", "x" * 65, "id\r\nSet-Cookie: a=b", "<script>", "日志"])
def test_bad_request_ids_are_replaced(offered):
    request = RequestFactory().get("/")
    request.META["HTTP_X_REQUEST_ID"] = offered
    answer = RequestLogMiddleware(lambda request: HttpResponse(request_id.get()))(request)
    assert answer["X-Request-Id"] == answer.content.decode() != offered
    assert len(answer["X-Request-Id"]) == 32
    assert request_id.get() == "-"


def test_good_request_id_comes_back_and_reaches_the_actor(client, admin_user, monkeypatch):
    client.force_login(admin_user)
    seen = []
    monkeypatch.setattr(
        "crm_platform.identity.views.users._tabs", lambda request, state: seen.append(request.actor.request_id) or []
    )
    response = client.get(reverse("users"), headers={"X-Request-Id": "trace-1.2_3"})
    assert response["X-Request-Id"] == "trace-1.2_3"
    assert seen == ["trace-1.2_3"]


def test_request_log_names_everything_but_the_query(client, admin_user, caplog):
    client.force_login(admin_user)
    with caplog.at_level(logging.INFO, "crm.request"):
        client.get(reverse("users"), {"q": "secret-name"})
    record = next(record for record in caplog.records if record.name == "crm.request")
    ContextFilter().filter(record)
    line = json.loads(JsonFormatter().format(record))
    assert {name: line[name] for name in ("method", "path", "status", "organization", "user_id", "via")} == {
        "method": "GET",
        "path": reverse("users"),
        "status": 200,
        "organization": "acme",
        "user_id": str(admin_user.pk),
        "via": "console",
    }
    assert line["ms"] > 0
    assert "secret-name" not in json.dumps(line)


def test_exceptions_are_one_line_of_json():
    try:
        raise ValueError("第一行\nsecond")
    except ValueError:
        import sys

        record = logging.LogRecord("x", logging.ERROR, "f", 1, "failed", (), sys.exc_info())
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert "第一行" in json.loads(line)["exception"]


def speak(client_or_request):
    """Return the language and zone that a view finds."""
    seen = []

    def view(request):
        seen.append((translation.get_language(), timezone.get_current_timezone_name()))
        return HttpResponse()

    ActorMiddleware(view)(client_or_request)
    return seen[0]


@pytest.fixture
def request_of(db, rf):
    from django.contrib.auth import login

    from crm_platform.identity.sessions import SessionStore

    def build(user=None, path="/", **extra):
        request = rf.get(path, **extra)
        request.session = SessionStore()
        if user is not None:
            login(request, user)
            request.COOKIES["sessionid"] = request.session.session_key
        return request

    return build


def test_language_and_zone_are_the_users_then_the_organisations(request_of):
    assert speak(request_of(make.user(language="en", time_zone="Europe/Berlin"))) == ("en", "Europe/Berlin")
    assert speak(request_of(make.user())) == ("zh-hans", "Asia/Shanghai")


def test_stranger_gets_the_chosen_then_the_organisations_then_an_accepted_language(request_of):
    request = request_of(headers={"Accept-Language": "en"})
    assert speak(request)[0] == "zh-hans"
    request.COOKIES["django_language"] = "en"
    assert speak(request)[0] == "en"
    request.COOKIES["django_language"] = "xx-bad"
    assert speak(request)[0] == "zh-hans"
    OrganizationSettings.objects.update(language="")
    assert speak(request)[0] == "en"
    assert speak(request_of(headers={"Accept-Language": "zh-CN,zh;q=0.9"}))[0] == "zh-hans"


def test_language_and_zone_do_not_outlive_the_request(request_of):
    before = translation.get_language(), timezone.get_current_timezone_name()
    speak(request_of(make.user(language="zh-hans", time_zone="Asia/Tokyo")))
    assert (translation.get_language(), timezone.get_current_timezone_name()) == before


def test_request_without_session_cookie_costs_no_query_on_the_api(request_of, django_assert_num_queries):
    request = request_of(path="/api/v1/me")
    with django_assert_num_queries(0):
        speak(request)
    assert request.actor is None


def test_signed_in_request_costs_two_queries(request_of, admin_user, django_assert_num_queries):
    request = request_of(admin_user)
    speak(request)
    request = request_of(User.objects.get(pk=admin_user.pk))
    with django_assert_num_queries(1):  # the session is in memory here: the user with everything
        speak(request)
    assert request.actor.has_function("identity.manage_users")


def test_switched_language_stays_with_the_person(client):
    user = make.user(profile="administrator")
    client.force_login(user)
    client.post(reverse("set-language"), {"language": "en"})
    assert "Users" in client.get(reverse("users")).content.decode()
    user.refresh_from_db()
    assert user.language == "en"
