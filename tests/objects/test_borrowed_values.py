"""Values of related records: followed, or copied once."""

from __future__ import annotations

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

FIRM, DEAL = "firm_b__c", "deal_b__c"


@pytest.fixture
def deal(db: Any, admin_actor: Any) -> Any:
    fields = [
        FieldInput("rate__c", "percent", "Rate"),
        FieldInput("level__c", "picklist", "Level", choices=[ChoiceInput("a", "甲"), ChoiceInput("b", "乙")]),
    ]
    services.create_object(admin_actor, ObjectInput(FIRM, "Firm", fields=fields))
    firm = FieldInput("firm__c", "lookup", "Firm", settings={"target": FIRM})
    services.create_object(admin_actor, ObjectInput(DEAL, "Deal", fields=[firm]))
    for name, kind, path, more in (
        ("level__c", "lookup_value", "firm__r.level__c", {}),
        ("rate__c", "copied_value", "firm__r.rate__c", {"when": "change"}),
        ("first__c", "copied_value", "firm__r.rate__c", {}),
    ):
        services.add_field(admin_actor, DEAL, FieldInput(name, kind, name, settings={"path": path, **more}))
    return admin_actor


def shown(actor: Any, record: Any) -> list[Any]:
    names = ("level__c", "rate__c", "first__c")
    found = RecordQuery(actor, DEAL).fields(*names).show(record)
    return [found[name] for name in names]


def test_one_follows_its_source_and_the_other_stays(deal: Any) -> None:
    service = RecordService(deal)
    firms = [
        service.create(FIRM, {"name": "F", "level__c": key, "rate__c": rate}).id
        for key, rate in (("a", "0.1"), ("b", "0.2"))
    ]
    made = service.create(DEAL, {"name": "D", "firm__c": str(firms[0])}).id
    assert shown(deal, made) == ["a", Decimal("0.1"), Decimal("0.1")]

    service.update(FIRM, firms[0], {"level__c": "b", "rate__c": "0.5"})
    run_queued_jobs()
    assert shown(deal, made) == ["b", Decimal("0.1"), Decimal("0.1")]

    service.update(DEAL, made, {"firm__c": str(firms[1])})
    assert shown(deal, made) == ["b", Decimal("0.2"), Decimal("0.1")]
    service.update(DEAL, made, {"firm__c": None})
    assert shown(deal, made) == [None, None, Decimal("0.1")]


def test_choices_are_those_of_the_source(deal: Any) -> None:
    service = RecordService(deal)
    firm = service.create(FIRM, {"name": "F", "level__c": "a"}).id
    made = service.create(DEAL, {"name": "D", "firm__c": str(firm)}).id
    query = RecordQuery(deal, DEAL)
    assert query.where(Condition("level__c", "in", ["a"])).ids() == [made]
    assert query.fields("level__c").get(made, labels=True)["_labels"]["level__c"] == "甲"
    services.update_choices(
        deal, f"{FIRM}.level__c", [ChoiceInput("a", "A 级"), ChoiceInput("b", "乙", is_active=False)]
    )
    assert query.fields("level__c").get(made, labels=True)["_labels"]["level__c"] == "A 级"
    service.update(DEAL, made, {"name": "E"})


@pytest.mark.parametrize(
    "path", ["name", "firm__r.nowhere__c", "nowhere.name", "firm__c", "firm__r.owner_id", "", "a.b" * 90]
)
def test_a_path_that_leads_to_no_plain_value_is_refused(deal: Any, path: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        services.add_field(deal, DEAL, FieldInput("bad__c", "lookup_value", "B", settings={"path": path}))
    assert {error.field for error in caught.value.errors} == {"settings.path"}
