"""The editor of what a field may point at: JSON becomes rows and rows become JSON, in the form of every such type."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest

from crm_platform.identity.models import User
from crm_platform.kit.frozen import freeze
from metadata import services
from metadata.compiler.current import current_snapshot
from metadata.inputs import ChoiceInput, FieldInput, ObjectInput
from tests.kit import make
from tests.kit.clients import OrganizationClient
from tests.kit.posting import posted
from tests.layouts.pages import form_data

pytestmark = pytest.mark.django_db

FIRM, PERSON, ORDER = "firm__c", "person__c", "order__c"
OF_FIRM = {"field": "firm__c", "op": "eq", "value": {"field": "buyer__c"}}
HERE = {"field": "state__c", "op": "in", "value": ["here", "away"]}
YOUNG = {"field": "born__c", "op": "gte", "value": "2000-01-31"}
BIG = {"field": "firm__r.staff__c", "op": "between", "value": [10, 99]}
URL = f"/setup/objects/{ORDER}/conditions"


@pytest.fixture
def admin(actor_for: Any, client: OrganizationClient) -> OrganizationClient:
    """A browser of an administrator, with orders that can point at people of firms."""
    actor = actor_for(make.user(role="everything", profile="administrator"))
    for name in (FIRM, PERSON, ORDER):
        services.create_object(actor, ObjectInput(name, {"en": name}))
    states = [ChoiceInput("here", "Here"), ChoiceInput("away", "Away"), ChoiceInput("left", "Left")]
    for owner, given in (
        (FIRM, FieldInput("staff__c", "integer", {"en": "Staff"})),
        (PERSON, FieldInput("firm__c", "lookup", {"en": "Firm"}, settings={"target": FIRM})),
        (PERSON, FieldInput("state__c", "picklist", {"en": "State"}, choices=states)),
        (PERSON, FieldInput("born__c", "date", {"en": "Born"})),
        (ORDER, FieldInput("buyer__c", "lookup", {"en": "Buyer"}, settings={"target": FIRM})),
        (ORDER, FieldInput("others__c", "multi_lookup", {"en": "Others"}, settings={"target": FIRM})),
        (ORDER, FieldInput("day__c", "date", {"en": "Day"})),
    ):
        services.add_field(actor, owner, given)
    client.force_login(User.objects.get(pk=actor.user_id))
    return client


def ask(client: OrganizationClient, target: str = PERSON, **given: Any) -> str:
    answer = client.post(URL, {"target": target, **given})
    assert answer.status_code == 200
    return str(answer.content.decode())


def said(html: str) -> Any:
    """Return the filter that the rows stand for."""
    found = re.search(r'data-json="([^"]*)"', html)
    assert found
    return json.loads(unescape(found[1])) if found[1] else None


def problems(html: str) -> list[bool]:
    """Tell of each row whether something is said to be wrong with it."""
    return ["<div>" in part[:40] for part in re.split(r"data-row-problems[^>]*>", html)[1:]]


def sent(html: str, **changes: Any) -> dict[str, Any]:
    """Return what the browser sends back for the rows."""
    return {**dict(posted(html).lists()), "is_sent": "1", **changes}


@pytest.mark.parametrize(
    "given",
    [
        OF_FIRM,
        {"and": [OF_FIRM, HERE, YOUNG, BIG]},
        {"field": "state__c", "op": "empty"},
        {"field": "created_at", "op": "rel", "value": "last_n_days:7"},
        {"and": [{"field": "firm__c", "op": "in", "value": {"field": "others__c"}}, HERE]},
        {"field": "firm__r.owner.name", "op": "contains", "value": "李"},
    ],
)
def test_rows_say_what_the_json_says(admin: OrganizationClient, given: Any) -> None:
    html = ask(admin, filter=json.dumps(given))
    assert 'data-state="rows"' in html
    assert said(html) == given
    assert said(ask(admin, **sent(html))) == given


@pytest.mark.parametrize("given", [{"or": [OF_FIRM, HERE]}, {"not": HERE}, {"and": [HERE, {"not": YOUNG}]}, "no JSON"])
def test_what_rows_can_not_say_stays_json(admin: OrganizationClient, given: Any) -> None:
    text = given if isinstance(given, str) else json.dumps(given)
    html = ask(admin, filter=text)
    assert 'data-state="tree"' in html
    assert f'data-json="{text}"' in unescape(html).replace("&quot;", '"')
    assert "data-row " not in html


def test_a_row_is_added_and_is_no_condition_until_it_is_complete(admin: OrganizationClient) -> None:
    html = ask(admin, **sent(ask(admin, filter=json.dumps(HERE)), add="1"))
    assert html.count("data-row ") == 2
    assert said(html) == HERE
    final = ask(admin, **sent(html, final="1"))
    assert "data-has-problems" in final
    assert problems(final) == [False, True]
    whole = ask(admin, **sent(html, **{"c1-path": "born__c", "c1-op": "eq", "c1-_operand": "2001-02-03"}))
    assert said(whole) == {"and": [HERE, {"field": "born__c", "op": "eq", "value": "2001-02-03"}]}


def test_another_field_brings_its_own_operators_and_inputs(admin: OrganizationClient) -> None:
    data = sent(ask(admin, filter=json.dumps(HERE)), **{"c0-path": "born__c", "c0-op": "eq", "changed": "c0-path"})
    html = ask(admin, **data)
    assert 'type="date"' in html
    assert "data-has-problems" not in html
    assert said(html) is None


def test_only_fields_that_can_be_compared_are_offered(admin: OrganizationClient) -> None:
    html = ask(admin, filter=json.dumps(OF_FIRM))
    operand = re.search(r'<select name="c0-_operand".*?</select>', html, re.S)
    assert operand
    assert re.findall(r'value="(\w+)"', operand[0]) == ["buyer__c"]
    assert 'name="c0-source"' not in ask(admin, filter=json.dumps({**BIG, "op": "gt", "value": 3}))
    assert 'name="c0-source"' in ask(admin, filter=json.dumps(YOUNG))
    assert 'name="c0-source"' not in ask(admin, filter=json.dumps(YOUNG), field="day__c")


def test_another_target_keeps_the_rows_that_it_understands(admin: OrganizationClient) -> None:
    both = {"and": [{"field": "name", "op": "starts", "value": "A"}, HERE]}
    html = ask(admin, FIRM, **sent(ask(admin, filter=json.dumps(both))))
    assert said(html) == both["and"][0]
    assert 'data-state="waiting"' in ask(admin, "")
    assert 'data-state="waiting"' in ask(admin, "nothing__c")


def test_what_is_wrong_is_said_at_its_row(admin: OrganizationClient) -> None:
    wrong = {"and": [HERE, {**YOUNG, "value": "soon"}, {**OF_FIRM, "value": {"field": "nothing__c"}}]}
    assert problems(ask(admin, filter=json.dumps(wrong))) == [False, True, True]
    unknown = ask(admin, filter=json.dumps({"field": "nothing__c", "op": "eq", "value": "x"}))
    assert 'data-state="tree"' in unknown


def test_hostile_rows_are_no_conditions(admin: OrganizationClient) -> None:
    data = {"is_sent": "1", "row": ["0", "x", "99999", "-1", "0"], "c0-path": "state__c", "c0-op": "drop"}
    html = ask(admin, **data, final="1")
    assert html.count("data-row ") == 1
    assert ask(admin, is_sent="1", row="0", **{"c0-path": "no.such.path\x00"}).count("data-row ") == 0


@pytest.mark.parametrize(
    ("kind", "settings", "given"),
    [
        ("lookup", {"settings-target": PERSON}, OF_FIRM),
        ("master_detail", {"settings-target": PERSON}, OF_FIRM),
        ("multi_lookup", {"settings-target": PERSON}, HERE),
        ("hierarchy", {"settings-target": ORDER}, {"field": "buyer__c", "op": "eq", "value": {"field": "buyer__c"}}),
        ("user", {}, {"field": "title", "op": "contains", "value": "经理"}),
        ("multi_user", {}, {"field": "department_id", "op": "under", "value": "mine"}),
        ("department", {}, {"field": "code", "op": "starts", "value": "S"}),
        ("multi_department", {}, {"field": "name", "op": "ne", "value": "X"}),
    ],
)
def test_the_form_keeps_the_filter(admin: OrganizationClient, kind: str, settings: Any, given: Any) -> None:
    names = {"label_en": "New", "label_zh_hans": "新", "api_name": "new__c"}
    new = f"/setup/objects/{ORDER}/fields/new/{kind}"
    page = admin.get(new).content.decode()
    assert f'data-url="{URL}"' in page
    answer = admin.post(
        new, {**form_data(page, "field-form"), **names, **settings, "settings-filter": json.dumps(given)}
    )
    assert answer.status_code == 302
    field = f"/setup/objects/{ORDER}/fields/new__c/"
    data = form_data(admin.get(field).content.decode(), "field-form")
    assert json.loads(data["settings-filter"][0]) == given
    assert admin.post(field, {**data, "settings-filter": '{"field": "nope", "op": "eq"}'}).status_code == 422
    assert admin.post(field, data).status_code == 302
    assert current_snapshot().object(ORDER).field("new__c").spec.settings["filter"] == freeze(given)
