"""Activities over the API: one list, timelines, quick follow-ups, tasks done, the calendar."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from objects.records.service import RecordService
from openapi.keys import create_key
from openapi.scopes import SCOPES
from tests.kit.clients import OrganizationAPIClient
from tests.layouts.conftest import crm, records, rep_actor, the_crm
from tests.layouts.hosts import host_of
from tests.objects.world import World
from tests.openapi.conftest import problem_codes

__all__ = ["crm", "records", "rep_actor", "the_crm"]
LOG = "/api/v1/activities/log"


def client_of(crm: World, name: str) -> OrganizationAPIClient:
    client = OrganizationAPIClient(host_of(crm))
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {create_key(crm.actor(name), name, list(SCOPES))[1]}")
    return client


@pytest.fixture
def lead(records: RecordService) -> uuid.UUID:
    return records.create("lead", {"name": "王磊", "company": "云途信息"}).id


def body(lead: uuid.UUID, **more: Any) -> dict[str, Any]:
    return {"object": "lead", "id": str(lead), "content": "谈了报价", **more}


def test_a_follow_up_is_logged_listed_and_its_task_done(crm: World, lead: uuid.UUID) -> None:
    api, at = client_of(crm, "rep"), (timezone.now() + timedelta(days=1)).isoformat()
    given = body(lead, method="phone", next_contact_at=at, mentions=[str(crm.users["head"].pk)])
    tried = api.post(f"{LOG}?dry_run=true", given, format="json")
    assert (tried.status_code, tried.json()["dry_run"]) == (200, True), tried.content
    answer = api.post(LOG, given, format="json")
    assert answer.status_code == 201, answer.content
    logged = answer.json()
    found = api.get(f"/api/v1/activities?object=lead&record={lead}").json()
    assert {item["kind"] for item in found["data"]} == {"follow_up", "task"}
    told = next(item for item in found["data"] if item["kind"] == "follow_up")
    assert (told["id"], told["type"], told["text"]) == (logged["follow_up"]["id"], "phone", "谈了报价")
    assert told["about"]["id"] == str(lead)
    whole = api.get(f"/api/v1/records/lead/{lead}/timeline?limit=2").json()
    rest = api.get(f"/api/v1/records/lead/{lead}/timeline?cursor={whole['page']['next_cursor']}").json()
    kinds = sorted(item["kind"] for item in (*whole["data"], *rest["data"]))
    assert kinds == ["change", "change", "follow_up", "task"]
    day = at[:10]
    entries = api.get(f"/api/v1/calendar?from={day}&to={day[:8]}28").json()["data"]
    assert {"task", "next_contact"} <= {item["kind"] for item in entries}
    task = f"/api/v1/tasks/{logged['task']['id']}/complete"
    assert api.post(task, {}, format="json").json()["version"] == 2
    assert api.post(task, {"done": False}, format="json").json()["version"] == 3


def test_what_is_wrong_is_named_and_nothing_leaks(crm: World, lead: uuid.UUID) -> None:
    api, stranger = client_of(crm, "rep"), client_of(crm, "south")
    for more, expected in (
        ({"moon": 1}, ("#/fields/moon", "unknown_field")),
        ({"content": ""}, ("#/fields/content", "required")),
        ({"mentions": "x"}, ("#/fields/mentions", "invalid_type")),
        ({"mentions": ["x"]}, ("#/fields/mentions", "invalid_reference")),
        ({"next_contact_at": "2020-01-01T00:00:00Z"}, ("#/fields/next_contact_at", "out_of_range")),
        ({"next_contact_at": "2030-01-01T00:00:00"}, ("#/fields/next_contact_at", "naive_datetime")),
    ):
        answer = api.post(LOG, body(lead, **more), format="json")
        assert answer.status_code == 422, more
        assert expected in problem_codes(answer), (more, answer.content)
    for address in (
        f"/api/v1/records/lead/{lead}/timeline",
        f"/api/v1/records/lead/{lead}/timeline?kind=call",
        f"/api/v1/activities?object=lead&record={lead}",
    ):
        assert api.get(address).status_code == 200
        assert stranger.get(address).status_code == 404, address
    assert stranger.post(LOG, body(lead), format="json").status_code == 404
    assert stranger.get("/api/v1/activities").json()["data"] == []
    for query in ("since=yesterday", "since=2026-01-01T00:00:00", "owner=x", "kind=changes", "object=lead"):
        assert api.get(f"/api/v1/activities?{query}").status_code == 422, query
    for query in ("from=x", "from=2026-01-01&to=2027-01-01", "kind=moon"):
        assert api.get(f"/api/v1/calendar?{query}").status_code == 422, query
