"""Checking in at visits and out of them: by the server's clock, in order, once, with the place if one is kept."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from crm_platform.kit.context import Actor, system_actor
from metadata import services
from metadata.inputs import ChoiceInput, FieldInput, ObjectInput
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.layouts.conftest import crm, records, rep_actor, the_crm
from tests.objects.world import World
from tests.openapi.conftest import problem_codes
from tests.openapi.test_activities import client_of

__all__ = ["crm", "records", "rep_actor", "the_crm"]
SHENZHEN = {"lat": 22.54, "lng": 114.05}


def planned(records: RecordService, **values: Any) -> uuid.UUID:
    at = (timezone.now() + timedelta(hours=1)).isoformat()
    return records.create("visit", {"name": "拜访", "planned_at": at, **values}).id


def test_a_visit_is_passed_through_once(crm: World, records: RecordService) -> None:
    lead = records.create("lead", {"name": "王磊", "company": "云途信息"}).id
    visit = planned(records, related_id={"object": "lead", "id": str(lead)})
    api, url = client_of(crm, "rep"), f"/api/v1/visits/{visit}"
    assert api.post(f"{url}/check-out", {}).status_code == 409, "nobody has arrived"
    tried = api.post(f"{url}/check-in?dry_run=true").json()
    assert (tried["dry_run"], tried["status"], tried["version"]) == (True, "checked_in", 2)
    assert api.post(f"{url}/check-in", {}, HTTP_IF_MATCH='"7"').status_code == 412
    once = {"HTTP_IDEMPOTENCY_KEY": "arrive"}
    here = {**SHENZHEN, "address": "市民中心"}
    came, again = api.post(f"{url}/check-in", here, **once), api.post(f"{url}/check-in", here, **once)
    assert came.content == again.content and came["ETag"] == '"2"', came.content
    told = came.json()
    assert (told["status"], told["place"]["address"], told["place"]["lat"]) == ("checked_in", "市民中心", "22.54")
    assert abs(datetime.fromisoformat(told["at"]) - timezone.now()) < timedelta(minutes=1)
    assert api.post(f"{url}/check-in", {}).status_code == 409, "he is there already"
    left = api.post(f"{url}/check-out", {}, HTTP_IF_MATCH='"2"').json()
    assert (left["status"], left["version"]) == ("done", 3) and left["at"] >= told["at"]
    found = api.get(f"/api/v1/records/visit/{visit}").json()
    assert found["status"] == "done" and found["checked_in_at"] and found["checked_out_at"]
    assert (found["check_in_place"], found["check_out_place"]) == (told["place"], None)
    followed = RecordQuery(crm.actor("rep"), "lead").fields("last_followup_at").show(lead)
    assert followed["last_followup_at"] is not None


def test_what_is_wrong_is_named_and_visits_of_others_are_unknown(crm: World, records: RecordService) -> None:
    visit = planned(records)
    api, url = client_of(crm, "rep"), f"/api/v1/visits/{visit}/check-in"
    for given, expected in (
        ({"moon": 1}, ("#/fields/moon", "unknown_field")),
        ({"at": "2020-01-01T00:00:00Z"}, ("#/fields/at", "unknown_field")),
        ({"address": "a\x00b"}, ("#/fields/address", "invalid_type")),
    ):
        answer = api.post(url, given)
        assert (answer.status_code, problem_codes(answer)) == (422, {expected}), given
    assert api.post(url, [1]).status_code == 400
    assert client_of(crm, "south").post(url, {}).status_code == 404
    assert api.post(f"/api/v1/visits/{uuid.uuid4()}/check-in", {}).status_code == 404
    records.update("visit", visit, {"status": "cancelled"})
    assert api.post(url, {}).status_code == 409


@pytest.fixture
def placed(admin_actor: Actor) -> uuid.UUID:
    """A visit of an organisation that keeps where people were: near a place, and anywhere."""
    states = [ChoiceInput(value, value) for value in ("planned", "checked_in", "done")]
    fields = [
        FieldInput("status", "picklist", "状态", choices=states, is_custom=False),
        FieldInput("checked_in_at", "datetime", "签到", is_custom=False),
        FieldInput("checked_out_at", "datetime", "签退", is_custom=False),
        FieldInput("spot__c", "geolocation", "地点"),
        FieldInput("came__c", "check_in", "到达", settings={"reference_field": "spot__c", "radius": 500}),
        FieldInput("left__c", "check_in", "离开"),
    ]
    services.create_object(admin_actor, ObjectInput("visit", "拜访", is_custom=False, fields=fields))
    values = {"name": "拜访", "status": "planned", "spot__c": SHENZHEN}
    return RecordService(admin_actor).create("visit", values).id


def test_the_place_is_kept_and_measured(caller: Any, placed: uuid.UUID) -> None:
    url = f"/api/v1/visits/{placed}"
    far = caller.post(f"{url}/check-in", {"lat": 39.9, "lng": 116.4})
    assert (far.status_code, problem_codes(far)) == (422, {("#/fields/came__c", "out_of_range")})
    wrong = caller.post(f"{url}/check-in", {"lat": "x", "lng": []})
    assert wrong.status_code == 422 and {field for field, _code in problem_codes(wrong)} == {"#/fields/came__c"}
    came = caller.post(f"{url}/check-in", {**SHENZHEN, "address": "市民中心", "device": "phone"}).json()
    assert (came["place"]["distance_m"], came["place"]["address"]) == (0, "市民中心")
    left = caller.post(f"{url}/check-out", {"lat": 39.9, "lng": 116.4}).json()
    assert (left["status"], left["place"]["distance_m"]) == ("done", None)
    kept = caller.get(f"/api/v1/records/visit/{placed}").json()
    assert kept["came__c"] == came["place"] and kept["left__c"]["lat"] == left["place"]["lat"]
    for name in ("came__c", "left__c"):
        services.delete_field(system_actor(), "visit", name)
    other = caller.post("/api/v1/records/visit", {"name": "拜访", "status": "planned"}).json()["id"]
    refused = caller.post(f"/api/v1/visits/{other}/check-in", SHENZHEN)
    assert problem_codes(refused) == {("#/fields/lat", "unknown_field")}
