"""The page on which an object's formulas are listed and expressions are tried."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from crm_platform.identity.models import User
from metadata import services
from metadata.inputs import FieldInput
from objects.records.service import RecordService
from tests.kit.clients import OrganizationClient
from tests.layouts.hosts import host_of
from tests.objects.world import World


@pytest.fixture
def admin(crm: World) -> OrganizationClient:
    crm.users["admin"] = User.objects.get(username="admin")
    client = OrganizationClient(host_of(crm))
    client.force_login(crm.users["admin"])
    return client


def attempt(client: OrganizationClient, expression: str, **sent: Any) -> Any:
    data = {"expression": expression, "blank_as_zero": "on", **sent}
    return client.post(reverse("object-formulas", args=["account"]), data)


def test_an_expression_is_worked_out_on_a_record_step_by_step(admin: OrganizationClient, crm: World) -> None:
    record = RecordService(crm.actor("admin")).create("account", {"name": "云途信息"}).id
    answer = attempt(admin, "LEN(name) * 2 + 1", record=str(record))
    assert answer.status_code == 200
    assert answer.context["value"] == "9"
    steps = {step.text: step.value for step in answer.context["steps"]}
    assert (steps["LEN(name)"], steps["name"]) == ("4", "云途信息")
    html = answer.content.decode()
    assert "<mark>LEN(name)</mark>" in html
    assert answer.context["paths"] == ["name"]
    assert answer.context["sql"].startswith("SELECT")


def test_without_a_record_the_expression_is_only_checked(admin: OrganizationClient) -> None:
    answer = attempt(admin, "name & industry")
    assert answer.status_code == 200
    assert answer.context["steps"] == []
    assert answer.context["found"].type == "text"


def test_what_only_python_computes_is_told(admin: OrganizationClient) -> None:
    answer = attempt(admin, "PINYIN(name)")
    assert answer.context["sql"] == ""
    assert "PINYIN" in answer.context["not_compilable"]


@pytest.mark.parametrize("sent", [{"record": "01900000-0000-7000-8000-000000000000"}, {"record": "nonsense"}])
def test_an_unknown_record_is_an_error_of_its_field(admin: OrganizationClient, sent: dict[str, str]) -> None:
    answer = attempt(admin, "name", **sent)
    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {"record"}


def test_a_mistake_is_told_with_its_place(admin: OrganizationClient) -> None:
    answer = attempt(admin, "1 +\n  nonsense")
    assert answer.status_code == 422
    assert "2" in answer.context["form"].errors["expression"][0]


def test_computed_fields_are_listed_with_what_uses_them(admin: OrganizationClient, crm: World) -> None:
    actor = crm.actor("admin")
    first = FieldInput("size__c", "formula", "长度", settings={"expression": "LEN(name)", "returns": "integer"})
    services.add_field(actor, "account", first)
    second = FieldInput("double__c", "formula", "两倍", settings={"expression": "size__c * 2", "returns": "integer"})
    services.add_field(actor, "account", second)
    html = admin.get(reverse("object-formulas", args=["account"])).content.decode()
    assert "LEN(name)" in html and "size__c * 2" in html
    listed = admin.get(reverse("object-formulas", args=["account"])).context["formulas"]
    used = {item.field.api_name: [usage.name for usage in item.usages] for item in listed}
    assert any("两倍" in name for name in used["size__c"])
