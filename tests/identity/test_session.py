"""Signing in and out."""

from __future__ import annotations

import pytest
from django.urls import reverse

from crm_platform.identity import throttle
from tests.kit import make

WRONG = {"username": "admin", "password": "wrong"}


def sign_in(client, **data):
    return client.post(reverse("sign-in"), data)


@pytest.fixture
def rep(db):
    return make.user("chen.jing", name="陈静")


def test_right_password_signs_in_and_leads_to_the_page_asked_for(client, rep):
    response = client.post(
        reverse("sign-in"), {"username": " Chen.Jing ", "password": make.PASSWORD, "next": "/trash/"}
    )
    assert response.status_code == 302
    assert response["Location"] == "/trash/"
    assert client.session["_auth_user_id"] == str(rep.pk)


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_sign_in_leads_nowhere_else(client, rep, target):
    response = sign_in(client, username="chen.jing", password=make.PASSWORD, next=target)
    assert response["Location"] == "/"


def test_unknown_user_and_wrong_password_get_the_same_answer(client, rep, settings):
    known = sign_in(client, username="chen.jing", password="wrong")
    unknown = sign_in(client, username="nobody.here", password="wrong")
    assert known.status_code == unknown.status_code == 422
    assert known.context["form"].non_field_errors() == unknown.context["form"].non_field_errors()


def test_unknown_user_costs_one_hash_like_a_known_one(rep, django_assert_num_queries, monkeypatch):
    from django.contrib.auth.hashers import MD5PasswordHasher

    from crm_platform.identity.auth import OrganizationBackend

    hashes = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda *args: hashes.append(1) or encode(*args))
    for username in ("chen.jing", "nobody.here"):
        with django_assert_num_queries(1):
            assert OrganizationBackend().authenticate(None, username, "wrong") is None
    assert len(hashes) == 2


def test_deactivated_user_can_not_sign_in(client):
    user = make.user("gone", is_active=False)
    assert sign_in(client, username=user.username, password=make.PASSWORD).status_code == 422


def test_sixth_attempt_is_refused_even_with_the_right_password(client, rep):
    for _ in range(throttle.PER_ACCOUNT):
        assert sign_in(client, username="chen.jing", password="wrong").status_code == 422
    assert sign_in(client, username="Chen.Jing", password=make.PASSWORD).status_code == 429
    other_address = client.post(
        reverse("sign-in"), {"username": "chen.jing", "password": make.PASSWORD}, REMOTE_ADDR="10.0.0.9"
    )
    assert other_address.status_code == 302


def test_success_forgets_former_failures(client, rep):
    for _ in range(throttle.PER_ACCOUNT - 1):
        sign_in(client, username="chen.jing", password="wrong")
    assert sign_in(client, username="chen.jing", password=make.PASSWORD).status_code == 302
    client.logout()
    assert sign_in(client, username="chen.jing", password="wrong").status_code == 422


def test_attempts_are_counted_in_the_process_while_redis_is_away(client, rep, unreachable_redis):
    for _ in range(throttle.PER_ACCOUNT):
        assert sign_in(client, username="chen.jing", password="wrong").status_code == 422
    assert sign_in(client, username="chen.jing", password=make.PASSWORD).status_code == 429


def test_forwarded_address_counts_only_behind_a_known_proxy(rf, settings):
    request = rf.get("/", headers={"X-Forwarded-For": "6.6.6.6, 10.1.1.1"}, REMOTE_ADDR="127.0.0.1")
    assert throttle.client_address(request) == "127.0.0.1"
    settings.TRUSTED_PROXY_COUNT = 1
    assert throttle.client_address(request) == "10.1.1.1"


def test_sign_out_ends_the_session_and_wants_a_post(client, rep):
    client.force_login(rep)
    assert client.get(reverse("sign-out")).status_code == 405
    assert client.post(reverse("sign-out"))["Location"] == reverse("sign-in")
    assert "_auth_user_id" not in client.session


def test_sign_in_page_costs_two_queries(client, rep, django_assert_num_queries):
    client.get(reverse("sign-in"))
    with django_assert_num_queries(2):  # language, organisation
        assert client.get(reverse("sign-in")).status_code == 200


def test_signing_in_costs_seventeen_queries(client, rep, django_assert_max_num_queries):
    client.get(reverse("sign-in"))
    with django_assert_max_num_queries(17):
        assert sign_in(client, username="chen.jing", password=make.PASSWORD).status_code == 302
