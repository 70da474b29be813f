"""Sessions: who has which, how they end, and that looking at them costs nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from crm_platform.identity import services
from crm_platform.identity.models import OrganizationSettings, User
from crm_platform.identity.services.sessions import sessions_of
from crm_platform.identity.sign_in_models import Session
from crm_platform.kit.errors import Forbidden, NotFound
from tests.kit import make
from tests.kit.clients import OrganizationClient
from tests.kit.database import ACME_HOST

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
WECHAT = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 MicroMessenger/8.0"


@pytest.fixture
def rep(db: None) -> User:
    return make.user("chen.jing")


def enter(user: User, **options: Any) -> OrganizationClient:
    browser = OrganizationClient(ACME_HOST, **options)
    sent = {"username": user.username, "password": make.PASSWORD}
    assert browser.post(reverse("sign-in"), sent).status_code == 302
    return browser


def is_in(client: Any) -> bool:
    return client.get(reverse("account")).status_code == 200


def key_of(client: Any) -> str:
    return client.cookies["sessionid"].value


def test_sessions_say_whence_and_with_what(rep: User, actor_for: Any) -> None:
    enter(rep, REMOTE_ADDR="10.0.0.7", HTTP_USER_AGENT=FIREFOX)
    enter(rep, HTTP_USER_AGENT=WECHAT)
    enter(make.user())
    found = {(row.address, row.browser) for row in sessions_of(actor_for(rep), rep.pk)}
    assert found == {("10.0.0.7", "Firefox, Windows"), ("127.0.0.1", "WeChat, iPhone")}


def test_page_names_no_key_of_a_session(rep: User) -> None:
    here, there = enter(rep), enter(rep)
    page = here.get(reverse("account-security")).content.decode()
    assert page.count("/end") == 2  # of the other one, and of all others
    assert key_of(here) not in page
    assert key_of(there) not in page


def test_one_session_is_ended(rep: User) -> None:
    here, there, elsewhere = enter(rep), enter(rep), enter(rep)
    row = Session.objects.get(session_key=key_of(there))
    here.post(reverse("account-session-end", args=[row.uuid]))
    assert [is_in(client) for client in (here, there, elsewhere)] == [True, False, True]


def test_all_others_are_ended(rep: User) -> None:
    here, there, stranger = enter(rep), enter(rep), enter(make.user())
    here.post(reverse("account-sessions-end"))
    assert [is_in(client) for client in (here, there, stranger)] == [True, False, True]


def test_session_of_somebody_else_can_not_be_ended(rep: User, actor_for: Any) -> None:
    other = make.user()
    there = enter(other)
    row = Session.objects.get(session_key=key_of(there))
    assert enter(rep).post(reverse("account-session-end", args=[row.uuid])).status_code == 404
    with pytest.raises(Forbidden):
        services.end_session(actor_for(rep), other.pk, row.uuid)
    with pytest.raises(NotFound):
        services.end_session(actor_for(rep), rep.pk, row.uuid)
    assert is_in(there)


def test_administrator_ends_all_sessions_and_no_copy_revives_them(rep: User, admin_client: Any) -> None:
    there = enter(rep)
    copy = Session.objects.get(session_key=key_of(there))
    admin_client.post(reverse("user-sessions-end", args=[rep.pk]))
    assert not Session.objects.filter(user=rep).exists()
    Session.objects.create(
        session_key=copy.session_key, session_data=copy.session_data, expire_date=copy.expire_date, user=rep
    )
    assert not is_in(there)


def test_new_password_ends_all_sessions_but_this_one(rep: User) -> None:
    here, there = enter(rep), enter(rep)
    former = key_of(here)
    sent = {"form": "password", "current": make.PASSWORD, "password": "brand-new-Passw0rd"}
    assert here.post(reverse("account"), sent).status_code == 302
    assert [is_in(here), is_in(there)] == [True, False]
    assert key_of(here) != former
    assert Session.objects.filter(user=rep).count() == 1


def test_key_that_was_there_before_signing_in_is_worth_nothing(rep: User) -> None:
    planted = OrganizationClient(ACME_HOST)
    session = planted.session  # an attacker's, whose key he gives to somebody else's browser
    session["x"] = 1
    session.save()
    planted.cookies["sessionid"] = session.session_key
    victim = OrganizationClient(ACME_HOST)
    victim.cookies["sessionid"] = session.session_key
    victim.post(reverse("sign-in"), {"username": rep.username, "password": make.PASSWORD})
    assert is_in(victim)
    assert not is_in(planted)


def test_session_that_nobody_uses_ends(rep: User) -> None:
    OrganizationSettings.objects.update(session_idle_minutes=30)
    here = enter(rep)
    Session.objects.update(last_seen_at=timezone.now() - timedelta(minutes=29))
    assert is_in(here)
    Session.objects.update(last_seen_at=timezone.now() - timedelta(minutes=31))
    assert not is_in(here)
    assert not Session.objects.filter(user=rep).exists()


def test_session_ends_in_any_case(rep: User) -> None:
    OrganizationSettings.objects.update(session_max_hours=8)
    here = enter(rep)
    Session.objects.update(signed_in_at=timezone.now() - timedelta(hours=7))
    assert is_in(here)
    Session.objects.update(signed_in_at=timezone.now() - timedelta(hours=9))
    assert not is_in(here)


def test_being_there_is_written_down_once_a_minute(rep: User, django_assert_num_queries: Any) -> None:
    here = enter(rep)
    address = reverse("account-confirm")
    is_in(here)
    with django_assert_num_queries(4):  # session, user with all terms, rail, the page's own look at the person
        here.get(address)
    before = timezone.now() - timedelta(minutes=5)
    Session.objects.update(last_seen_at=before)
    with django_assert_num_queries(5):
        here.get(address)
    assert Session.objects.get(user=rep).last_seen_at > before
    with django_assert_num_queries(4):
        here.get(address)


def test_what_needs_a_fresh_sign_in_asks_for_it(rep: User, settings: Any) -> None:
    settings.SIGN_IN_FRESH_MINUTES = 15
    here = enter(rep)
    sent = {"name": "k", "scopes": "records:read", "expires": "90"}
    assert here.post(reverse("api-keys"), sent).status_code == 200
    session = here.session
    session["signed_in_at"] = (timezone.now() - timedelta(minutes=16)).isoformat()
    session.save()
    asked = here.post(reverse("api-keys"), sent)
    assert asked["Location"] == f"{reverse('account-confirm')}?next=%2Fsetup%2Fapi-keys%2F"
    proof = {"current": "wrong", "next": reverse("api-keys")}
    assert here.post(reverse("account-confirm"), proof).status_code == 422
    assert here.post(reverse("api-keys"), sent).status_code == 302
    proof["current"] = make.PASSWORD
    assert here.post(reverse("account-confirm"), proof)["Location"] == reverse("api-keys")
    assert here.post(reverse("api-keys"), sent).status_code == 200
