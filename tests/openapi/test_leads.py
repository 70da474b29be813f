"""Leads over the API: converted once whatever is repeated, many of them, given up, and where their fields go."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from crm_platform.identity.models import User
from crm_platform.kit.context import system_actor
from metadata.compiler.current import pinned_snapshot
from metadata.packages.portable import CRM_PACKAGE, apply, load_package
from openapi.keys import create_key
from tests.kit.clients import OrganizationAPIClient
from tests.layouts.hosts import host_of
from tests.objects import world as worlds
from tests.objects.activities.diverting import PHONE, divert_leads
from tests.objects.world import World
from tests.openapi.conftest import problem_codes

COMPANY = "温州信立阀门有限公司"
DEAL = {"values": {"close_date": "2027-03-01"}}
Caller = OrganizationAPIClient


@pytest.fixture(scope="module")
def the_crm(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    def prepare() -> None:
        apply(system_actor(), load_package(CRM_PACKAGE))

    with django_db_blocker.unblock(), worlds.world(prepare=prepare) as made:
        yield made


@pytest.fixture
def crm(the_crm: World) -> Iterator[World]:
    with worlds.inside(the_crm.schema_name), transaction.atomic():
        with pinned_snapshot():
            yield the_crm
        transaction.set_rollback(True)


def caller_of(crm: World, name: str, scopes: list[str]) -> Caller:
    crm.users.setdefault("admin", User.objects.get(username="admin"))
    _row, secret = create_key(crm.actor(name), "test", scopes)
    client = Caller(host_of(crm))
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


@pytest.fixture
def caller(crm: World) -> Caller:
    return caller_of(crm, "rep", ["records:read", "records:write"])


def lead(caller: Caller, **values: Any) -> str:
    given = {"name": "方腊", "company": COMPANY, "mobile": "13500001111", "expected_amount": "900", **values}
    headers = {"HTTP_PREFER": 'duplicates=allow; reason="Another"'}
    answer = caller.post("/api/v1/records/lead", given, **headers)
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def test_a_conversion_is_tried_made_and_repeated(caller: Caller) -> None:
    own = lead(caller, rating="hot")
    url, body = f"/api/v1/leads/{own}/convert", {"opportunity": DEAL, "contact": {"values": {"title": "经理"}}}
    tried = caller.post(f"{url}?dry_run=true", body).json()
    assert (tried["dry_run"], tried["account_id"], tried["created"]) == (
        True,
        None,
        ["account", "contact", "opportunity"],
    )
    stale = caller.post(url, body, HTTP_IF_MATCH='"7"')
    assert (stale.status_code, stale["ETag"]) == (412, '"1"')
    answer = caller.post(url, body, HTTP_IDEMPOTENCY_KEY="k1", HTTP_IF_MATCH='"1"')
    done = answer.json()
    assert (answer.status_code, answer["ETag"], done["repeated"]) == (200, '"2"', False)
    assert {item["field"] for item in done["unmapped"]} == {"rating"}
    contact = caller.get(f"/api/v1/records/contact/{done['contact_id']}").json()
    assert (contact["title"], contact["account_id"]) == ("经理", done["account_id"])
    assert caller.get(f"/api/v1/records/opportunity/{done['opportunity_id']}").json()["amount"] == "900.00"
    same = caller.post(url, body, HTTP_IDEMPOTENCY_KEY="k1", HTTP_IF_MATCH='"1"')
    assert (same["Idempotent-Replayed"], same.json()) == ("true", done)
    again = caller.post(url, {}).json()
    assert (again["repeated"], again["account_id"]) == (True, done["account_id"])
    locked = caller.patch(f"/api/v1/records/lead/{own}", {"title": "x"}, HTTP_IF_MATCH='"2"')
    assert (locked.status_code, locked.json()["code"]) == (423, "record_locked")


def test_doubles_are_refused_until_they_are_meant(caller: Caller) -> None:
    known = caller.post("/api/v1/records/account", {"name": COMPANY}).json()["id"]
    own = lead(caller)
    url = f"/api/v1/leads/{own}/convert"
    refused = caller.post(url, {})
    assert (refused.status_code, refused.json()["code"], refused.json()["target"]) == (
        409,
        "duplicate_detected",
        "account",
    )
    assert known in str(refused.json()["duplicates"])
    no_reason = caller.post(url, {"account": {"allow_duplicates": True}})
    assert ("#/fields/reason", "required") in problem_codes(no_reason)
    into = caller.post(url, {"account": {"mode": "existing", "id": known}, "contact": None})
    assert (into.status_code, into.json()["account_id"], into.json()["created"]) == (200, known, [])
    meant = caller.post(
        f"/api/v1/leads/{lead(caller)}/convert", {"contact": None}, HTTP_PREFER='duplicates=allow; reason="Another"'
    )
    assert (meant.status_code, meant.json()["created"]) == (200, ["account"])


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({"nonsense": 1}, {("#/fields/nonsense", "unknown_field")}),
        ({"account": {"nonsense": 1}}, {("#/fields/account.nonsense", "unknown_field")}),
        ({"account": 7}, {("#/fields/account", "invalid_type")}),
        ({"account": {"values": []}}, {("#/fields/account", "invalid_type")}),
        ({"account": {"mode": "existing", "id": "x"}}, {("#/fields/account.id", "invalid_reference")}),
        ({"account": {"values": {"employees": "many"}}}, {("#/fields/account.employees", "invalid_type")}),
        ({"account": None, "contact": None}, set()),
        ({"reason": 7}, {("#/fields/reason", "invalid_type")}),
        ({"owner_id": 7}, {("#/fields/owner_id", "invalid_type")}),
    ],
)
def test_bodies_that_make_no_sense_are_refused(caller: Caller, body: dict[str, Any], codes: set[Any]) -> None:
    answer = caller.post(f"/api/v1/leads/{lead(caller)}/convert", body)
    assert answer.status_code == 422, answer.content
    assert codes <= problem_codes(answer)


def test_many_leads_are_converted_together_or_one_by_one(caller: Caller) -> None:
    first, second = lead(caller), lead(caller, company="丽水青瓷有限公司", mobile="13500002222")
    url, gone = "/api/v1/leads/bulk-convert", str(uuid.uuid4())
    whole = caller.post(url, {"ids": [first, gone]})
    assert whole.status_code == 422
    assert [row["status"] for row in whole.json()["results"]] == ["not_written", "failed"]
    assert caller.get(f"/api/v1/records/lead/{first}").json()["status"] == "new"
    each = caller.post(url, {"ids": [first, gone, second], "all_or_none": False})
    body = each.json()
    assert (each.status_code, body["summary"]) == (200, {"total": 3, "failed": 1, "succeeded": 2})
    assert [row["status"] for row in body["results"]] == ["converted", "failed", "converted"]
    assert body["results"][1]["errors"][0]["code"] == "not_found"
    assert caller.post(url, {"ids": "x"}).status_code == 400
    assert caller.post(url, {"ids": [first] * 101}).status_code == 422


def test_leads_are_given_up_and_taken_up_again(caller: Caller) -> None:
    own = lead(caller)
    url = f"/api/v1/leads/{own}"
    assert ("#/fields/invalid_reason", "required") in problem_codes(caller.post(f"{url}/disqualify", {}))
    done = caller.post(f"{url}/disqualify", {"reason": "no_need"})
    assert (done.status_code, done.json()["status"], done["ETag"]) == (200, "invalid", '"2"')
    assert caller.post(f"{url}/convert", {}).json()["code"] == "state_conflict"
    assert caller.post(f"{url}/reopen?dry_run=true", {}).json()["dry_run"] is True
    assert caller.post(f"{url}/reopen", {}).json()["status"] == "working"
    assert caller.post(f"{url}/reopen", {}).status_code == 409


def test_who_may_not_see_a_lead_learns_nothing_of_it(crm: World, caller: Caller) -> None:
    own = lead(caller)
    stranger = caller_of(crm, "south", ["records:read", "records:write"])
    reader = caller_of(crm, "rep", ["records:read"])
    for verb, body in (("convert", {}), ("disqualify", {"reason": "no_need"}), ("reopen", {})):
        assert stranger.post(f"/api/v1/leads/{own}/{verb}", body).status_code == 404
        assert reader.post(f"/api/v1/leads/{own}/{verb}", body).status_code == 403
    row = stranger.post("/api/v1/leads/bulk-convert", {"ids": [own], "all_or_none": False}).json()["results"][0]
    assert row["errors"][0]["code"] == "not_found"
    assert COMPANY not in str(row)


def test_mappings_are_read_and_set(crm: World, caller: Caller) -> None:
    admin = caller_of(crm, "admin", ["meta:read", "meta:write"])
    url, row = "/api/v1/meta/conversion-mappings", {"field": "name", "target": "account", "to": "short_name"}
    assert admin.get(url).json() == {"mappings": []}
    rows = [{**row, "existing": "fill"}]
    assert admin.put(url, {"mappings": [row]}).json() == {"mappings": rows}
    refused = admin.put(url, {"mappings": [{**row, "existing": "perhaps"}]})
    assert problem_codes(refused) == {("#/fields/name.account.existing", "invalid_choice")}
    known = caller.post("/api/v1/records/account", {"name": "杭州老客户", "short_name": "老客户"}).json()["id"]
    admin.put(url, {"mappings": [{**row, "existing": "overwrite"}]})
    into = {"account": {"mode": "existing", "id": known, "existing": "keep"}, "contact": {"mode": "none"}}
    ids = [lead(caller, name=f"林冲{number}", mobile=f"1350000111{number}") for number in range(2)]
    for number, (own, body) in enumerate(
        zip(ids, (into, {**into, "account": {"mode": "existing", "id": known}}), strict=True)
    ):
        assert caller.post(f"/api/v1/leads/{own}/convert", body).status_code == 200
        found = caller.get(f"/api/v1/records/account/{known}").json()
        assert found["short_name"] == ("老客户", "林冲1")[number]
    rows = [{**row, "existing": "overwrite"}]
    wrong = admin.put(url, {"mappings": [{"field": "name", "target": "account", "to": "employees"}]})
    assert problem_codes(wrong) == {("#/fields/name.account", "invalid_choice")}
    assert admin.put(url, {"mappings": [{"field": 7, "target": "account"}]}).status_code == 422
    assert admin.get(url).json() == {"mappings": rows}


def test_who_is_there_already_takes_in_what_is_sent(crm: World, caller: Caller) -> None:
    divert_leads()
    first = lead(caller, mobile=PHONE)
    given = {"name": "方腊", "company": COMPANY, "mobile": PHONE}
    told = {"diverted": {"rule": "again", "into": {"object": "lead", "id": first}}}
    answer = caller.post("/api/v1/records/lead", given)
    assert (answer.status_code, answer.json()) == (202, told)
    stranger = caller_of(crm, "south", ["records:read", "records:write"])
    hidden = stranger.post("/api/v1/records/lead", given)
    assert (hidden.status_code, hidden.json()["diverted"]["into"]) == (202, {"object": "lead", "id": None})
    rows = {"records": [given, {**given, "mobile": "13900139000"}]}
    results = caller.post("/api/v1/records/lead/bulk-create", rows).json()["results"]
    assert [row["status"] for row in results] == ["diverted", "saved"]
    assert results[0]["diverted"] == told["diverted"]
