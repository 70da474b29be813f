"""Roll-ups stay true through every kind of write, and recompute as a whole to the same values."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from crm_platform.kit.errors import ValidationFailed
from metadata import services
from metadata.inputs import ChoiceInput, FieldInput, ObjectInput
from objects.query.conditions import Condition
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.kit.work import run_queued_jobs

FIRM, LINE, GROUP = "firm_r__c", "line_r__c", "group_r__c"


def rollup(name: str, operation: str, field: str = "", returns: str = "decimal", **settings: Any) -> FieldInput:
    given = {"object": LINE, "lookup": "firm__c", "operation": operation, "returns": returns, **settings}
    return FieldInput(name, "rollup", name, settings=given | ({"field": field} if field else {}))


ROLLUPS = [
    rollup("n__c", "count", returns="integer"),
    rollup("open__c", "count", returns="integer", filter="ISPICKVAL(state__c, 'open')"),
    rollup("total__c", "sum", "amount__c"),
    rollup("open_total__c", "sum", "amount__c", filter="ISPICKVAL(state__c, 'open')"),
    rollup("mean__c", "avg", "amount__c"),
    rollup("least__c", "min", "amount__c"),
    rollup("last__c", "max", "day__c", "date"),
]


@pytest.fixture
def world(db: Any, admin_actor: Any) -> Any:
    services.create_object(admin_actor, ObjectInput(GROUP, "Group"))
    group = FieldInput("group__c", "lookup", "Group", settings={"target": GROUP})
    services.create_object(admin_actor, ObjectInput(FIRM, "Firm", fields=[group]))
    fields = [
        FieldInput("firm__c", "lookup", "Firm", settings={"target": FIRM}),
        FieldInput("amount__c", "decimal", "Amount"),
        FieldInput("day__c", "date", "Day"),
        FieldInput("state__c", "picklist", "State", choices=[ChoiceInput("open", "O"), ChoiceInput("done", "D")]),
    ]
    services.create_object(admin_actor, ObjectInput(LINE, "Line", fields=fields))
    for item in ROLLUPS:
        services.add_field(admin_actor, FIRM, item)
    return admin_actor


def shown(actor: Any, firm: Any) -> dict[str, Any]:
    names = [item.api_name for item in ROLLUPS]
    found = RecordQuery(actor, FIRM).fields(*names).show(firm)
    return {name: found[name] for name in names}


def expected(lines: list[dict[str, Any]]) -> dict[str, Any]:
    amounts = [line["amount__c"] for line in lines if line["amount__c"] is not None]
    days = [line["day__c"] for line in lines if line["day__c"] is not None]
    opened = [line for line in lines if line["state__c"] == "open"]
    mean = sum(amounts) / len(amounts) if amounts else None
    return {
        "n__c": len(lines),
        "open__c": len(opened),
        "total__c": sum(amounts),
        "open_total__c": sum(line["amount__c"] or 0 for line in opened),
        "mean__c": None if mean is None else mean.quantize(Decimal("0.01"), "ROUND_HALF_UP"),
        "least__c": min(amounts, default=None),
        "last__c": max(days, default=None),
    }


def living(actor: Any, firm: Any) -> list[dict[str, Any]]:
    query = RecordQuery(actor, LINE).where(Condition("firm__c", "eq", str(firm)))
    return [dict(row.values) for row in query.fields("amount__c", "day__c", "state__c").display(500).rows]


def test_a_firm_without_lines_has_counts_and_sums_of_zero(world: Any) -> None:
    firm = RecordService(world).create(FIRM, {"name": "F"}).id
    assert shown(world, firm) == expected([])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_sequence_of_writes_keeps_them_true(world: Any, seed: int) -> None:
    dice, service = random.Random(seed), RecordService(world)
    firms = [service.create(FIRM, {"name": f"F{n}"}).id for n in range(2)]
    lines: list[Any] = []
    deletions: list[Any] = []

    def some_values() -> dict[str, Any]:
        return {
            "firm__c": dice.choice([*map(str, firms), None]),
            "amount__c": dice.choice([None, str(Decimal(dice.randint(-500, 500)) / 100)]),
            "day__c": dice.choice([None, date(2026, 1, 1) + timedelta(dice.randint(0, 300))]),
            "state__c": dice.choice([None, "open", "done"]),
        }

    for _ in range(40):
        act = dice.choice(["create", "create", "bulk", "update", "update", "delete", "restore"])
        if act == "create" or not lines:
            lines.append(service.create(LINE, {"name": "L", **some_values()}).id)
        elif act == "bulk":
            lines += [row.id for row in service.bulk_create(LINE, [{"name": "L", **some_values()} for _ in range(3)])]
        elif act == "update":
            name = dice.choice(["firm__c", "amount__c", "day__c", "state__c"])
            service.update(LINE, dice.choice(lines), {name: some_values()[name]})
        elif act == "delete":
            gone = lines.pop(dice.randrange(len(lines)))
            deletions.append((service.delete(LINE, gone), gone))
        elif deletions:
            deletion, back = deletions.pop()
            service.restore(deletion)
            lines.append(back)
        for firm in firms:
            assert shown(world, firm) == expected(living(world, firm)), act


def test_a_new_roll_up_summarises_what_is_there(world: Any) -> None:
    service = RecordService(world)
    firm = service.create(FIRM, {"name": "F"}).id
    service.bulk_create(LINE, [{"name": "L", "firm__c": str(firm), "amount__c": str(n)} for n in range(5)])
    services.add_field(world, FIRM, rollup("most__c", "max", "amount__c"))
    run_queued_jobs()
    assert RecordQuery(world, FIRM).fields("most__c").show(firm)["most__c"] == 4


def test_formulas_and_roll_ups_above_follow(world: Any) -> None:
    double = FieldInput("double__c", "formula", "D", settings={"expression": "total__c * 2", "returns": "decimal"})
    services.add_field(world, FIRM, double)
    above = {"object": FIRM, "lookup": "group__c", "operation": "sum", "field": "double__c", "returns": "decimal"}
    services.add_field(world, GROUP, FieldInput("all__c", "rollup", "All", settings=above))
    service = RecordService(world)
    group = service.create(GROUP, {"name": "G"}).id
    firms = [service.create(FIRM, {"name": "F", "group__c": str(group)}).id for _ in range(2)]
    line = service.create(LINE, {"name": "L", "firm__c": str(firms[0]), "amount__c": "5"}).id
    service.create(LINE, {"name": "L", "firm__c": str(firms[1]), "amount__c": "7"})
    assert RecordQuery(world, FIRM).fields("double__c").show(firms[0])["double__c"] == 10
    assert RecordQuery(world, GROUP).fields("all__c").show(group)["all__c"] == 24
    service.delete(LINE, line)
    assert RecordQuery(world, GROUP).fields("all__c").show(group)["all__c"] == 14


@pytest.mark.parametrize(
    ("settings", "member"),
    [
        ({"object": "nowhere__c"}, "settings.object"),
        ({"lookup": "amount__c"}, "settings.lookup"),
        ({"operation": "sum", "field": "state__c"}, "settings.field"),
        ({"operation": "sum", "field": "amount__c", "returns": "integer"}, "settings.returns"),
        ({"filter": "firm__r.name = 'x'"}, "settings.filter"),
        ({"filter": "nowhere__c"}, "settings.filter"),
    ],
)
def test_a_wrong_roll_up_is_refused(world: Any, settings: dict[str, Any], member: str) -> None:
    field = rollup("wrong__c", "count", returns="integer")
    bad = FieldInput("wrong__c", "rollup", "W", settings={**field.settings, **settings})
    with pytest.raises(ValidationFailed) as caught:
        services.add_field(world, FIRM, bad)
    assert [error.field for error in caught.value.errors] == [member]


def test_roll_ups_in_a_circle_are_refused(world: Any) -> None:
    copied = {"expression": "firm__r.total__c", "returns": "decimal"}
    services.add_field(world, LINE, FieldInput("copied__c", "formula", "C", settings=copied))
    with pytest.raises(ValidationFailed) as caught:
        services.add_field(world, FIRM, rollup("loop__c", "sum", "copied__c", filter="copied__c > 0"))
        services.update_field(world, FIRM, "total__c", settings=dict(rollup("t", "sum", "copied__c").settings))
    assert "→" in str(caught.value.errors[0].message)
