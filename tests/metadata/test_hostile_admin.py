"""A malicious or careless admin gets a clear error, and never a broken organisation."""

from __future__ import annotations

import time
from typing import Any

import pytest

from crm_platform.kit.errors import PlatformError, StateConflict, ValidationFailed
from metadata import services
from metadata.field_types import field_types
from metadata.inputs import ChoiceInput, FieldInput, ObjectInput
from metadata.rule_inputs import ValidationRuleInput
from objects.query.conditions import Condition
from objects.query.query import RecordQuery
from objects.records.service import RecordService

OBJECT, OTHER = "target_h__c", "other_h__c"
NASTY = [
    "a'b",
    'a"b',
    "a;DROP TABLE x",
    "😀",
    "\u202eabc",
    "a\x00b",
    "x" * 10_000,
    "",
    " ",
    "__proto__",
    "数据",
    "A",
    "1a",
]


@pytest.fixture
def target(db: Any, admin_actor: Any) -> Any:
    services.create_object(admin_actor, ObjectInput(OTHER, "Other"))
    lookup = FieldInput("other__c", "lookup", "Other", settings={"target": OTHER})
    number = FieldInput("number__c", "decimal", "Number")
    services.create_object(admin_actor, ObjectInput(OBJECT, "Target", fields=[lookup, number]))
    return admin_actor


def assert_it_works(actor: Any) -> None:
    """The organisation is whole: the object takes records, finds them and describes itself."""
    made = RecordService(actor).create(OBJECT, {"name": "still here", "number__c": "1"})
    assert RecordQuery(actor, OBJECT).where(Condition("name", "eq", "still here")).where_ids([made.id]).exists()
    services.add_field(actor, OBJECT, FieldInput(f"probe{made.id.hex[-8:]}__c", "text", "Probe"))


@pytest.mark.parametrize("name", NASTY)
def test_api_names_are_plain_or_refused(target: Any, name: str) -> None:
    for make in (
        lambda: services.add_field(target, OBJECT, FieldInput(name, "text", "L")),
        lambda: services.create_object(target, ObjectInput(name, "L")),
        lambda: services.create_validation_rule(target, OBJECT, ValidationRuleInput(name + "\n", "L", "TRUE", "M")),
    ):
        with pytest.raises(ValidationFailed) as caught:
            make()
        assert "api_name" in {error.field for error in caught.value.errors}
    assert_it_works(target)


@pytest.mark.parametrize(
    "label", ["a'b\"c", "<script>alert(1)</script>", "😀 עברית", "{name}", "%s %(x)d %", "{{ 7*7 }}"]
)
def test_labels_may_be_anything_that_can_be_shown(target: Any, admin_client: Any, label: str) -> None:
    services.add_field(target, OBJECT, FieldInput("odd__c", "text", label, help_text=label))
    rule = ValidationRuleInput("odd", label, "number__c > 5", label.replace("{name}", "n"), location="odd__c")
    services.create_validation_rule(target, OBJECT, rule)
    for path in (f"/o/{OBJECT}/", f"/o/{OBJECT}/new", f"/setup/objects/{OBJECT}/", f"/setup/objects/{OBJECT}/rules/"):
        page = admin_client.get(path)
        assert page.status_code == 200, path
        assert b"<script>alert" not in page.content
    with pytest.raises(ValidationFailed) as caught:
        RecordService(target).create(OBJECT, {"name": "x", "number__c": "6"})
    assert label.replace("{name}", "n") == caught.value.errors[0].text


@pytest.mark.parametrize("label", ["a\x00b", "\u202eabc", "x" * 5_000, "", "\ud800"])
def test_labels_that_can_not_be_stored_are_refused(target: Any, label: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        services.add_field(target, OBJECT, FieldInput("odd__c", "text", label))
    assert "label" in {error.field for error in caught.value.errors}
    assert_it_works(target)


def test_three_thousand_choices_work_and_one_more_is_refused(target: Any, admin_client: Any) -> None:
    choices = [ChoiceInput(f"v{n}", f"选项{n}") for n in range(3_001)]
    with pytest.raises(ValidationFailed):
        services.add_field(target, OBJECT, FieldInput("many__c", "picklist", "Many", choices=choices))
    services.add_field(target, OBJECT, FieldInput("many__c", "picklist", "Many", choices=choices[:-1]))
    made = RecordService(target).create(OBJECT, {"name": "x", "many__c": "v2999"})
    found = RecordQuery(target, OBJECT).where(Condition("many__c", "eq", "v2999")).ids()
    assert found == [made.id]
    assert "选项2999" in admin_client.get(f"/o/{OBJECT}/new").content.decode()


@pytest.mark.parametrize(
    "expression",
    [
        "+".join(["1"] * 5_000),
        "(" * 5_000 + "1" + ")" * 5_000,
        "IF(TRUE," * 300 + "1" + ",0)" * 300,
        "!" * 5_000 + "TRUE",
        "1" * 9_000,
        "REGEX(name, '(a+)+$')" + " && REGEX(name, '(a|a)*b')" * 500,
        "number__c" + " ^ 999999" * 100,
    ],
)
def test_enormous_formulas_are_refused_at_once(target: Any, expression: str) -> None:
    started = time.process_time()
    field = FieldInput("huge__c", "formula", "Huge", settings={"expression": expression, "returns": "decimal"})
    with pytest.raises(ValidationFailed) as caught:
        services.add_field(target, OBJECT, field)
    assert {error.field for error in caught.value.errors} <= {"settings.expression", "settings"}
    assert time.process_time() - started < 5
    assert_it_works(target)


def test_a_regular_expression_does_not_explode(target: Any) -> None:
    rule = ValidationRuleInput("slow", "Slow", "REGEX(name, '^(a+)+$')", "M")
    services.create_validation_rule(target, OBJECT, rule)
    started = time.process_time()
    RecordService(target).create(OBJECT, {"name": "a" * 200 + "!"})
    assert time.process_time() - started < 2


def test_circles_across_objects_are_refused(target: Any) -> None:
    def rollup(name: str, source: str) -> FieldInput:
        settings = {"object": OBJECT, "lookup": "other__c", "operation": "sum", "field": source}
        return FieldInput(name, "rollup", name, settings=settings)

    services.add_field(target, OTHER, rollup("total__c", "number__c"))
    share = {"expression": "other__r.total__c * 0.1", "returns": "decimal"}
    services.add_field(target, OBJECT, FieldInput("share__c", "formula", "Share", settings=share))
    for make in (
        lambda: services.update_field(target, OTHER, "total__c", settings=dict(rollup("t", "share__c").settings)),
        lambda: services.update_field(
            target, OBJECT, "share__c", settings={"expression": "share__c + 1", "returns": "decimal"}
        ),
    ):
        with pytest.raises(ValidationFailed) as caught:
            make()
        assert "→" in caught.value.errors[0].text or caught.value.errors[0].code == "invalid_choice"
    assert_it_works(target)


def test_what_is_used_can_not_be_taken_away(target: Any) -> None:
    services.add_field(target, OBJECT, FieldInput("code__c", "text", "C", is_unique=True, unique_scope=["number__c"]))
    with pytest.raises(StateConflict) as caught:
        services.delete_field(target, OBJECT, "number__c")
    assert caught.value.details["usages"]
    with pytest.raises(StateConflict):
        services.delete_object(target, OTHER)
    assert_it_works(target)


ODD = [None, [], {}, "x" * 5_000, -1, 10**30, "NaN", "\x00", True, [[[]]], {"a": {"b": []}}]


@pytest.mark.parametrize("key", [item.key for item in field_types if item.for_admins])
def test_odd_parameters_are_refused_or_harmless(target: Any, key: str) -> None:
    """Every parameter of every type is given what it does not expect; nothing but a clear refusal may come of it."""
    names = list(field_types.get(key).settings_form().fields) or ["anything"]
    for number, name in enumerate(names):
        for odd in ODD:
            given = FieldInput(f"odd{number}__c", key, "Odd", settings={name: odd})
            try:
                services.add_field(target, OBJECT, given)
            except PlatformError as refused:
                assert isinstance(refused, ValidationFailed), refused
            else:
                services.delete_field(target, OBJECT, given.api_name)
                break
    assert_it_works(target)
