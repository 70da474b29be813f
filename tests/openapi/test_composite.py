"""Several requests as one: each is answered as if it had been sent alone, together they hold or fall."""

from __future__ import annotations

import json
from typing import Any

import pytest

from objects.query.query import RecordQuery
from openapi import limits
from openapi.composite.reading import OPEN, READABLE
from openapi.keys import create_key
from openapi.scopes import SCOPES
from openapi.v1.urls import urlpatterns
from tests.kit.clients import OrganizationAPIClient, OrganizationClient
from tests.kit.query_counts import expected_query_count
from tests.layouts.conftest import crm, the_crm
from tests.layouts.hosts import host_of
from tests.objects.world import World

__all__ = ["crm", "the_crm"]
URL, BATCH, TREE = "/api/v1/composite", "/api/v1/composite/batch", "/api/v1/composite/tree/account"
NOBODY = "00000000-0000-7000-8000-000000000001"


def client_of(crm: World, name: str, scopes: Any = tuple(SCOPES)) -> OrganizationAPIClient:
    client = OrganizationAPIClient(host_of(crm))
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {create_key(crm.actor(name), name, list(scopes))[1]}")
    return client


@pytest.fixture
def api(crm: World) -> OrganizationAPIClient:
    return client_of(crm, "rep")


def sub(name: str, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
    made: dict[str, Any] = {"id": name, "method": method, "path": path}
    return {**made, **({"body": body} if body is not None else {}), **({"headers": headers} if headers else {})}


def send(api: Any, *requests: dict[str, Any], url: str = URL, headers: Any = None, **more: Any) -> Any:
    return api.post(url, {"requests": list(requests), **more}, format="json", **(headers or {}))


def accounts(crm: World) -> int:
    return RecordQuery(crm.actor("boss"), "account").count("exact").value


FIRST_DEAL = (
    sub("acc", "POST", "/records/account", {"name": "上海示例"}),
    sub("con", "POST", "/records/contact", {"name": "李雷", "account_id": "@{acc.id}"}),
    sub("q", "GET", "/records/contact?filter[account_id][eq]=@{acc.id}&fields=name"),
    sub(
        "opp",
        "POST",
        "/records/opportunity",
        {
            "name": "@{q.data[0].name}的首单 @@{x}",
            "account_id": "@{acc.id}",
            "contact_id": "@{q.data[0].id}",
            "amount": 12000.50,
            "close_date": "2030-01-31",
        },
    ),
    sub("up", "PATCH", "/records/account/@{acc.id}", {"description": "v@{acc.version}"}, **{"If-Match": '"1"'}),
)


def test_requests_follow_each_other_and_come_once(crm: World, api: OrganizationAPIClient) -> None:
    tried = send(api, *FIRST_DEAL, url=f"{URL}?dry_run=true").json()
    assert tried["dry_run"] is True
    assert tried["summary"] == {"total": 5, "succeeded": 5, "failed": 0}, tried
    assert accounts(crm) == 0
    with expected_query_count("api:composite of five"):
        answer = send(api, *FIRST_DEAL, headers={"HTTP_IDEMPOTENCY_KEY": "one"})
    assert answer.status_code == 200, answer.content
    acc, con, found, opp, changed = answer.json()["results"]
    assert [item["status"] for item in (acc, con, found, opp, changed)] == [201, 201, 200, 201, 200]
    assert acc["headers"] == {"ETag": '"1"', "Location": f"/api/v1/records/account/{acc['body']['id']}"}
    assert con["body"]["account_id"] == acc["body"]["id"]
    assert found["body"]["data"][0]["id"] == con["body"]["id"] == opp["body"]["contact_id"]
    assert (opp["body"]["name"], opp["body"]["amount"]) == ("李雷的首单 @{x}", "12000.50")
    assert (changed["body"]["description"], changed["headers"]["ETag"]) == ("v1", '"2"')
    again = send(api, *FIRST_DEAL, headers={"HTTP_IDEMPOTENCY_KEY": "one"})
    assert (again["Idempotent-Replayed"], again.content) == ("true", answer.content)
    assert accounts(crm) == 1


def test_one_failure_takes_all_of_it_back_unless_each_stands_alone(crm: World, api: OrganizationAPIClient) -> None:
    made = sub("acc", "POST", "/records/account", {"name": "云途"})
    wrong = sub("con", "POST", "/records/contact", {"name": "", "account_id": "@{acc.id}"})
    stale = sub("old", "PATCH", "/records/account/@{acc.id}", {"name": "Y"}, **{"if-match": '"7"'})
    later = sub("q", "GET", "/records/contact/@{con.id}")
    told = send(api, made, wrong, later)
    body = told.json()
    assert (told.status_code, told["Content-Type"], body["code"]) == (422, "application/problem+json", "required")
    assert [item["state"] for item in body["results"]] == ["undone", "failed", "skipped"]
    assert [item["status"] for item in body["results"]] == [201, 422, None]
    assert body["results"][1]["body"]["errors"][0]["pointer"] == "#/fields/name"
    assert body["errors"][0]["pointer"] == "#/requests/1"
    told = send(api, made, stale)
    assert (told.status_code, told.json()["code"]) == (409, "version_conflict")
    told = send(api, made, sub("x", "GET", "/records/contact/@{acc.nothing}"))
    assert (told.status_code, told.json()["code"]) == (422, "invalid_reference")
    assert accounts(crm) == 0
    told = send(api, made, wrong, later, stale, all_or_none=False)
    found = [(item["state"], item["status"], item["body"].get("code")) for item in told.json()["results"]]
    assert (told.status_code, accounts(crm)) == (200, 1), told.content
    assert found == [
        ("done", 201, None),
        ("failed", 422, "required"),
        ("failed", 409, "state_conflict"),
        ("failed", 412, "version_conflict"),
    ]
    assert send(api, wrong | {"body": {"name": ""}}, all_or_none=False).status_code == 422  # all of it has failed
    key, made = {"HTTP_IDEMPOTENCY_KEY": "two"}, made | {"body": {"name": "远航"}}
    for _again in range(2):
        assert send(api, made, wrong, all_or_none=False, headers=key).status_code == 200
    assert accounts(crm) == 2


def test_a_request_gets_the_answer_that_it_would_get_alone(crm: World, api: OrganizationAPIClient) -> None:
    mine = api.post("/api/v1/records/account", {"name": "我的"}, format="json").json()["id"]
    stranger, reader = client_of(crm, "south"), client_of(crm, "rep", ["records:read"])
    asked: list[tuple[str, str, Any]] = [
        ("GET", f"/records/account/{mine}", None),
        ("PATCH", f"/records/account/{mine}", {"name": "x"}),
        ("DELETE", f"/records/account/{mine}", None),
        ("GET", f"/records/account/{mine}/timeline", None),
        ("POST", "/records/contact", {"name": "x", "account_id": mine}),
        ("POST", "/records/account", {"name": "x", "nope": 1}),
        ("POST", "/records/account", ["a", "list"]),
        ("POST", "/records/secret__c", {"name": "x"}),
        ("PUT", f"/records/account/{mine}", {"name": "x"}),
        ("GET", "/records/account?sort=nope", None),
    ]
    for caller in (stranger, reader):
        for method, path, body in asked:
            sent = {} if body is None else {"data": body, "format": "json"}
            alone = getattr(caller, method.lower())(f"/api/v1{path}", **sent)
            for url in (URL, BATCH):
                [told] = send(caller, sub("one", method, path, body), url=url).json()["results"]
                found = told["body"] or {}
                assert (told["status"], found.get("code")) == (alone.status_code, alone.json().get("code")), path
                assert told["body"].keys() == alone.json().keys(), path
    leaked = send(stranger, sub("q", "GET", "/records/account"), sub("a", "GET", "/records/account/@{q.data[0].id}"))
    assert leaked.json()["code"] == "invalid_reference"


def test_what_is_no_composite_is_refused_before_anything_is_done(crm: World, api: OrganizationAPIClient) -> None:
    good = sub("ok", "POST", "/records/account", {"name": "x"})
    refused: list[tuple[dict[str, Any] | str, str, str]] = [
        (good | {"id": "ok"}, "id", "not_unique"),
        (good | {"id": "1 2"}, "id", "invalid_type"),
        (good | {"id": "b", "method": "TRACE"}, "method", "invalid_choice"),
        (good | {"id": "b", "method": ["GET"]}, "method", "invalid_choice"),
        (good | {"id": "b", "as": "boss"}, "as", "unknown_field"),
        ("text", "", "invalid_type"),
        (sub("b", "GET", "/records/account", {"x": 1}), "body", "invalid_type"),
        (sub("b", "POST", "/records/account", {"name": "@{b.id}"}), "body", "invalid_reference"),
        (sub("b", "POST", "/records/account", {"x": [{"y": "@{later.id}"}]}), "body", "invalid_reference"),
        (sub("b", "POST", "/records/account", {"name": "@{ok}"}), "body", "invalid_reference"),
        (sub("b", "POST", "/records/account", {"name": "@{ok.id"}), "body", "invalid_reference"),
        (sub("b", "GET", "/records/account/@{ok.__class__[a]}"), "path", "invalid_reference"),
        (sub("b", "GET", "/records/account", Authorization="Bearer x"), "headers/Authorization", "unknown_field"),
        (sub("b", "GET", "/records/account", cookie="a=b"), "headers/cookie", "unknown_field"),
        (sub("b", "GET", "/records/account", Host="evil"), "headers/Host", "unknown_field"),
        (sub("b", "GET", "/records/account", **{"Idempotency-Key": "x"}), "headers/Idempotency-Key", "unknown_field"),
        (sub("b", "PATCH", "/records/account", {}, Prefer="a\r\nHost: x"), "headers/Prefer", "invalid_type"),
    ]  # fmt: skip
    for path in (
        "https://evil.example/records/account", "//evil.example/records", "/api/v1/records/account", "records/account",
        "/records/../users", "/records/%2e%2e/users", "/records/account/..", "/records\\account", "/records/ac count",
        "/records/account\r\nX: y", "/records/account%00", "/records/account#x", "/", "", "/composite",
        "/composite/batch", "/composite/tree/account", "/files", f"/files/{NOBODY}/content", f"/jobs/{NOBODY}/events",
        "/jobs", "/records/account/bulk-create", f"/records/account/{NOBODY}/reveal", "/public/hooks/x", "/roles",
        "/meta/objects", "/users", "/profiles", "/sharing-rules", "/forms", "/nothing", "/setup/api-keys/",
    ):  # fmt: skip
        refused.append((sub("b", "POST", path, {}), "path", "invalid_choice"))
    for row, member, code in refused:
        answer = send(api, good, row)  # type: ignore[arg-type]
        errors = {(item["pointer"], item["code"]) for item in answer.json().get("errors", [])}
        assert answer.status_code == 422, row
        assert (f"#/requests/1/{member}".rstrip("/"), code) in errors, (row, answer.json())
    for body in ({}, {"requests": []}, {"requests": {}}, [good], {"requests": [good], "all_or_none": 1}):
        assert api.post(URL, body, format="json").status_code == 400, body
    for body in ({"requests": [good], "x": 1}, {"requests": [good | {"body": {"name": "a\ud800"}}]}):
        assert api.post(URL, json.dumps(body), content_type="application/json").status_code == 422, body
    assert {pattern.name for pattern in urlpatterns} >= OPEN | READABLE
    many = [sub(f"r{number}", "GET", "/me") for number in range(101)]
    assert send(api, *many).json()["code"] == "payload_too_large"
    assert send(api, good, all_or_none=True, url=BATCH).json()["code"] == "unknown_field"
    assert accounts(crm) == 0


def test_values_of_records_lead_nowhere_else(crm: World, api: OrganizationAPIClient) -> None:
    """What a record says of itself is not trusted with the path or with further references."""
    for name in ("by/name/x", "..", "../users", "a?dry_run=true&x=@{acc.id}", "@{acc.id}"):
        told = send(
            api,
            sub("acc", "POST", "/records/account", {"name": name.replace("@{", "@@{")}),
            sub("copy", "PATCH", "/records/account/@{acc.id}", {"description": "@{acc.name}"}),
            sub("there", "GET", "/records/account/@{acc.name}"),
            sub("list", "GET", "/records/account?filter[name][eq]=@{acc.name}"),
            all_or_none=False,
        ).json()["results"]
        assert told[1]["body"]["description"] == name
        assert told[2]["body"]["code"] == "invalid_reference", name
        assert [told[3]["status"], *told[3]["body"]] in ([200, "data", "page"], [422, *told[2]["body"]]), name
    checked = {"name": "@{acc.description}" * 30}
    told = send(
        api,
        sub("acc", "POST", "/records/account", {"name": "x", "description": "长" * 5_000}),
        *[sub(f"r{number}", "POST", "/records/account/validate", checked) for number in range(8)],
    )
    assert (told.status_code, told.json()["code"]) == (422, "payload_too_large")
    assert accounts(crm) == 5


def test_each_request_counts_as_a_call(crm: World, api: OrganizationAPIClient, settings: Any) -> None:
    settings.API_BURST = (6, 1_000_000_000)
    limits._client.cache_clear()
    me = [sub(f"r{number}", "GET", "/me") for number in range(4)]
    first = send(api, *me, url=BATCH)
    assert (first.status_code, first["RateLimit"].split(";")[1]) == (200, "r=2")
    second = send(api, *me, url=BATCH)
    assert second.status_code == 429
    assert int(second["Retry-After"]) > 0


def test_a_batch_takes_nothing_back_and_knows_no_references(crm: World, api: OrganizationAPIClient) -> None:
    rows = (
        sub("a", "POST", "/records/account", {"name": "@{b.id}"}),
        sub("b", "POST", "/records/account", {"name": ""}),
        sub("c", "GET", "/records/account?count=exact"),
    )
    told = send(api, *rows, url=BATCH)
    assert (told.status_code, told.json()["summary"]) == (200, {"total": 3, "succeeded": 2, "failed": 1})
    console = OrganizationClient(host_of(crm))
    console.force_login(crm.users["rep"])
    seen = console.post(BATCH, {"requests": [rows[2]]}, content_type="application/json")
    assert seen.json()["results"][0]["body"]["count"]["value"] == 1
    first, _second, third = told.json()["results"]
    assert (first["body"]["name"], third["body"]["count"]["value"]) == ("@{b.id}", 1)


def test_a_tree_is_planted_whole_or_not_at_all(crm: World, api: OrganizationAPIClient) -> None:
    opportunity = {"name": "首单", "close_date": "2030-01-31"}
    tree = {
        "records": [
            {
                "name": "集团",
                "contact.account_id": [{"name": "李雷"}, {"name": "韩梅"}],
                "opportunity.account_id": [opportunity],
                "account.parent_id": [{"name": "子公司", "contact.account_id": [{"name": "小明"}]}],
            },
            {"name": "另一家"},
        ]
    }
    relations = api.get("/api/v1/meta/objects/account/describe").json()["child_relations"]
    assert {"contact.account_id", "account.parent_id"} <= {item["relation"] for item in relations}
    tried = api.post(f"{TREE}?dry_run=true", tree, format="json")
    assert (tried.status_code, tried.json()["records"][0]["id"], accounts(crm)) == (200, None, 0)
    with expected_query_count("api:tree of seven"):
        answer = api.post(TREE, tree, format="json", HTTP_IDEMPOTENCY_KEY="tree")
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert body["summary"] == {"total": 7}
    top = body["records"][0]
    people = top["children"]["contact.account_id"]
    assert api.get(f"/api/v1/records/contact/{people[1]['id']}").json()["account_id"] == top["id"]
    [below] = top["children"]["account.parent_id"]
    found = api.get(f"/api/v1/records/contact?filter[account_id][eq]={below['id']}").json()["data"]
    assert [row["name"] for row in found] == ["小明"]
    api.post(TREE, tree, format="json", HTTP_IDEMPOTENCY_KEY="tree")
    assert accounts(crm) == 3

    def refused(*records: Any) -> set[tuple[str, str]]:
        told = api.post(TREE, {"records": list(records)}, format="json")
        assert told.status_code == 422, told.content
        return {(item["pointer"], item["code"]) for item in told.json()["errors"]}

    deep: dict[str, Any] = {"name": "6"}
    for number in range(5):
        deep = {"name": str(number), "account.parent_id": [deep]}
    assert refused(deep) == {("#/records/0" + "/account.parent_id/0" * 5, "out_of_range")}
    assert refused(*[{"name": "x"}] * 201) == {("#/records", "payload_too_large")}
    assert refused(
        {"name": "x", "contact.account_id": [{"name": ""}, {"name": "y", "moon": 1}], "opportunity.account_id": [{}]}
    ) == {
        ("#/records/0/contact.account_id/0/name", "required"),
        ("#/records/0/contact.account_id/1/moon", "unknown_field"),
        ("#/records/0/opportunity.account_id/0/name", "required"),
        ("#/records/0/opportunity.account_id/0/close_date", "required"),
    }
    assert refused(
        {"name": "x", "secret__c.account_id": [{}], "contact.nothing": [], "contact.account_id": {"name": "x"}},
        {"name": "x", "account.parent_id": ["x", {"name": "x", "parent_id": top["id"]}]},
    ) == {
        ("#/records/0/secret__c.account_id", "unknown_field"),
        ("#/records/0/contact.nothing", "unknown_field"),
        ("#/records/0/contact.account_id", "invalid_type"),
        ("#/records/1/account.parent_id/0", "invalid_type"),
        ("#/records/1/account.parent_id/1/parent_id", "read_only_field"),
    }
    assert accounts(crm) == 3
    again = {"name": "集团", "contact.account_id": [{"name": "李雷"}]}
    assert refused(again) == {("#/records/0", "duplicate_detected")}
    allowed = api.post(TREE, {"records": [again]}, format="json", HTTP_PREFER="duplicates=allow")
    assert (allowed.status_code, accounts(crm)) == (201, 4)
    for bad in ({}, {"records": []}, {"records": "x"}, {"records": [{"name": "x"}], "all_or_none": False}, ["x"]):
        assert api.post(TREE, bad, format="json").status_code == 400, bad
    assert client_of(crm, "rep", ["records:read"]).post(TREE, tree, format="json").status_code == 403
    assert api.post("/api/v1/composite/tree/secret__c", tree, format="json").status_code == 404
