"""Choices that depend on another field: pairs are checked on every way in, and loops are refused."""

from __future__ import annotations

from typing import Any

import pytest

from crm_platform.identity.models import User
from crm_platform.kit.errors import StateConflict, ValidationFailed
from metadata import services
from metadata.inputs import ChoiceInput, FieldInput, ObjectInput
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.kit import make
from tests.kit.clients import OrganizationClient
from tests.layouts.pages import form_data

pytestmark = pytest.mark.django_db

OBJECT = "shop__c"
CITIES = {"controlling_field": "province__c", "allowed_values": {"gd": ["sz", "gz"], "zj": ["hz"]}}
DISTRICTS = {"controlling_field": "city__c", "allowed_values": {"sz": ["ns", "ft"], "hz": ["xh"]}}
PERKS = {"controlling_field": "vip__c", "allowed_values": {"true": ["lounge", "mail"], "false": ["mail"]}}


def choices(*values: str) -> list[ChoiceInput]:
    return [ChoiceInput(value, value.upper()) for value in values]


@pytest.fixture
def admin(actor_for: Any) -> Any:
    """An administrator of shops with a province, the cities of it, their districts, and perks of important ones."""
    actor = actor_for(make.user(role="everything", profile="administrator"))
    services.create_object(actor, ObjectInput(OBJECT, {"en": "Shop"}))
    for given in (
        FieldInput("province__c", "picklist", {"en": "Province"}, choices=choices("gd", "zj")),
        FieldInput("city__c", "picklist", {"en": "City"}, choices=choices("sz", "gz", "hz"), settings=CITIES),
        FieldInput(
            "district__c", "picklist", {"en": "District"}, choices=choices("ns", "ft", "xh"), settings=DISTRICTS
        ),
        FieldInput("vip__c", "checkbox", {"en": "VIP"}),
        FieldInput("perks__c", "multi_picklist", {"en": "Perks"}, choices=choices("lounge", "mail"), settings=PERKS),
    ):
        services.add_field(actor, OBJECT, given)
    return actor


def create(actor: Any, **values: Any) -> Any:
    return RecordService(actor).create(OBJECT, {"name": "Shop", **values})


def read(actor: Any, record_id: Any, *names: str) -> list[Any]:
    found = RecordQuery(actor, OBJECT).fields(*names).get(record_id)
    return [found[name] for name in names]


def test_pairs_in_the_matrix_are_taken_and_others_refused_at_the_field(admin: Any) -> None:
    create(admin, province__c="gd", city__c="sz", district__c="ns")
    for wrong, field in (
        ({"province__c": "zj", "city__c": "sz"}, "city__c"),
        ({"city__c": "sz"}, "city__c"),
        ({"province__c": "gd", "city__c": "gz", "district__c": "ns"}, "district__c"),
        ({"vip__c": False, "perks__c": ["mail", "lounge"]}, "perks__c"),
        ({"perks__c": ["lounge"]}, "perks__c"),
    ):
        with pytest.raises(ValidationFailed) as refused:
            create(admin, **wrong)
        assert [(error.field, error.code) for error in refused.value.errors] == [(field, "invalid_choice")], wrong


def test_what_was_not_given_follows_the_controlling_value_down_the_chain(admin: Any) -> None:
    saved = create(admin, province__c="gd", city__c="sz", district__c="ns", vip__c=True, perks__c=["lounge", "mail"])
    changed = RecordService(admin).update(OBJECT, saved.id, {"province__c": "zj", "vip__c": False})
    assert changed.version == 2
    assert read(admin, saved.id, "city__c", "district__c", "perks__c") == [None, None, ["mail"]]


def test_what_was_given_is_refused_even_when_it_is_what_it_was(admin: Any) -> None:
    saved = create(admin, province__c="gd", city__c="sz")
    with pytest.raises(ValidationFailed) as refused:
        RecordService(admin).update(OBJECT, saved.id, {"province__c": "zj", "city__c": "sz"})
    assert [error.field for error in refused.value.errors] == ["city__c"]
    assert RecordService(admin).update(OBJECT, saved.id, {"province__c": "zj", "city__c": "hz"}).version == 2


def test_a_batch_is_checked_row_by_row(admin: Any) -> None:
    rows = [{"name": "A", "province__c": "gd", "city__c": "gz"}, {"name": "B", "province__c": "zj", "city__c": "gz"}]
    results = RecordService(admin).bulk_create(OBJECT, rows, all_or_none=False)
    assert [bool(result.id) for result in results] == [True, False]


def test_an_old_pair_stays_until_one_of_the_two_changes(admin: Any) -> None:
    saved = create(admin, province__c="gd", city__c="sz")
    fewer = {**CITIES, "allowed_values": {"gd": ["gz"], "zj": ["hz"]}}
    services.update_field(admin, OBJECT, "city__c", settings=fewer)
    assert RecordService(admin).update(OBJECT, saved.id, {"name": "Renamed"}).version == 2
    assert read(admin, saved.id, "city__c") == ["sz"]


@pytest.mark.parametrize(
    ("field", "settings", "code"),
    [
        ("province__c", {"controlling_field": "district__c"}, "invalid_choice"),
        ("city__c", {"controlling_field": "city__c"}, "invalid_choice"),
        ("city__c", {"controlling_field": "name"}, "invalid_reference"),
        ("city__c", {"controlling_field": "nothing__c"}, "invalid_reference"),
        ("city__c", {"controlling_field": "province__c", "allowed_values": ["gd"]}, "invalid_type"),
        ("city__c", {"controlling_field": "province__c", "allowed_values": {"gd": "sz"}}, "invalid_type"),
        ("city__c", {"controlling_field": "province__c", "allowed_values": {"gd": [1]}}, "invalid_type"),
    ],
)
def test_loops_and_nonsense_are_refused(admin: Any, field: str, settings: dict[str, Any], code: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        services.update_field(admin, OBJECT, field, settings=settings)
    assert {error.code for error in refused.value.errors} == {code}


def test_a_field_that_controls_another_is_not_deleted(admin: Any) -> None:
    with pytest.raises(StateConflict):
        services.delete_field(admin, OBJECT, "city__c")
    services.delete_field(admin, OBJECT, "district__c")
    services.delete_field(admin, OBJECT, "city__c")


def test_admin_ticks_the_grid_and_keeps_the_other_parameters(admin: Any, client: OrganizationClient) -> None:
    client.force_login(User.objects.get(pk=admin.user_id))
    services.update_field(admin, OBJECT, "perks__c", settings={**PERKS, "max_chosen": 2})
    url = f"/setup/objects/{OBJECT}/fields/perks__c/dependency"
    html = client.get(url).content.decode()
    assert 'name="allow.true" value="lounge" checked' in html
    assert 'name="allow.false" value="lounge" aria' in html
    assert client.post(url, {"allow.true": ["lounge"], "allow.false": ["lounge", "nonsense"]}).status_code == 302
    field = RecordQuery(admin, OBJECT).object.spec.field_map["perks__c"]
    assert field.settings["allowed_values"] == {"true": ("lounge",), "false": ("lounge",)}
    assert field.settings["max_chosen"] == 2
    assert client.post(f"{url}?controlling=", {}).status_code == 302
    assert "controlling_field" not in RecordQuery(admin, OBJECT).object.spec.field_map["perks__c"].settings
    assert client.get(f"/setup/objects/{OBJECT}/fields/vip__c/dependency").status_code == 404


def test_saving_the_form_of_the_field_keeps_the_matrix(admin: Any, client: OrganizationClient) -> None:
    client.force_login(User.objects.get(pk=admin.user_id))
    url = f"/setup/objects/{OBJECT}/fields/city__c/"
    html = client.get(url).content.decode()
    assert f"/setup/objects/{OBJECT}/fields/city__c/dependency" in html
    data = form_data(html, "field-form")
    assert client.post(url, {**data, "label_zh_hans": "城市", "label_en": "Town"}).status_code == 302
    spec = RecordQuery(admin, OBJECT).object.spec.field_map["city__c"]
    assert spec.label["en"] == "Town"
    assert spec.settings["allowed_values"]["gd"] == ("sz", "gz")


def test_form_says_what_goes_with_what(admin: Any, client: OrganizationClient) -> None:
    client.force_login(User.objects.get(pk=admin.user_id))
    html = client.get(f"/o/{OBJECT}/new").content.decode()
    assert 'data-behaviour="dependent-options" data-field="city__c" data-controlling="province__c"' in html
    assert html.index('data-field="city__c"') < html.index('data-field="district__c"')
