"""What a record may point at: things that exist, live, and can be seen."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from objects.records.service import RecordService
from tests.objects.records.conftest import Services
from tests.objects.records.shop import errors_of
from tests.objects.world import World, compiled


def pointing(service: RecordService, field: str, value: Any) -> set[tuple[str | None, str]]:
    return errors_of(lambda: service.create("purchase", {field: value}))


def test_a_lookup_points_at_a_visible_record(rep: RecordService) -> None:
    customer = rep.create("customer", {"name": "A"})
    saved = rep.create(
        "purchase", {"customer_id": str(customer.id), "about": {"object": "customer", "id": str(customer.id)}}
    )
    assert saved.record.value("customer_id").id == customer.id
    assert saved.record.value("about").object == "customer"


@pytest.mark.parametrize("field", ["customer_id", "referrer_id", "about"])
def test_what_does_not_exist_and_what_is_hidden_answer_alike(service: Services, field: str) -> None:
    theirs = service("south").create("customer", {"name": "A"})
    gone = service("rep").create("customer", {"name": "B"})
    service("rep").delete("customer", gone.id)
    for record_id in (uuid.uuid4(), theirs.id, gone.id):
        value = {"object": "customer", "id": str(record_id)} if field == "about" else record_id
        assert pointing(service("rep"), field, value) == {(field, "invalid_reference")}
    assert service("boss").create("purchase", {"customer_id": theirs.id}).version == 1


def test_a_hidden_target_that_is_there_already_may_stay(service: Services) -> None:
    theirs = service("south").create("customer", {"name": "A"})
    owner = str(service("rep").actor.user_id)
    saved = service("boss").create("purchase", {"customer_id": theirs.id, "owner_id": owner})
    changed = service("rep").update("purchase", saved.id, {"customer_id": str(theirs.id), "notes": "x"})
    assert changed.version == 2


def test_an_object_that_may_not_be_read_hides_its_records(service: Services) -> None:
    from crm_platform.kit.context import system_actor

    secret = RecordService(system_actor()).create("secret__c", {"name": "S"})
    about = {"object": "secret__c", "id": str(secret.id)}
    assert pointing(service("rep"), "about", about) == {("about", "invalid_reference")}


@pytest.mark.parametrize("value", [uuid.UUID(int=0), "0192f000-0000-7000-8000-000000000000"])
def test_users_must_exist(rep: RecordService, value: Any) -> None:
    assert pointing(rep, "helper_id", value) == {("helper_id", "invalid_reference")}
    assert errors_of(lambda: rep.create("customer", {"name": "A", "owner_id": value})) == {
        ("owner_id", "invalid_reference")
    }


def test_a_child_is_made_below_a_visible_master_only(service: Services) -> None:
    theirs = service("south").create("purchase", {})
    assert errors_of(lambda: service("rep").create("purchase_line", {"purchase_id": theirs.id})) == {
        ("purchase_id", "invalid_reference")
    }
    mine = service("rep").create("purchase", {})
    line = service("rep").create("purchase_line", {"purchase_id": mine.id, "quantity": 2})
    assert line.record.value("quantity") == 2


def test_a_batch_checks_each_target_by_one_query(
    world: World, rep: RecordService, django_assert_max_num_queries: Any
) -> None:
    customers = [rep.create("customer", {"name": str(number)}).id for number in range(5)]
    rows = [
        {"customer_id": customers[number % 5], "referrer_id": customers[0], "helper_id": world.users["head"].pk}
        for number in range(100)
    ]
    rep.bulk_create("purchase", rows[:1])  # reads what is kept for the caller
    with django_assert_max_num_queries(13):
        results = rep.bulk_create("purchase", rows)
    assert all(not result.errors for result in results)
    assert compiled("purchase").model._base_manager.count() == 101
