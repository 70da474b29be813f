"""Changing records: versions, what stays, what follows, what is refused."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import pytest

from crm_platform.identity.models import User
from crm_platform.kit.errors import Forbidden, NotFound, VersionConflict
from metadata.inputs import FieldInput
from objects.history.models import RecordChange
from objects.records.service import RecordService, SavedRecord
from tests.objects.records.conftest import Services
from tests.objects.records.shop import column, errors_of, messages, row, usd
from tests.objects.world import World, compiled


@pytest.fixture
def customer(rep: RecordService) -> SavedRecord:
    return rep.create("customer", {"name": "A", "code": "c1", "employees": 5})


def change_of(saved: SavedRecord) -> RecordChange:
    return RecordChange.objects.get(record_id=saved.id, version=saved.version)


def test_a_change_moves_the_version_and_leaves_a_trace(rep: RecordService, customer: SavedRecord) -> None:
    saved = rep.update("customer", customer.id, {"name": "B", "employees": "6"}, expected_version=1)
    assert saved.version == 2
    assert saved.record.value("name") == "B"
    names = column("customer", "name"), column("customer", "employees"), column("customer", "code")
    assert row("customer", customer.id, "version", *names) == (2, "B", 6, "c1")
    name, employees = (compiled("customer").field(field).spec.id for field in ("name", "employees"))
    change = change_of(saved)
    assert change.action == "updated"
    assert change.changes == {str(name): {"old": "A", "new": "B"}, str(employees): {"old": 5, "new": 6}}
    message = messages().get(record_id=customer.id, version=2)
    assert message.type == "record.updated"
    assert message.changed == {"name": {"old": "A", "new": "B"}, "employees": {"old": 5, "new": 6}}


def test_only_tracked_fields_are_kept_in_history(rep: RecordService, customer: SavedRecord) -> None:
    saved = rep.update("customer", customer.id, {"secret_note": "hush"})
    assert change_of(saved).changes == {}


def test_a_change_of_nothing_writes_nothing(rep: RecordService, customer: SavedRecord) -> None:
    saved = rep.update("customer", customer.id, {"name": "A", "employees": "5", "parent_id": None})
    assert saved.version == 1
    assert row("customer", customer.id, "version") == (1,)
    assert RecordChange.objects.filter(record_id=customer.id).count() == 1


def test_an_old_version_is_a_conflict(rep: RecordService, customer: SavedRecord) -> None:
    rep.update("customer", customer.id, {"name": "B"})
    with pytest.raises(VersionConflict) as failed:
        rep.update("customer", customer.id, {"name": "C"}, expected_version=1)
    assert failed.value.details["current_version"] == 2
    assert row("customer", customer.id, column("customer", "name")) == ("B",)


def test_what_is_out_of_sight_does_not_exist(service: Services, customer: SavedRecord) -> None:
    for record_id in (customer.id, str(customer.id), uuid.uuid4(), "nonsense", "", None, 7):
        with pytest.raises(NotFound):
            service("south").update("customer", record_id, {"name": "B"})


def test_what_may_be_seen_but_not_changed_is_forbidden(world: World, service: Services, customer: SavedRecord) -> None:
    from dataclasses import replace

    viewer = replace(world.actor("south"), functions=frozenset({"identity.view_all_data"}), memo={})
    with pytest.raises(Forbidden):
        RecordService(viewer).update("customer", customer.id, {"name": "B"})
    with pytest.raises(Forbidden):
        RecordService(viewer).delete("customer", customer.id)


def test_a_deleted_record_is_not_found(rep: RecordService, customer: SavedRecord) -> None:
    rep.delete("customer", customer.id)
    with pytest.raises(NotFound):
        rep.update("customer", customer.id, {"name": "B"})


def test_a_record_given_away_is_the_new_owners_alone(world: World, service: Services, customer: SavedRecord) -> None:
    me = world.users["south"]
    saved = service("rep").update("customer", customer.id, {"owner_id": str(me.pk)})
    stored = row("customer", customer.id, "owner_id", "owner_department_id", "last_owner_change_at = updated_at")
    assert stored == (me.pk, me.department_id, True)
    assert set(change_of(saved).changes) == {"-7", "-8"}
    with pytest.raises(NotFound):
        service("rep").update("customer", customer.id, {"name": "Theirs"})
    assert service("south").update("customer", customer.id, {"name": "Mine"}).version == 3


def test_a_mandatory_field_can_not_be_emptied(rep: RecordService, customer: SavedRecord) -> None:
    assert errors_of(lambda: rep.update("customer", customer.id, {"name": ""})) == {("name", "required")}


def test_a_value_taken_by_another_record(rep: RecordService, customer: SavedRecord) -> None:
    other = rep.create("customer", {"name": "B", "code": "c2"})
    assert errors_of(lambda: rep.update("customer", other.id, {"code": "C1"})) == {("code", "not_unique")}
    rep.delete("customer", customer.id)
    assert rep.update("customer", other.id, {"code": "C1"}).version == 2


def test_a_retired_choice_survives(rep: RecordService) -> None:
    saved = rep.create("purchase", {})
    compiled("purchase").model._base_manager.filter(pk=saved.id).update(
        **{compiled("purchase").field("status").main.attr: "old"}
    )
    assert rep.update("purchase", saved.id, {"status": "old", "notes": "x"}).record.value("status") == "old"
    rep.update("purchase", saved.id, {"status": "paid"})
    assert errors_of(lambda: rep.update("purchase", saved.id, {"status": "old"})) == {("status", "invalid_choice")}


def test_a_change_of_currency_rewrites_base_amounts(rep: RecordService) -> None:
    usd()
    saved = rep.create("customer", {"name": "A", "credit": "10"})
    base = column("customer", "credit", "_base")
    assert row("customer", saved.id, base) == (Decimal("10.00"),)
    saved = rep.update("customer", saved.id, {"currency": "usd"})
    assert row("customer", saved.id, base, "currency") == (Decimal("72.50"), "USD")
    assert set(change_of(saved).changes) == {"-11"}
    assert errors_of(lambda: rep.update("customer", saved.id, {"currency": None})) == {("currency", "required")}


def test_every_type_is_changed_by_one_statement(
    rep: RecordService, world: World, django_assert_max_num_queries: Any
) -> None:
    saved = rep.create("purchase", {})
    values: dict[str, Any] = {
        "status": "new",
        "amount": "12.50",
        "discount": 0.25,
        "paid": True,
        "helper_id": world.users["head"].pk,
        "tags": ["a", "b"],
        "due_on": "2026-02-28",
        "sent_at": "2026-01-05T10:00:00+08:00",
        "notes": "行\n" * 500,
    }
    with django_assert_max_num_queries(8):
        changed = rep.update("purchase", saved.id, values)
    assert changed.record.value("tags") == ["a", "b"]
    assert changed.record.value("sent_at").isoformat() == "2026-01-05T02:00:00+00:00"
    assert len(change_of(changed).changes) == len(values)
    emptied = rep.update("purchase", saved.id, dict.fromkeys(values))
    assert [emptied.record.value(name) for name in values] == [None] * 3 + [False] + [None] * 5
    assert rep.update("purchase", saved.id, dict.fromkeys(values)).version == emptied.version


def test_a_deactivated_user_can_not_be_chosen_but_stays(rep: RecordService, world: World) -> None:
    helper = world.users["head"].pk
    saved = rep.create("purchase", {"helper_id": helper})
    User.objects.filter(pk=helper).update(is_active=False)
    assert rep.update("purchase", saved.id, {"helper_id": str(helper), "notes": "x"}).version == 2
    assert errors_of(lambda: rep.create("purchase", {"helper_id": helper})) == {("helper_id", "inactive_reference")}


def test_a_field_added_meanwhile_is_known_at_the_next_write(rep: RecordService, customer: SavedRecord) -> None:
    from crm_platform.kit.context import system_actor
    from metadata import services

    services.add_field(system_actor(), "customer", FieldInput("hobby__c", "text", "Hobby"))
    assert rep.update("customer", customer.id, {"hobby__c": "围棋"}).record.value("hobby__c") == "围棋"


def test_updating_takes_six_statements(
    rep: RecordService, customer: SavedRecord, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(6):  # savepoint, lock, record, history, outbox, release
        rep.update("customer", customer.id, {"name": "B"}, expected_version=1)
