"""The history of sign-ins: what it says, who reads it, that nobody rewrites it; and the rules' own page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from crm_platform.audit.models import AuditEntry
from crm_platform.identity import sign_in_history
from crm_platform.identity.models import OrganizationSettings, User
from crm_platform.identity.services.sign_in_policy import policy_of
from crm_platform.identity.sign_in_models import SignInRecord
from crm_platform.kit.errors import CursorExpired, Forbidden
from tests.kit import make

CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"


@pytest.fixture
def rep(db: None) -> User:
    return make.user("chen.jing", name="陈静")


def sign_in(client: Any, password: str = make.PASSWORD, username: str = "chen.jing") -> Any:
    return client.post(reverse("sign-in"), {"username": username, "password": password}, headers={"user-agent": CHROME})


def put(user: User, age: timedelta) -> None:
    """Write a record of another time, which only an INSERT can do."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO identity_signinrecord (at, user_id, username, address, browser, outcome, second_factor,"
            " request_id) VALUES (%s, %s, 'x', '', '', 'signed_in', '', '-')",
            [timezone.now() - age, user.pk],
        )


def test_every_attempt_is_there(client: Any, rep: User) -> None:
    sign_in(client, "wrong")
    sign_in(client, username="nobody.here")
    sign_in(client)
    found = list(SignInRecord.objects.order_by("pk").values_list("outcome", "user_id", "username", "browser"))
    assert found == [
        ("wrong_password", rep.pk, "chen.jing", "Chrome, Windows"),
        ("wrong_password", None, "no…", "Chrome, Windows"),
        ("signed_in", rep.pk, "chen.jing", "Chrome, Windows"),
    ]
    entry = AuditEntry.objects.get(action="user.signed_in")
    assert (entry.actor_id, entry.record_id, entry.address) == (rep.pk, rep.pk, "127.0.0.1")


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE identity_signinrecord SET outcome = 'signed_in'",
        "DELETE FROM identity_signinrecord",
        "SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE identity_signinrecord",
        "SET LOCAL audit.retention = 'on'; DELETE FROM identity_signinrecord",
    ],
)
def test_database_refuses_every_change(client: Any, rep: User, sql: str) -> None:
    sign_in(client)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert SignInRecord.objects.count() == 1


def test_retention_is_the_organisations(rep: User) -> None:
    OrganizationSettings.objects.update(sign_in_keep_days=200)
    put(rep, timedelta(days=201))
    put(rep, timedelta(days=199))
    counts: list[int] = []
    assert sign_in_history.purge_sign_ins(counts.append) == 1
    assert counts == [1]
    assert SignInRecord.objects.count() == 1


def test_own_sign_ins_are_on_the_own_page_and_no_others(client: Any, rep: User, admin_user: User) -> None:
    put(admin_user, timedelta(days=1))
    sign_in(client)
    records = client.get(reverse("account-security")).context["records"]
    assert [record.user_id for record in records] == [rep.pk]


def test_only_who_may_see_the_trail_reads_everybodys(rep: User, actor_for: Any, admin_user: User) -> None:
    with pytest.raises(Forbidden):
        sign_in_history.sign_ins(actor_for(rep), {})
    with pytest.raises(Forbidden):
        sign_in_history.sign_ins_of(actor_for(rep), admin_user.pk, 5)


def test_page_filters_by_user_outcome_and_address(admin_client: Any, client: Any, rep: User) -> None:
    put(rep, timedelta(days=1))
    from tests.kit.clients import OrganizationClient
    from tests.kit.database import ACME_HOST

    sign_in(OrganizationClient(ACME_HOST, REMOTE_ADDR="10.0.0.7"), "wrong")

    def rows(query: str) -> int:
        page = admin_client.get(f"{reverse('sign-in-history')}?{query}")
        assert page.status_code == 200
        return page.content.decode().count("<time ")

    assert rows("") == 2
    assert rows(f"user={rep.pk}") == 2
    assert rows("outcome=wrong_password") == 1
    assert rows("address=10.0.0.7") == 1
    assert rows("address=10.0.0.8") == 0
    assert rows("user=nonsense&outcome=nonsense") == 2


def test_pages_follow_each_other_without_gap(rep: User, admin_actor: Any) -> None:
    for _ in range(5):
        put(rep, timedelta(hours=1))
    seen, cursor = [], None
    for _ in range(3):
        page = sign_in_history.sign_ins(admin_actor, {}, cursor, limit=2)
        seen += [record.pk for record in page.records]
        cursor = page.next_cursor
    assert len(seen) == len(set(seen)) == 5
    assert cursor is None


@pytest.mark.parametrize("cursor", ["x", "_", "2026-01-01_5", "2026-01-01T00:00:00+00:00_-1", "\x00_1"])
def test_strange_cursors_are_refused(cursor: str, admin_actor: Any) -> None:
    with pytest.raises(CursorExpired):
        sign_in_history.sign_ins(admin_actor, {}, cursor)


def test_rules_are_kept_and_their_change_is_told(admin_client: Any) -> None:
    address = reverse("sign-in-policy")
    present = policy_of(OrganizationSettings.objects.get())
    sent = {name: value for name, value in present.items() if value is not False and value != []}
    sent |= {"password_min_length": 12, "password_kinds": ["digit", "lower"], "session_idle_minutes": 60}
    assert admin_client.post(address, sent).status_code == 302
    row = OrganizationSettings.objects.get()
    assert (row.password_min_length, row.password_kinds, row.session_idle_minutes) == (12, ["lower", "digit"], 60)
    entry = AuditEntry.objects.get(action="sign_in.policy_changed")
    assert entry.details["changes"]["password_min_length"] == [10, 12]
    for name, value in (("password_min_length", 7), ("sign_in_keep_days", 30), ("password_kinds", "emoji")):
        assert admin_client.post(address, {**sent, name: value}).status_code == 422
    assert OrganizationSettings.objects.get().password_min_length == 12
