"""Merging: one record of several, with all that points at them; and everything back again by its undo."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from crm_platform.events.models import OutboxMessage
from crm_platform.kit.errors import Forbidden, NotFound, StateConflict, ValidationFailed
from metadata.compiler.current import current_snapshot
from objects.duplicates.errors import DuplicateDetected
from objects.duplicates.models import DuplicateKey, DuplicateSet
from objects.history.models import RecordChange
from objects.merging.models import Merge, MergeMove, Redirect
from objects.merging.moving import count_pointing
from objects.merging.redirects import survivor_of
from objects.merging.service import merge
from objects.merging.undoing import undo
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.objects.duplicates.book import match_on, matcher, rule
from tests.objects.world import compiled


def firm(own: RecordService, name: str, **values: Any) -> uuid.UUID:
    return own.create("firm", {"name": name, **values}).id


def show(own: RecordService, object_name: str, record_id: uuid.UUID) -> dict[str, Any]:
    return RecordQuery(own.actor, object_name).get(record_id)


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table, without versions and times, to be compared with another moment."""
    found = {}
    for spec in current_snapshot().objects():
        obj = compiled(spec.api_name)
        skipped = {"version", "updated_at", "updated_by_id"}
        names = [f'"{column.column}"' for item in obj for column in item.columns if column.column not in skipped]
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT {", ".join(names)} FROM "{obj.table}" ORDER BY id')
            found[spec.api_name] = [tuple(map(str, row)) for row in cursor.fetchall()]
    return found


def test_the_survivor_keeps_its_values_and_takes_what_it_lacks(boss: RecordService) -> None:
    old = firm(boss, "Old", code="1", tags=["a"], phones=[{"value": "13800138000"}])
    new = firm(boss, "New", phone="13900139000", amount="5", tags=["b", "a"], phones=[{"value": "13700137000"}])
    result = merge(boss.actor, "firm", new, [old])
    found = show(boss, "firm", new)
    assert (found["name"], found["code"], found["phone"], found["amount"]) == ("New", "1", "13900139000", "5.00")
    assert sorted(found["tags"]) == ["a", "b"]
    assert len(found["phones"]) == 2
    assert set(result.values) == {"code", "phones"}
    with pytest.raises(NotFound):
        show(boss, "firm", old)


def test_choices_and_the_newest_of_several(boss: RecordService) -> None:
    survivor, first, second = firm(boss, "S"), firm(boss, "A", code="1"), firm(boss, "B", code="2", phone="10086123")
    boss.update("firm", first, {"name": "A2"})
    merge(boss.actor, "firm", survivor, [first, second], {"name": str(second)})
    found = show(boss, "firm", survivor)
    assert (found["name"], found["code"]) == ("B", "1")


@pytest.mark.parametrize("choices", [{"name": str(uuid.uuid4())}, {"nothing": "together"}, {"created_at": "together"}])
def test_wrong_choices_are_refused(boss: RecordService, choices: dict[str, str]) -> None:
    survivor, loser = firm(boss, "S"), firm(boss, "L")
    with pytest.raises(ValidationFailed):
        merge(boss.actor, "firm", survivor, [loser], choices)


def test_everything_that_points_at_a_loser_points_at_the_survivor(boss: RecordService) -> None:
    survivor, loser, other = firm(boss, "S"), firm(boss, "L"), firm(boss, "O")
    child = firm(boss, "C", parent_id=str(loser))
    person = boss.create("person", {"name": "P", "firm_id": str(loser)}).id
    bill = boss.create("bill", {"name": "B", "firm_id": str(loser)}).id
    item = boss.create("item", {"name": "I", "firm_id": str(loser)}).id
    note = boss.create(
        "note",
        {
            "name": "N",
            "about": {"object": "firm", "id": str(loser)},
            "firms": [{"id": str(other)}, {"id": str(loser), "role": "buyer"}],
        },
    ).id
    trashed = boss.create("person", {"name": "T", "firm_id": str(loser)}).id
    deletion = boss.delete("person", trashed)
    result = merge(boss.actor, "firm", survivor, [loser])
    assert show(boss, "firm", child)["parent_id"] == str(survivor)
    assert show(boss, "person", person)["firm_id"] == str(survivor)
    assert show(boss, "bill", bill)["firm_id"] == str(survivor)
    assert show(boss, "item", item)["firm_id"] == str(survivor)
    found = show(boss, "note", note)
    assert found["about"]["id"] == str(survivor)
    assert [entry["id"] if isinstance(entry, dict) else entry for entry in found["firms"]] == [
        str(other),
        str(survivor),
    ]
    boss.restore(deletion)
    assert show(boss, "person", trashed)["firm_id"] == str(survivor)
    assert result.moved == {
        "firm.parent_id": 1,
        "person.firm_id": 2,
        "bill.firm_id": 1,
        "item.firm_id": 1,
        "note.about": 1,
        "note.firms": 1,
    }
    assert not count_pointing(current_snapshot(), compiled("firm"), [loser])


def test_moved_rows_have_history_and_events(boss: RecordService) -> None:
    survivor, loser = firm(boss, "S"), firm(boss, "L")
    person = boss.create("person", {"name": "P", "firm_id": str(loser)}).id
    merge(boss.actor, "firm", survivor, [loser])
    change = RecordChange.objects.get(record_id=person, version=2)
    assert [(item["old"], item["new"]) for item in change.changes.values()] == [(str(loser), str(survivor))]
    kinds = list(OutboxMessage.objects.filter(record_id__in=[person, survivor]).values_list("type", flat=True))
    assert "record.merged" in kinds
    merged = OutboxMessage.objects.get(type="record.merged")
    assert merged.changed["redirects"] == {str(loser): str(survivor)}


def test_a_survivor_never_points_at_itself(boss: RecordService) -> None:
    loser = firm(boss, "L")
    survivor = firm(boss, "S", parent_id=str(loser))
    merge(boss.actor, "firm", survivor, [loser])
    assert show(boss, "firm", survivor)["parent_id"] is None


def test_rows_whose_place_is_taken_stay_with_the_loser(boss: RecordService) -> None:
    survivor, loser = firm(boss, "S"), firm(boss, "L")
    boss.create("person", {"name": "Own", "firm_id": str(survivor), "badge": "1"})
    taken = boss.create("person", {"name": "Taken", "firm_id": str(loser), "badge": "1"}).id
    free = [boss.create("person", {"name": f"P{n}", "firm_id": str(loser), "badge": f"x{n}"}).id for n in range(5)]
    result = merge(boss.actor, "firm", survivor, [loser])
    assert (result.moved, result.kept) == ({"person.firm_id": 5}, {"person.firm_id": 1})
    assert show(boss, "person", free[0])["firm_id"] == str(survivor)
    assert compiled("person").model._base_manager.get(pk=taken).value("firm_id").id == loser


def test_a_unique_value_goes_over_to_the_survivor(boss: RecordService) -> None:
    survivor, loser = firm(boss, "S", code="1"), firm(boss, "L", code="2")
    merge(boss.actor, "firm", survivor, [loser], {"code": str(loser)})
    assert show(boss, "firm", survivor)["code"] == "2"


def _touch(record_id: uuid.UUID, followed: int | None, active: int) -> None:
    model: Any = compiled("firm").model
    days = [None if ago is None else timezone.now() - timedelta(days=ago) for ago in (followed, active)]
    model._base_manager.filter(pk=record_id).update(last_followup_at=days[0], last_activity_at=days[1])


def _days(record_id: uuid.UUID) -> tuple[int, int]:
    """Return how many days ago the last contact and the last activity of a record were."""
    row: Any = compiled("firm").model._base_manager.get(pk=record_id)
    return (timezone.now() - row.last_followup_at).days, (timezone.now() - row.last_activity_at).days


def test_the_undo_brings_back_exactly_what_was(boss: RecordService) -> None:
    survivor, first = firm(boss, "S", tags=["a"]), firm(boss, "A", code="1", phone="13800138000", tags=["b"])
    second = firm(boss, "B", amount="7", secret="sealed")
    for number, to in enumerate([survivor, first, second]):
        boss.create("person", {"name": f"P{number}", "firm_id": str(to), "badge": "same"})
        boss.create("item", {"name": f"I{number}", "firm_id": str(to)})
        boss.create("bill", {"name": f"B{number}", "firm_id": str(to)})
    boss.create(
        "note", {"name": "N", "about": {"object": "firm", "id": str(first)}, "firms": [str(second), str(first)]}
    )
    boss.delete("item", boss.create("item", {"name": "T", "firm_id": str(first)}).id)
    lasts = {survivor: (1, 9), first: (5, 6), second: (None, 7)}  # days ago: contact, activity
    for record_id, days in lasts.items():
        _touch(record_id, *days)
    before = everything()
    result = merge(boss.actor, "firm", survivor, [first, second], {"name": str(first)})
    assert everything() != before
    assert _days(survivor) == (1, 6)
    undo(boss.actor, result.merge_id)
    assert everything() == before
    assert survivor_of("firm", first) is None
    with pytest.raises(StateConflict):
        undo(boss.actor, result.merge_id)


def test_what_was_changed_since_the_merge_stays(boss: RecordService) -> None:
    survivor, loser, third = firm(boss, "S"), firm(boss, "L", phone="13800138000", code="7"), firm(boss, "T")
    person = boss.create("person", {"name": "P", "firm_id": str(loser)}).id
    result = merge(boss.actor, "firm", survivor, [loser])
    boss.update("firm", survivor, {"phone": "13900139000"})
    boss.update("person", person, {"firm_id": str(third)})
    undo(boss.actor, result.merge_id)
    found = show(boss, "firm", survivor)
    assert (found["phone"], found["code"]) == ("13900139000", None)
    assert show(boss, "person", person)["firm_id"] == str(third)
    assert show(boss, "firm", loser)["code"] == "7"


def test_an_undo_has_its_time(boss: RecordService) -> None:
    result = merge(boss.actor, "firm", firm(boss, "S"), [firm(boss, "L")])
    Merge.objects.update(at=timezone.now() - timedelta(days=31))
    with pytest.raises(StateConflict):
        undo(boss.actor, result.merge_id)


def test_ids_lead_on_through_several_merges_and_back(boss: RecordService) -> None:
    a, b, c = firm(boss, "A"), firm(boss, "B"), firm(boss, "C")
    first = merge(boss.actor, "firm", b, [a])
    second = merge(boss.actor, "firm", c, [b])
    assert (survivor_of("firm", a), survivor_of("firm", b)) == (c, c)
    with pytest.raises(StateConflict):
        undo(boss.actor, first.merge_id)
    undo(boss.actor, second.merge_id)
    assert (survivor_of("firm", a), survivor_of("firm", b)) == (b, None)
    undo(boss.actor, first.merge_id)
    assert show(boss, "firm", a)["name"] == "A"


def test_a_dry_run_leaves_nothing(boss: RecordService) -> None:
    survivor, loser = firm(boss, "S"), firm(boss, "L", code="1")
    boss.create("person", {"name": "P", "firm_id": str(loser)})
    before = everything()
    result = merge(boss.actor, "firm", survivor, [loser], dry_run=True)
    assert (result.moved, result.values) == ({"person.firm_id": 1}, {"code": "1"})
    assert everything() == before
    assert not Merge.objects.exists()
    assert not Redirect.objects.exists()
    assert not MergeMove.objects.exists()


def test_rights_on_both_sides(boss: RecordService, rep: RecordService) -> None:
    mine, others = firm(rep, "Mine"), firm(boss, "Others")
    with pytest.raises((NotFound, Forbidden)):
        merge(rep.actor, "firm", mine, [others])
    with pytest.raises((NotFound, Forbidden)):
        merge(rep.actor, "firm", others, [mine])


@pytest.mark.parametrize("number", [0, 5])
def test_how_many(boss: RecordService, number: int) -> None:
    with pytest.raises(ValidationFailed):
        merge(boss.actor, "firm", firm(boss, "S"), [firm(boss, "L") for _ in range(number)])


def test_the_survivor_is_found_by_the_losers_numbers(boss: RecordService) -> None:
    match_on("firm", "phones", matcher("phone", ["phone"]))
    rule("firm", "phones", "block")
    survivor, loser = firm(boss, "S", phone="13800138000"), firm(boss, "L", phone="13900139000")
    result = merge(boss.actor, "firm", survivor, [loser])
    with pytest.raises(DuplicateDetected) as failed:
        firm(boss, "N", phone="+86 139 0013 9000")
    assert failed.value.details["duplicates"][0]["records"][0]["id"] == str(survivor)
    boss.update("firm", survivor, {"phone": "13700137000"})
    assert DuplicateKey.objects.filter(record_id=survivor, key="+8613900139000").exists()
    boss.update("firm", survivor, {"phone": "13800138000"})
    undo(boss.actor, result.merge_id)
    assert not DuplicateKey.objects.filter(record_id=survivor, key="+8613900139000").exists()


def test_sets_of_merged_records_are_closed_and_opened_again(boss: RecordService) -> None:
    match_on("firm", "phones", matcher("phone", ["phone"]))
    rule("firm", "phones", "report")
    survivor, loser = firm(boss, "S", phone="13800138000"), firm(boss, "L", phone="13800138000")
    result = merge(boss.actor, "firm", survivor, [loser])
    assert DuplicateSet.objects.get().state == DuplicateSet.State.MERGED
    undo(boss.actor, result.merge_id)
    assert DuplicateSet.objects.get().state == DuplicateSet.State.OPEN


def test_amounts_of_another_currency_do_not_go_over(boss: RecordService) -> None:
    from tests.objects.records.shop import usd

    usd()
    survivor, loser = firm(boss, "S"), firm(boss, "L", amount="5", currency="USD")
    merge(boss.actor, "firm", survivor, [loser])
    assert show(boss, "firm", survivor)["amount"] is None
