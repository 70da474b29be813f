"""The history of a record, as different readers see it."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.errors import CursorExpired, NotFound
from metadata import services
from metadata.inputs import FieldInput
from objects.history.selectors import FieldChange, history
from objects.records.service import RecordService
from tests.objects.records.conftest import Services
from tests.objects.world import World, compiled


def changes(actor: Actor, object_name: str, record_id: uuid.UUID) -> dict[str | None, FieldChange]:
    """Return the newest version's changes by the name of the field."""
    entry = history(actor, object_name, record_id).entries[0]
    return {change.name: change for change in entry.changes}


def texts(found: dict[str | None, FieldChange]) -> dict[str | None, tuple[str, str]]:
    return {name: (change.old_text, change.new_text) for name, change in found.items()}


def test_versions_come_newest_first_with_who_and_how(world: World, rep: RecordService) -> None:
    saved = rep.create("customer", {"name": "A"})
    rep.update("customer", saved.id, {"name": "B"})
    rep.restore(rep.delete("customer", saved.id))
    entries = history(rep.actor, "customer", saved.id).entries
    assert [(entry.version, entry.action) for entry in entries] == [
        (4, "restored"),
        (3, "deleted"),
        (2, "updated"),
        (1, "created"),
    ]
    assert {(entry.actor_id, entry.actor_name, entry.via) for entry in entries} == {
        (world.users["rep"].pk, "Rep", "api")
    }
    assert [(change.name, change.old, change.new) for change in entries[2].changes] == [("name", "A", "B")]


def test_values_are_told_as_people_read_them(world: World, rep: RecordService) -> None:
    customer = rep.create("customer", {"name": "华为"})
    saved = rep.create("purchase", {"due_on": "2026-01-05"})
    values: dict[str, Any] = {
        "customer_id": customer.id,
        "about": {"object": "customer", "id": str(customer.id)},
        "helper_id": world.users["head"].pk,
        "status": "paid",
        "amount": "1234.5",
        "discount": "0.2",
        "paid": True,
        "tags": ["a", "b"],
        "due_on": None,
    }
    rep.update("purchase", saved.id, values)
    found = texts(changes(rep.actor, "purchase", saved.id))
    assert found["customer_id"] == ("", "华为")
    assert found["about"] == ("", "华为")
    assert found["helper_id"] == ("", "Head")
    assert found["status"][1] == "paid值"
    assert found["paid"] == ("否", "是")
    assert "1,234.50" in found["amount"][1]
    assert found["discount"] == ("10%", "20%")
    assert found["tags"] == ("", "a值、b值")
    assert found["due_on"][0].startswith("2026")
    assert found["due_on"][1] == ""
    english = replace(rep.actor, language="en", memo={})
    assert texts(changes(english, "purchase", saved.id))["status"] == ("Open", "Paid")


def test_a_retired_choice_keeps_its_label(rep: RecordService) -> None:
    saved = rep.create("purchase", {})
    attr = compiled("purchase").field("status").main.attr
    compiled("purchase").model._base_manager.filter(pk=saved.id).update(**{attr: "old"})
    rep.update("purchase", saved.id, {"status": "new"})
    assert texts(changes(rep.actor, "purchase", saved.id))["status"][0] == "Old"


def test_a_reference_that_is_hidden_has_no_name(service: Services) -> None:
    theirs = service("south").create("customer", {"name": "secret plans"})
    saved = service("rep").create("purchase", {})
    service("boss").update("purchase", saved.id, {"customer_id": theirs.id})
    change = changes(service("rep").actor, "purchase", saved.id)["customer_id"]
    assert "secret" not in change.new_text
    assert change.new_text
    assert changes(service("boss").actor, "purchase", saved.id)["customer_id"].new_text == "secret plans"


def test_a_renamed_field_keeps_its_history_and_a_deleted_one_is_for_admins(rep: RecordService, world: World) -> None:
    services.add_field(system_actor(), "customer", FieldInput("hobby__c", "text", "Hobby"))
    saved = rep.create("customer", {"name": "A"})
    rep.update("customer", saved.id, {"hobby__c": "围棋"})
    services.update_field(system_actor(), "customer", "hobby__c", label={"en": "Pastime", "zh-hans": "爱好"})
    assert changes(rep.actor, "customer", saved.id)["hobby__c"].label == "爱好"
    services.delete_field(system_actor(), "customer", "hobby__c")
    assert changes(rep.actor, "customer", saved.id) == {}
    admin = replace(rep.actor, functions=frozenset({"metadata.customize"}), memo={})
    lost = changes(admin, "customer", saved.id)[None]
    assert (lost.label, lost.old_text, lost.new_text) == ("Pastime", "", "围棋")


def test_only_who_sees_the_record_sees_its_history(service: Services) -> None:
    saved = service("rep").create("customer", {"name": "A"})
    for reader in (service("south").actor, service("city").actor):
        with pytest.raises(NotFound):
            history(reader, "customer", saved.id)
    for record_id in (uuid.uuid4(), "x", ""):
        with pytest.raises(NotFound):
            history(service("rep").actor, "customer", record_id)
    with pytest.raises(NotFound):
        history(service("rep").actor, "secret__c", saved.id)
    with pytest.raises(NotFound):
        history(service("rep").actor, "purchase", saved.id)


def test_long_histories_come_in_pages(rep: RecordService, django_assert_max_num_queries: Any) -> None:
    saved = rep.create("customer", {"name": "0"})
    for number in range(1, 8):
        rep.update("customer", saved.id, {"name": str(number)})
    seen: list[int] = []
    cursor = None
    while True:
        with django_assert_max_num_queries(3):
            page = history(rep.actor, "customer", saved.id, limit=3, cursor=cursor)
        seen += [entry.version for entry in page.entries]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [8, 7, 6, 5, 4, 3, 2, 1]
    for bad in ("x", "-1", "²", "9" * 40, ""):
        with pytest.raises(CursorExpired):
            history(rep.actor, "customer", saved.id, cursor=bad)


def test_times_are_those_of_the_record(rep: RecordService) -> None:
    saved = rep.create("customer", {"name": "A"})
    entry = history(rep.actor, "customer", saved.id).entries[0]
    assert entry.at == saved.record.updated_at
    assert (datetime.now(UTC) - entry.at).total_seconds() < 60
