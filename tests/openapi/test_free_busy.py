"""When colleagues have no time: periods of events run together, of people whom one finds, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from crm_platform.identity.models import Role
from crm_platform.identity.services import bump_access_version
from objects.records.service import RecordService
from tests.layouts.conftest import crm, the_crm
from tests.objects.world import World
from tests.openapi.conftest import problem_codes
from tests.openapi.test_activities import client_of

__all__ = ["crm", "the_crm"]
BUSY = "/api/v1/calendar/free-busy"
UNKNOWN = "01920000-0000-7000-8000-000000000999"
DAY = "from=2026-03-02T00:00:00Z&to=2026-03-03T00:00:00Z"


def event(crm: World, who: str, start: str, end: str, **values: Any) -> None:
    times = {"starts_at": f"2026-03-{start}:00Z", "ends_at": f"2026-03-{end}:00Z"}
    RecordService(crm.actor(who)).create("event", {"name": "机密会议", **times, **values})


def test_times_are_told_together_and_nothing_else(crm: World) -> None:
    rep, south = crm.users["rep"].pk, crm.users["south"].pk
    event(crm, "south", "02T09:00", "02T10:00")
    event(crm, "south", "02T09:30", "02T11:00")
    event(crm, "south", "02T11:00", "02T11:30")
    event(crm, "south", "02T15:00", "02T16:00", status="cancelled")
    event(crm, "south", "02T23:00", "04T10:00")
    event(crm, "south", "05T09:00", "05T10:00")
    event(crm, "rep", "01T20:00", "02T01:00")
    api = client_of(crm, "rep")
    assert api.get("/api/v1/records/event").json()["data"][0]["owner_id"] == str(rep), "he reads his own alone"
    answer = api.get(f"{BUSY}?users={south},{rep},{south}&{DAY}")
    assert answer.json()["data"] == [
        {
            "user_id": str(south),
            "busy": [
                {"from": "2026-03-02T09:00:00Z", "to": "2026-03-02T11:30:00Z"},
                {"from": "2026-03-02T23:00:00Z", "to": "2026-03-03T00:00:00Z"},
            ],
        },
        {"user_id": str(rep), "busy": [{"from": "2026-03-02T00:00:00Z", "to": "2026-03-02T01:00:00Z"}]},
    ]
    assert "机密" not in answer.content.decode()


def test_a_whole_day_is_busy_in_the_zone_of_who_asks(crm: World) -> None:
    event(crm, "south", "02T02:00", "02T03:00", is_all_day=True)
    found = client_of(crm, "rep").get(f"{BUSY}?users={crm.users['south'].pk}&{DAY}").json()["data"][0]["busy"]
    assert found == [{"from": "2026-03-02T00:00:00Z", "to": "2026-03-02T16:00:00Z"}], "a day in Shanghai"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"users=&{DAY}", ("users", "out_of_range")),
        (f"users=x&{DAY}", ("users", "invalid_reference")),
        (f"users={UNKNOWN}&{DAY}", ("users", "invalid_reference")),
        ("users={rep}&from=2026-03-02T00:00:00Z", ("to", "required")),
        ("users={rep}&from=2026-03-02T00:00:00&to=x", ("from", "naive_datetime")),
        ("users={rep}&from=2026-03-02T00:00:00Z&to=2026-03-02T00:00:00Z", ("to", "out_of_range")),
        ("users={rep}&from=2026-03-02T00:00:00Z&to=2026-06-02T00:00:00Z", ("to", "out_of_range")),
    ],
)
def test_what_is_wrong_is_named(crm: World, query: str, expected: tuple[str, str]) -> None:
    answer = client_of(crm, "rep").get(f"{BUSY}?{query.format(rep=crm.users['rep'].pk)}")
    assert answer.status_code == 422
    assert {(field.removeprefix("#/fields/"), code) for field, code in problem_codes(answer)} == {expected}


def test_people_beyond_the_contact_scope_are_unknown(crm: World) -> None:
    Role.objects.filter(api_name="individual").update(contact_scope=Role.ContactScope.DEPARTMENT)
    bump_access_version()
    api = client_of(crm, "rep")
    assert api.get(f"{BUSY}?users={crm.users['rep'].pk}&{DAY}").status_code == 200
    assert api.get(f"{BUSY}?users={crm.users['south'].pk}&{DAY}").status_code == 422
