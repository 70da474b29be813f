"""One's own account."""

from __future__ import annotations

import pytest
from django.urls import reverse

from crm_platform.identity import throttle
from tests.kit import make
from tests.kit.clients import OrganizationClient
from tests.kit.database import ACME_HOST

NEW = "brand-new-Passw0rd"


@pytest.fixture
def rep(client):
    user = make.user("chen.jing", name="陈静")
    client.force_login(user)
    return user


def change(client, current, password=NEW):
    return client.post(reverse("account"), {"form": "password", "current": current, "password": password})


def test_stranger_is_sent_to_sign_in(client):
    assert client.get(reverse("account"))["Location"].startswith(reverse("sign-in"))


def test_page_shows_who_one_is(client, rep):
    assert "chen.jing" in client.get(reverse("account")).content.decode()


def test_language_and_zone_are_saved_and_spoken(client, rep):
    client.post(reverse("account"), {"form": "preferences", "language": "en", "time_zone": "Europe/Berlin"})
    rep.refresh_from_db()
    assert (rep.language, rep.time_zone) == ("en", "Europe/Berlin")
    assert "Your account" in client.get(reverse("account")).content.decode()
    answer = client.post(reverse("account"), {"form": "preferences", "language": "xx", "time_zone": ""})
    assert answer.status_code == 422


def test_changed_password_keeps_this_session_and_ends_the_others(client, rep):
    elsewhere = OrganizationClient(ACME_HOST)
    elsewhere.force_login(rep)
    assert change(client, make.PASSWORD).status_code == 302
    assert client.get(reverse("account")).status_code == 200
    assert elsewhere.get(reverse("account")).status_code == 302
    assert OrganizationClient(ACME_HOST).login(username="chen.jing", password=NEW)


@pytest.mark.parametrize(
    ("current", "password", "field"), [("wrong", NEW, "current"), (make.PASSWORD, "1", "password")]
)
def test_wrong_present_or_weak_new_password_changes_nothing(client, rep, current, password, field):
    response = change(client, current, password)
    assert response.status_code == 422
    assert set(response.context["password"].errors) == {field}
    rep.refresh_from_db()
    assert rep.check_password(make.PASSWORD)


def test_present_password_can_not_be_guessed_for_ever(client, rep):
    for _ in range(throttle.PER_ACCOUNT):
        change(client, "wrong")
    assert change(client, make.PASSWORD).status_code == 422
    rep.refresh_from_db()
    assert rep.check_password(make.PASSWORD)
