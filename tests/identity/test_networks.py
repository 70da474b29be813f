"""Networks of profiles: at sign-in, in sessions and for keys; nobody locks himself out."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from crm_platform.audit.models import AuditEntry
from crm_platform.identity import networks, services
from crm_platform.identity.models import Profile, User
from crm_platform.identity.sign_in_models import SignInRecord
from crm_platform.kit.errors import ValidationFailed
from openapi.keys import create_key
from tests.kit import make

OFFICE, HOME = "10.1.2.3", "203.0.113.9"


@pytest.fixture
def rep(db: None) -> User:
    return make.user("chen.jing")


def allow(admin_actor: Any, *texts: str, profile: str = "sales_rep", address: str = OFFICE) -> None:
    found = Profile.objects.get(api_name=profile)
    services.update_profile_sign_in(admin_actor, found.uuid, texts, found.requires_second_factor, address)


@pytest.mark.parametrize(
    ("allowed", "address", "is_in"),
    [
        ("10.1.0.0/16", "10.1.255.255", True),
        ("10.1.0.0/16", "10.2.0.0", False),
        ("203.0.113.9", "203.0.113.9", True),
        ("10.1.0.0/16", "::ffff:10.1.2.3", True),
        ("2001:db8::/32", "2001:db8::1", True),
        ("2001:db8::/32", "10.1.2.3", False),
        ("0.0.0.0/0", "2001:db8::1", False),
        ("0.0.0.0/0", "", False),
        ("0.0.0.0/0", "unknown", False),
    ],
)
def test_address_lies_in_network(allowed: str, address: str, is_in: bool) -> None:
    assert networks.is_within([networks.parse(allowed)], address) is is_in


def test_sign_in_is_refused_from_elsewhere_and_says_so_only_to_who_knows_the_password(
    client: Any, rep: User, admin_actor: Any
) -> None:
    allow(admin_actor, "10.1.0.0/16")
    sent = {"username": "chen.jing", "password": make.PASSWORD}
    assert client.post(reverse("sign-in"), {**sent, "password": "wrong"}, REMOTE_ADDR=HOME).status_code == 422
    assert client.post(reverse("sign-in"), sent, REMOTE_ADDR=HOME).status_code == 403
    assert SignInRecord.objects.latest("pk").outcome == "wrong_network"
    assert client.post(reverse("sign-in"), sent, REMOTE_ADDR=OFFICE).status_code == 302


def test_session_is_refused_from_elsewhere_at_once(client: Any, rep: User, admin_actor: Any) -> None:
    client.force_login(rep)
    assert client.get(reverse("account"), REMOTE_ADDR=HOME).status_code == 200
    allow(admin_actor, "10.1.0.0/16")
    page = client.get(reverse("account"), REMOTE_ADDR=HOME)
    assert page.status_code == 403
    assert "chen.jing" not in page.content.decode()
    assert client.get("/api/v1/me", REMOTE_ADDR=HOME).status_code == 403
    assert client.get(reverse("account"), REMOTE_ADDR=OFFICE).status_code == 200
    assert client.post(reverse("sign-out"), REMOTE_ADDR=HOME)["Location"] == reverse("sign-in")


def test_list_costs_no_query(client: Any, rep: User, admin_actor: Any, django_assert_num_queries: Any) -> None:
    allow(admin_actor, "10.1.0.0/16")
    client.force_login(rep)
    client.get(reverse("account-confirm"), REMOTE_ADDR=OFFICE)
    with django_assert_num_queries(4):  # session, user, rail, the page's own: as without a list
        client.get(reverse("account-confirm"), REMOTE_ADDR=OFFICE)


def test_key_is_refused_from_elsewhere_also_when_it_is_known(
    api: Any, admin_user: User, admin_actor: Any, django_assert_num_queries: Any
) -> None:
    secret = create_key(admin_actor, "k", ["meta:read"])[1]

    def ask(address: str) -> Any:
        return api.get("/api/v1/meta", HTTP_AUTHORIZATION=f"Bearer {secret}", REMOTE_ADDR=address)

    assert [ask(HOME).status_code, ask(HOME).status_code] == [200, 200]
    allow(admin_actor, "10.1.0.0/16", profile="administrator")
    refused = ask(HOME)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert ask(OFFICE).status_code == 200
    assert ask(HOME).status_code == 403
    with django_assert_num_queries(1):  # key, user, networks, version of the data model
        ask(OFFICE)


def test_known_caller_of_records_is_refused_from_elsewhere(api: Any, admin_actor: Any) -> None:
    secret = create_key(admin_actor, "k", ["records:read"])[1]

    def ask(address: str) -> int:
        path = "/api/v1/records/nothing"
        return int(api.get(path, HTTP_AUTHORIZATION=f"Bearer {secret}", REMOTE_ADDR=address).status_code)

    assert [ask(HOME), ask(HOME)] == [404, 404]
    allow(admin_actor, "10.1.0.0/16", profile="administrator")
    assert [ask(HOME), ask(OFFICE), ask(HOME)] == [403, 404, 403]


def test_administrator_does_not_lock_himself_out(admin_actor: Any) -> None:
    with pytest.raises(ValidationFailed):
        allow(admin_actor, "10.1.0.0/16", profile="administrator", address=HOME)
    assert Profile.objects.get(api_name="administrator").allowed_networks == []
    allow(admin_actor, "10.1.0.0/16", HOME, profile="administrator", address=HOME)
    allow(admin_actor, "10.1.0.0/16", address=HOME)  # another profile than his own


@pytest.mark.parametrize("text", ["10.1.0.0/33", "office", "10.1", "::/129", "10.1.0.0/16;"])
def test_what_is_no_network_is_refused(admin_actor: Any, text: str) -> None:
    with pytest.raises(ValidationFailed) as failed:
        allow(admin_actor, text)
    assert failed.value.errors[0].field == "allowed_networks"
    assert text in failed.value.errors[0].text


def test_page_keeps_the_list_and_the_trail_says_what_changed(admin_client: Any) -> None:
    profile = Profile.objects.get(api_name="sales_rep")
    address = reverse("profile-sign-in", args=[profile.uuid])
    sent = {"allowed_networks": "10.1.2.3/16\n203.0.113.9，10.1.0.0/16", "requires_second_factor": "on"}
    assert admin_client.post(address, sent).status_code == 302
    profile.refresh_from_db()
    assert profile.allowed_networks == ["10.1.0.0/16", "203.0.113.9/32"]
    entry = AuditEntry.objects.get(action="profile.sign_in_changed")
    assert entry.details["changes"]["allowed_networks"] == [[], ["10.1.0.0/16", "203.0.113.9/32"]]
    assert admin_client.post(address, {"allowed_networks": "nonsense"}).status_code == 422
