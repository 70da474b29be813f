"""The second factor: set up, asked for at sign-in, lost and taken away; and what must not get past it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest
from django.urls import reverse

from crm_platform.audit.models import AuditEntry
from crm_platform.identity import services, throttle
from crm_platform.identity.auth import build_actor
from crm_platform.identity.models import OrganizationSettings, Profile, User
from crm_platform.identity.services import second_factor
from crm_platform.identity.sign_in_models import RecoveryCode, SecondFactor, Session, SignInRecord
from crm_platform.kit import sealing
from crm_platform.kit.errors import Forbidden, StateConflict, ValidationFailed
from openapi.keys import create_key
from tests.identity.test_races import at_once
from tests.kit import make
from tests.kit.clients import OrganizationClient
from tests.kit.database import ACME_HOST

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
STEP = timedelta(seconds=30)


def enrol(user: User, actor: Any, at: datetime | None = None) -> tuple[pyotp.TOTP, list[str]]:
    """Switch the second factor on; returns the app and the recovery codes."""
    services.begin_second_factor(user)
    app = pyotp.TOTP(second_factor.pending_secret(user))
    moment = at or datetime.now(UTC) - 3 * STEP
    codes = services.confirm_second_factor(actor, user, app.at(moment), moment)
    user.refresh_from_db()
    return app, codes


@pytest.fixture
def rep(db: None) -> User:
    return make.user("chen.jing", name="陈静")


@pytest.fixture
def enrolled(rep: User, actor_for: Any) -> tuple[pyotp.TOTP, list[str]]:
    return enrol(rep, actor_for(rep))


def give_password(client: Any, password: str = make.PASSWORD) -> Any:
    return client.post(reverse("sign-in"), {"username": "chen.jing", "password": password})


def give_code(client: Any, code: str) -> Any:
    return client.post(reverse("sign-in-code"), {"code": code})


def is_in(client: Any) -> bool:
    return client.get(reverse("account")).status_code == 200


# --- the codes -----------------------------------------------------------------------------------------------


def test_secret_and_recovery_codes_are_not_in_the_database(rep: User, enrolled: Any) -> None:
    app, codes = enrolled
    row = SecondFactor.objects.get(user=rep)
    assert app.secret not in row.secret_seal
    assert sealing.unseal(row.secret_seal) == app.secret
    kept = set(RecoveryCode.objects.values_list("digest", flat=True))
    assert len(codes) == len(set(codes)) == len(kept) == 10
    assert not kept & {code.replace("-", "") for code in codes}


def test_code_is_good_one_step_around_its_time_and_no_further(rep: User, actor_for: Any) -> None:
    app, _codes = enrol(rep, actor_for(rep), NOON)
    late = NOON + timedelta(minutes=10)
    code = app.at(late)
    assert second_factor.verify(rep, code, late + 2 * STEP) == ""
    assert second_factor.verify(rep, code, late - 2 * STEP) == ""
    assert second_factor.verify(rep, code, late + STEP) == "code"
    early = NOON + timedelta(minutes=20)
    assert second_factor.verify(rep, app.at(early), early - STEP) == "code"


def test_same_or_older_code_is_refused_again(rep: User, actor_for: Any) -> None:
    app, _codes = enrol(rep, actor_for(rep), NOON)
    assert second_factor.verify(rep, app.at(NOON), NOON) == ""  # it switched the second factor on
    later = NOON + timedelta(minutes=5)
    assert second_factor.verify(rep, app.at(later), later) == "code"
    assert second_factor.verify(rep, app.at(later), later) == ""
    assert second_factor.verify(rep, app.at(later - STEP), later) == ""


def test_recovery_code_works_once_however_it_is_typed(rep: User, enrolled: Any) -> None:
    _app, codes = enrolled
    assert second_factor.verify(rep, f" {codes[0].upper()} ") == "recovery"
    assert second_factor.verify(rep, codes[0]) == ""
    assert second_factor.verify(rep, codes[1].replace("-", "")) == "recovery"
    assert second_factor.codes_left(rep) == 8


def test_recovery_code_of_somebody_else_is_worth_nothing(rep: User, enrolled: Any, actor_for: Any) -> None:
    other = make.user()
    enrol(other, actor_for(other))
    assert second_factor.verify(other, enrolled[1][0]) == ""


def test_new_recovery_codes_end_the_old_ones(rep: User, enrolled: Any, actor_for: Any) -> None:
    fresh = services.renew_recovery_codes(actor_for(rep), rep)
    assert second_factor.verify(rep, enrolled[1][0]) == ""
    assert second_factor.verify(rep, fresh[0]) == "recovery"


def test_secret_that_was_not_confirmed_opens_and_asks_for_nothing(rep: User, actor_for: Any, client: Any) -> None:
    services.begin_second_factor(rep)
    app = pyotp.TOTP(second_factor.pending_secret(rep))
    assert second_factor.verify(rep, app.now()) == ""
    with pytest.raises(ValidationFailed):
        services.confirm_second_factor(actor_for(rep), rep, "000000", NOON)
    assert give_password(client)["Location"] == "/"


def test_second_factor_is_set_up_once(rep: User, enrolled: Any) -> None:
    with pytest.raises(StateConflict):
        services.begin_second_factor(rep)


def test_same_code_sent_at_once_is_taken_once(fresh_organization: Any) -> None:
    user = make.user()
    app, codes = enrol(user, build_actor(user, via="console"), NOON)
    later = NOON + timedelta(minutes=5)
    code = app.at(later)
    taken = at_once(fresh_organization, *[lambda: second_factor.verify(user, code, later)] * 6)
    assert sorted(taken) == [*[""] * 5, "code"]
    taken = at_once(fresh_organization, *[lambda: second_factor.verify(user, codes[0], later)] * 6)
    assert sorted(taken) == [*[""] * 5, "recovery"]


# --- signing in ----------------------------------------------------------------------------------------------


def test_password_alone_opens_nothing(client: Any, rep: User, enrolled: Any) -> None:
    assert give_password(client)["Location"] == reverse("sign-in-code")
    assert not is_in(client)
    assert "_auth_user_id" not in client.session
    assert client.get("/api/v1/me").status_code == 401
    assert give_code(client, enrolled[0].now())["Location"] == "/"
    assert is_in(client)
    record = SignInRecord.objects.latest("pk")
    assert (record.outcome, record.second_factor, record.user_id) == ("signed_in", "code", rep.pk)


def test_code_without_password_opens_nothing(client: Any, enrolled: Any) -> None:
    assert give_code(client, enrolled[0].now())["Location"] == reverse("sign-in")
    assert not is_in(client)


def test_code_of_a_sign_in_is_refused_to_a_second_browser(client: Any, enrolled: Any) -> None:
    other, code = OrganizationClient(ACME_HOST), enrolled[0].now()
    give_password(client)
    give_password(other)
    assert give_code(client, code).status_code == 302
    assert give_code(other, code).status_code == 422
    assert not is_in(other)


def test_wrong_codes_are_counted_from_everywhere_together(client: Any, rep: User, enrolled: Any) -> None:
    for number in range(throttle.PER_CODE):
        browser = OrganizationClient(ACME_HOST, REMOTE_ADDR=f"10.0.0.{number}")
        give_password(browser)
        assert give_code(browser, "000000").status_code == 422
    give_password(client)
    assert give_code(client, enrolled[0].now()).status_code == 429
    assert not is_in(client)
    assert SignInRecord.objects.filter(user=rep, outcome="wrong_code").count() == throttle.PER_CODE
    assert SignInRecord.objects.filter(user=rep, outcome="locked_out").count() == 1
    assert AuditEntry.objects.filter(action="user.locked_out", record_id=rep.pk).count() == 1


def test_recovery_code_signs_in(client: Any, enrolled: Any) -> None:
    give_password(client)
    assert give_code(client, enrolled[1][0]).status_code == 302
    assert is_in(client)


def test_session_gets_new_keys_on_its_way(client: Any, enrolled: Any) -> None:
    client.get(reverse("sign-in"))
    session = client.session
    session["planted"] = True
    session.save()
    keys = [session.session_key]
    give_password(client)
    keys.append(client.cookies["sessionid"].value)
    give_code(client, enrolled[0].now())
    keys.append(client.cookies["sessionid"].value)
    assert len(set(keys)) == 3
    assert not Session.objects.filter(session_key__in=keys[:2]).exists()


@pytest.mark.parametrize("end", ["time", "password", "deactivated"])
def test_right_password_is_remembered_only_while_it_holds(
    client: Any, rep: User, enrolled: Any, admin_actor: Any, end: str
) -> None:
    give_password(client)
    if end == "time":
        session = client.session
        session["pending_sign_in"][1] = (datetime.now(UTC) - timedelta(minutes=11)).isoformat()
        session.save()
    elif end == "password":
        services.reset_password(admin_actor, rep.pk, "another-Passw0rd")
    else:
        services.deactivate_user(admin_actor, rep.pk)
    assert give_code(client, enrolled[0].now())["Location"] == reverse("sign-in")
    assert not is_in(client)


# --- policy, switching off, a lost phone ---------------------------------------------------------------------


@pytest.mark.parametrize("by", ["organisation", "profile"])
def test_who_must_have_one_does_nothing_before_it_is_set_up(client: Any, rep: User, by: str) -> None:
    client.force_login(rep)
    assert is_in(client)
    if by == "organisation":
        OrganizationSettings.objects.update(requires_second_factor=True)
    else:
        Profile.objects.filter(api_name="sales_rep").update(requires_second_factor=True)
    assert not is_in(client)  # also in sessions from before
    assert client.get("/api/v1/me").status_code == 401
    assert client.get(reverse("sign-in"))["Location"] == reverse("sign-in-second-factor")
    client.post(reverse("sign-in-second-factor"), {"form": "start"})
    app = pyotp.TOTP(second_factor.pending_secret(rep))
    assert client.post(reverse("sign-in-second-factor"), {"form": "confirm", "code": "1"}).status_code == 422
    page = client.post(reverse("sign-in-second-factor"), {"form": "confirm", "code": app.now()})
    assert page.status_code == 200
    assert len(page.context["codes"]) == 10
    assert is_in(client)


def test_keys_are_not_asked_for_a_code(api: Any, rep: User, actor_for: Any) -> None:
    secret = create_key(actor_for(rep), "k", ["meta:read"])[1]
    OrganizationSettings.objects.update(requires_second_factor=True)
    assert api.get("/api/v1/meta", HTTP_AUTHORIZATION=f"Bearer {secret}").status_code == 200


def test_switching_off_wants_password_and_code(client: Any, rep: User, enrolled: Any) -> None:
    client.force_login(rep)
    address, app = reverse("account-second-factor"), enrolled[0]
    for current, code in (("wrong", app.now()), (make.PASSWORD, "000000"), (make.PASSWORD, "")):
        sent = {"form": "disable", "current": current, "code": code}
        assert client.post(address, sent).status_code == 422
        assert SecondFactor.objects.filter(user=rep).exists()
    answer = client.post(address, {"form": "disable", "current": make.PASSWORD, "code": app.now()})
    assert answer.status_code == 302
    assert not SecondFactor.objects.filter(user=rep).exists()
    assert not RecoveryCode.objects.filter(user=rep).exists()
    assert AuditEntry.objects.filter(action="second_factor.disabled", actor_id=rep.pk).count() == 1


def test_required_second_factor_can_not_be_switched_off(client: Any, rep: User, enrolled: Any) -> None:
    OrganizationSettings.objects.update(requires_second_factor=True)
    client.force_login(rep)
    sent = {"form": "disable", "current": make.PASSWORD, "code": enrolled[0].now()}
    assert client.post(reverse("account-second-factor"), sent).status_code == 409
    assert SecondFactor.objects.filter(user=rep).exists()


def test_administrator_resets_it_for_a_lost_phone(client: Any, rep: User, enrolled: Any, admin_actor: Any) -> None:
    client.force_login(rep)
    services.reset_second_factor(admin_actor, rep.pk)
    assert not is_in(client)
    assert give_password(client)["Location"] == "/"
    entry = AuditEntry.objects.get(action="second_factor.reset")
    assert (entry.actor_id, entry.record_id) == (admin_actor.user_id, rep.pk)


def test_nobody_else_resets_it(rep: User, enrolled: Any, actor_for: Any) -> None:
    with pytest.raises(Forbidden):
        services.reset_second_factor(actor_for(make.user(profile="sales_manager")), rep.pk)


def test_picture_carries_the_secret_and_no_style(client: Any, rep: User) -> None:
    client.force_login(rep)
    client.post(reverse("account-second-factor"), {"form": "start"})
    page = client.get(reverse("account-second-factor"))
    assert "no-store" in page["Cache-Control"]
    text = page.content.decode()
    assert "<svg" in text
    assert "style=" not in text.split("<svg")[1].split("</svg>")[0]
    assert "default-src 'self'" in page["Content-Security-Policy"]
