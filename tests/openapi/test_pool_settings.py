"""What is settled about pools over the API: pools, members, returns, caps, rules of assignment, response times."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from crm_platform.audit.models import AuditEntry
from crm_platform.identity.auth import build_actor
from crm_platform.identity.models import User
from crm_platform.kit.context import system_actor
from objects.records.service import RecordService
from openapi.keys import create_key
from openapi.scopes import SCOPES
from tests.kit.clients import OrganizationAPIClient
from tests.layouts.conftest import crm, the_crm
from tests.layouts.hosts import host_of
from tests.objects.world import World
from tests.openapi.conftest import problem_codes
from workflows.assignment.models import Assignment, AssignmentRule
from workflows.pools.models import HoldCap, Pool, PoolMovement
from workflows.pools.services.inputs import MemberInput, PoolInput
from workflows.pools.services.settings import create_pool, set_members

__all__ = ["crm", "the_crm"]
META = "/api/v1/meta/pools"
NOBODY = {"field": "name", "op": "eq", "value": "nobody"}
NUL = "a\x00b"


def client_of(crm: World, name: str) -> OrganizationAPIClient:
    """Return the client of a person, or of the organisation's administrator."""
    user = crm.users.get(name) or User.objects.get(username=name)
    client = OrganizationAPIClient(host_of(crm))
    secret = create_key(build_actor(user, via="console"), name, list(SCOPES))[1]
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


@pytest.fixture
def admin(crm: World) -> OrganizationAPIClient:
    Pool.objects.all().delete()
    return client_of(crm, "admin")


@pytest.fixture
def pool(admin: OrganizationAPIClient, crm: World) -> Pool:
    made = create_pool(system_actor(), PoolInput(object="lead", label="线索池"))
    boss = f"user:{crm.users['boss'].pk}"
    set_members(
        system_actor(), made.pk, [MemberInput(principal="everyone"), MemberInput(principal=boss, is_admin=True)]
    )
    return made


def waiting(count: int, **values: Any) -> list[str]:
    rows = [
        {"name": f"线索{number}", "company": uuid.uuid4().hex, "owner_id": None, **values} for number in range(count)
    ]
    return [str(RecordService(system_actor()).create("lead", row).id) for row in rows]


def wrong(answer: Any) -> set[tuple[str, str]]:
    assert answer.status_code == 422, answer.content
    return {(pointer.removeprefix("#/fields/"), code) for pointer, code in problem_codes(answer)}


# --- pools ------------------------------------------------------------------------------------------------------
def test_a_pool_is_made_changed_under_its_version_and_deleted(admin: OrganizationAPIClient) -> None:
    given = {"object": "lead", "label": "公海", "hold_cap": 5, "masked_fields": ["mobile"], "scope": NOBODY}
    tried = admin.post(f"{META}?dry_run=true", given)
    assert (tried.status_code, tried.json()["dry_run"], Pool.objects.count()) == (200, True, 0)
    once = {"HTTP_IDEMPOTENCY_KEY": "pool-1"}
    made, again = admin.post(META, given, **once), admin.post(META, given, **once)
    assert (made.status_code, made["ETag"], Pool.objects.count()) == (201, '"1"', 1), made.content
    assert again.content == made.content and again["Idempotent-Replayed"] == "true"
    told = made.json()
    assert {name: told[name] for name in given} == given and told["api_name"] == "pool_1"
    one = f"{META}/{told['id']}"
    assert admin.get(f"{META}?object=lead").json()["data"] == [told] == [admin.get(one).json()]
    assert admin.get(f"{META}?object=account").json()["data"] == []
    changed = admin.patch(one, {"label": "二", "hold_cap": None, "recycles": True}, HTTP_IF_MATCH='"1"')
    assert (changed.json()["label"], changed.json()["hold_cap"], changed["ETag"]) == ("二", None, '"2"')
    stale = admin.patch(one, {"label": "三"}, HTTP_IF_MATCH='"1"')
    assert (stale.status_code, stale["ETag"]) == (412, '"2"')
    assert admin.delete(one).status_code == 409, "it is in use"
    admin.patch(one, {"is_active": False})
    assert admin.delete(one, HTTP_IF_MATCH='"2"').status_code == 412
    assert admin.delete(one).json() == {"id": told["id"], "deleted": True} and admin.get(one).status_code == 404
    entries = AuditEntry.objects.filter(action__startswith="pool.").order_by("id")
    assert list(entries.values_list("action", "via")) == [
        ("pool.created", "api"),
        ("pool.changed", "api"),
        ("pool.changed", "api"),
        ("pool.deleted", "api"),
    ]


def test_what_is_wrong_with_a_pool_is_named(admin: OrganizationAPIClient, pool: Pool) -> None:
    odd = {
        "label": NUL, "mode": 1, "batch_size": "x", "hold_cap": True, "is_active": 1, "reasons": [1], "scope": [],
        "recycles_to": "x", "reminder_days": 3, "moon": 1,
    }  # fmt: skip
    assert wrong(admin.post(META, odd)) == {(name, "invalid_type") for name in odd} - {("moon", "invalid_type")} | {
        ("moon", "unknown_field")
    }
    assert wrong(admin.post(META, {"object": "lead"})) == {("label", "required")}
    assert wrong(admin.post(META, {"object": "visit", "label": "x"})) == {("object", "invalid_reference")}
    out = {"batch_size": 0, "daily_cap": -1, "mode": "x", "order": ["nope"], "masked_fields": ["nope"]}
    codes = wrong(admin.patch(f"{META}/{pool.pk}", out))
    assert {("batch_size", "out_of_range"), ("daily_cap", "out_of_range"), ("mode", "invalid_choice")} < codes
    assert {name for name, _code in codes} == set(out)
    assert wrong(admin.patch(f"{META}/{pool.pk}", {"recycles_to": str(pool.pk)})) == {
        ("recycles_to", "invalid_reference")
    }
    assert admin.post(META, [1]).status_code == 400 and admin.get(f"{META}/{uuid.uuid4()}").status_code == 404
    assert Pool.objects.get().label == "线索池"


def test_members_returns_and_caps_are_set_as_a_whole(admin: OrganizationAPIClient, crm: World, pool: Pool) -> None:
    one, who = f"{META}/{pool.pk}", f"user:{crm.users['rep'].pk}"
    told = admin.put(f"{one}/members", {"members": [{"principal": who, "is_admin": True}]}).json()
    assert told["members"] == [{"principal": who, "name": "Rep", "is_admin": True}]
    version = admin.get(f"{one}/members")["ETag"]
    assert version == f'"{told["version"]}"' and admin.get(f"{one}/members").json() == told
    assert admin.put(f"{one}/members", {"members": []}, HTTP_IF_MATCH='"1"').status_code == 412
    bad = {"members": [{"principal": who}, {"principal": 1, "is_admin": "x", "moon": 1}]}
    assert wrong(admin.put(f"{one}/members", bad)) == {
        ("members.1.principal", "invalid_type"),
        ("members.1.is_admin", "invalid_type"),
        ("members.1.moon", "unknown_field"),
    }
    gone = {"members": [{"principal": f"user:{uuid.uuid4()}"}]}
    assert wrong(admin.put(f"{one}/members", gone)) == {("principal", "invalid_reference")}
    assert wrong(admin.put(f"{one}/members", {})) == {("members", "required")}

    rule = {"label": "三天未跟进", "kind": "no_follow_up", "days": 3}
    rules = admin.put(f"{one}/recycle-rules", {"rules": [rule]}, HTTP_IF_MATCH=version).json()["rules"]
    assert [(item["label"], item["days"]) for item in rules] == [("三天未跟进", 3)]
    kept = admin.put(f"{one}/recycle-rules", {"rules": [{**rules[0], "days": 5}]}).json()["rules"]
    assert kept == [{**rules[0], "days": 5}] == admin.get(f"{one}/recycle-rules").json()["rules"]
    answer = admin.put(f"{one}/recycle-rules", {"rules": [rule, {**rule, "days": -1, "kind": "x"}]})
    assert wrong(answer) == {("days", "out_of_range"), ("kind", "invalid_choice")}
    assert {error["params"]["number"] for error in answer.json()["errors"]} == {1}

    caps = "/api/v1/meta/objects/lead/hold-caps"
    given = {"caps": [{"principal": "everyone", "cap": 9, "uncounted": NOBODY}]}
    assert admin.put(f"{caps}?dry_run=true", given).json()["caps"][0]["cap"] == 9 and not HoldCap.objects.exists()
    assert admin.put(caps, given).json()["caps"] == [{**given["caps"][0], "name": "所有人"}]
    assert admin.get(caps).json()["caps"][0]["uncounted"] == NOBODY
    assert wrong(admin.put(caps, {"caps": [{"principal": "everyone"}]})) == {("cap", "out_of_range")}
    for name in ("visit", "nothing"):
        assert admin.get(f"/api/v1/meta/objects/{name}/hold-caps").status_code == 404
        assert admin.put(f"/api/v1/meta/objects/{name}/hold-caps", given).status_code == 404


# --- assignment and response times --------------------------------------------------------------------------------
def test_an_assignment_rule_is_made_changed_and_deleted(admin: Any, crm: World, pool: Pool) -> None:
    rules, people = f"{META}/{pool.pk}/assignment-rules", [str(crm.users[name].pk) for name in ("rep", "city")]
    members = [{"user_id": key, "weight": 2, "capacity": None, "tags": {"rating": ["hot"]}} for key in people]
    given = {"label": "按区域", "strategy": "best_match", "sticky_fields": ["company"], "members": members}
    made = admin.post(rules, given)
    assert (made.status_code, made["ETag"]) == (201, '"1"'), made.content
    told = made.json()
    assert {name: told[name] for name in given} == given and told["entries"] == ["create", "import"]
    one = f"{rules}/{told['id']}"
    assert admin.get(rules).json()["data"] == [told] == [admin.get(one).json()]
    less = admin.patch(one, {"members": members[:1], "accept_minutes": 30}, HTTP_IF_MATCH='"1"').json()
    assert less == {**told, "members": members[:1], "accept_minutes": 30, "version": 2}
    assert admin.patch(one, {"label": "x"}, HTTP_IF_MATCH='"1"').status_code == 412
    assert admin.delete(one, HTTP_IF_MATCH='"1"').status_code == 412
    odd = {"label": "长" * 81, "entries": ["x"], "strategy": "x", "most_tries": 0, "position": 10**12}
    assert wrong(admin.patch(one, odd)) == {
        ("label", "too_long"),
        ("entries", "invalid_choice"),
        ("strategy", "invalid_choice"),
        ("most_tries", "out_of_range"),
        ("position", "out_of_range"),
    }
    types = {"label": NUL, "entries": [[]], "condition": 1, "members": [{"weight": "x", "tags": {"rating": [[]]}}]}
    assert wrong(admin.post(rules, types)) == {
        ("label", "invalid_type"),
        ("entries", "invalid_type"),
        ("condition", "invalid_type"),
        ("members.0.user_id", "required"),
        ("members.0.weight", "invalid_type"),
        ("members.0.tags", "invalid_type"),
    }
    stranger = {"user_id": str(uuid.uuid4()), "weight": 0, "tags": {"rating": ["x"]}}
    assert wrong(admin.patch(one, {"members": [stranger], "condition": {"field": "nope", "op": "eq"}})) == {
        ("members.0.user_id", "invalid_reference"),
        ("members.0.weight", "out_of_range"),
        ("members.0.tags", "invalid_choice"),
        ("condition", "unknown_field"),
    }
    other = create_pool(system_actor(), PoolInput(object="lead", label="二"))
    elsewhere = f"{META}/{other.pk}/assignment-rules/{told['id']}"
    assert [admin.get(elsewhere).status_code, admin.delete(elsewhere).status_code] == [404, 404]
    assert admin.delete(one, HTTP_IF_MATCH='"2"').json()["deleted"] and not AssignmentRule.objects.exists()
    assert set(AuditEntry.objects.filter(action__startswith="assignment.").values_list("action", flat=True)) == {
        "assignment.rule_created",
        "assignment.rule_changed",
        "assignment.rule_deleted",
    }


def test_response_times_are_demanded_under_a_version(admin: Any, pool: Pool) -> None:
    times = f"{META}/{pool.pk}/response-times"
    assert (admin.get(times)["ETag"], admin.get(times).json()["is_active"]) == ('"0"', False)
    assert admin.patch(times, {"first_response": 30}, HTTP_IF_MATCH='"1"').status_code == 412
    told = admin.patch(times, {"first_response": 30, "condition": NOBODY}, HTTP_IF_MATCH='"0"')
    assert (told["ETag"], told.json()["is_active"], told.json()["first_response"]) == ('"1"', True, 30)
    assert admin.patch(f"{times}?dry_run=true", {"next_response": 60}).json()["next_response"] == 60
    assert admin.get(times).json() == told.json()
    assert wrong(admin.patch(times, {"first_response": 0, "next_response": 5})) == {("first_response", "required")}
    odd = {"first_response": -1, "next_response": 10**20}
    assert wrong(admin.patch(times, odd)) == {(name, "out_of_range") for name in odd}
    assert wrong(admin.patch(times, {"in_hours": 1, "x": 1})) == {("in_hours", "invalid_type"), ("x", "unknown_field")}
    assert AuditEntry.objects.get(action="sla.changed").details["after"]["first_response"] == 30


def test_who_works_with_a_pool_does_not_settle_it(crm: World, pool: Pool) -> None:
    boss = client_of(crm, "boss")
    for path in ("", "/members", "/recycle-rules", "/assignment-rules", "/response-times"):
        assert boss.get(f"{META}/{pool.pk}{path}").status_code == 403, path
    assert boss.patch(f"{META}/{pool.pk}", {"label": "x"}).status_code == 403
    assert boss.post(f"{META}/{pool.pk}/assignment-rules", {"label": "x"}).status_code == 403


# --- routing at once ------------------------------------------------------------------------------------------------
def test_rules_give_out_at_once_and_say_why(crm: World, pool: Pool) -> None:
    boss, rep = client_of(crm, "boss"), client_of(crm, "rep")
    address, keys = f"/api/v1/pools/{pool.pk}/auto-assign", [crm.users[name].pk for name in ("rep", "city")]
    rule = AssignmentRule.objects.create(pool=pool, label="轮流", entries=["create"])
    for position, key in enumerate(keys):
        rule.members.create(user_id=key, position=position, capacity=1)
    hot = AssignmentRule.objects.create(pool=pool, label="空", position=-1, entries=["create"], condition=NOBODY)
    ids = waiting(3)
    alone = waiting(1, name="nobody")[0]
    assert rep.post(address, {}).status_code == 403 and client_of(crm, "south").post(address, {}).status_code == 403
    tried = boss.post(f"{address}?dry_run=true", {"ids": ids[:1]}).json()
    assert (tried["dry_run"], tried["results"][0]["status"], Assignment.objects.count()) == (True, "assigned", 0)
    answer = boss.post(address, {"ids": [ids[2], ids[0], alone, str(uuid.uuid4())]}).json()
    first, second, nobody, unknown = answer["results"]
    assert [item["status"] for item in answer["results"]] == ["assigned", "assigned", "rejected", "rejected"]
    assert answer["summary"] == {"total": 4, "assigned": 2, "rejected": 2}
    assert {first["owner_id"], second["owner_id"]} == {str(key) for key in keys}
    assert (nobody["code"], nobody["assignment_rule_id"]) == ("state_conflict", str(hot.pk))
    assert (unknown["code"], unknown["assignment_rule_id"]) == ("not_found", None)
    logged = PoolMovement.objects.get(record_id=ids[2], kind="route")
    assert (logged.actor_id, logged.via, logged.evidence) == (crm.users["boss"].pk, "api", first["evidence"])
    assert first["evidence"]["rule"] == "轮流" and first["evidence"]["why"] == "turn"
    (full,) = [item for item in boss.post(address, {}).json()["results"] if item["id"] == ids[1]]
    assert (full["status"], full["assignment_rule_id"]) == ("rejected", str(rule.pk)), "both hold what they may"
    rule.members.update(capacity=None)
    assert boss.post(address).json()["results"] == [], "nobody was free a moment ago"
    (given,) = boss.post(address, {"ids": [ids[1]]}).json()["results"]
    assert given["status"] == "assigned", "who names it has it looked at again"
    (taken,) = boss.post(address, {"ids": [ids[1]]}).json()["results"]
    assert taken["code"] == "already_claimed" and taken["evidence"] is None
    assert wrong(boss.post(address, {"ids": "x", "y": 1})) == {("ids", "invalid_type"), ("y", "unknown_field")}
    assert wrong(boss.post(address, {"ids": [str(uuid.uuid4()) for _number in range(101)]})) == {
        ("ids", "out_of_range")
    }
    AssignmentRule.objects.update(is_active=False)
    (idle,) = boss.post(address, {"ids": [alone]}).json()["results"]
    assert (idle["code"], idle["message"], idle["assignment_rule_id"]) == (
        "state_conflict",
        "没有适用的规则",
        None,
    )
