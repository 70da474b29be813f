"""What the expression editor asks of the console: names to choose from, and what is wrong with a text."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from tests.kit.clients import OrganizationClient
from tests.objects.world import World


def names(client: OrganizationClient, path: str = "", object_name: str = "opportunity") -> dict[str, Any]:
    answer = client.get(reverse("metadata-expression-names"), {"object": object_name, "path": path})
    assert answer.status_code == 200
    return answer.json()


def check(client: OrganizationClient, text: str, **sent: str) -> dict[str, Any]:
    data = {"object": "opportunity", "text": text, "purpose": "formula", **sent}
    return client.post(reverse("metadata-expression-check"), data).json()


def test_names_of_an_object_are_its_fields_its_lookups_and_the_functions(admin: OrganizationClient) -> None:
    found = names(admin)
    by_name = {item["name"]: item for item in found["names"]}
    assert by_name["amount"]["label"] == "金额"
    assert (by_name["amount"]["type"], by_name["amount"]["type_label"]) == ("number", "数字")
    assert by_name["account"]["type"] == "step"
    assert by_name["account_id"]["type"] == "reference"
    assert by_name["$User"]["type"] == "step"
    functions = {item["name"]: item for item in found["functions"]}
    assert functions["LEFT"]["signature"].startswith("LEFT(")
    assert functions["LEFT"]["summary"]


def test_names_follow_lookups_step_by_step(admin: OrganizationClient) -> None:
    assert "industry" in {item["name"] for item in names(admin, "account")["names"]}
    assert "name" in {item["name"] for item in names(admin, "account.owner")["names"]}
    assert "email" in {item["name"] for item in names(admin, "$User")["names"]}
    assert "base_currency" in {item["name"] for item in names(admin, "$Org")["names"]}
    assert "amount" in {item["name"] for item in names(admin, "$Old")["names"]}
    assert names(admin, "account")["functions"] == []


def test_a_path_that_leads_nowhere_has_no_names(admin: OrganizationClient) -> None:
    for path in ("amount", "nothing.at.all", "$Nothing", "$User.nothing", "..", "account.name.x"):
        assert names(admin, path)["names"] == []


def test_every_offered_name_can_be_used(admin: OrganizationClient) -> None:
    for item in names(admin)["names"]:
        if item["type"] != "step":
            assert check(admin, f"ISBLANK({item['name']})")["valid"], item["name"]


def test_an_unknown_object_is_not_found(admin: OrganizationClient) -> None:
    assert admin.get(reverse("metadata-expression-names"), {"object": "nothing"}).status_code == 404
    answer = admin.post(reverse("metadata-expression-check"), {"object": "nothing", "text": "1"})
    assert answer.status_code == 404


def test_a_sound_text_has_a_type(admin: OrganizationClient) -> None:
    found = check(admin, "amount * 2")
    assert (found["valid"], found["type"], found["type_label"]) == (True, "number", "数字")


def test_a_mistake_has_its_place_and_what_was_perhaps_meant(admin: OrganizationClient) -> None:
    error = check(admin, "amont * 2")["error"]
    assert (error["start"], error["end"], error["suggestion"]) == (0, 5, "amount")
    assert "amont" in error["message"]


def test_places_are_counted_as_browsers_count(admin: OrganizationClient) -> None:
    text = '"😀" & amont'
    error = check(admin, text)["error"]
    assert text.encode("utf-16-le")[2 * error["start"] : 2 * error["end"]].decode("utf-16-le") == "amont"


@pytest.mark.parametrize(
    ("text", "returns", "purpose", "valid"),
    [
        ("amount > 1", "boolean", "condition", True),
        ("amount", "", "rule", False),
        ("name", "decimal", "formula", False),  # a type of fields, as the form of a formula names it
        ("amount", "decimal", "formula", True),
        ("amount", "nonsense", "nonsense", True),
        ("$Old.amount > 1", "", "rule", True),
    ],
)
def test_the_needed_type_and_the_purpose_count(
    admin: OrganizationClient, text: str, returns: str, purpose: str, valid: bool
) -> None:
    assert check(admin, text, returns=returns, purpose=purpose)["valid"] is valid


def test_the_forms_say_whose_names_an_expression_uses(admin: OrganizationClient, crm: World) -> None:
    rule = admin.get(reverse("metadata-validation-rule-new", args=["opportunity"])).content.decode()
    assert 'data-object="opportunity"' in rule and 'data-purpose="rule"' in rule
    duplicate = admin.get(reverse("metadata-duplicate-rule-new", args=["account"])).content.decode()
    assert 'data-object="account"' in duplicate
    formula = admin.get(reverse("metadata-field-new", args=["opportunity", "formula"])).content.decode()
    assert 'data-returns-from="settings-returns"' in formula and 'name="settings-returns"' in formula
    rollup = admin.get(reverse("metadata-field-new", args=["account", "rollup"])).content.decode()
    assert 'data-object-from="settings-object"' in rollup and 'name="settings-object"' in rollup
