"""Sharing over the API: rules, defaults, shares, teams, transfer and delegations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from crm_platform.identity.models import Profile, User
from crm_platform.kit.context import Actor, system_actor
from metadata.models import BusinessObject
from objects.access.grants import ACTIONS, grant_object
from openapi.keys import create_key
from openapi.scopes import SCOPES
from tests.kit import make

RULE = {"object": "ticket__c", "label": "R", "kind": "criteria", "shared_with": "everyone"}
FITS = {"field": "name", "op": "nempty"}


@pytest.fixture
def record(caller: Any, ticket: str) -> str:
    """The address of a record of the administrator's."""
    made = caller.post("/api/v1/records/ticket__c", {"name": "T"}).json()
    return f"/api/v1/records/ticket__c/{made['id']}"


@pytest.fixture
def colleague(ticket: str) -> User:
    return make.user(name="同事")


def test_a_rule_is_made_changed_read_and_deleted(caller: Any, ticket: str) -> None:
    made = caller.post("/api/v1/sharing-rules", {**RULE, "condition": FITS, "level": "edit"})
    assert made.status_code == 201, made.content
    rule = made.json()
    one = f"/api/v1/sharing-rules/{rule['id']}"
    assert (rule["level"], rule["condition"], rule["is_active"], rule["owned_by"]) == ("edit", FITS, True, None)
    changed = caller.patch(one, {"level": "read", "ends_on": "2030-01-31", "is_active": False}).json()
    assert (changed["level"], changed["ends_on"], changed["is_active"]) == ("read", "2030-01-31", False)
    assert caller.get(one).json() == changed
    assert caller.get("/api/v1/sharing-rules?object=ticket__c").json()["data"] == [changed]
    assert caller.get("/api/v1/sharing-rules?object=nothing").json()["data"] == []
    tried = caller.patch(f"{one}?dry_run=true", {"label": "Other"}).json()
    assert (tried["label"], tried["dry_run"], caller.get(one).json()["label"]) == ("Other", True, "R")
    assert caller.delete(one).json()["deleted"] is True
    assert caller.get(one).status_code == 404


def test_a_restriction_is_made_changed_and_deleted(caller: Any, ticket: str) -> None:
    given = {"object": "ticket__c", "label": "W", "applies_to": "everyone", "condition": FITS}
    rule = caller.post("/api/v1/restriction-rules", given).json()
    one = f"/api/v1/restriction-rules/{rule['id']}"
    assert caller.patch(one, {"label": "Wall"}).json()["label"] == "Wall"
    assert [item["label"] for item in caller.get("/api/v1/restriction-rules").json()["data"]] == ["Wall"]
    assert caller.delete(one).status_code == 200
    assert caller.get("/api/v1/restriction-rules").json()["data"] == []


def test_defaults_of_objects(caller: Any, ticket: str) -> None:
    assert caller.patch("/api/v1/sharing-defaults/ticket__c", {"sharing": "read"}).json()["sharing"] == "read"
    told = {item["object"]: item["sharing"] for item in caller.get("/api/v1/sharing-defaults").json()["data"]}
    assert told["ticket__c"] == "read"
    assert caller.patch("/api/v1/sharing-defaults/ticket__c", {"sharing": "x"}).status_code == 422


WRONG: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({}, "condition", "required"),
    ({"what": 1}, "what", "unknown_field"),
    ({"level": "all"}, "level", "invalid_type"),
    ({"level": 1}, "level", "invalid_type"),
    ({"starts_on": "soon"}, "starts_on", "invalid_type"),
    ({"starts_on": 20300101}, "starts_on", "invalid_type"),
    ({"condition": [1]}, "condition", "invalid_type"),
    ({"position": 2**40}, "position", "invalid_type"),
    ({"shared_with": "user:1"}, "shared_with", "invalid_reference"),
    ({"object": "nothing"}, "object", "invalid_reference"),
)


@pytest.mark.parametrize(("given", "name", "code"), WRONG)
def test_what_is_wrong_with_a_rule_is_named(
    given: dict[str, Any], name: str, code: str, caller: Any, ticket: str
) -> None:
    answer = caller.post("/api/v1/sharing-rules", {**RULE, **given})
    assert answer.status_code == 422
    assert [(error["pointer"].rsplit("/", 1)[-1], error["code"]) for error in answer.json()["errors"]] == [(name, code)]


def test_a_record_is_shared_and_closed_again(caller: Any, record: str, colleague: User) -> None:
    soon = (timezone.now() + timedelta(days=1)).isoformat()
    principal = f"user:{colleague.pk}"
    made = caller.post(f"{record}/shares", {"principal": principal, "level": "read", "expires_at": soon})
    assert made.status_code == 201, made.content
    assert (made.json()["name"], made.json()["level"]) == ("同事", "read")
    again = caller.post(f"{record}/shares", {"principal": principal})
    assert again.json()["errors"][0]["code"] == "not_unique"
    one = f"{record}/shares/{made.json()['id']}"
    assert caller.patch(one, {"level": "edit", "expires_at": None}).json()["expires_at"] is None
    assert [item["level"] for item in caller.get(f"{record}/shares").json()["data"]] == ["edit"]
    assert caller.delete(one).status_code == 200
    assert caller.delete(one).status_code == 404
    assert caller.delete(f"{record}/shares/{2**70}").status_code == 404
    naive = caller.post(f"{record}/shares", {"principal": principal, "expires_at": "2030-01-01T00:00:00"})
    assert naive.json()["errors"][0]["code"] == "invalid_type"


def test_a_team_has_members(caller: Any, record: str, colleague: User) -> None:
    user = str(colleague.pk)
    made = caller.post(f"{record}/team", {"user_id": user, "role": "售前"})
    assert made.status_code == 201, made.content
    assert (made.json()["name"], made.json()["level"], made.json()["role"]) == ("同事", "read", "售前")
    assert caller.patch(f"{record}/team/{user}", {"level": "edit"}).json()["level"] == "edit"
    assert [item["user_id"] for item in caller.get(f"{record}/team").json()["data"]] == [user]
    assert caller.delete(f"{record}/team/{user}").status_code == 200
    assert caller.patch(f"{record}/team/{user}", {"level": "edit"}).status_code == 404
    assert caller.post(f"{record}/team", {}).json()["errors"][0]["code"] == "required"


def test_a_record_is_given_away(caller: Any, record: str, colleague: User, admin_user: User) -> None:
    user = str(colleague.pk)
    given = caller.post(f"{record}/transfer", {"owner_id": user, "keep": "edit"})
    assert given.status_code == 200, given.content
    assert caller.get(record).json()["owner_id"] == user
    assert [item["user_id"] for item in caller.get(f"{record}/team").json()["data"]] == [str(admin_user.pk)]
    assert caller.post(f"{record}/transfer", {"owner_id": user, "keep": "full"}).status_code == 422
    assert caller.post(f"{record}/transfer", {}).json()["errors"][0]["code"] == "required"


def test_who_gives_a_record_out_of_his_sight_is_told_so(
    api: Any, actor_for: Callable[..., Actor], ticket: str, colleague: User
) -> None:
    manager = make.user(profile="sales_manager")
    profile, row = Profile.objects.get(api_name="sales_manager"), BusinessObject.objects.get(api_name=ticket)
    grant_object(system_actor(), profile, row, ACTIONS)
    _row, secret = create_key(actor_for(manager), "k", list(SCOPES))
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    made = api.post("/api/v1/records/ticket__c", {"name": "T"}).json()
    answer = api.patch(f"/api/v1/records/ticket__c/{made['id']}", {"owner_id": str(colleague.pk)})
    assert (answer.status_code, answer.json()) == (200, {"id": made["id"], "object": "ticket__c", "version": 2})
    assert api.get(f"/api/v1/records/ticket__c/{made['id']}").status_code == 404


def test_delegations(caller: Any, colleague: User, admin_user: User) -> None:
    now = timezone.now()
    times = {"starts_at": now.isoformat(), "ends_at": (now + timedelta(days=2)).isoformat()}
    made = caller.post("/api/v1/delegations", {"delegate_id": str(colleague.pk), **times})
    assert made.status_code == 201, made.content
    one = f"/api/v1/delegations/{made.json()['id']}"
    assert (caller.get(one).json()["user_name"], made.json()["delegate_name"]) == (admin_user.name, "同事")
    assert len(caller.get("/api/v1/delegations").json()["data"]) == 1
    assert caller.delete(one).status_code == 200
    assert caller.get("/api/v1/delegations").json()["data"] == []
    missing = caller.post("/api/v1/delegations", {}).json()["errors"]
    assert {error["code"] for error in missing} == {"required"}
    assert len(missing) == 3
