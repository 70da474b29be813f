"""What is worked out from moved records is right after a merge and after its undo: roll-ups, and formulas."""

from __future__ import annotations

import uuid
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.utils import timezone

from crm_platform.jobs.services import JobContext
from crm_platform.kit.context import system_actor
from metadata import services
from metadata.inputs import FieldInput
from objects.merging.service import merge
from objects.merging.undoing import undo
from objects.query.query import RecordQuery
from objects.records.recalculation_jobs import recalculate_dependents
from objects.records.service import RecordService


def formula(name: str, text: str, returns: str = "text") -> FieldInput:
    return FieldInput(name, "formula", name, settings={"expression": text, "returns": returns}, is_custom=False)


def rollup(name: str, operation: str, returns: str, **settings: Any) -> FieldInput:
    given = {"object": "person", "lookup": "firm_id", "operation": operation, "returns": returns, **settings}
    return FieldInput(name, "rollup", name, settings=given, is_custom=False)


@pytest.fixture
def own(boss: RecordService) -> RecordService:
    """Firms count their persons and add up weights; persons repeat their firm's name, trips their person's."""
    admin = system_actor("test")
    plan = [
        ("person", formula("shown", "name & ' of ' & BLANKVALUE(firm.name, 'nobody')")),
        ("person", formula("is_free", "ISBLANK(firm_id)", "checkbox")),
        ("firm", rollup("heads", "count", "integer")),
        ("firm", rollup("heavy", "count", "integer", filter="weight > 1.8")),
        ("firm", rollup("age", "sum", "decimal", field="weight")),
        ("firm", formula("busy", "heads * 10 + heavy", "decimal")),
        ("trip", formula("of_firm", "person.firm.name")),
        ("trip", formula("beside", "person.firm.busy", "decimal")),
    ]
    for object_name, field in plan:
        services.add_field(admin, object_name, field)
    return boss


def drain() -> None:
    """Work off what was noted for the job of dependent formulas."""
    recalculate_dependents(cast(JobContext, SimpleNamespace(now=timezone.now(), progress=lambda done: None)))


def values(own: RecordService, object_name: str, record_id: uuid.UUID, *names: str) -> tuple[Any, ...]:
    found = RecordQuery(own.actor, object_name).fields(*names).show(record_id)
    return tuple(found[name] for name in names)


def firm_of(own: RecordService, record_id: uuid.UUID) -> tuple[Any, ...]:
    return values(own, "firm", record_id, "heads", "heavy", "age", "busy")


def person(own: RecordService, name: str, firm: uuid.UUID, **more: Any) -> uuid.UUID:
    return own.create("person", {"name": name, "firm_id": str(firm), **more}).id


def test_roll_ups_and_formulas_follow_a_merge_and_its_undo(own: RecordService) -> None:
    survivor, loser = (own.create("firm", {"name": name}).id for name in ("S", "L"))
    kept = person(own, "K", survivor, badge="1", weight="1.5")
    moved = [person(own, f"M{number}", loser, badge=f"b{number}", weight="2") for number in range(3)]
    stays = person(own, "T", loser, badge="1", weight="50")  # the survivor has that badge already
    trip = own.create("trip", {"name": "trip", "person_id": str(moved[0])}).id
    drain()
    before = (1, 0, Decimal("1.50"), 10)
    assert (firm_of(own, survivor), firm_of(own, loser)) == (before, (4, 4, Decimal("56.00"), 44))

    merged = merge(own.actor, "firm", survivor, [loser])
    assert firm_of(own, survivor) == (4, 3, Decimal("7.50"), 43)
    assert [values(own, "person", item, "shown")[0] for item in (kept, *moved)] == [
        "K of S",
        "M0 of S",
        "M1 of S",
        "M2 of S",
    ]
    drain()
    assert values(own, "trip", trip, "of_firm", "beside") == ("S", 43)

    undo(own.actor, merged.merge_id)
    assert (firm_of(own, survivor), firm_of(own, loser)) == (before, (4, 4, Decimal("56.00"), 44))
    assert [values(own, "person", item, "shown")[0] for item in (kept, *moved, stays)] == [
        "K of S",
        "M0 of L",
        "M1 of L",
        "M2 of L",
        "T of L",
    ]
    drain()
    assert values(own, "trip", trip, "of_firm", "beside") == ("L", 44)


def test_a_survivor_that_takes_another_name_tells_its_children(own: RecordService) -> None:
    survivor, loser = (own.create("firm", {"name": name}).id for name in ("S", "L"))
    kept, moved = person(own, "K", survivor), person(own, "M", loser)
    merged = merge(own.actor, "firm", survivor, [loser], {"name": str(loser)})
    drain()
    assert [values(own, "person", item, "shown")[0] for item in (kept, moved)] == ["K of L", "M of L"]
    own.update("firm", survivor, {"name": "New"})
    undo(own.actor, merged.merge_id)
    drain()
    assert [values(own, "person", item, "shown")[0] for item in (kept, moved)] == ["K of New", "M of L"]


def test_records_in_the_trash_come_back_with_what_is_right_by_then(own: RecordService) -> None:
    survivor, loser = (own.create("firm", {"name": name}).id for name in ("S", "L"))
    gone = person(own, "G", loser)
    deletion = own.delete("person", gone)
    merge(own.actor, "firm", survivor, [loser])
    own.restore(deletion)
    assert values(own, "person", gone, "shown", "is_free") == ("G of S", False)
    assert firm_of(own, survivor)[0] == 1
