"""Callers that this process knows: spared the statement that reads them, never a change of what they may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_platform.identity.models import OrganizationSettings, Profile, Role, User
from crm_platform.kit.context import Actor
from crm_platform.kit.tokens import token_digest
from metadata import services
from metadata.inputs import FieldInput
from metadata.models import BusinessObject
from objects.access.grants import grant_object, revoke_object
from openapi import remembered
from openapi.keys import create_key, revoke_key
from openapi.models import ApiKey
from openapi.scopes import SCOPES
from tests.kit import make
from tests.kit.clients import OrganizationAPIClient
from tests.kit.database import ACME_HOST

pytestmark = pytest.mark.django_db
URL = "/api/v1/records/ticket__c"

Ask = Callable[..., Any]


@pytest.fixture
def rep(ticket: str, admin_actor: Actor) -> User:
    user = make.user()
    profile = user.profile
    assert profile is not None
    grant_object(admin_actor, profile, BusinessObject.objects.get(api_name=ticket), ("read", "create"))
    return user


@pytest.fixture
def secret(rep: User, actor_for: Any) -> str:
    return create_key(actor_for(rep), "rep", list(SCOPES))[1]


@pytest.fixture
def ask(secret: str, caller: Any) -> Ask:
    """Ask as the sales person, whom the process knows already; two records are his, one is the administrator's."""
    client = OrganizationAPIClient(ACME_HOST)

    def get(url: str = URL, **headers: Any) -> Any:
        return client.get(url, HTTP_AUTHORIZATION=f"Bearer {secret}", **headers)

    for number in range(2):
        body = {"name": f"Mine {number}"}
        assert client.post(URL, body, format="json", HTTP_AUTHORIZATION=f"Bearer {secret}").status_code == 201
    assert caller.post(URL, {"name": "Admin's"}, format="json").status_code == 201
    assert names(get()) == {"Mine 0", "Mine 1"}
    assert remembered.known_holder(token_digest(secret)) is not None
    return get


def names(answer: Any) -> set[str]:
    assert answer.status_code == 200, answer.content
    return {row["name"] for row in answer.json()["data"]}


def statements(ask: Ask, url: str = URL) -> int:
    with CaptureQueriesContext(connection) as captured:
        ask(url)
    return len(captured)


def test_a_known_caller_costs_no_statement(ask: Ask) -> None:
    record = ask().json()["data"][0]["id"]
    assert (statements(ask), statements(ask, f"{URL}/{record}")) == (1, 1)
    assert ask().json() == ask(HTTP_ACCEPT="application/json").json()


def test_a_revoked_key_ends_at_the_next_request(ask: Ask, admin_actor: Actor) -> None:
    revoke_key(admin_actor, ApiKey.objects.get(name="rep").pk)
    for url in (URL, f"{URL}?fields=nothing", f"{URL}?filter[name][eq]=nobody"):
        assert ask(url).status_code == 401


def test_a_deactivated_user_is_refused_at_the_next_request(ask: Ask, rep: User) -> None:
    User.objects.filter(pk=rep.pk).update(is_active=False)
    assert ask().status_code == 401
    User.objects.filter(pk=rep.pk).update(is_active=True)
    assert ask().status_code == 200


def test_a_key_whose_end_was_moved_or_has_come_is_refused(ask: Ask) -> None:
    key = ApiKey.objects.filter(name="rep")
    key.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert ask().status_code == 401
    key.update(expires_at=timezone.now() + timedelta(hours=1))
    assert ask().status_code == 200
    holder = remembered.known_holder(ApiKey.objects.get(name="rep").secret_hash)
    assert holder is not None and not holder.is_alive(timezone.now() + timedelta(hours=2))


def test_scopes_that_were_taken_away_are_missed_at_the_next_request(ask: Ask) -> None:
    ApiKey.objects.filter(name="rep").update(scopes=["meta:read"])
    assert (ask().status_code, ask().json()["code"]) == (403, "insufficient_scope")


def test_a_wider_or_narrower_role_counts_at_the_next_request(ask: Ask, rep: User) -> None:
    own = rep.role
    User.objects.filter(pk=rep.pk).update(role=Role.objects.get(api_name="everything"))
    assert names(ask()) == {"Mine 0", "Mine 1", "Admin's"}
    User.objects.filter(pk=rep.pk).update(role=own)
    assert names(ask()) == {"Mine 0", "Mine 1"}


def test_another_profile_counts_at_the_next_request(ask: Ask, rep: User) -> None:
    User.objects.filter(pk=rep.pk).update(profile=Profile.objects.get(api_name="sales_manager"))
    assert ask().status_code == 404
    User.objects.filter(pk=rep.pk).update(profile=None)
    assert ask().status_code == 404


def test_a_grant_that_was_taken_away_is_missed_at_the_next_request(ask: Ask, rep: User, admin_actor: Actor) -> None:
    assert rep.profile is not None
    revoke_object(admin_actor, rep.profile, BusinessObject.objects.get(api_name="ticket__c"), ("read",))
    assert ask().status_code == 404


def test_a_published_field_is_there_at_the_next_request(ask: Ask, admin_actor: Actor) -> None:
    assert "new__c" not in ask().json()["data"][0]
    services.add_field(admin_actor, "ticket__c", FieldInput("new__c", "text", "New"))
    assert ask().json()["data"][0]["new__c"] is None
    services.delete_field(admin_actor, "ticket__c", "new__c")
    assert "new__c" not in ask().json()["data"][0]
    assert ask(f"{URL}?fields=new__c").status_code == 422


def test_a_deleted_object_is_unknown_at_the_next_request(ask: Ask, admin_actor: Actor) -> None:
    services.delete_field(admin_actor, "part__c", "ticket__c")
    services.delete_object(admin_actor, "ticket__c")
    assert ask().status_code == 404


def test_language_is_spoken_at_the_next_request(ask: Ask, rep: User) -> None:
    User.objects.filter(pk=rep.pk).update(language="")
    for language in ("zh-hans", "en"):
        OrganizationSettings.objects.update(language=language)
        assert ask()["Content-Language"] == language


def test_errors_are_those_of_today(ask: Ask, rep: User) -> None:
    assert statements(ask, f"{URL}?fields=nothing") == 1  # the caller alone, since nothing else was asked
    answer = ask(f"{URL}?fields=nothing")
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert ask(f"{URL}?filter[name][eq]=nobody").json()["data"] == []
    assert ask("/api/v1/records/unknown__c").status_code == 404


def test_a_key_counts_in_its_own_organization_only(ask: Ask, secret: str) -> None:
    with make.organization(name="Another") as other:
        remembered._known.update({(other.schema_name, digest): who for (_s, digest), who in remembered._known.items()})
        client = OrganizationAPIClient(other.domains.get().domain)
        assert client.get(URL, HTTP_AUTHORIZATION=f"Bearer {secret}").status_code == 401
    moved = secret.replace("_acme_", f"_{other.slug}_")
    assert ask(HTTP_X_REQUEST_ID="again").status_code == 200
    assert OrganizationAPIClient(ACME_HOST).get(URL, HTTP_AUTHORIZATION=f"Bearer {moved}").status_code == 401


def test_a_call_that_is_answered_twice_is_counted_once(ask: Ask, rep: User, settings: Any) -> None:
    settings.API_BURST = (1_000, 60)
    counts = []
    for name in ("One", "Another", "A third"):
        User.objects.filter(pk=rep.pk).update(name=name)
        counts.append(int(ask()["RateLimit"].split(";")[1].removeprefix("r=")))
    assert counts == [counts[0], counts[0] - 1, counts[0] - 2]


def test_use_is_noted_again_after_a_minute(ask: Ask) -> None:
    key = ApiKey.objects.filter(name="rep")
    before = key.get().last_used_at
    ask()
    assert key.get().last_used_at == before
    key.update(last_used_at=timezone.now() - timedelta(minutes=5))
    remembered._known.clear()
    ask()
    noted = key.get().last_used_at
    assert noted is not None and timezone.now() - noted < timedelta(minutes=1)


def test_the_memory_for_callers_is_bounded(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "MAX_REMEMBERED", 1)
    remembered.find_holder(ApiKey.objects.get(name="test").secret_hash)
    assert len(remembered._known) == 1
    assert names(ask()) == {"Mine 0", "Mine 1"}
