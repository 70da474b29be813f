"""Roles, profiles and permission sets over the Open API."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from crm_platform.identity.models import Profile, Role
from tests.kit import make
from tests.kit.clients import OrganizationAPIClient
from tests.openapi.conftest import problem_codes

pytestmark = pytest.mark.django_db


def profile_of(name: str) -> str:
    return f"/api/v1/profiles/{Profile.objects.get(api_name=name).uuid}"


# --- roles ------------------------------------------------------------------------------------------------------
def test_a_role_is_made_changed_and_deleted(caller: OrganizationAPIClient, ticket: str) -> None:
    department = make.department("华东")
    head = Role.objects.get(api_name="department_head")
    given = {
        "name": "区域经理",
        "parent": str(head.uuid),
        "data_scope": "department_below",
        "contact_scope": "chosen",
        "contact_departments": [str(department.pk)],
        "scopes": {ticket: {"edit": {"data_scope": "department"}}},
    }
    made = caller.post("/api/v1/roles", given)
    assert made.status_code == 201, made.json()
    url = f"/api/v1/roles/{made.json()['id']}"
    assert (
        caller.get(url).json()
        == made.json()
        == {
            **given,
            "id": made.json()["id"],
            "api_name": "role_1",
            "hides_contact_details": False,
            "scopes": {ticket: {"edit": {"data_scope": "department", "departments": []}}},
        }
    )
    changed = caller.patch(url, {"name": "大区经理", "parent": None, "scopes": {ticket: {"edit": None}}}).json()
    assert (changed["name"], changed["parent"], changed["scopes"]) == ("大区经理", None, {})
    assert [item["name"] for item in caller.get("/api/v1/roles").json()["data"]][-1] == "大区经理"
    assert caller.delete(url).json() == {"id": made.json()["id"], "deleted": True}
    assert caller.get(url).status_code == 404


def test_a_dry_run_answers_and_changes_nothing(caller: OrganizationAPIClient) -> None:
    answer = caller.post("/api/v1/roles?dry_run=true", {"name": "试试"})
    assert (answer.status_code, answer.json()["dry_run"], answer.json()["name"]) == (200, True, "试试")
    assert not Role.objects.filter(name="试试").exists()


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({}, {("#/fields/name", "required")}),
        ({"name": 1, "colour": "red"}, {("#/fields/name", "invalid_type"), ("#/fields/colour", "unknown_field")}),
        ({"name": "x", "parent": str(uuid.uuid4())}, {("#/fields/parent", "invalid_reference")}),
        (
            {"name": "x", "contact_departments": [str(uuid.uuid4())]},
            {("#/fields/contact_departments", "invalid_reference")},
        ),
        ({"name": "x", "data_scope": "galaxy"}, {("#/fields/data_scope", "invalid_choice")}),
    ],
)
def test_what_is_wrong_with_a_role_is_told(caller: OrganizationAPIClient, given: Any, wrong: Any) -> None:
    answer = caller.post("/api/v1/roles", given)
    assert (answer.status_code, problem_codes(answer)) == (422, wrong)


WRONG_SCOPES = (
    {"ticket__c": 1},
    {"ticket__c": {"read": "all"}},
    {"ticket__c": {"read": {"data_scope": "chosen"}}},
    {"ticket__c": {"edit": {"data_scope": "all"}}},
    {"ticket__c": {"read": {"data_scope": "own", "departments": ["x"]}}},
    {"nowhere": {"read": {"data_scope": "own"}}},
)


@pytest.mark.parametrize("scopes", WRONG_SCOPES)
def test_wrong_scopes_are_refused_and_no_role_is_made(caller: OrganizationAPIClient, ticket: str, scopes: Any) -> None:
    answer = caller.post("/api/v1/roles", {"name": "组长", "scopes": scopes})
    assert answer.status_code == 422 and len(problem_codes(answer)) == 1
    assert not Role.objects.filter(name="组长").exists()


def test_a_role_in_use_is_not_deleted(caller: OrganizationAPIClient) -> None:
    make.user(name="小李", role="individual")
    answer = caller.delete(f"/api/v1/roles/{Role.objects.get(api_name='individual').uuid}")
    assert (answer.status_code, answer.json()["code"]) == (409, "state_conflict")
    assert "小李" in answer.json()["title"] + answer.json().get("detail", "")


# --- profiles and permission sets -----------------------------------------------------------------------------
def test_a_profile_is_copied_and_its_matrices_are_set(caller: OrganizationAPIClient, ticket: str) -> None:
    source = caller.get(profile_of("sales_rep")).json()
    assert caller.patch(f"{profile_of('sales_rep')}/objects", {ticket: ["edit"]}).json() == {
        "objects": {ticket: ["read", "edit"]}
    }
    made = caller.post(
        "/api/v1/profiles", {"name": "实习销售", "source": source["id"], "functions": ["identity.view_system"]}
    )
    assert made.status_code == 201, made.json()
    assert made.json()["functions"] == ["identity.view_system"]
    url = f"/api/v1/profiles/{made.json()['id']}"
    assert caller.get(f"{url}/objects").json()["objects"][ticket] == ["read", "edit"]
    assert caller.get(f"{url}/fields/{ticket}").json()["fields"]["code__c"] == "edit"
    levels = caller.patch(f"{url}/fields/{ticket}", {"code__c": "hidden", "amount__c": "read"}).json()["fields"]
    assert (levels["code__c"], levels["amount__c"], levels["due__c"]) == ("hidden", "read", "edit")
    assert caller.get(f"{profile_of('sales_rep')}/fields/{ticket}").json()["fields"]["code__c"] == "edit"
    listed = {item["name"]: item["functions"] for item in caller.get("/api/v1/profiles").json()["data"]}
    assert listed["实习销售"] == ["identity.view_system"] and len(listed) == 4
    assert caller.patch(url, {"functions": [], "api_name": "trainee"}).json()["functions"] == []
    assert caller.delete(url).status_code == 200


def test_a_permission_set_is_given_to_users(caller: OrganizationAPIClient, ticket: str) -> None:
    made = caller.post("/api/v1/permission-sets", {"name": "导出", "description": "导出工单"}).json()
    url = f"/api/v1/permission-sets/{made['id']}"
    assert made["description"] == "导出工单"
    assert caller.patch(f"{url}/objects", {ticket: ["export"]}).json()["objects"] == {ticket: ["read", "export"]}
    user = make.user()
    assert caller.put(f"{url}/members", {"users": [str(user.pk)]}).json() == {"users": [str(user.pk)]}
    assert caller.get(f"{url}/members").json() == {"users": [str(user.pk)]}
    assert caller.delete(url).status_code == 409
    assert problem_codes(caller.put(f"{url}/members", {})) == {("#/fields/users", "required")}
    assert problem_codes(caller.put(f"{url}/members", {"users": ["x"]})) == {("#/fields/users", "invalid_type")}
    copy = caller.post(
        "/api/v1/permission-sets", {"name": "导出二", "source": made["id"], "description": "副本"}
    ).json()
    assert copy["description"] == "副本"
    assert caller.get(f"/api/v1/permission-sets/{copy['id']}/members").json() == {"users": []}
    assert caller.patch(f"/api/v1/permission-sets/{copy['id']}", {"description": ""}).json()["description"] == ""


def test_wrong_matrices_are_refused(caller: OrganizationAPIClient, ticket: str) -> None:
    url = profile_of("sales_rep")
    assert problem_codes(caller.patch(f"{url}/objects", {ticket: "read"})) == {(f"#/fields/{ticket}", "invalid_type")}
    assert problem_codes(caller.patch(f"{url}/objects", {"nowhere": []})) == {("#/fields/nowhere", "invalid_reference")}
    assert problem_codes(caller.patch(f"{url}/fields/{ticket}", {"code__c": "x"})) == {
        ("#/fields/code__c", "invalid_choice")
    }
    assert caller.get(f"{url}/fields/nowhere").status_code == 404
    assert problem_codes(caller.patch(url, {"functions": [1]})) == {("#/fields/functions", "invalid_type")}
    assert caller.patch(url, {"functions": ["auth.add_user"]}).status_code == 422


def test_the_last_who_manages_users_keeps_the_right(caller: OrganizationAPIClient) -> None:
    answer = caller.patch(profile_of("administrator"), {"functions": []})
    assert answer.status_code == 409
    assert "identity.manage_users" in caller.get(profile_of("administrator")).json()["functions"]


def test_the_document_tells_of_all_of_it(caller: OrganizationAPIClient) -> None:
    found = caller.get("/api/v1/openapi.json").json()
    for path in ("/roles", "/roles/{id}", "/profiles/{id}/objects", "/profiles/{id}/fields/{object}"):
        assert path in found["paths"], path
    assert found["paths"]["/permission-sets/{id}/members"]["put"]["operationId"] == "set_permission_set_members"
