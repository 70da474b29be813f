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
