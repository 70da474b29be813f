"""What the organisation asks of passwords, at every place where one is set."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from crm_platform.audit.models import AuditEntry
from crm_platform.identity import services
from crm_platform.identity.models import OrganizationSettings, Profile, Role, User
from crm_platform.identity.services.passwords import PasswordPolicy, password_errors
from crm_platform.identity.sign_in_models import FormerPassword
from crm_platform.kit.errors import ValidationFailed
from tests.kit import make

NEW = "brand-new-Passw0rd"


@pytest.fixture
def rep(db: None) -> User:
    return make.user("chen.jing")


def policy(**values: Any) -> None:
    OrganizationSettings.objects.update(**{f"password_{name}": value for name, value in values.items()})


def sign_in(client: Any, password: str = make.PASSWORD) -> Any:
    return client.post(reverse("sign-in"), {"username": "chen.jing", "password": password, "next": "/trash/"})


@pytest.mark.parametrize(
    ("kinds", "password", "mistakes"),
    [
        ([], "Abcdef12!", 1),  # nine characters
        ([], "sparrowlamp", 0),
        (["digit"], "sparrowlamp", 1),
        (["lower", "upper", "digit", "symbol"], "密码密码密码密码密码", 4),
        (["lower", "upper", "digit", "symbol"], "Correct-horse-7", 0),
        ([], "7358201946235", 1),
        ([], "password123456789", 0),
        ([], "chen.jing-2", 1),
    ],
)
def test_policy_decides(rep: User, kinds: list[str], password: str, mistakes: int) -> None:
    policy(kinds=kinds)
    assert len(password_errors(password, rep)) == mistakes


def test_minimum_is_the_organisations(rep: User) -> None:
    policy(min_length=16)
    assert password_errors("fifteen-letters", rep)
    assert not password_errors("sixteen--letters", rep)
    assert "16" in PasswordPolicy.current().help_text()


def test_every_place_asks_the_policy(rep: User, admin_actor: Any, actor_for: Any) -> None:
    policy(min_length=30)
    data = services.UserInput(
        username="wang.fang",
        name="王芳",
        department=make.root_department(),
        role=Role.objects.get(api_name="individual"),
        profile=Profile.objects.get(api_name="sales_rep"),
    )
    for call in (
        lambda: services.create_user(admin_actor, data, NEW),
        lambda: services.reset_password(admin_actor, rep.pk, NEW),
        lambda: services.change_own_password(actor_for(rep), make.PASSWORD, NEW),
    ):
        with pytest.raises(ValidationFailed) as failed:
            call()
        assert [error.field for error in failed.value.errors] == ["password"]
    User.objects.filter(pk=rep.pk).update(must_change_password=True)
    with pytest.raises(ValidationFailed):
        services.replace_due_password(rep.pk, NEW)


def test_former_passwords_do_not_come_back(rep: User, actor_for: Any) -> None:
    policy(history=3)
    used = [make.PASSWORD, "first-Passw0rd", "second-Passw0rd"]
    for old, new in itertools.pairwise(used):
        services.change_own_password(actor_for(rep), old, new)
    for password in used:
        with pytest.raises(ValidationFailed):
            services.change_own_password(actor_for(rep), used[-1], password)
    services.change_own_password(actor_for(rep), used[-1], "third-Passw0rd")
    services.change_own_password(actor_for(rep), "third-Passw0rd", used[0])  # the fourth last


def test_nothing_is_remembered_without_a_rule(rep: User, actor_for: Any) -> None:
    services.change_own_password(actor_for(rep), make.PASSWORD, NEW)
    services.change_own_password(actor_for(rep), NEW, make.PASSWORD)
    assert not FormerPassword.objects.exists()


def test_password_from_an_administrator_is_changed_at_the_first_sign_in(
    client: Any, rep: User, admin_actor: Any
) -> None:
    services.reset_password(admin_actor, rep.pk, "from-admin-Passw0rd")
    assert sign_in(client, "from-admin-Passw0rd").status_code == 302
    assert client.get("/trash/").status_code == 302
    assert client.get("/api/v1/me").status_code == 401
    assert client.get(reverse("sign-in"))["Location"] == reverse("sign-in-password")
    step = reverse("sign-in-password")
    for bad in ("short", "from-admin-Passw0rd"):
        assert client.post(step, {"password": bad}).status_code == 422
    assert client.post(step, {"password": NEW, "next": "/trash/"})["Location"] == "/trash/"
    assert client.get("/trash/").status_code == 200
    assert client.post(step, {"password": "yet-another-Passw0rd"})["Location"] == reverse("sign-in")
    rep.refresh_from_db()
    assert rep.check_password(NEW)
    assert set(AuditEntry.objects.values_list("action", flat=True)) >= {"user.password_reset", "user.password_changed"}


def test_it_stays_when_the_organisation_does_not_mind(client: Any, rep: User, admin_actor: Any) -> None:
    policy(change_first=False)
    services.reset_password(admin_actor, rep.pk, "from-admin-Passw0rd")
    sign_in(client, "from-admin-Passw0rd")
    assert client.get("/trash/").status_code == 200


def test_old_password_is_due_at_sign_in_and_not_before(client: Any, rep: User) -> None:
    client.force_login(rep)
    policy(max_days=30)
    User.objects.filter(pk=rep.pk).update(password_changed_at=timezone.now() - timedelta(days=31))
    assert client.get("/trash/").status_code == 200
    sign_in(client)
    assert client.get("/trash/").status_code == 302
    assert client.post(reverse("sign-in-password"), {"password": NEW}).status_code == 302
    assert client.get("/trash/").status_code == 200


def test_young_password_is_not_due(client: Any, rep: User) -> None:
    policy(max_days=30)
    User.objects.filter(pk=rep.pk).update(password_changed_at=timezone.now() - timedelta(days=29))
    sign_in(client)
    assert client.get("/trash/").status_code == 200
