"""Validation rules travel in packages: exported, compared, applied, and refused when they are wrong."""

from __future__ import annotations

from typing import Any

import pytest

from crm_platform.kit.errors import ValidationFailed
from crm_platform.kit.frozen import FrozenDict
from metadata import services
from metadata.inputs import FieldInput, ObjectInput
from metadata.packages.rules import VALIDATION_RULES
from metadata.publishing import publish
from metadata.rule_inputs import ValidationRuleInput

OBJECT = "parcel__c"


@pytest.fixture
def parcel(db: Any, admin_actor: Any) -> Any:
    fields = [FieldInput("weight__c", "decimal", "Weight")]
    services.create_object(admin_actor, ObjectInput(OBJECT, "Parcel", fields=fields))
    message = {"en": "Too light", "zh-hans": "太轻"}
    given = ValidationRuleInput("light", "Light", "weight__c < 1", message, location="weight__c", severity="warning")
    services.create_validation_rule(admin_actor, OBJECT, given)
    return admin_actor


def exported() -> list[FrozenDict]:
    return [FrozenDict(item) for item in VALIDATION_RULES.export([OBJECT])]


def test_a_rule_comes_back_as_it_left(parcel: Any) -> None:
    (document,) = exported()
    assert document["message"] == {"zh-hans": "太轻", "en": "Too light"}
    assert VALIDATION_RULES.diff([document]) == []

    services.delete_validation_rule(parcel, OBJECT, "light")
    assert [change.kind for change in VALIDATION_RULES.diff([document])] == ["add"]
    publish(parcel, "apply", lambda: VALIDATION_RULES.apply(parcel, [document]))
    assert exported() == [document]


def test_a_rule_that_has_changed_is_put_right(parcel: Any) -> None:
    (document,) = exported()
    services.update_validation_rule(parcel, OBJECT, "light", condition="weight__c < 2", severity="error")
    (change,) = VALIDATION_RULES.diff([document])
    assert set(change.details) == {"condition", "severity"}
    publish(parcel, "apply", lambda: VALIDATION_RULES.apply(parcel, [document]))
    assert exported() == [document]


@pytest.mark.parametrize("changes", [{"condition": ""}, {"condition": "nowhere__c > 1"}, {"location": "nowhere__c"}])
def test_a_wrong_rule_of_a_package_is_refused(parcel: Any, changes: dict[str, str]) -> None:
    (document,) = exported()
    with pytest.raises(ValidationFailed):
        publish(parcel, "apply", lambda: VALIDATION_RULES.apply(parcel, [FrozenDict({**document, **changes})]))
    assert exported() == [document]
