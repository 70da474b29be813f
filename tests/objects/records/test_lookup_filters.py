"""Lookups with a filter: enforced on every write, offered by the picker, and checked when the model changes."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm_platform.identity.models import User
from crm_platform.kit.errors import ValidationFailed
from metadata import services
from metadata.inputs import ChoiceInput, FieldInput, ObjectInput
from objects.records.service import RecordService
from tests.kit import make
from tests.kit.clients import OrganizationClient

pytestmark = pytest.mark.django_db

FIRM, PERSON, ORDER = "firm__c", "person__c", "order__c"
OF_FIRM = {"field": "firm__c", "op": "eq", "value": {"field": "buyer__c"}}
ACTIVE = {"and": [OF_FIRM, {"field": "state__c", "op": "ne", "value": "left"}]}


@pytest.fixture
def admin(actor_for: Any) -> Any:
    """An administrator of orders whose contact (and copies) must work for the buying firm."""
    actor = actor_for(make.user(role="everything", profile="administrator"))
    for name in (FIRM, PERSON, ORDER):
        services.create_object(actor, ObjectInput(name, {"en": name}))
    states = [ChoiceInput("here", "Here"), ChoiceInput("left", "Left")]
    for owner, given in (
        (PERSON, FieldInput("firm__c", "lookup", {"en": "Firm"}, settings={"target": FIRM})),
        (PERSON, FieldInput("state__c", "picklist", {"en": "State"}, choices=states)),
        (ORDER, FieldInput("buyer__c", "lookup", {"en": "Buyer"}, settings={"target": FIRM})),
        (ORDER, FieldInput("contact__c", "lookup", {"en": "Contact"}, settings={"target": PERSON, "filter": ACTIVE})),
        (ORDER, FieldInput("copies__c", "multi_lookup", {"en": "CC"}, settings={"target": PERSON, "filter": OF_FIRM})),
    ):
        services.add_field(actor, owner, given)
    return actor


@pytest.fixture
def world(admin: Any) -> dict[str, str]:
    service = RecordService(admin)
    made = {name: str(service.create(FIRM, {"name": name}).id) for name in ("acme", "other")}
    for name, firm, state in (("ann", "acme", "here"), ("bob", "acme", "left"), ("cid", "other", "here")):
        made[name] = str(service.create(PERSON, {"name": name, "firm__c": made[firm], "state__c": state}).id)
    return made


def refused(call: Any) -> list[tuple[str | None, str]]:
    with pytest.raises(ValidationFailed) as failed:
        call()
    return [(error.field, error.code) for error in failed.value.errors]


def test_only_what_fits_is_taken(admin: Any, world: dict[str, str]) -> None:
    service = RecordService(admin)
    good = {
        "name": "O",
        "buyer__c": world["acme"],
        "contact__c": world["ann"],
        "copies__c": [world["ann"], world["bob"]],
    }
    service.create(ORDER, good)
    for name in ("bob", "cid"):
        wrong = {**good, "contact__c": world[name]}
        assert refused(lambda wrong=wrong: service.create(ORDER, wrong)) == [("contact__c", "invalid_reference")]
    mixed = {**good, "copies__c": [world["ann"], world["cid"]]}
    assert refused(lambda: service.create(ORDER, mixed)) == [("copies__c", "invalid_reference")]


def test_an_empty_value_restricts_nothing_but_the_rest_holds(admin: Any, world: dict[str, str]) -> None:
    service = RecordService(admin)
    service.create(ORDER, {"name": "O", "contact__c": world["cid"]})
    wrong = {"name": "O", "contact__c": world["bob"]}
    assert refused(lambda: service.create(ORDER, wrong)) == [("contact__c", "invalid_reference")]


def test_a_change_of_the_other_field_is_checked_and_of_unrelated_ones_is_not(admin: Any, world: dict[str, str]) -> None:
    service = RecordService(admin)
    saved = service.create(ORDER, {"name": "O", "buyer__c": world["acme"], "contact__c": world["ann"]})
    assert refused(lambda: service.update(ORDER, saved.id, {"buyer__c": world["other"]})) == [
        ("contact__c", "invalid_reference")
    ]
    service.update(PERSON, world["ann"], {"state__c": "left"})
    assert service.update(ORDER, saved.id, {"name": "Renamed"}).version == 2
    moved = service.update(ORDER, saved.id, {"buyer__c": world["other"], "contact__c": world["cid"]})
    assert moved.version == 3


def test_a_batch_asks_one_statement_however_many_questions(admin: Any, world: dict[str, str]) -> None:
    pairs = (("acme", "ann"), ("other", "cid"), ("other", "ann"), (None, "cid"))
    rows = [{"name": "O", "buyer__c": world.get(firm or ""), "contact__c": world[who]} for firm, who in pairs * 5]
    with CaptureQueriesContext(connection) as captured:
        results = RecordService(admin).bulk_create(ORDER, rows, all_or_none=False)
    assert [bool(result.id) for result in results] == [True, True, False, True] * 5
    assert sum("UNION ALL" in query["sql"] for query in captured) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"field": "nothing__c", "op": "eq", "value": "x"},
        {"field": "firm__c", "op": "contains", "value": "x"},
        {"field": "firm__c", "op": "eq", "value": {"field": "nothing__c"}},
        {"field": "state__c", "op": "eq", "value": "nowhere"},
        {"nonsense": 1},
        {"field": ["firm__c"], "op": "eq"},
    ],
)
def test_filters_that_make_no_sense_are_refused(admin: Any, wrong: Any) -> None:
    settings = {"target": PERSON, "filter": wrong}
    found = refused(lambda: services.update_field(admin, ORDER, "contact__c", settings=settings))
    assert [field for field, _code in found] == ["settings.filter"]


def test_picker_offers_what_fits_the_form(admin: Any, world: dict[str, str], client: OrganizationClient) -> None:
    client.force_login(User.objects.get(pk=admin.user_id))
    html = client.get(f"/o/{ORDER}/new?buyer__c={world['acme']}").content.decode()
    assert 'data-sends="buyer__c"' in html

    def offered(**given: str) -> set[str]:
        answer = client.get(f"/lookup/{PERSON}", {"for": f"{ORDER}.contact__c", **given})
        return {item["name"] for item in answer.json()["results"]}

    assert offered(buyer__c=world["acme"]) == {"ann"}
    assert offered(buyer__c=world["other"]) == {"cid"}
    assert offered(buyer__c="") == {"ann", "cid"} == offered(buyer__c="nonsense")
    assert offered(q="CI") == {"cid"}
    assert client.get(f"/lookup/{PERSON}", {"for": "nothing__c.x"}).status_code == 404


def test_master_may_be_fixed(admin: Any, world: dict[str, str]) -> None:
    settings = {"target": FIRM, "reparentable": False}
    services.create_object(admin, ObjectInput("line__c", {"en": "Line"}))
    services.add_field(admin, "line__c", FieldInput("head__c", "master_detail", {"en": "Head"}, settings=settings))
    service = RecordService(admin)
    saved = service.create("line__c", {"name": "L", "head__c": world["acme"]})
    assert refused(lambda: service.update("line__c", saved.id, {"head__c": world["other"]})) == [
        ("head__c", "read_only_field")
    ]
    assert service.update("line__c", saved.id, {"head__c": world["acme"], "name": "M"}).version == 2
    services.update_field(admin, "line__c", "head__c", settings={"target": FIRM})
    assert service.update("line__c", saved.id, {"head__c": world["other"]}).version == 3


# --- users and departments ------------------------------------------------------------------------------------
@pytest.fixture
def staff(admin: Any) -> dict[str, str]:
    """Sellers below a department, one of whom has left, and somebody elsewhere; orders that may name only sellers."""
    sales, office = make.department("Sales", code="S"), make.department("Office", code="O")
    north = make.department("North", code="SN", parent=sales)
    made = {"sales": str(sales.pk), "office": str(office.pk), "north": str(north.pk)}
    for name, where, is_active in (
        ("ann", sales, True),
        ("bob", north, True),
        ("cid", office, True),
        ("eve", north, False),
    ):
        made[name] = str(make.user(name=name, department=where, is_active=is_active).pk)
    sellers = {"field": "department_id", "op": "under", "value": made["sales"]}
    of_team = {"field": "department_id", "op": "eq", "value": {"field": "team__c"}}
    for given in (
        FieldInput("seller__c", "user", {"en": "Seller"}, settings={"filter": sellers}),
        FieldInput(
            "team__c",
            "department",
            {"en": "Team"},
            settings={"filter": {"field": "code", "op": "starts", "value": "S"}},
        ),
        FieldInput("helpers__c", "multi_user", {"en": "Helpers"}, settings={"filter": of_team}),
        FieldInput(
            "teams__c",
            "multi_department",
            {"en": "Teams"},
            settings={"filter": {"field": "name", "op": "ne", "value": "Office"}},
        ),
    ):
        services.add_field(admin, ORDER, given)
    return made


def test_users_and_departments_must_fit_too(admin: Any, staff: dict[str, str]) -> None:
    service = RecordService(admin)
    good = {
        "name": "O",
        "seller__c": staff["bob"],
        "team__c": staff["sales"],
        "helpers__c": [staff["ann"]],
        "teams__c": [staff["north"], staff["sales"]],
    }
    saved = service.create(ORDER, good)
    for wrong in (
        {"seller__c": staff["cid"]},
        {"team__c": staff["office"], "helpers__c": []},
        {"helpers__c": [staff["ann"], staff["bob"]]},
        {"teams__c": [staff["north"], staff["office"]]},
    ):
        found = [(next(iter(wrong)), "invalid_reference")]
        assert refused(lambda wrong=wrong: service.create(ORDER, {**good, **wrong})) == found
        assert refused(lambda wrong=wrong: service.update(ORDER, saved.id, wrong)) == found
    assert refused(lambda: service.create(ORDER, {**good, "seller__c": staff["eve"]})) == [
        ("seller__c", "inactive_reference")
    ]
    assert refused(lambda: service.update(ORDER, saved.id, {"team__c": staff["north"]})) == [
        ("helpers__c", "invalid_reference")
    ]
    service.update(ORDER, saved.id, {"team__c": staff["north"], "helpers__c": [staff["bob"]]})


def test_a_person_of_another_department_comes_back_at_the_field_of_the_form(
    admin: Any, staff: dict[str, str], client: OrganizationClient
) -> None:
    client.force_login(User.objects.get(pk=admin.user_id))
    given = {"name": "O", "seller__c": staff["cid"], "seller__c_text": "cid"}
    answer = client.post(f"/o/{ORDER}/new", given)
    assert answer.status_code == 422
    assert 'id="id_seller__c_error"' in answer.content.decode()
    assert client.post(f"/o/{ORDER}/new", {**given, "seller__c": staff["ann"]}).status_code == 302


def test_the_picker_of_people_proposes_who_fits(admin: Any, staff: dict[str, str], client: OrganizationClient) -> None:
    client.force_login(User.objects.get(pk=admin.user_id))
    html = client.get(f"/o/{ORDER}/new").content.decode()
    assert f"/lookup/user?for={ORDER}.seller__c" in html
    assert f"/lookup/user?for={ORDER}.helpers__c" in html
    assert 'data-sends="team__c"' in html

    def offered(target: str, field: str, **given: str) -> set[str]:
        answer = client.get(f"/lookup/{target}", {"for": f"{ORDER}.{field}", **given})
        return {item["name"] for item in answer.json()["results"]}

    assert offered("user", "seller__c") == {"ann", "bob"}
    assert offered("user", "seller__c", q="bo") == {"bob"}
    assert offered("user", "helpers__c", team__c=staff["office"]) == {"cid"}
    assert offered("user", "helpers__c") >= {"ann", "bob", "cid"}
    assert offered("department", "team__c") == {"Sales", "North"}
    assert "Office" not in offered("department", "teams__c")
    assert offered("department", "teams__c", q="nor") == {"North"}
    assert offered("user", "contact__c") == set(), "the filter of another target speaks of unknown fields"


@pytest.mark.parametrize(
    "wrong",
    [
        {"field": "password", "op": "eq", "value": "x"},
        {"field": "role_id", "op": "eq", "value": "x"},
        {"field": "department_id", "op": "contains", "value": "x"},
        {"field": "department_id", "op": "eq", "value": "Sales"},
        {"field": "title", "op": "eq", "value": {"field": "nothing__c"}},
    ],
)
def test_filters_of_people_that_make_no_sense_are_refused(admin: Any, staff: dict[str, str], wrong: Any) -> None:
    found = refused(lambda: services.update_field(admin, ORDER, "seller__c", settings={"filter": wrong}))
    assert [field for field, _code in found] == ["settings.filter"]
