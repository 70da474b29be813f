"""Auto-numbers: periods, partitions, gaps or none, numbers that people write, and what loaded records already have."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from crm_platform.identity.auth import build_actor
from crm_platform.identity.models import User
from crm_platform.kit.errors import StateConflict, ValidationFailed
from metadata import services
from metadata.compiler.current import current_snapshot
from metadata.field_types.auto_number import render
from metadata.inputs import ChoiceInput, FieldInput, ObjectInput
from objects.query.query import RecordQuery
from objects.records.number_tidying import tidy_numbers
from objects.records.numbering import Series, draw_all
from objects.records.service import RecordService

OBJECT = "quote__c"
KIND = FieldInput("kind__c", "picklist", "Kind", choices=[ChoiceInput("new", "New"), ChoiceInput("old", "Old")])


def build(actor: Any, **settings: Any) -> Callable[..., str]:
    """Make an object with a number, and return what creates a record of a kind and tells its number."""
    services.create_object(actor, ObjectInput(OBJECT, OBJECT, fields=[KIND]))
    services.add_field(actor, OBJECT, FieldInput("number__c", "auto_number", "Number", settings=settings))

    def create(kind: str | None = None, **values: Any) -> str:
        saved = RecordService(actor).create(OBJECT, {"name": "Q", "kind__c": kind, **values})
        return str(saved.record.value("number__c"))

    return create


def series(day: date, partition: str = "") -> Series:
    obj = current_snapshot().object(OBJECT)
    return Series(obj, obj.field("number__c"), day, partition)


def drawn(day: date, partition: str = "", count: int = 1) -> list[str]:
    item = series(day, partition)
    return [item.text(number) for number in draw_all({item: count})[item]]


@pytest.mark.django_db
@pytest.mark.parametrize("mode", ["gapless", "fast"])
@pytest.mark.parametrize(
    ("reset", "pattern", "days", "expected"),
    [
        (
            "yearly",
            "Q{YYYY}-{000}",
            [(2026, 3, 1), (2026, 12, 31), (2027, 1, 1)],
            ["Q2026-001", "Q2026-002", "Q2027-001"],
        ),
        ("monthly", "Q{YY}{MM}-{0}", [(2026, 3, 1), (2026, 3, 31), (2026, 4, 1)], ["Q2603-1", "Q2603-2", "Q2604-1"]),
        (
            "daily",
            "{YYYY}{MM}{DD}{00}",
            [(2026, 3, 1), (2026, 3, 1), (2026, 3, 2)],
            ["2026030101", "2026030102", "2026030201"],
        ),
        ("never", "Q{YYYY}-{0}", [(2026, 3, 1), (2027, 3, 1)], ["Q2026-1", "Q2027-2"]),
    ],
)
def test_number_begins_again_with_each_period(
    mode: str, reset: str, pattern: str, days: list[Any], expected: list[str], admin_actor: Any
) -> None:
    build(admin_actor, pattern=pattern, reset=reset, mode=mode)
    assert [drawn(date(*day))[0] for day in days] == expected


@pytest.mark.django_db
@pytest.mark.parametrize("mode", ["gapless", "fast"])
def test_each_value_of_the_partition_counts_apart(mode: str, admin_actor: Any) -> None:
    create = build(admin_actor, pattern="{PARTITION}-{000}", partition_field="kind__c", mode=mode, start=5)
    assert [create("new"), create("old"), create("new"), create(None)] == ["new-005", "old-005", "new-006", "-005"]


@pytest.mark.django_db
@pytest.mark.parametrize("mode", ["gapless", "fast"])
def test_batch_draws_in_its_order(mode: str, admin_actor: Any) -> None:
    build(admin_actor, pattern="{PARTITION}{0}", partition_field="kind__c", mode=mode)
    rows = [{"name": "Q", "kind__c": kind} for kind in ("new", "old", "new", "new", "old")]
    results = RecordService(admin_actor).bulk_create(OBJECT, rows)
    found = {row["id"]: row["number__c"] for row in RecordQuery(admin_actor, OBJECT).page(10).dicts()}
    assert [found[str(row.id)] for row in results] == ["new1", "old1", "new2", "new3", "old2"]


@pytest.mark.django_db
def test_rolled_back_numbers_come_again_only_without_gaps(admin_actor: Any) -> None:
    create = build(admin_actor, pattern="{0}")
    services.add_field(admin_actor, OBJECT, FieldInput("fast__c", "auto_number", "F", settings={"mode": "fast"}))
    create()
    with pytest.raises(RuntimeError), transaction.atomic():
        create()
        raise RuntimeError
    saved = RecordService(admin_actor).create(OBJECT, {"name": "Q"})
    assert saved.record.value("number__c") == "2"
    assert saved.record.value("fast__c") == "0003"


@pytest.mark.django_db
def test_sequences_of_former_periods_are_dropped(admin_actor: Any) -> None:
    build(admin_actor, pattern="{YYYY}{MM}{DD}-{0}", reset="daily", mode="fast")
    today = timezone.now().date()
    for day in (today - timedelta(days=9), today - timedelta(days=1), today):
        drawn(day, count=3)

    class Job:
        now = timezone.now()

        def check_abort(self) -> None:
            self.checked = True

    assert tidy_numbers(Job()) == {"dropped": 1}  # type: ignore[arg-type]
    assert drawn(today) == [f"{today:%Y%m%d}-4"]


@pytest.mark.django_db
@pytest.mark.parametrize("mode", ["gapless", "fast"])
def test_people_may_write_a_number_where_it_is_editable(mode: str, admin_actor: Any) -> None:
    create = build(admin_actor, pattern="A{0}", mode=mode, is_editable=True)
    assert [create(), create(number__c="A2"), create(number__c="A4")] == ["A1", "A2", "A4"]
    assert [create(), create(), create()] == ["A3", "A5", "A6"], "what is taken is passed over"
    with pytest.raises(ValidationFailed) as refused:
        create(number__c="a3")
    assert [(error.field, error.code) for error in refused.value.errors] == [("number__c", "not_unique")]


@pytest.mark.django_db
def test_number_is_nobody_elses_otherwise(admin_actor: Any) -> None:
    create = build(admin_actor)
    with pytest.raises(ValidationFailed) as refused:
        create(number__c="0001")
    assert refused.value.errors[0].code == "read_only_field"


@pytest.mark.django_db
@pytest.mark.parametrize("mode", ["gapless", "fast"])
def test_new_series_goes_on_after_what_records_have(mode: str, admin_actor: Any) -> None:
    create = build(admin_actor, pattern="Q{YYYY}-{0000}", is_editable=True)
    year = date.today().year
    create(number__c=f"Q{year}-0041")
    create(number__c="Q1999-0500")
    create(number__c=f"Q{year}-12x")
    settings = {"pattern": "Q{YYYY}-{0000}", "reset": "yearly", "mode": mode}
    services.update_field(admin_actor, OBJECT, "number__c", settings=settings)
    assert create() == f"Q{year}-0042"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("settings", "parameter"),
    [
        ({"pattern": "{0000}", "reset": "yearly"}, "pattern"),
        ({"pattern": "{YYYY}-{0000}", "reset": "monthly"}, "pattern"),
        ({"pattern": "{YY}{MM}-{0000}", "reset": "daily"}, "pattern"),
        ({"pattern": "{0000}", "partition_field": "kind__c"}, "partition_field"),
        ({"pattern": "{PARTITION}{0000}"}, "partition_field"),
        ({"pattern": "{PARTITION}{0000}", "partition_field": "nothing__c"}, "partition_field"),
        ({"pattern": "{PARTITION}{0000}", "partition_field": "number__c"}, "partition_field"),
        ({"reset": "hourly"}, "reset"),
    ],
)
def test_parameters_that_would_repeat_numbers_are_refused(settings: Any, parameter: str, admin_actor: Any) -> None:
    with pytest.raises(ValidationFailed) as refused:
        build(admin_actor, **settings)
    assert {error.field for error in refused.value.errors} == {f"settings.{parameter}"}


@pytest.mark.django_db
def test_field_that_numbers_are_counted_apart_for_is_in_use(admin_actor: Any) -> None:
    build(admin_actor, pattern="{PARTITION}{0000}", partition_field="kind__c")
    with pytest.raises(StateConflict):
        services.delete_field(admin_actor, OBJECT, "kind__c")


@pytest.mark.django_db
def test_number_that_does_not_fit_is_an_error_of_its_record(admin_actor: Any) -> None:
    build(admin_actor, pattern="{PARTITION}{0000}", partition_field="name")
    with pytest.raises(ValidationFailed) as refused:
        RecordService(admin_actor).create(OBJECT, {"name": "x" * 60})
    assert [(error.field, error.code) for error in refused.value.errors] == [("number__c", "too_long")]


def test_pattern_is_filled_in_whatever_stands_in_the_partition() -> None:
    assert render("{PARTITION}-{00}", 7, date(2026, 1, 2), "{YYYY}\\1%s") == "{YYYY}\\1%s-07"


@pytest.mark.parametrize("mode", ["gapless", "fast"])
def test_threads_never_get_the_same_number(mode: str, fresh_organization: Any) -> None:
    admin = User.objects.get(username="admin")
    actor = build_actor(admin, via="console")
    build(actor, pattern="{YYYY}-{0}", reset="yearly", mode=mode)
    found: list[str] = []

    def work() -> None:
        connection.set_tenant(fresh_organization)
        try:
            for _ in range(10):
                saved = RecordService(build_actor(admin, via="console")).create(OBJECT, {"name": "Q"})
                found.append(saved.record.value("number__c"))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(found) == len(set(found)) == 60
    if mode == "gapless":
        assert {int(text.partition("-")[2]) for text in found} == set(range(1, 61))
