"""The audit trail: entries are added, never changed; who may read them; what the page filters by."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from crm_platform.audit.actions import REVEAL_REFUSED, REVEALED
from crm_platform.audit.models import AuditEntry
from crm_platform.audit.selectors import AuditFilter, entries
from crm_platform.audit.services import Subject, purge_entries, record_entry
from crm_platform.kit.errors import CursorExpired, Forbidden
from crm_platform.kit.ids import uuid7
from tests.kit import make

pytestmark = pytest.mark.django_db


class Job:
    """As much of a job's context as the retention needs."""

    def progress(self, done: int) -> None:
        self.done = done

    def check_abort(self) -> None:
        raise AssertionError("one batch is enough here")


def run(sql: str, *params: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)


def put(actor: Any, at: Any, action: str = REVEALED) -> AuditEntry:
    """Write an entry of another time, which only an INSERT can do."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_auditentry (at, action, actor_id, actor_name, via, object_name, record_name, field_name,"
            " address, request_id, details) VALUES (%s, %s, %s, %s, 'console', '', '', '', '', '-', '{}') RETURNING id",
            [at, action, actor.user_id, actor.name],
        )
        return AuditEntry.objects.get(pk=cursor.fetchone()[0])


def test_entry_says_who_when_and_about_what(admin_actor: Any) -> None:
    record_id = uuid7()
    made = record_entry(admin_actor, REVEALED, Subject("lead", record_id, "云途", "id_number"), {"kind": "id"})
    found = AuditEntry.objects.get(pk=made.pk)
    assert (found.actor_id, found.actor_name) == (admin_actor.user_id, admin_actor.name)
    assert (found.object_name, found.record_id, found.record_name, found.field_name) == (
        *("lead", record_id),
        *("云途", "id_number"),
    )
    assert abs(found.at - timezone.now()) < timedelta(minutes=1)
    assert found.details == {"kind": "id"}


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit_auditentry SET actor_name = 'nobody'",
        "DELETE FROM audit_auditentry",
        "TRUNCATE audit_auditentry",
        "SET LOCAL audit.retention = 'on'; DELETE FROM audit_auditentry",
    ],
)
def test_database_refuses_every_change(sql: str, admin_actor: Any) -> None:
    record_entry(admin_actor, REVEALED)
    with pytest.raises(DatabaseError, match="append-only"):
        run(sql)
    assert AuditEntry.objects.count() == 1


def test_retention_lets_go_of_what_is_older_than_three_years(admin_actor: Any) -> None:
    old, young = put(admin_actor, timezone.now() - timedelta(days=1096)), record_entry(admin_actor, REVEALED)
    assert purge_entries(Job()) == {"deleted": 1, "sign_ins": 0}  # type: ignore[arg-type]
    assert list(AuditEntry.objects.values_list("pk", flat=True)) == [young.pk] != [old.pk]


def test_only_who_may_see_the_trail_reads_it(actor_for: Any) -> None:
    with pytest.raises(Forbidden):
        entries(actor_for(make.user()), AuditFilter())


def test_pages_follow_each_other_without_gap(admin_actor: Any) -> None:
    at = timezone.now()
    made = [put(admin_actor, at).pk for _ in range(5)]
    first = entries(admin_actor, AuditFilter(), limit=2)
    second = entries(admin_actor, AuditFilter(), first.next_cursor, limit=2)
    third = entries(admin_actor, AuditFilter(), second.next_cursor, limit=2)
    assert [entry.pk for page in (first, second, third) for entry in page.entries] == made[::-1]
    assert third.next_cursor is None


@pytest.mark.parametrize("cursor", ["x", "_", "2026-01-01_5", "2026-01-01T00:00:00+00:00_-1", "\x00_1"])
def test_strange_cursors_are_refused(cursor: str, admin_actor: Any) -> None:
    with pytest.raises(CursorExpired):
        entries(admin_actor, AuditFilter(), cursor)


def test_page_filters_by_user_action_and_day(admin_client: Any, admin_actor: Any, actor_for: Any) -> None:
    other = actor_for(make.user(name="王磊"))
    record_entry(admin_actor, REVEALED, Subject("lead", uuid7(), "今天的记录"))
    record_entry(other, REVEAL_REFUSED, Subject("lead", uuid7(), "别人的记录"))
    put(other, timezone.now() - timedelta(days=3))

    def rows(query: str) -> int:
        answer = admin_client.get(f"/setup/audit/?{query}")
        assert answer.status_code == 200
        return answer.content.decode().count("<time ")

    day = timezone.now().astimezone(admin_actor.zone).date()
    assert rows("") == 3
    assert rows(f"user={other.user_id}") == 2
    assert rows(f"action={REVEALED}") == 2
    assert rows(f"day={day.isoformat()}") == 2
    assert rows(f"user={other.user_id}&action={REVEAL_REFUSED}&day={day.isoformat()}") == 1
    assert rows("user=nonsense&action=nonsense&day=nonsense") == 3
