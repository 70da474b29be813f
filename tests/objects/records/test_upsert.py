"""Update or create by a unique value."""

from __future__ import annotations

from typing import Any

import pytest

from crm_platform.kit.errors import NotFound, StateConflict
from objects.records.service import RecordService
from tests.objects.records.conftest import Services
from tests.objects.records.shop import errors_of


def test_the_first_creates_and_the_second_updates(rep: RecordService) -> None:
    first, is_new = rep.upsert("customer", "external_id", "erp-1", {"name": "A"})
    assert is_new
    assert first.record.value("external_id") == "erp-1"
    second, is_new = rep.upsert("customer", "external_id", "erp-1", {"name": "B", "external_id": "erp-1"})
    assert (second.id, second.version, is_new) == (first.id, 2, False)


def test_text_matches_whatever_its_case(rep: RecordService) -> None:
    first, _new = rep.upsert("customer", "code", "HW", {"name": "A"})
    second, is_new = rep.upsert("customer", "code", "hw", {"name": "B"})
    assert (second.id, is_new) == (first.id, False)
    assert second.record.value("code") == "HW"


@pytest.mark.parametrize("field", ["name", "nothing", "deletion_id", "id", "version"])
def test_only_unique_fields_match(rep: RecordService, field: str) -> None:
    errors = errors_of(lambda: rep.upsert("customer", field, "1", {"name": "A"}))
    assert errors <= {(field, "invalid_choice"), (field, "unknown_field")}


@pytest.mark.parametrize(
    ("value", "values", "code"),
    [
        (None, {}, "required"),
        ("", {}, "required"),
        (["x"], {}, "invalid_type"),
        ("a", {"code": "b"}, "invalid_choice"),
        ("x" * 300, {}, "too_long"),
    ],
)
def test_the_value_must_be_one(rep: RecordService, value: Any, values: dict[str, Any], code: str) -> None:
    assert errors_of(lambda: rep.upsert("customer", "code", value, {"name": "A", **values})) == {("code", code)}


def test_a_match_in_the_trash_is_a_conflict(rep: RecordService) -> None:
    saved, _new = rep.upsert("customer", "code", "c", {"name": "A"})
    deletion = rep.delete("customer", saved.id)
    with pytest.raises(StateConflict) as failed:
        rep.upsert("customer", "code", "c", {"name": "B"})
    assert failed.value.details == {"id": str(saved.id), "deletion_id": str(deletion)}


def test_what_is_hidden_looks_like_a_taken_value(service: Services) -> None:
    saved, _new = service("south").upsert("customer", "code", "c", {"name": "A"})
    assert errors_of(lambda: service("rep").upsert("customer", "code", "c", {"name": "B"})) == {("code", "not_unique")}
    service("south").delete("customer", saved.id)
    _saved, is_new = service("rep").upsert("customer", "code", "c", {"name": "B"})
    assert is_new


def test_an_object_without_a_grant_does_not_exist(rep: RecordService) -> None:
    with pytest.raises(NotFound):
        rep.upsert("secret__c", "external_id", "1", {"name": "A"})


def test_a_dry_run_leaves_nothing(rep: RecordService) -> None:
    _saved, is_new = rep.upsert("customer", "code", "c", {"name": "A"}, dry_run=True)
    assert is_new
    _saved, is_new = rep.upsert("customer", "code", "c", {"name": "A"})
    assert is_new
