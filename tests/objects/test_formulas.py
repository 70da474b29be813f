"""Formulas, default formulas and what they read of other records."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from crm_platform.kit.errors import StateConflict, ValidationFailed
from metadata import services
from metadata.inputs import ChoiceInput, FieldInput, ObjectInput
from objects.query.conditions import Condition
from objects.query.query import RecordQuery
from objects.records import environments
from objects.records.related_records import read_by_ids
from objects.records.service import RecordService
from tests.kit.work import run_queued_jobs

DEAL, FIRM = "deal_x__c", "firm_x__c"


def formula(name: str, expression: str, returns: str = "decimal", **settings: Any) -> FieldInput:
    return FieldInput(name, "formula", name, settings={"expression": expression, "returns": returns, **settings})


@pytest.fixture
def deal(db: Any, admin_actor: Any) -> Any:
    firm = [
        FieldInput("discount__c", "percent", "Discount"),
        FieldInput("level__c", "picklist", "Level", choices=[ChoiceInput("a", "A"), ChoiceInput("b", "B")]),
    ]
    services.create_object(admin_actor, ObjectInput(FIRM, "Firm", fields=firm))
    fields = [
        FieldInput("firm__c", "lookup", "Firm", settings={"target": FIRM}),
        FieldInput("price__c", "decimal", "Price"),
        FieldInput("count__c", "integer", "Count"),
        FieldInput("code__c", "text", "Code", default_formula="UPPER(LEFT(name, 3))"),
        formula("total__c", "price__c * count__c"),
        formula("net__c", "total__c * (1 - firm__r.discount__c)"),
        formula("is_big__c", "net__c >= 1000", "checkbox"),
        formula("mark__c", "IF(ISPICKVAL(firm__r.level__c, 'a'), 'top', 'other')", "text"),
    ]
    services.create_object(admin_actor, ObjectInput(DEAL, "Deal", fields=fields))
    return admin_actor


def values(actor: Any, record_id: Any, *names: str) -> list[Any]:
    found = RecordQuery(actor, DEAL).fields(*names).show(record_id)
    return [found[name] for name in names]


def test_formulas_build_on_one_another_and_on_related_records(deal: Any) -> None:
    service = RecordService(deal)
    firm = service.create(FIRM, {"name": "F", "discount__c": "0.1", "level__c": "a"}).id
    made = service.create(DEAL, {"name": "big one", "price__c": "600", "count__c": 2, "firm__c": str(firm)}).id
    names = ("total__c", "net__c", "is_big__c", "mark__c", "code__c")
    assert values(deal, made, *names) == [Decimal(1200), Decimal(1080), True, "top", "BIG"]

    service.update(DEAL, made, {"count__c": 1})
    assert values(deal, made, *names) == [Decimal(600), Decimal(540), False, "top", "BIG"]
    assert RecordQuery(deal, DEAL).where(Condition("net__c", "eq", "540")).ids() == [made]


def test_related_records_are_read_together_once_an_expression_asks(deal: Any, monkeypatch: Any) -> None:
    services.create_object(deal, ObjectInput("bill_x__c", "Bill", fields=[
        FieldInput("firm__c", "lookup", "Firm", settings={"target": FIRM}),
        FieldInput("sum__c", "integer", "Sum"),
        formula("less__c", "IF(sum__c > 100, sum__c * firm__r.discount__c, 0)"),
    ]))  # fmt: skip
    service, reads = RecordService(deal), []
    firms = [service.create(FIRM, {"name": str(part), "discount__c": f"0.{part}"}).id for part in (1, 2, 3)]
    monkeypatch.setattr(environments, "read_by_ids", lambda *args: reads.append(args) or read_by_ids(*args))

    def made(amount: int) -> list[Decimal]:
        rows = [{"name": "x", "sum__c": amount, "firm__c": str(firm)} for firm in firms]
        ids = [result.id for result in service.bulk_create("bill_x__c", rows)]
        query = RecordQuery(deal, "bill_x__c").fields("less__c")
        return [query.show(record)["less__c"] for record in ids if record]

    assert made(50) == [0, 0, 0] and not reads
    assert made(200) == [20, 40, 60] and len(reads) == 1


def test_numbers_left_empty_count_as_zero_or_as_nothing(deal: Any) -> None:
    services.add_field(deal, DEAL, formula("strict__c", "price__c + 1", blank_as="blank"))
    services.add_field(deal, DEAL, formula("lenient__c", "price__c + 1"))
    made = RecordService(deal).create(DEAL, {"name": "x"}).id
    assert values(deal, made, "strict__c", "lenient__c") == [None, Decimal(1)]


def test_nobody_writes_a_formula(deal: Any) -> None:
    with pytest.raises(ValidationFailed) as caught:
        RecordService(deal).create(DEAL, {"name": "x", "total__c": "5"})
    assert [(e.field, e.code) for e in caught.value.errors] == [("total__c", "read_only_field")]


def test_a_given_value_wins_over_the_default_formula(deal: Any) -> None:
    service = RecordService(deal)
    assert values(deal, service.create(DEAL, {"name": "abcdef", "code__c": "own"}).id, "code__c") == ["own"]
    assert values(deal, service.create(DEAL, {"name": "abcdef", "code__c": None}).id, "code__c") == [None]


def test_a_result_that_does_not_fit_is_an_error_at_its_field(deal: Any) -> None:
    with pytest.raises(ValidationFailed) as caught:
        RecordService(deal).create(DEAL, {"name": "x", "price__c": "9" * 16, "count__c": 10**9})
    assert ("total__c", "formula_error") in [(e.field, e.code) for e in caught.value.errors]


def test_a_change_of_a_related_record_reaches_the_formulas_that_read_it(deal: Any) -> None:
    service = RecordService(deal)
    firm = service.create(FIRM, {"name": "F", "discount__c": "0.5"}).id
    deals = [
        service.create(DEAL, {"name": f"d{n}", "price__c": "100", "count__c": n, "firm__c": str(firm)}).id
        for n in range(3)
    ]
    service.update(FIRM, firm, {"discount__c": "0.2", "level__c": "a"})
    run_queued_jobs()
    assert [values(deal, item, "net__c", "mark__c") for item in deals] == [
        [Decimal(0), "top"],
        [Decimal(80), "top"],
        [Decimal(160), "top"],
    ]
    assert RecordQuery(deal, DEAL).get(deals[0])["version"] == 1, "a formula is no change that somebody made"


def test_a_new_formula_is_worked_out_for_the_records_that_exist(deal: Any) -> None:
    made = RecordService(deal).create(DEAL, {"name": "old", "price__c": "3"}).id
    services.add_field(deal, DEAL, formula("triple__c", "price__c * 3"))
    run_queued_jobs()
    assert values(deal, made, "triple__c") == [Decimal(9)]


@pytest.mark.parametrize(
    ("expression", "start"),
    [("price__c +", 10), ("nowhere__c", 0), ("price__c + name", 0), ("LEN(1)", 4), ("$User.name", 0)],
)
def test_a_wrong_formula_is_refused_where_it_is_wrong(deal: Any, expression: str, start: int) -> None:
    with pytest.raises(ValidationFailed) as caught:
        services.add_field(deal, DEAL, formula("wrong__c", expression))
    (error,) = caught.value.errors
    assert (error.field, error.code) == ("settings.expression", "formula_error")


def test_a_circle_is_refused(deal: Any) -> None:
    services.add_field(deal, DEAL, formula("one__c", "price__c"))
    services.add_field(deal, DEAL, formula("two__c", "one__c"))
    settings = {"expression": "two__c", "returns": "decimal"}
    with pytest.raises(ValidationFailed) as caught:
        services.update_field(deal, DEAL, "one__c", settings=settings)
    assert "deal_x__c.one__c → deal_x__c.two__c" in str(caught.value.errors[0].message)


def test_a_field_that_a_formula_reads_can_not_be_deleted(deal: Any) -> None:
    with pytest.raises(StateConflict) as caught:
        services.delete_field(deal, DEAL, "count__c")
    assert "total__c" in str(caught.value.message)
