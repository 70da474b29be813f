"""What is no longer valid stays where it is until somebody changes it: retired choices, deactivated users."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from crm_platform.identity.models import User
from crm_platform.kit.errors import ValidationFailed
from layouts.pages.record_form import form_field
from metadata import services
from metadata.field_types import field_types
from metadata.field_types.values import Reference
from objects.query.conditions import Condition
from tests.kit.field_battery import FIELD, OBJECT, OTHER, TARGET, TYPES, Battery, battery, choice_input

pytestmark = pytest.mark.django_db


def retire(found: Battery, value: str) -> None:
    name = found.field.spec.choice_set.api_name
    choices = [choice_input(item, is_active=item.is_active and item.value != value) for item in found.samples.choices]
    services.update_choices(found.actor, name, choices)


def codes(refused: pytest.ExceptionInfo[ValidationFailed]) -> list[tuple[str | None, str]]:
    return [(error.field, error.code) for error in refused.value.errors]


@pytest.mark.parametrize(
    ("key", "before", "after"), [("picklist", "new", "done"), ("multi_picklist", ["new"], ["done"])]
)
def test_retired_choice_stays_and_can_be_left_but_not_taken(key: str, before: Any, after: Any, actor_for: Any) -> None:
    found = battery(key, actor_for)
    saved = found.create(before)
    retire(found, "new")
    assert found.update(saved.id, before).version == 1  # sent as it is: nothing to do
    with pytest.raises(ValidationFailed) as refused:
        found.create(before)
    assert codes(refused) == [(FIELD, "invalid_choice")]
    assert found.update(saved.id, after).version == 2
    with pytest.raises(ValidationFailed):
        found.update(saved.id, before)


def test_retired_choice_is_shown_and_found(actor_for: Any) -> None:
    found = battery("picklist", actor_for)
    saved = found.create("new")
    retire(found, "new")
    assert found.query.where(Condition(FIELD, "eq", "new")).ids() == [saved.id]
    assert found.api_form(saved.id) == "new"


def test_deactivated_user_stays_but_is_not_chosen_anew(actor_for: Any) -> None:
    found = battery("user", actor_for)
    leaver = str(found.samples.rows[1])
    saved = found.create(leaver)
    User.objects.filter(id=leaver).update(is_active=False)
    assert found.update(saved.id, leaver).version == 1
    with pytest.raises(ValidationFailed) as refused:
        found.create(leaver)
    assert codes(refused) == [(FIELD, "inactive_reference")]


def test_user_field_may_allow_those_who_left(actor_for: Any) -> None:
    found = battery("user", actor_for)
    services.update_field(found.actor, "sample__c", FIELD, settings={"active_only": False})
    leaver = found.samples.rows[1]
    User.objects.filter(id=leaver).update(is_active=False)
    assert found.create(leaver).record.value(FIELD).object == "user"


@pytest.mark.parametrize("key", ["lookup", "master_detail", "poly_lookup", "user", "department"])
def test_reference_to_nothing_is_refused(key: str, actor_for: Any) -> None:
    found = battery(key, actor_for)
    missing = "0192a000-0000-7000-8000-0000000000ff"
    raw = {"object": "target__c", "id": missing} if key == "poly_lookup" else missing
    with pytest.raises(ValidationFailed) as refused:
        found.create(raw)
    assert codes(refused) == [(FIELD, "invalid_reference")]


@pytest.mark.parametrize(
    ("key", "name"), [("lookup", "Target 0"), ("poly_lookup", "Target 0"), ("department", "华东大区")]
)
def test_pages_know_the_name_behind_a_reference(key: str, name: str, actor_for: Any) -> None:
    found = battery(key, actor_for)
    saved = found.create(found.samples.rows[0])
    shown = found.query.show(saved.id)[FIELD]
    assert isinstance(shown, Reference)
    assert shown.name == name


def test_lookup_to_several_objects_may_gain_an_object_but_not_lose_one(actor_for: Any) -> None:
    found = battery("poly_lookup", actor_for)
    services.update_field(found.actor, OBJECT, FIELD, settings={"targets": [TARGET, OTHER, OBJECT]})
    row = found.create(None)
    saved = found.create({"object": OBJECT, "id": str(row.id)})
    assert found.query.show(saved.id)[FIELD].name == "Row"
    with pytest.raises(ValidationFailed):
        services.update_field(found.actor, OBJECT, FIELD, settings={"targets": [TARGET]})
    with pytest.raises(ValidationFailed):
        services.update_field(found.actor, OBJECT, FIELD, settings={"targets": [TARGET, OTHER, OBJECT, "nothing__c"]})


@pytest.mark.parametrize(
    ("key", "settings"),
    [
        ("decimal", {"scale": 4}),
        ("currency", {"scale": 3}),
        ("lookup", {"target": OTHER}),
        ("phone", {"default_region": "US"}),
    ],
)
def test_what_shapes_the_column_is_fixed_and_said_to_be(key: str, settings: dict[str, Any], actor_for: Any) -> None:
    found = battery(key, actor_for)
    assert set(settings) <= set(found.type.settings_form.fixed)
    with pytest.raises(ValidationFailed):
        services.update_field(found.actor, OBJECT, FIELD, settings={**found.samples.settings, **settings})


@pytest.mark.parametrize("key", TYPES)
def test_fixed_parameters_are_parameters(key: str) -> None:
    form = field_types.get(key).settings_form()
    assert set(form.fixed) <= set(form.fields)


def test_text_becomes_longer_and_long_with_its_values(actor_for: Any) -> None:
    found = battery("text", actor_for)
    saved = found.create("x" * 40)
    services.update_field(found.actor, OBJECT, FIELD, settings={"max_length": 80})
    assert found.update(saved.id, "y" * 80).version == 2
    services.update_field(found.actor, OBJECT, FIELD, type="long_text", settings={})
    assert found.update(saved.id, "z" * 400).version == 3
    assert found.api_form(saved.id) == "z" * 400


def test_numbers_are_unique_in_the_database(actor_for: Any) -> None:
    found = battery("auto_number", actor_for)
    first, second = found.create(None), found.create(None)
    column = found.field.main.column
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {found.object.table} SET {column} = 'N-007' WHERE id = %s", [second.id])
    assert found.api_form(first.id) == "N-007"


def test_form_asks_for_the_master(actor_for: Any) -> None:
    found = battery("master_detail", actor_for)
    assert found.type.is_mandatory(found.field.spec)
    assert form_field(found.field, "en").required
