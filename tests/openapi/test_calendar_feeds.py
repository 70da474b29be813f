"""Calendars for other programs: what stands in the file, for whom, and when it is no longer there."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from icalendar import Calendar

from crm_platform.identity.models import Profile, User
from crm_platform.kit.context import system_actor
from objects.access.services.field_levels import set_field_levels
from objects.activities.models import CalendarFeed
from objects.records.service import RecordService
from openapi import limits
from tests.kit.clients import OrganizationAPIClient, OrganizationClient
from tests.kit.query_counts import expected_query_count
from tests.layouts.conftest import browser, crm, records, rep, rep_actor, the_crm
from tests.layouts.hosts import host_of
from tests.objects.world import World
from tests.openapi.test_activities import client_of

__all__ = ["browser", "crm", "records", "rep", "rep_actor", "the_crm"]
URL = "/api/v1/calendar/feed"
NOW = timezone.now().replace(microsecond=0)
HOSTILE = 'Demo; "a", b\\n:é 展示 🚀 BEGIN:VEVENT'


@pytest.fixture
def stranger(crm: World) -> OrganizationAPIClient:
    return OrganizationAPIClient(host_of(crm))


def new_address(api: Any) -> str:
    answer = api.post(URL)
    assert answer.status_code == 201, answer.content
    address: str = answer.json()["url"]
    return address


def entries(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.content
    return {str(item["summary"]): item for item in Calendar.from_ical(answer.content).walk("VEVENT")}


def fill(service: RecordService) -> None:
    """Put one thing of every kind into a calendar, and what does not belong there."""
    at = NOW + timedelta(days=2)
    event = {"starts_at": at.isoformat(), "ends_at": (at + timedelta(hours=2)).isoformat()}
    account = service.create("account", {"name": "云途"}).id
    about = {"object": "account", "id": str(account)}
    service.create("event", {**event, "name": HOSTILE, "location": "北京, 3;4", "related_id": about})
    service.create("event", {**event, "name": "All day", "is_all_day": True})
    service.create("event", {**event, "name": "Called off", "status": "cancelled"})
    service.create("visit", {"name": "Visit", "planned_at": at.isoformat(), "address": "上海"})
    service.create("task", {"name": "Task", "due_on": at.date().isoformat()})
    service.create("task", {"name": "Done", "due_on": at.date().isoformat(), "status": "done"})
    lasting = {"starts_at": (NOW - timedelta(days=1)).isoformat(), "ends_at": (NOW + timedelta(days=1)).isoformat()}
    service.create("event", {**lasting, "name": "Lasting"})
    for days in (-91, 367):
        far = NOW + timedelta(days=days)
        service.create("event", {"name": "Far", "starts_at": far.isoformat(), "ends_at": far.isoformat()})


def test_the_file_holds_ones_own_calendar(crm: World, records: RecordService, stranger: OrganizationAPIClient) -> None:
    fill(records)
    RecordService(crm.actor("south")).create("task", {"name": "Another's", "due_on": NOW.date().isoformat()})
    api = client_of(crm, "rep")
    assert api.get(URL).json() == {"feed": None}
    address = new_address(api)
    stranger.get(address)
    with expected_query_count("api:calendar feed"):
        answer = stranger.get(address)
    found = entries(answer)
    assert set(found) == {HOSTILE, "All day", "Called off", "Lasting", "Visit", "Task"}
    assert answer.content.count(b"\r\nBEGIN:VEVENT\r\n") == len(found)
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert (answer["Cache-Control"], answer.cookies) == ("private, no-cache", {})
    at = NOW + timedelta(days=2)
    event = found[HOSTILE]
    assert (event.decoded("dtstart"), event.decoded("dtend")) == (at, at + timedelta(hours=2))
    assert b"DTSTART:" + at.strftime("%Y%m%dT%H%M%SZ").encode() in answer.content
    assert (event["location"], event["status"], event["transp"]) == ("北京, 3;4", "CONFIRMED", "OPAQUE")
    assert str(event["description"]).startswith("云途\nhttp")
    assert f"{host_of(crm)}/o/event/" in event["url"]
    local = at.astimezone(crm.actor("rep").zone).date()
    ends = (at + timedelta(hours=2) - timedelta(microseconds=1)).astimezone(crm.actor("rep").zone).date()
    assert (found["All day"].decoded("dtstart"), type(found["All day"].decoded("dtstart"))) == (local, date)
    assert found["All day"].decoded("dtend") == ends + timedelta(days=1)
    assert found["Called off"]["status"] == "CANCELLED"
    assert ("dtend" in found["Visit"], found["Visit"]["location"]) == (False, "上海")
    assert (found["Task"].decoded("dtend") - found["Task"].decoded("dtstart"), found["Task"]["transp"]) == (
        timedelta(days=1),
        "TRANSPARENT",
    )
    assert len({item["uid"] for item in found.values()}) == len(found)
    again = stranger.get(address, HTTP_IF_NONE_MATCH=answer["ETag"])
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", answer["ETag"])
    task = records.create("task", {"name": "New", "due_on": NOW.date().isoformat()})
    assert stranger.get(address, HTTP_IF_NONE_MATCH=answer["ETag"]).status_code == 200
    records.delete("task", task.id)
    told = api.get(URL).json()["feed"]
    assert datetime.fromisoformat(told["last_read_at"]) >= NOW


def test_an_address_ends_and_shows_what_its_owner_may_read_at_the_moment(
    crm: World, records: RecordService, stranger: OrganizationAPIClient, caplog: pytest.LogCaptureFixture
) -> None:
    fill(records)
    api = client_of(crm, "rep")
    first = new_address(api)
    second = new_address(api)
    token = second.rpartition("/")[2].removesuffix(".ics")
    kept = CalendarFeed.objects.get(user=crm.users["rep"])
    assert token not in str(vars(kept))
    assert (stranger.get(first).status_code, stranger.get(second).status_code) == (404, 200)
    assert "GET /api/v1/calendar/feeds/" in caplog.text
    assert token not in caplog.text
    profile = Profile.objects.get(api_name="sales_rep")
    set_field_levels(system_actor(), profile, "event", {"location": "hidden", "is_all_day": "hidden"})
    found = entries(stranger.get(second))
    assert "location" not in found[HOSTILE]
    set_field_levels(system_actor(), profile, "event", {"starts_at": "hidden"})
    assert set(entries(stranger.get(second))) == {"Visit", "Task"}
    Profile.objects.filter(pk=profile.pk).update(allowed_networks=["192.0.2.0/24"])
    assert stranger.get(second).status_code == 404
    Profile.objects.filter(pk=profile.pk).update(allowed_networks=[])
    User.objects.filter(pk=crm.users["rep"].pk).update(is_active=False)
    gone = stranger.get(second)
    assert (gone.status_code, gone.json()["code"], gone["Cache-Control"]) == (404, "not_found", "no-store")
    User.objects.filter(pk=crm.users["rep"].pk).update(is_active=True)
    assert stranger.get(second).status_code == 200
    assert api.delete(f"{URL}?dry_run=true").json() == {"ended": True, "dry_run": True}
    assert api.delete(URL).json() == {"ended": True}
    assert stranger.get(second).status_code == 404
    assert api.delete(URL).json() == {"ended": False}
    for wrong in ("x", token[:-1], token.upper(), "%00", "..%2f..", kept.token_hash, "长"):
        assert stranger.get(f"/api/v1/calendar/feeds/{wrong}.ics").status_code == 404, wrong


def test_reading_is_limited_and_needs_the_scope_to_be_set_up(
    crm: World, stranger: OrganizationAPIClient, settings: Any
) -> None:
    narrow = client_of(crm, "rep")
    address = new_address(narrow)
    settings.API_BURST = (2, 1_000_000_000)
    limits._client.cache_clear()
    assert [stranger.get(address).status_code for _ in range(3)] == [200, 200, 429]


def test_the_page_shows_an_address_once(crm: World, rep: OrganizationClient, stranger: OrganizationAPIClient) -> None:
    assert "/calendar/subscribe" in rep.get("/calendar/").content.decode()
    page = rep.get("/calendar/subscribe", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in page
    made = rep.post("/calendar/subscribe", {"act": "new"})
    html = made.content.decode()
    token = html.split("/calendar/feeds/")[1].split(".ics")[0]
    assert made["Cache-Control"] == "no-store"
    assert stranger.get(f"/api/v1/calendar/feeds/{token}.ics").status_code == 200
    assert token not in rep.get("/calendar/subscribe").content.decode()
    assert rep.post("/calendar/subscribe", {"act": "end"}).status_code == 302
    assert stranger.get(f"/api/v1/calendar/feeds/{token}.ics").status_code == 404
