"""Formulas tried on records, and records assessed before they are sent."""

from __future__ import annotations

from typing import Any

import pytest

from metadata import services
from metadata.inputs import ChoiceInput, FieldInput, ObjectInput
from metadata.rule_inputs import ValidationRuleInput
from objects.query.query import RecordQuery
from objects.records.service import RecordService

OBJECT = "offer_t__c"


@pytest.fixture
def offer(db: Any, admin_actor: Any) -> Any:
    choices = [ChoiceInput("open", "Open"), ChoiceInput("lost", "Lost")]
    fields = [
        FieldInput("price__c", "decimal", "Price"),
        FieldInput("state__c", "picklist", "State", choices=choices),
        FieldInput("reason__c", "text", "Reason", required_if="ISPICKVAL(state__c, 'lost')"),
        FieldInput("twice__c", "formula", "T", settings={"expression": "price__c * 2", "returns": "decimal"}),
    ]
    services.create_object(admin_actor, ObjectInput(OBJECT, "Offer", fields=fields))
    given = ValidationRuleInput("floor", "Floor", "price__c < 0", "Too cheap", location="price__c")
    services.create_validation_rule(admin_actor, OBJECT, given)
    return admin_actor


def check(caller: Any, **given: Any) -> dict[str, Any]:
    answer = caller.post("/api/v1/meta/formulas/check", {"object": OBJECT, **given}, format="json")
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def test_a_formula_is_worked_out_step_by_step(offer: Any, caller: Any) -> None:
    made = RecordService(offer).create(OBJECT, {"name": "x", "price__c": "5"}).id
    found = check(caller, expression="IF(price__c > 3, price__c * 10, 0)", record=str(made))
    assert (found["valid"], found["type"], found["value"]) == (True, "number", "50")
    assert {"text": "price__c > 3", "value": True} in [{k: s[k] for k in ("text", "value")} for s in found["steps"]]
    assert found["paths"] == ["price__c"]


def test_a_mistake_has_its_place_and_a_suggestion(offer: Any, caller: Any) -> None:
    found = check(caller, expression="1 +\n prise__c")
    assert found["valid"] is False
    assert (found["error"]["line"], found["error"]["column"]) == (2, 2)
    assert found["error"]["suggestion"] == "price__c"


@pytest.mark.parametrize(
    "given", [{}, {"expression": 5}, {"expression": "1", "purpose": "x"}, {"expression": "1", "a": 1}]
)
def test_a_malformed_question_is_refused(offer: Any, caller: Any, given: dict[str, Any]) -> None:
    answer = caller.post("/api/v1/meta/formulas/check", {"object": OBJECT, **given}, format="json")
    assert answer.status_code == 422


def test_a_record_is_assessed_without_being_written(offer: Any, caller: Any) -> None:
    answer = caller.post(f"/api/v1/records/{OBJECT}/validate", {"name": "x", "price__c": "-2", "state__c": "lost"})
    body = answer.json()
    assert (answer.status_code, body["valid"]) == (200, False)
    assert body["values"]["twice__c"] == "-4.00"
    assert {e["pointer"] for e in body["problem"]["errors"]} == {"#/fields/price__c", "#/fields/reason__c"}
    assert body["fields"]["reason__c"] == {"is_visible": True, "is_required": True, "is_read_only": False}
    assert not RecordQuery(offer, OBJECT).exists()


def test_changes_to_a_record_are_assessed(offer: Any, caller: Any) -> None:
    made = RecordService(offer).create(OBJECT, {"name": "x", "price__c": "5"}).id
    body = caller.post(f"/api/v1/records/{OBJECT}/validate", {"id": str(made), "price__c": "6"}).json()
    assert (body["valid"], body["values"]["twice__c"]) == (True, "12.00")
    assert RecordQuery(offer, OBJECT).get(made)["price__c"] == "5.00"


def test_a_warning_is_confirmed_by_preference(offer: Any, caller: Any) -> None:
    services.update_validation_rule(offer, OBJECT, "floor", severity="warning")
    values = {"name": "x", "price__c": "-1"}
    refused = caller.post(f"/api/v1/records/{OBJECT}", values)
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert (error["rule"], error["severity"], error["message"]) == ("floor", "warning", "Too cheap")
    preference = {"HTTP_PREFER": 'warnings=allow; reason="agreed"'}
    assert caller.post(f"/api/v1/records/{OBJECT}", values, **preference).status_code == 201
