"""Creating records: what is stored, what is filled in, what is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from crm_platform.kit.errors import Forbidden, NotFound
from objects.history.models import RecordChange
from objects.records.service import RecordService
from tests.objects.records.shop import column, errors_of, messages, row, usd
from tests.objects.world import World


def refused(service: RecordService, object_name: str, values: Any) -> set[tuple[str | None, str]]:
    return errors_of(lambda: service.create(object_name, values))


def test_a_record_is_stored_with_its_system_columns(world: World, rep: RecordService) -> None:
    saved = rep.create("customer", {"name": " 华为 ", "employees": "12"})
    me = world.users["rep"]
    stored = row("customer", saved.id, "version", "created_by_id", "updated_by_id", "owner_id", "owner_department_id")
    assert stored == (1, me.pk, me.pk, me.pk, me.department_id)
    assert row("customer", saved.id, column("customer", "name"), column("customer", "employees")) == ("华为", 12)
    assert row("customer", saved.id, "currency", "last_owner_change_at = created_at", "deleted_at") == (
        "CNY",
        True,
        None,
    )
    assert saved.version == 1
    assert saved.record.value("name") == "华为"


def test_history_and_outbox_go_with_the_record(world: World, rep: RecordService) -> None:
    saved = rep.create("customer", {"name": "A"})
    change = RecordChange.objects.get(record_id=saved.id)
    assert (change.version, change.action, change.actor_id, change.via) == (1, "created", world.users["rep"].pk, "api")
    message = messages().get(record_id=saved.id)
    assert (message.type, message.object_name, message.version) == ("record.created", "customer", 1)


def test_defaults_fill_in_what_is_not_given(rep: RecordService) -> None:
    saved = rep.create("purchase", {})
    assert saved.record.value("status") == "open"
    assert saved.record.value("discount") == Decimal("0.1")
    assert saved.record.value("paid") is False


def test_what_is_given_as_empty_stays_empty(rep: RecordService) -> None:
    saved = rep.create("purchase", {"status": None, "discount": None})
    assert saved.record.value("status") is None
    assert row("purchase", saved.id, column("purchase", "status"), column("purchase", "discount")) == (None, None)


def test_a_mandatory_field_must_be_given(rep: RecordService) -> None:
    assert refused(rep, "customer", {"employees": 3}) == {("name", "required")}
    assert refused(rep, "customer", {"name": "  "}) == {("name", "required")}
    assert refused(rep, "purchase_line", {"name": "x"}) == {("purchase_id", "required")}


def test_all_errors_come_at_once(rep: RecordService) -> None:
    values = {"employees": "many", "credit": "1e400", "nonsense": 1, "created_at": "2026-01-01", "parent_id": "x"}
    assert refused(rep, "customer", values) == {
        ("name", "required"),
        ("employees", "invalid_type"),
        ("credit", "out_of_range"),
        ("nonsense", "unknown_field"),
        ("created_at", "read_only_field"),
        ("parent_id", "invalid_reference"),
    }


@pytest.mark.parametrize(
    "name",
    [
        "id",
        "version",
        "created_at",
        "created_by_id",
        "updated_at",
        "updated_by_id",
        "owner_department_id",
        "pool_id",
        "last_activity_at",
        "last_owner_change_at",
        "deleted_at",
        "deleted_by_id",
    ],
)
def test_system_columns_are_never_written(rep: RecordService, name: str) -> None:
    assert refused(rep, "customer", {"name": "A", name: None}) == {(name, "read_only_field")}


def test_what_only_the_platform_knows_is_unknown(rep: RecordService) -> None:
    assert refused(rep, "customer", {"name": "A", "deletion_id": None}) == {("deletion_id", "unknown_field")}
    assert refused(rep, "customer", {"name": "A", 7: "x", "credit_base": 1}) == {
        ("7", "unknown_field"),
        ("credit_base", "read_only_field"),
    }


@pytest.mark.parametrize("values", [None, [], "name", 5, [("name", "A")]])
def test_what_is_no_mapping_is_no_record(rep: RecordService, values: Any) -> None:
    assert refused(rep, "customer", values) == {(None, "invalid_type")}


def test_the_case_of_a_unique_text_does_not_matter(boss: RecordService, rep: RecordService) -> None:
    boss.create("customer", {"name": "A", "code": "hw-1"})
    assert refused(rep, "customer", {"name": "B", "code": "HW-1"}) == {("code", "not_unique")}


def test_the_external_id_is_unique(boss: RecordService) -> None:
    boss.create("customer", {"name": "A", "external_id": "erp-1"})
    assert refused(boss, "customer", {"name": "B", "external_id": "erp-1"}) == {("external_id", "not_unique")}


def test_an_object_without_a_grant_does_not_exist(rep: RecordService) -> None:
    with pytest.raises(NotFound):
        rep.create("secret__c", {"name": "A"})
    with pytest.raises(NotFound):
        rep.create("nothing", {"name": "A"})


def test_a_record_may_not_be_given_out_of_reach(world: World, rep: RecordService) -> None:
    with pytest.raises(Forbidden):
        rep.create("customer", {"name": "A", "owner_id": str(world.users["south"].pk)})
    assert not RecordChange.objects.exists()
    assert not messages().exists()


def test_the_owner_brings_the_department(world: World, boss: RecordService) -> None:
    city = world.users["city"]
    saved = boss.create("customer", {"name": "A", "owner_id": city.pk})
    assert row("customer", saved.id, "owner_id", "owner_department_id") == (city.pk, city.department_id)


def test_an_unowned_record_has_no_department(boss: RecordService, rep: RecordService) -> None:
    saved = boss.create("customer", {"name": "A", "owner_id": None})
    assert row("customer", saved.id, "owner_id", "owner_department_id") == (None, None)
    with pytest.raises(Forbidden):
        rep.create("customer", {"name": "A", "owner_id": None})


def test_numbers_are_drawn_one_after_the_other(rep: RecordService) -> None:
    numbers = [rep.create("purchase", {}).record.value("name") for _ in range(3)]
    year = numbers[0].split("-")[1]
    assert numbers == [f"P-{year}-0007", f"P-{year}-0008", f"P-{year}-0009"]
    assert refused(rep, "purchase", {"name": "P-1"}) == {("name", "read_only_field")}


def test_a_refused_record_takes_no_number(rep: RecordService) -> None:
    first = rep.create("purchase", {}).record.value("name")
    refused(rep, "purchase", {"status": "nope"})
    rep.create("purchase", {}, dry_run=True)
    assert int(rep.create("purchase", {}).record.value("name")[-4:]) == int(first[-4:]) + 1


def test_a_dry_run_leaves_nothing(rep: RecordService) -> None:
    saved = rep.create("customer", {"name": "A"}, dry_run=True)
    assert saved.record.value("name") == "A"
    assert row("customer", saved.id, "id") is None
    assert not RecordChange.objects.exists()
    assert not messages().exists()


def test_amounts_are_kept_in_base_currency_too(world: World, boss: RecordService) -> None:
    usd()
    saved = boss.create("customer", {"name": "A", "currency": "USD", "credit": "10.00"})
    columns = column("customer", "credit"), column("customer", "credit", "_base"), "currency"
    assert [str(value) for value in row("customer", saved.id, *columns)] == ["10.00", "72.50", "USD"]
    assert refused(boss, "customer", {"name": "A", "currency": "XXX"}) == {("currency", "invalid_choice")}


def test_creating_takes_six_statements(rep: RecordService, django_assert_num_queries: Any) -> None:
    rep.create("customer", {"name": "A"})
    rep.actor.memo.clear()
    with django_assert_num_queries(6):  # savepoint, base currency, record, history, outbox, release
        rep.create("customer", {"name": "A", "employees": 5, "code": "x"})
