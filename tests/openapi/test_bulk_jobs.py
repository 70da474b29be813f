"""Jobs that delete, change and hand on: over the API."""

from __future__ import annotations

import json
from typing import Any

from crm_platform.kit.context import Actor
from openapi.keys import create_key
from tests.kit.work import run_queued_jobs
from tests.objects.exchange.files import csv_bytes
from tests.openapi.conftest import problem_codes
from tests.openapi.test_imports import body, put


def order(client: Any, **given: Any) -> Any:
    return client.post("/api/v1/jobs", {"object": "ticket__c", **given}, format="json")


def tickets(client: Any, *names: str) -> list[str]:
    rows = [{"name": name, "code__c": name.upper(), "state__c": "new"} for name in names]
    made = client.post("/api/v1/records/ticket__c/bulk-create", {"records": rows}, format="json").json()
    return [item["id"] for item in made["results"]]


def test_records_are_changed_by_a_filter_and_deleted_by_a_file(caller: Any, ticket: str, admin_actor: Actor) -> None:
    ids = tickets(caller, "a", "b", "c")
    lacking = order(caller, op="mass_update", values={"state__c": "done"})
    assert problem_codes(lacking) == {("#/fields/filter", "required")}
    wrong = order(caller, op="mass_update", filter=[], values={"state__c": "done"}, key="x")
    assert problem_codes(wrong) == {("#/fields/key", "unknown_field")}
    given = {"op": "mass_update", "filter": "filter[code__c][in]=A,B", "values": {"state__c": "done"}}
    made = order(caller, **given)
    assert made.status_code == 201 and made.json()["values"] == {"state__c": "done"}
    job = made["Location"]
    assert put(caller, job, 1, b"x").status_code == 422  # it takes no file
    assert caller.post(f"{job}/start").status_code == 202
    run_queued_jobs()
    done = caller.get(job).json()
    assert (done["op"], done["state"], done["updated"], done["total"]) == ("mass_update", "completed", 2, 2)
    listed = caller.get("/api/v1/records/ticket__c?filter[state__c]=done").json()["data"]
    assert {item["id"] for item in listed} == set(ids[:2])
    lines = [json.loads(line) for line in body(caller.get(f"{job}/results/successful?as=ndjson")).splitlines()]
    assert [(line["row"], line["cells"]["id"]) for line in lines] == [(1, ids[0]), (2, ids[1])]

    _row, secret = create_key(admin_actor, "writes only", ["records:read", "records:write"])
    caller.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert order(caller, op="delete").status_code == 403  # the scope of deleting
    _row, secret = create_key(admin_actor, "deletes", ["records:read", "records:write", "records:delete"])
    caller.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    job = order(caller, op="delete", key="code__c")["Location"]
    assert put(caller, job, 1, csv_bytes([["code__c"], ["A"], ["Z"]])).json()["op"] == "delete"
    assert caller.post(f"{job}/start").status_code == 202
    run_queued_jobs()
    done = caller.get(job).json()
    assert (done["state"], done["deleted"], done["failed"]) == ("completed_with_errors", 1, 1)
    assert caller.get(f"/api/v1/records/ticket__c/{ids[0]}").status_code == 404
    assert caller.post(f"{job}/revert").status_code == 202
    run_queued_jobs()
    assert caller.get(job).json()["revert"] == {"state": "done", "counts": {"restored": 1}}
    assert caller.get(f"/api/v1/records/ticket__c/{ids[0]}").status_code == 200


def test_an_export_is_ordered_made_and_downloaded(caller: Any, ticket: str) -> None:
    tickets(caller, "a", "b", "c")
    assert problem_codes(order(caller, op="export", fields="name")) == {("#/fields/fields", "invalid_type")}
    assert problem_codes(order(caller, op="export", fields=["nonsense"])) == {("#/fields/fields", "unknown_field")}
    assert problem_codes(order(caller, op="export", filter={"field": "x"})) == {("#/filter", "invalid_type")}
    given = {"filter": "filter[code__c][in]=A,B", "sort": ["-name"], "fields": ["name", "state__c"]}
    made = order(caller, op="export", format="ndjson", **given)
    assert made.status_code == 201 and made.json()["fields"] == ["name", "state__c"]
    job = made["Location"]
    assert caller.post(f"{job}/start?dry_run=true").json()["total"] == 2
    assert caller.get(f"{job}/results/successful").status_code == 404
    assert caller.post(f"{job}/start").status_code == 202
    run_queued_jobs()
    done = caller.get(job).json()
    assert (done["op"], done["state"], done["exported"], done["failed"]) == ("export", "completed", 2, 0)
    assert done["expires_at"] and done["revert"]["state"] is None
    answer = caller.get(f"{job}/results/successful")
    assert answer["Content-Type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in body(answer).splitlines()]
    assert [(line["name"], line["state__c"]) for line in lines] == [("b", "new"), ("a", "new")]
    assert caller.post(f"{job}/revert").status_code == 409 and caller.delete(job).status_code == 200
