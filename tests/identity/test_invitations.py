"""Invitations: a link that works once, not for ever, and only for who has no password."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from crm_platform.audit.models import AuditEntry
from crm_platform.identity import services, throttle
from crm_platform.identity.models import Invitation
from crm_platform.identity.services import invitations
from crm_platform.kit.errors import NotFound, StateConflict
from tests.kit import make

pytestmark = pytest.mark.django_db
GOOD = "a-long-Passw0rd"


@pytest.fixture
def person(db):
    return make.user("wang.fang", password=None, name="王芳")


@pytest.fixture
def token(admin_actor, person):
    return services.invite_user(admin_actor, person.pk, timezone.now())


def test_only_a_digest_of_the_token_is_kept(token):
    row = Invitation.objects.get()
    assert token not in str(vars(row))
    assert len(token) >= 43
    assert row.expires_at - row.created_at <= timedelta(hours=72, seconds=1)


def test_the_invited_person_sets_the_password_once(client, token, person):
    page = client.get("/invitation", {"token": token})
    assert page.status_code == 200
    assert "wang.fang" in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    done = client.post("/invitation", {"token": token, "password": GOOD})
    assert done.status_code == 200
    assert client.login(username="wang.fang", password=GOOD)
    assert client.get("/invitation", {"token": token}).status_code == 404
    assert client.post("/invitation", {"token": token, "password": "other-Passw0rd"}).status_code == 404
    person.refresh_from_db()
    assert person.check_password(GOOD)
    assert not person.must_change_password
    told = AuditEntry.objects.order_by("at").values_list("action", "actor_id")
    assert list(told)[-2:] == [
        ("user.invited", Invitation.objects.get().created_by_id),
        ("user.invitation_accepted", person.pk),
    ]


def test_a_weak_password_leaves_the_link_as_it_is(client, token):
    answer = client.post("/invitation", {"token": token, "password": "123"})
    assert answer.status_code == 422
    assert token in answer.content.decode()
    assert client.post("/invitation", {"token": token, "password": GOOD}).status_code == 200


def test_a_link_ends_with_its_time_and_with_a_newer_one(admin_actor, person, token):
    now = timezone.now()
    with pytest.raises(NotFound):
        invitations.invited_user(token, now + timedelta(hours=72, seconds=1))
    newer = services.invite_user(admin_actor, person.pk, now)
    with pytest.raises(NotFound):
        invitations.invited_user(token, now)
    assert invitations.invited_user(newer, now) == person


def test_a_link_ends_when_the_user_is_deactivated_or_gets_a_password(admin_actor, person, token):
    now = timezone.now()
    services.deactivate_user(admin_actor, person.pk)
    services.reactivate_user(admin_actor, person.pk)
    with pytest.raises(NotFound):
        invitations.invited_user(token, now)
    again = services.invite_user(admin_actor, person.pk, now)
    services.reset_password(admin_actor, person.pk, GOOD)
    with pytest.raises(NotFound):
        invitations.accept_invitation(again, "other-Passw0rd", now)


def test_who_has_a_password_is_not_invited(admin_actor):
    with pytest.raises(StateConflict):
        services.invite_user(admin_actor, make.user().pk, timezone.now())


def test_who_tries_many_links_is_shut_out(client, token):
    for number in range(throttle.PER_ADDRESS):
        assert client.get("/invitation", {"token": f"x{number}"}).status_code == 404
    assert client.get("/invitation", {"token": "y"}).status_code == 429
    assert client.post("/invitation", {"token": token, "password": GOOD}).status_code == 429


def test_a_right_link_counts_as_no_attempt(client, token):
    for _ in range(throttle.PER_ADDRESS + 5):
        assert client.get("/invitation", {"token": token}).status_code == 200


def test_a_user_is_made_without_a_password_and_the_link_is_shown_once(admin_client, client):
    from crm_platform.identity.models import Profile, Role, User

    given = {
        "name": "王芳",
        "username": "wang.fang",
        "department": str(make.root_department().pk),
        "role": Role.objects.get(api_name="individual").pk,
        "profile": Profile.objects.get(api_name="sales_rep").pk,
        "password": "",
    }
    made = admin_client.post("/setup/users/new", given)
    assert "no-store" in made["Cache-Control"]
    link = re.search(r"/invitation\?token=[\w-]+", made.content.decode())
    assert link
    assert client.get(link[0]).status_code == 200
    user = User.objects.get(username="wang.fang")
    page = admin_client.get(f"/setup/users/{user.pk}").content.decode()
    assert link[0].partition("=")[2] not in page
    again = admin_client.post(f"/setup/users/{user.pk}/invite")
    assert link[0] not in again.content.decode()
    assert client.get(link[0]).status_code == 404
