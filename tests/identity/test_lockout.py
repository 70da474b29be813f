"""Guessing passwords: counted before the password is looked at, by account and address, and forgiven on purpose."""

from __future__ import annotations

import statistics
import time
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.urls import reverse
from django.utils import timezone

from crm_platform.audit.models import AuditEntry
from crm_platform.identity import services, throttle
from crm_platform.identity.auth import OrganizationBackend
from crm_platform.identity.models import User
from crm_platform.identity.services import sign_in
from crm_platform.identity.services.sign_in import Caller
from crm_platform.identity.sign_in_models import FailedAttempts, SignInRecord
from crm_platform.kit.errors import Forbidden
from tests.identity.test_races import at_once
from tests.kit import make

HERE = Caller("10.1.2.3", "Chrome, Windows")


@pytest.fixture
def rep(db: None) -> User:
    return make.user("chen.jing")


def fail(username: str = "chen.jing", caller: Caller = HERE, times: int = 1) -> None:
    for _ in range(times):
        assert sign_in.check_password(username, "wrong", caller) is None


@pytest.mark.parametrize("username", ["chen.jing", "nobody.here"])
def test_locked_out_whether_the_account_exists_or_not(rep: User, username: str) -> None:
    fail(username, times=throttle.PER_ACCOUNT)
    with pytest.raises(throttle.TooManyAttempts):
        sign_in.check_password(username, make.PASSWORD, HERE)


def test_hundred_guesses_at_once_are_not_more_than_five(fresh_organization: Any, monkeypatch: Any) -> None:
    user, looked_at = make.user(), []
    authenticate = OrganizationBackend.authenticate

    def counted(*args: Any, **kwargs: Any) -> Any:
        looked_at.append(1)
        return authenticate(*args, **kwargs)

    monkeypatch.setattr(OrganizationBackend, "authenticate", counted)
    calls = [lambda: sign_in.check_password(user.username, "wrong", HERE)] * 25
    results = at_once(fresh_organization, *calls)
    assert len(looked_at) == throttle.PER_ACCOUNT
    assert sum(isinstance(result, throttle.TooManyAttempts) for result in results) == 25 - throttle.PER_ACCOUNT
    assert SignInRecord.objects.filter(outcome="locked_out").count() == 1


def test_address_is_locked_after_many_accounts(rep: User) -> None:
    for number in range(throttle.PER_ADDRESS):
        fail(f"name{number}")
    with pytest.raises(throttle.TooManyAttempts):
        sign_in.check_password("chen.jing", make.PASSWORD, HERE)
    assert sign_in.check_password("chen.jing", make.PASSWORD, Caller("10.9.9.9")) == rep


def test_right_passwords_do_not_use_up_an_address(rep: User) -> None:
    for _ in range(throttle.PER_ADDRESS + 5):
        assert sign_in.check_password("chen.jing", make.PASSWORD, HERE) == rep
    assert not FailedAttempts.objects.filter(count__gt=0).exists()


def test_door_opens_again_after_a_quarter_of_an_hour(rep: User) -> None:
    fail(times=throttle.PER_ACCOUNT)
    with pytest.raises(throttle.TooManyAttempts):
        sign_in.check_password("chen.jing", make.PASSWORD, HERE)
    assert FailedAttempts.objects.latest("ends_at").ends_at <= timezone.now() + timedelta(seconds=throttle.WINDOW)
    FailedAttempts.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    assert sign_in.check_password("chen.jing", make.PASSWORD, HERE) == rep


def test_administrator_unlocks_an_account(rep: User, admin_actor: Any, admin_client: Any) -> None:
    fail(times=throttle.PER_ACCOUNT)
    assert throttle.is_locked("chen.jing")
    assert admin_client.get(reverse("user-security", args=[rep.pk])).context["is_locked"]
    admin_client.post(reverse("user-unlock", args=[rep.pk]))
    assert not throttle.is_locked("chen.jing")
    assert sign_in.check_password("chen.jing", make.PASSWORD, HERE) == rep
    assert AuditEntry.objects.filter(action="user.unlocked", record_id=rep.pk).count() == 1
    assert not services.unlock_user(admin_actor, rep.pk)


def test_nobody_unlocks_themselves(rep: User, actor_for: Any) -> None:
    with pytest.raises(Forbidden):
        services.unlock_user(actor_for(rep), rep.pk)


def test_counters_hold_no_names(rep: User) -> None:
    fail("My-Secret-Passw0rd")
    kept = " ".join(f"{row.key} {row.account}" for row in FailedAttempts.objects.all())
    assert "secret" not in kept.lower()
    assert SignInRecord.objects.get().username == "My…"


def test_old_counters_go(rep: User) -> None:
    fail()
    assert throttle.forget_old() == 0
    FailedAttempts.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    assert throttle.forget_old() == 2


def test_unknown_user_takes_as_long_as_a_wrong_password(rep: User, settings: Any) -> None:
    """With the real hasher, whose work drowns everything that differs if it is done on both ways."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    rep.set_password(make.PASSWORD)
    rep.save()
    took: dict[str, list[float]] = {"chen.jing": [], "nobody.here": []}
    for number in range(12):
        for username, times in took.items():
            started = time.perf_counter()
            sign_in.check_password(username, "wrong", Caller(f"10.0.{number}.1"))
            times.append(time.perf_counter() - started)
    known, unknown = (statistics.median(times[2:]) for times in took.values())
    assert Argon2PasswordHasher.time_cost > 1
    assert unknown == pytest.approx(known, rel=0.5)
