"""Loading the demo and volume into a real organisation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from crm_platform.identity.models import Department, User
from crm_platform.jobs.models import Job
from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.errors import StateConflict
from crm_platform.tenancy.models import Organization
from metadata.compiler.current import current_snapshot
from metadata.packages.portable import CRM_PACKAGE, apply, load_package
from objects.demo.install import demo_actor, fill, install, logins
from objects.demo.load import load_demo
from objects.demo.numbers import number_sql
from objects.demo.volume import seed_records
from objects.history.models import RecordChange
from objects.query.conditions import Condition
from objects.query.query import RecordQuery
from objects.records.service import RecordService


def test_the_demo_loads_and_lives(db: None, admin_actor: Actor, actor_for: Callable[..., Actor]) -> None:
    apply(admin_actor, load_package(CRM_PACKAGE))
    counts = load_demo(admin_actor, timezone.now())
    assert counts["lead"] == 2_000
    assert User.objects.count() == 12
    assert {row.get_depth() for row in Department.objects.filter(name__in=["华东大区", "上海一组"])} == {2, 3}
    director, head, rep = (
        RecordQuery(actor_for(User.objects.get(username=name)), "lead").count("exact").value
        for name in ("zhoumin", "chenhao", "wanglei")
    )
    assert director == 2_000
    assert director > head > rep > 100
    with pytest.raises(StateConflict):
        load_demo(admin_actor, timezone.now())
    _records_go_on(actor_for(User.objects.get(username="wanglei")))
    for name, least, most in (("lead", 0.05, 0.2), ("account", 0.01, 0.1)):
        table = current_snapshot().object(name).model._base_manager
        assert not table.filter(pool_id=None).exists()
        assert least < table.filter(owner=None).count() / table.count() < most


def test_the_demo_is_installed_once(django_db_setup: None, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        # Acme is there: an installation that serves somebody is left alone.
        assert install() is None
        assert not Organization.objects.filter(slug="demo").exists()


def test_the_demo_is_indexed_for_search(fresh_organization: Any) -> None:
    fill(demo_actor())
    indexed = set(Job.objects.filter(kind="search.rebuild").values_list("args__object_id", flat=True))
    searchable = {spec.id for spec in current_snapshot().objects() if spec.is_searchable}
    assert indexed == searchable
    lines = logins().splitlines()
    assert all(User.objects.get(username=line.split()[0]).check_password("crm-demo-2026") for line in lines[1:-1])


def _records_go_on(rep: Actor) -> None:
    """Demo records are ordinary ones: numbers count on, versions and histories fit."""
    lead = current_snapshot().object("lead")
    open_ones = RecordQuery(rep, "lead").where(Condition("converted_at", "empty")).ids()
    row = lead.model._default_manager.filter(pk__in=open_ones, owner_id=rep.user_id, version__gt=1).first()
    assert row is not None
    assert RecordChange.objects.filter(object_id=lead.spec.id, record_id=row.pk).count() == row.version  # type: ignore[attr-defined]
    saved = RecordService(rep).update("lead", row.pk, {"city": "杭州"}, expected_version=row.version)  # type: ignore[attr-defined]
    assert saved.version == row.version + 1  # type: ignore[attr-defined]
    account = current_snapshot().object("account").model._default_manager.filter(owner_id=rep.user_id).first()
    assert account is not None
    contracts = current_snapshot().object("contract")
    before = contracts.model._default_manager.count()
    made = RecordService(rep).create(
        "contract", {"name": "新合同", "account_id": str(account.pk), "amount": "1000", "status": "draft"}
    )
    assert made.record.value("number").endswith(f"-{before + 1:04d}")


@pytest.fixture
def crm_organization(fresh_organization: Any) -> Any:
    apply(system_actor("test"), load_package(CRM_PACKAGE))
    return fresh_organization


def indexes(table: str) -> set[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename = %s"
            " UNION ALL SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass",
            [table, table],
        )
        return set(cursor.fetchall())


def test_volume_fills_any_object_and_leaves_its_indexes_as_they_were(crm_organization: Any) -> None:
    actor, now = system_actor("test"), timezone.now()
    table = current_snapshot().object("lead").table
    before = indexes(table)
    assert seed_records(actor, "lead", 12_000, now).rows == 12_000
    assert indexes(table) == before
    for name in ("account", "contact", "product", "opportunity", "opportunity_line", "contract", "follow_up"):
        seed_records(actor, name, 300, now)
    query = RecordQuery(actor, "lead")
    assert query.count("exact").value == 12_000
    page = query.order("-created_at").fields("name", "status", "owner.name").page(limit=50)
    assert len(page.rows) == 50
    assert all(row[0] and row[1] and row[2] for row in page.rows)
    _looks_right()


def _looks_right() -> None:
    model = current_snapshot().object("contract").model
    contracts = list(model._default_manager.order_by("created_at"))
    numbers = [row.value("number") for row in contracts]  # type: ignore[attr-defined]
    assert len(set(numbers)) == 300
    assert numbers[0].endswith("-0001")
    assert numbers[-1].endswith("-0300")
    assert all(row.pk.version == 7 for row in contracts)
    assert [row.pk for row in contracts] == sorted(row.pk for row in contracts)
    assert len({row.value("code") for row in current_snapshot().object("product").model._default_manager.all()}) == 300  # type: ignore[attr-defined]


def test_volume_can_be_added_twice(crm_organization: Any) -> None:
    actor, now = system_actor("test"), timezone.now()
    for _time in range(2):
        seed_records(actor, "product", 50, now)
    assert current_snapshot().object("product").model._default_manager.count() == 100


def test_lines_without_a_master_are_refused(crm_organization: Any) -> None:
    with pytest.raises(StateConflict):
        seed_records(system_actor("test"), "opportunity_line", 10, timezone.now())


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("QT-{YYYY}{MM}-{0000}", "QT-202601-0042"), ("{YY}/{DD} 100% 'x' {00}", "26/31 100% 'x' 42"), ("{0}", "42")],
)
def test_numbers_in_sql_are_those_of_the_field_type(db: None, pattern: str, expected: str) -> None:
    sql = number_sql(pattern, 2, "Asia/Shanghai")
    with connection.cursor() as cursor:
        # Half past midnight of the 31st in Shanghai is still the 30th in UTC.
        cursor.execute(f"SELECT {sql} FROM (SELECT 40 AS g, %s::timestamptz AS at) AS t", ["2026-01-30T16:30:00Z"])
        assert cursor.fetchone()[0] == expected
