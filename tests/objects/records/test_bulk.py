"""Many records at once: few statements, errors by row, all or none."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from crm_platform.kit.errors import NotFound, ValidationFailed
from objects.history.models import RecordChange
from objects.records.service import MAX_ROWS, RecordService, RowResult
from tests.objects.records.conftest import Services
from tests.objects.records.shop import column, messages, row
from tests.objects.world import World, compiled


def codes(results: list[RowResult]) -> list[list[tuple[str | None, str]]]:
    return [[(error.field, error.code) for error in result.errors] for result in results]


def stored(name: str = "customer") -> int:
    return compiled(name).model._base_manager.count()


def test_two_hundred_rows_cost_a_handful_of_statements(rep: RecordService, django_assert_num_queries: Any) -> None:
    rep.create("customer", {"name": "first"}, dry_run=True)
    rows = [{"name": f"客户{number}", "code": f"k{number}", "employees": number} for number in range(200)]
    with django_assert_num_queries(7):  # two savepoints and their releases, records, history, outbox
        results = rep.bulk_create("customer", rows)
    assert [result.index for result in results] == list(range(200))
    assert stored() == RecordChange.objects.count() == messages().count() == 200
    assert row("customer", results[7].id, column("customer", "name"), "version") == ("客户7", 1)


def test_one_error_leaves_nothing_written(rep: RecordService) -> None:
    results = rep.bulk_create("customer", [{"name": "A"}, {"name": ""}, {"name": "C", "x": 1}, "nonsense"])
    assert codes(results) == [[], [("name", "required")], [("x", "unknown_field")], [(None, "invalid_type")]]
    assert {result.id for result in results} == {None}
    assert stored() == RecordChange.objects.count() == messages().count() == 0


def test_without_all_or_none_sound_rows_are_written(rep: RecordService) -> None:
    results = rep.bulk_create("customer", [{"name": "A"}, {}, {"name": "C"}], all_or_none=False)
    assert codes(results) == [[], [("name", "required")], []]
    assert [result.version for result in results] == [1, None, 1]
    assert stored() == RecordChange.objects.count() == 2


@pytest.mark.parametrize("all_or_none", [True, False])
def test_what_only_the_database_finds_is_told_at_its_row(rep: RecordService, all_or_none: bool) -> None:
    rep.create("customer", {"name": "there", "code": "TAKEN"})
    rows = [
        {"name": "A", "code": "a"},
        {"name": "B", "code": "taken"},
        {"name": "C", "code": "c"},
        {"name": "D", "code": "C"},
    ]
    results = rep.bulk_create("customer", rows, all_or_none=all_or_none)
    assert codes(results) == [[], [("code", "not_unique")], [], [("code", "not_unique")]]
    assert stored() == (1 if all_or_none else 3)
    assert RecordChange.objects.count() == stored()


@pytest.mark.parametrize("all_or_none", [True, False])
def test_a_row_out_of_reach_is_forbidden(world: World, rep: RecordService, all_or_none: bool) -> None:
    rows = [{"name": "A"}, {"name": "B", "owner_id": world.users["south"].pk}]
    results = rep.bulk_create("customer", rows, all_or_none=all_or_none)
    assert codes(results) == [[], [(None, "forbidden")]]
    assert stored() == (0 if all_or_none else 1)


def test_changes_of_different_fields_in_one_statement(rep: RecordService, django_assert_num_queries: Any) -> None:
    first, second = (rep.create("customer", {"name": name, "employees": 1}) for name in "AB")
    rows = [{"id": str(first.id), "version": 1, "name": "A2"}, {"id": second.id, "employees": None, "credit": "3"}]
    with django_assert_num_queries(8):  # as above, the lock before
        results = rep.bulk_update("customer", rows)
    assert [result.version for result in results] == [2, 2]
    names = [column("customer", name) for name in ("name", "employees", "credit")]
    assert row("customer", first.id, *names) == ("A2", 1, None)
    assert [str(value) for value in row("customer", second.id, *names)] == ["B", "None", "3.00"]


def test_every_row_of_an_update_fails_for_its_own_reason(service: Services, world: World) -> None:
    rep = service("rep")
    mine = [rep.create("customer", {"name": str(number)}).id for number in range(3)]
    theirs = service("south").create("customer", {"name": "theirs"}).id
    rows = [
        {"id": mine[0], "version": 9, "name": "x"},
        {"id": mine[1], "version": "1", "name": "x"},
        {"id": theirs, "name": "x"},
        {"id": uuid.uuid4(), "name": "x"},
        {"id": "nonsense"},
        {"name": "x"},
        {"id": mine[2], "name": "new"},
        {"id": str(mine[2]), "name": "again"},
    ]
    results = rep.bulk_update("customer", rows, all_or_none=False)
    assert codes(results) == [
        [(None, "version_conflict")],
        [("version", "invalid_type")],
        [(None, "not_found")],
        [(None, "not_found")],
        [(None, "not_found")],
        [(None, "not_found")],
        [],
        [(None, "state_conflict")],
    ]
    assert row("customer", mine[2], column("customer", "name"), "version") == ("new", 2)
    assert row("customer", mine[1], "version") == (1,)


def test_rows_without_a_change_keep_their_version(rep: RecordService) -> None:
    first, second = (rep.create("customer", {"name": name}) for name in "AB")
    results = rep.bulk_update("customer", [{"id": first.id, "name": "A"}, {"id": second.id, "name": "C"}])
    assert [result.version for result in results] == [1, 2]


def test_a_dry_run_of_many_leaves_nothing(rep: RecordService) -> None:
    results = rep.bulk_create("customer", [{"name": "A"}, {}], all_or_none=False, dry_run=True)
    assert codes(results) == [[], [("name", "required")]]
    assert stored() == 0


def test_nothing_and_too_much(rep: RecordService) -> None:
    assert rep.bulk_create("customer", []) == []
    with pytest.raises(ValidationFailed):
        rep.bulk_create("customer", [{}] * (MAX_ROWS + 1))
    with pytest.raises(NotFound):
        rep.bulk_create("secret__c", [{"name": "A"}])


def test_numbers_of_a_batch_are_in_its_order(rep: RecordService) -> None:
    results = rep.bulk_create("purchase", [{"notes": str(number)} for number in range(5)])
    numbers = [int(row("purchase", result.id, column("purchase", "name"))[0][-4:]) for result in results]
    assert numbers == list(range(numbers[0], numbers[0] + 5))
