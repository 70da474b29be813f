"""Unique fields with a scope or with regard to case: the database's index decides."""

from __future__ import annotations

from typing import Any

import pytest

from crm_platform.kit.errors import ValidationFailed
from metadata import services
from metadata.compiler.current import current_snapshot
from metadata.inputs import FieldInput, ObjectInput
from objects.records.service import RecordService

OBJECT = "site__c"


@pytest.fixture
def site(db: Any, admin_actor: Any) -> Any:
    fields = [FieldInput("region__c", "text", "Region"), FieldInput("code__c", "text", "Code", is_unique=True)]
    services.create_object(admin_actor, ObjectInput(OBJECT, "Site", fields=fields))
    return admin_actor


def create(actor: Any, region: str | None, code: str) -> None:
    values = {"name": "x", "code__c": code} | ({"region__c": region} if region else {})
    RecordService(actor).create(OBJECT, values)


def refused(actor: Any, region: str | None, code: str) -> list[tuple[str | None, str]]:
    with pytest.raises(ValidationFailed) as caught:
        create(actor, region, code)
    return [(error.field, error.code) for error in caught.value.errors]


def test_text_is_unique_whatever_its_case_unless_the_field_says_otherwise(site: Any) -> None:
    create(site, None, "A1")
    assert refused(site, None, "a1") == [("code__c", "not_unique")]

    services.update_field(site, OBJECT, "code__c", is_case_sensitive=True)
    create(site, None, "a1")
    assert refused(site, None, "a1") == [("code__c", "not_unique")]


def test_a_scope_lets_other_groups_use_the_same_value(site: Any) -> None:
    services.update_field(site, OBJECT, "code__c", unique_scope=["region__c"])
    create(site, "north", "A1")
    create(site, "south", "A1")
    create(site, None, "A1")
    assert refused(site, "north", "a1") == [("code__c", "not_unique")]
    assert refused(site, None, "A1") == [("code__c", "not_unique")], "empty is a group, too"


def test_records_are_not_matched_by_a_field_that_is_unique_in_a_scope_only(site: Any) -> None:
    services.update_field(site, OBJECT, "code__c", unique_scope=["region__c"])
    with pytest.raises(ValidationFailed) as caught:
        RecordService(site).upsert(OBJECT, "code__c", "A1", {"name": "x"})
    assert caught.value.errors[0].code == "invalid_choice"


@pytest.mark.parametrize("scope", [["nowhere__c"], ["code__c"], ["region__c", "name", "owner_id", "currency"], [7]])
def test_a_scope_names_other_fields_of_the_object(site: Any, scope: list[Any]) -> None:
    with pytest.raises(ValidationFailed) as caught:
        services.update_field(site, OBJECT, "code__c", unique_scope=scope)
    assert [error.field for error in caught.value.errors] == ["unique_scope"]


def test_a_field_of_the_second_table_is_no_part_of_a_scope(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metadata.services.placement.LONG_TEXT_BYTES", 0)
    services.add_field(site, OBJECT, FieldInput("essay__c", "long_text", "Essay"))
    assert current_snapshot().object(OBJECT).field("essay__c").spec.part == 1
    with pytest.raises(ValidationFailed) as caught:
        services.update_field(site, OBJECT, "code__c", unique_scope=["essay__c"])
    assert [(error.field, error.code) for error in caught.value.errors] == [("unique_scope", "invalid_reference")]
    with pytest.raises(ValidationFailed):
        given = FieldInput("number__c", "text", "Number", is_unique=True, unique_scope=["region__c", "essay__c"])
        services.add_field(site, OBJECT, given)
    create(site, "north", "A1")
