"""Record types: chosen, usual and refused; what they narrow; filters, order, formulas and rules that know them."""

from __future__ import annotations

from typing import Any

import pytest

from crm_platform.identity.models import PermissionSet, Profile
from crm_platform.identity.services import create_permission_set, set_permission_set_members
from crm_platform.kit.errors import Forbidden, NotFound, ValidationFailed
from metadata import services
from metadata.compiler.current import current_snapshot
from metadata.compiler.record_base import SYSTEM_FIELDS
from metadata.compiler.spec import from_json, to_json
from metadata.inputs import ChoiceInput, FieldInput, ObjectInput
from metadata.models import BusinessObject, RecordType
from metadata.rule_inputs import RecordTypeInput, ValidationRuleInput
from objects.access.grants import grant_object
from objects.access.services.type_grants import TypeRights, set_type_rights, type_rights_for
from objects.history.selectors import history
from objects.query.conditions import Condition
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.kit import make

pytestmark = pytest.mark.django_db

OBJECT = "works__c"


def choices(*values: str) -> list[ChoiceInput]:
    return [ChoiceInput(value, value.upper()) for value in values]


@pytest.fixture
def admin(actor_for: Any) -> Any:
    """An administrator of jobs: repairs, of which some parts only are known, and sales, the usual ones."""
    actor = actor_for(make.user(role="everything", profile="administrator"))
    services.create_object(actor, ObjectInput(OBJECT, {"en": "Job"}))
    for given in (
        FieldInput("part__c", "picklist", {"en": "Part"}, choices=choices("pump", "motor", "door")),
        FieldInput("tools__c", "multi_picklist", {"en": "Tools"}, choices=choices("saw", "drill")),
        FieldInput(
            "kind__c",
            "formula",
            {"en": "Kind"},
            settings={"expression": "UPPER(TEXT(record_type))", "returns": "text", "storage": "stored"},
        ),
    ):
        services.add_field(actor, OBJECT, given)
    narrowed = {"part__c": ["pump", "motor"], "tools__c": ["drill"]}
    for api_name, label, more in (
        ("repair", {"en": "Repair", "zh-hans": "维修"}, {"choices": narrowed, "position": 2}),
        ("sale", {"en": "Sale", "zh-hans": "销售"}, {"is_default": True, "position": 1}),
        ("old", {"en": "Old"}, {"is_active": False, "position": 3}),
    ):
        services.create_record_type(actor, OBJECT, RecordTypeInput(api_name, label, **more))
    return actor


def create(actor: Any, **values: Any) -> Any:
    return RecordService(actor).create(OBJECT, {"name": "Job", **values}).id


def read(actor: Any, record_id: Any, *names: str) -> list[Any]:
    found = RecordQuery(actor, OBJECT).fields(*names).get(record_id)
    return [found[name] for name in names]


def refusal(act: Any) -> list[tuple[str | None, str]]:
    with pytest.raises(ValidationFailed) as refused:
        act()
    return [(error.field, error.code) for error in refused.value.errors]


def test_types_are_chosen_by_name_and_the_usual_one_stands_for_what_is_not_said(admin: Any) -> None:
    usual, chosen = create(admin), create(admin, record_type="repair")
    assert read(admin, usual, "record_type", "kind__c") == ["sale", "SALE"]
    assert read(admin, chosen, "record_type", "kind__c") == ["repair", "REPAIR"]
    assert read(admin, create(admin, record_type=None), "record_type") == ["sale"]
    for wrong, code in (("old", "invalid_choice"), ("nope", "invalid_choice"), (7, "invalid_type")):
        assert refusal(lambda wrong=wrong: create(admin, record_type=wrong)) == [("record_type", code)]
    RecordService(admin).update(OBJECT, chosen, {"record_type": "sale"})
    assert read(admin, chosen, "record_type", "kind__c") == ["sale", "SALE"]
    assert refusal(lambda: RecordService(admin).update(OBJECT, chosen, {"record_type": None})) == [
        ("record_type", "required")
    ]
    changes = history(admin, OBJECT, chosen, 5).entries[0].changes
    assert {item.name: (item.old, item.new) for item in changes}["record_type"] == ("repair", "sale")


def test_a_type_that_is_retired_stays_on_its_records(admin: Any) -> None:
    record = create(admin, record_type="repair")
    services.update_record_type(admin, OBJECT, "repair", is_active=False)
    RecordService(admin).update(OBJECT, record, {"name": "Other", "record_type": "repair"})
    assert read(admin, record, "record_type") == ["repair"]
    assert refusal(lambda: create(admin, record_type="repair")) == [("record_type", "invalid_choice")]


def test_picklists_hold_to_what_the_type_allows(admin: Any) -> None:
    assert refusal(lambda: create(admin, record_type="repair", part__c="door")) == [("part__c", "invalid_choice")]
    assert refusal(lambda: create(admin, record_type="repair", tools__c=["saw", "drill"])) == [
        ("tools__c", "invalid_choice")
    ]
    record = create(admin, record_type="sale", part__c="door", tools__c=["saw", "drill"])
    RecordService(admin).update(OBJECT, record, {"record_type": "repair"})
    assert read(admin, record, "part__c", "tools__c") == [None, ["drill"]], "what no longer fits goes"
    assert refusal(lambda: RecordService(admin).update(OBJECT, record, {"part__c": "door"})) == [
        ("part__c", "invalid_choice")
    ]
    assert create(admin, record_type="repair", part__c="pump", tools__c=["drill"])


def test_types_filter_sort_and_enter_formulas_worked_out_by_the_database(admin: Any) -> None:
    services.add_field(
        admin,
        OBJECT,
        FieldInput(
            "live__c",
            "formula",
            {"en": "Live"},
            settings={"expression": "IF(record_type = 'repair', 1, 2)", "returns": "integer", "storage": "virtual"},
        ),
    )
    ids = {name: create(admin, name=name, record_type=name) for name in ("repair", "sale")}
    query = RecordQuery(admin, OBJECT)
    assert query.where(Condition("record_type", "eq", "repair")).ids(5) == [ids["repair"]]
    assert query.where(Condition("record_type", "nin", ["repair", "old"])).ids(5) == [ids["sale"]]
    assert query.where(Condition("live__c", "eq", 1)).ids(5) == [ids["repair"]]
    assert query.order("record_type").ids(5) == [ids["sale"], ids["repair"]], "in the order of the types"
    assert query.order("-record_type").ids(5) == [ids["repair"], ids["sale"]]


def test_rules_judge_the_records_of_their_types(admin: Any) -> None:
    rule = ValidationRuleInput("part", "Part", "ISBLANK(part__c)", "Which part?", record_types=["repair"])
    services.create_validation_rule(admin, OBJECT, rule)
    assert create(admin)
    assert refusal(lambda: create(admin, record_type="repair")) == [(None, "validation_rule_failed")]
    assert create(admin, record_type="repair", part__c="pump")
    assert refusal(lambda: services.update_validation_rule(admin, OBJECT, "part", record_types=["nope"])) == [
        ("record_types", "invalid_reference")
    ]


@pytest.fixture
def rep(admin: Any, actor_for: Any) -> Any:
    user = make.user(role="everything", profile="sales_rep")
    row = BusinessObject.objects.get(api_name=OBJECT)
    grant_object(admin, Profile.objects.get(api_name="sales_rep"), row, ("read", "create", "edit"))
    return user, lambda: actor_for(user)


def test_profiles_say_which_types_their_people_use(admin: Any, rep: Any) -> None:
    user, actor = rep
    profile = Profile.objects.get(api_name="sales_rep")
    assert type_rights_for(admin, profile, OBJECT) == TypeRights(("sale", "repair", "old"))
    record = create(admin, record_type="sale")
    set_type_rights(admin, profile, OBJECT, ["repair"])
    assert read(actor(), create(actor()), "record_type") == ["repair"], "the only one that he may use"
    assert refusal(lambda: create(actor(), record_type="sale")) == [("record_type", "invalid_choice")]
    RecordService(actor()).update(OBJECT, record, {"name": "Kept", "record_type": "sale"})
    set_type_rights(admin, profile, OBJECT, ["sale", "repair", "old"], "repair")
    assert read(actor(), create(actor()), "record_type") == ["repair"], "the profile's usual one"
    assert read(admin, create(admin), "record_type") == ["sale"]
    set_type_rights(admin, profile, OBJECT, ["old"])
    assert refusal(lambda: create(actor())) == [("record_type", "required")]
    more = create_permission_set(admin, "More types")
    assert type_rights_for(admin, more, OBJECT) == TypeRights(())
    set_type_rights(admin, PermissionSet.objects.get(uuid=more.uuid), OBJECT, ["sale"])
    set_permission_set_members(admin, more.uuid, [user.pk])
    assert read(actor(), create(actor()), "record_type") == ["sale"], "a permission set adds"


def test_what_can_not_be_granted_is_refused(admin: Any, rep: Any) -> None:
    profile = Profile.objects.get(api_name="sales_rep")
    for used, default, expected in (
        ([], "", ("used", "required")),
        (["nope"], "", ("used", "invalid_reference")),
        (["sale"], "repair", ("default", "invalid_choice")),
    ):
        assert refusal(lambda: set_type_rights(admin, profile, OBJECT, used, default)) == [expected]  # noqa: B023
    with pytest.raises(Forbidden):
        set_type_rights(rep[1](), profile, OBJECT, ["sale"])
    with pytest.raises(NotFound):
        type_rights_for(admin, profile, "nope__c")


def test_types_are_checked_and_one_at_most_is_usual(admin: Any) -> None:
    services.update_record_type(admin, OBJECT, "repair", is_default=True)
    assert RecordType.objects.get(is_default=True).api_name == "repair"
    for wrong, place in (
        ({"choices": {"name": ["x"]}}, "choices.name"),
        ({"choices": {"part__c": ["x"]}}, "choices.part__c"),
        ({"choices": {"part__c": []}}, "choices.part__c"),
        ({"color": "mauve"}, "color"),
        ({"label": ""}, "label"),
        ({"is_active": False}, "is_default"),
        ({"nope": 1}, "nope"),
    ):
        found = refusal(lambda wrong=wrong: services.update_record_type(admin, OBJECT, "repair", **wrong))
        assert [field for field, _code in found] == [place]
    assert refusal(lambda: services.create_record_type(admin, OBJECT, RecordTypeInput("sale", "Again"))) == [
        ("api_name", "not_unique")
    ]
    with pytest.raises(NotFound):
        services.update_record_type(admin, OBJECT, "nope", is_active=True)
    spec = current_snapshot().spec
    assert from_json(to_json(spec), SYSTEM_FIELDS) == spec
