"""Explanations over the API: why, who else, and what another role would change."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from crm_platform.identity.models import Profile, Role, User
from crm_platform.kit.context import Actor, system_actor
from metadata.models import BusinessObject
from objects.access.grants import ACTIONS, grant_object
from openapi.keys import create_key
from tests.kit import make

EXPLAIN = "/api/v1/permissions/explain"


@pytest.fixture
def record(caller: Any, ticket: str) -> str:
    """The id of a record of the administrator's."""
    return str(caller.post("/api/v1/records/ticket__c", {"name": "T"}).json()["id"])


@pytest.fixture
def colleague(ticket: str) -> User:
    profile = Profile.objects.get(api_name="sales_rep")
    grant_object(system_actor(), profile, BusinessObject.objects.get(api_name=ticket), ACTIONS)
    return make.user(name="同事")


def as_(api: Any, user: User, actor_for: Any) -> Any:
    _row, secret = create_key(actor_for(user), "own", ["users:read", "records:read"])
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return api


def test_the_verdict_names_what_decided(caller: Any, colleague: User, record: str) -> None:
    question = {"user": str(colleague.pk), "object": "ticket__c", "record": record, "action": "read"}
    found = caller.post(EXPLAIN, question).json()
    assert (found["allowed"], found["decided_by"]["layer"], found["decided_by"]["outcome"]) == (
        False,
        "reach",
        "denies",
    )
    right = next(step for step in found["steps"] if step["layer"] == "object")
    assert (right["outcome"], right["cause"]["kind"]) == ("allows", "profile")
    caller.post(f"/api/v1/records/ticket__c/{record}/shares", {"principal": f"user:{colleague.pk}"})
    found = caller.post(EXPLAIN, question).json()
    assert (found["allowed"], found["decided_by"]["layer"]) == (True, "share")
    found = caller.post(EXPLAIN, {**question, "action": "edit"}).json()
    assert (found["allowed"], found["decided_by"]["layer"]) == (False, "reach")


def test_of_an_object_alone_only_the_right_is_told(caller: Any, colleague: User) -> None:
    found = caller.post(EXPLAIN, {"user": str(colleague.pk), "object": "part__c", "action": "create"}).json()
    assert (found["allowed"], found["record"], found["decided_by"]["layer"]) == (False, None, "object")
    mine = caller.post(EXPLAIN, {"object": "ticket__c", "action": "edit", "field": "amount__c"}).json()
    assert (mine["allowed"], mine["field"], mine["decided_by"]["layer"]) == (True, "amount__c", "functions")


def test_questions_that_make_no_sense_are_refused(caller: Any, ticket: str) -> None:
    for body in ({"object": "ticket__c"}, {"object": "ticket__c", "action": "fly"}, {"action": "read"}):
        assert caller.post(EXPLAIN, body).status_code == 422, body
    wrong = caller.post(EXPLAIN, {"object": "ticket__c", "action": "read", "record": "x", "more": 1})
    assert wrong.status_code == 422
    assert caller.post(EXPLAIN, {"object": "nothing", "action": "read"}).status_code == 404
    unknown = {"object": "ticket__c", "action": "read", "record": str(uuid.uuid4())}
    assert caller.post(EXPLAIN, unknown).status_code == 404
    assert caller.post(EXPLAIN, {"object": "ticket__c", "action": "read", "field": "none__c"}).status_code == 422


def test_others_ask_about_themselves_and_what_they_see(
    api: Any, caller: Any, colleague: User, record: str, actor_for: Any, admin_actor: Actor
) -> None:
    own = as_(api, colleague, actor_for)
    asked = {"object": "ticket__c", "record": record, "action": "read"}
    assert own.post(EXPLAIN, asked).status_code == 404
    assert own.post(EXPLAIN, {"object": "part__c", "action": "read"}).status_code == 404
    assert own.post(EXPLAIN, {**asked, "user": str(admin_actor.user_id)}).status_code == 403
    assert own.get(f"/api/v1/records/ticket__c/{record}/access").status_code == 404
    assert own.post(f"/api/v1/users/{colleague.pk}/simulate", {"role": None}).status_code == 403
    assert own.post(EXPLAIN, {"object": "ticket__c", "action": "create"}).json()["allowed"] is True


def test_who_can_is_told_by_name_with_reasons(caller: Any, colleague: User, record: str) -> None:
    address = f"/api/v1/records/ticket__c/{record}/access"
    before = caller.get(address).json()
    assert colleague.name not in {item["user"]["name"] for item in before["data"]}
    caller.post(f"/api/v1/records/ticket__c/{record}/shares", {"principal": f"user:{colleague.pk}"})
    found = caller.get(address).json()
    assert found["total"] == before["total"] + 1
    reasons = {item["user"]["name"]: [step["layer"] for step in item["reasons"]] for item in found["data"]}
    assert reasons[colleague.name] == ["share"]
    first = caller.get(f"{address}?limit=1").json()
    assert (len(first["data"]), first["has_more"]) == (1, True)
    assert caller.get(f"{address}?limit=1&page={found['total']}").json()["has_more"] is False
    assert [item["user"]["name"] for item in caller.get(f"{address}?q=同事").json()["data"]] == [colleague.name]
    for query in ("limit=0", "limit=1000", "page=x", "action=create"):
        assert caller.get(f"{address}?{query}").status_code == 422, query
    assert colleague.name not in str(caller.get(f"{address}?action=edit").json())


def test_a_trial_tells_records_rights_and_functions(caller: Any, colleague: User, record: str) -> None:
    address = f"/api/v1/users/{colleague.pk}/simulate"
    found = caller.post(address, {"role": str(Role.objects.get(api_name="everything").uuid)}).json()
    (change,) = found["objects"]
    assert change["object"] == "ticket__c"
    assert change["records"]["read"] == {
        "gained": {"value": 1, "is_exact": True},
        "lost": {"value": 0, "is_exact": True},
    }
    profile = Profile.objects.get(api_name="administrator")
    found = caller.post(address, {"profile": str(profile.uuid)}).json()
    assert "identity.manage_users" in found["functions"]["gained"]
    colleague.refresh_from_db()
    assert colleague.profile != profile
    assert caller.post(address, {}).status_code == 422
    assert caller.post(address, {"role": "x"}).status_code == 422
    assert caller.post(f"/api/v1/users/{uuid.uuid4()}/simulate", {"role": None}).status_code == 404
