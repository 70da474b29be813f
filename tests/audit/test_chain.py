"""The chain of days: what was changed, taken away or put in later shows, and where."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from crm_platform.audit import chain
from crm_platform.audit.models import AuditSeal
from crm_platform.identity.models import OrganizationSettings

pytestmark = pytest.mark.django_db
INSERT = (
    "INSERT INTO audit_auditentry (at, action, actor_name, via, object_name, record_name, field_name, address,"
    " request_id, details) VALUES (%s, 'field.revealed', %s, 'console', '', '', '', '', '-', '{}')"
)


class Job:
    """As much of a job's context as sealing needs."""

    def check_abort(self) -> None:
        return


def run(sql: str, *params: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)


def tamper(sql: str, *params: Any) -> None:
    """Do as somebody who owns the tables."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE audit_auditentry DISABLE TRIGGER audit_append_only")
        cursor.execute(sql, params)
        cursor.execute("ALTER TABLE audit_auditentry ENABLE TRIGGER audit_append_only")


@pytest.fixture
def noon() -> datetime:
    return timezone.now().astimezone(UTC).replace(hour=12, minute=0, second=0, microsecond=0)


@pytest.fixture
def sealed(noon: datetime) -> datetime:
    """Three days with two entries each, the last of them yesterday, sealed."""
    for days in (3, 2, 1):
        for name in ("a", "b"):
            run(INSERT, noon - timedelta(days=days), f"{name}{days}")
    chain.seal_days(Job())  # type: ignore[arg-type]
    return noon


def broken(noon: datetime) -> list[int]:
    """Return how many days ago the broken days were."""
    return [(noon.date() - day).days for day in chain.broken_days("entries", noon)]


def test_days_are_sealed_once_and_today_not_yet(sealed: datetime) -> None:
    run(INSERT, sealed, "today")
    seals = list(AuditSeal.objects.filter(trail="entries").order_by("day"))
    assert [(sealed.date() - seal.day).days for seal in seals] == [3, 2, 1]
    assert [seal.count for seal in seals] == [2, 2, 2]
    assert [seal.previous for seal in seals] == ["", seals[0].digest, seals[1].digest]
    assert chain.seal_days(Job()) == {"sealed": 0, "broken": []}  # type: ignore[arg-type]


def test_day_is_sealed_an_hour_after_it_is_over(noon: datetime) -> None:
    run(INSERT, noon, "x")
    midnight = noon + timedelta(hours=12)
    assert chain._seal_trail("entries", midnight + timedelta(minutes=59)) == 0
    assert chain._seal_trail("entries", midnight + timedelta(minutes=61)) == 1


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit_auditentry SET actor_name = 'nobody' WHERE actor_name = 'a2'",
        "UPDATE audit_auditentry SET details = '{\"x\": 1}' WHERE actor_name = 'b2'",
        "UPDATE audit_auditentry SET at = at + interval '1 microsecond' WHERE actor_name = 'a2'",
        "DELETE FROM audit_auditentry WHERE actor_name = 'b2'",
        INSERT.replace("%s, 'field", "now() - interval '2 days', 'field").replace("%s, 'console", "'c', 'console"),
    ],
)
def test_what_was_done_to_a_sealed_day_shows(sealed: datetime, sql: str) -> None:
    assert broken(sealed) == []
    tamper(sql)
    assert broken(sealed) == [2]
    answer = chain.seal_days(Job())  # type: ignore[arg-type]
    assert answer["broken"] == [f"entries {sealed.date() - timedelta(days=2)}"]


def test_forged_seal_shows_at_the_next_day(sealed: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE audit_auditseal DISABLE TRIGGER audit_seal_append_only")
    tamper("DELETE FROM audit_auditentry WHERE actor_name = 'b2'")
    day = sealed.date() - timedelta(days=2)
    seal = AuditSeal.objects.get(trail="entries", day=day)
    count, digest = chain._digest("entries", day, seal.previous)
    AuditSeal.objects.filter(pk=seal.pk).update(count=count, digest=digest)
    assert broken(sealed) == [1]


def test_what_retention_took_away_is_not_missed(sealed: datetime) -> None:
    OrganizationSettings.objects.update(audit_keep_days=2)
    tamper("DELETE FROM audit_auditentry WHERE at < %s", sealed - timedelta(days=1, hours=13))
    assert broken(sealed) == []


@pytest.mark.parametrize(
    "sql", ["UPDATE audit_auditseal SET digest = ''", "DELETE FROM audit_auditseal", "TRUNCATE audit_auditseal"]
)
def test_database_refuses_to_change_seals(sealed: datetime, sql: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"):
        run(sql)


def test_sign_ins_have_a_chain_of_their_own(noon: datetime) -> None:
    run(
        "INSERT INTO identity_signinrecord (at, username, address, browser, outcome, second_factor, request_id)"
        " VALUES (%s, 'x', '', '', 'wrong_password', '', '-')",
        noon - timedelta(days=1),
    )
    chain.seal_days(Job())  # type: ignore[arg-type]
    assert [(seal.trail, seal.count) for seal in AuditSeal.objects.all()] == [("sign_ins", 1)]
    assert chain.broken_days("sign_ins", noon) == []
    assert [seal.trail for seal in chain.newest_seals()] == ["sign_ins"]
