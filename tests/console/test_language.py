"""The language switch: the cookie, the account, and no redirect to strangers."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import RequestFactory

from crm_platform.console.views import set_language


def switch(language: str, back: str = "/o/lead/") -> HttpResponse:
    request: Any = RequestFactory().post("/language", {"language": language, "next": back})
    request.user = AnonymousUser()
    return set_language(request)


def test_the_browser_remembers_the_language() -> None:
    response = switch("zh-hans")
    assert response["Location"] == "/o/lead/"
    assert response.cookies["django_language"].value == "zh-hans"


@pytest.mark.parametrize("language", ["", "xx", "<script>"])
def test_an_unknown_language_changes_nothing(language: str) -> None:
    assert "django_language" not in switch(language).cookies


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_the_way_back_stays_on_this_host(back: str) -> None:
    assert switch("en", back)["Location"] == "/"


def test_only_a_post_switches() -> None:
    assert set_language(RequestFactory().get("/language")).status_code == 405
