"""The stream of what happens around one's own records: what belongs to it, in which order, and what it keeps quiet."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from crm_platform.identity.models import Profile
from crm_platform.kit.context import system_actor
from objects.access.services.field_levels import set_field_levels
from objects.access.services.teams import add_member
from objects.activities.services import FollowUpInput, log_follow_up
from objects.history.models import RecordChange
from objects.records.service import RecordService
from tests.kit.query_counts import expected_query_count
from tests.layouts.conftest import crm, records, rep_actor, the_crm
from tests.objects.world import World
from tests.openapi.test_activities import client_of

__all__ = ["crm", "records", "rep_actor", "the_crm"]
URL = "/api/v1/feed"


@pytest.fixture
def account(records: RecordService) -> uuid.UUID:
    return records.create("account", {"name": "云途", "phone": "021-5555 1234"}).id


def stream(api: Any, query: str = "") -> list[tuple[str, str]]:
    """Return what a caller's stream tells: the kind of each entry, and its title or what was done."""
    answer = api.get(f"{URL}?{query}")
    assert answer.status_code == 200, answer.content
    return [(item["kind"], item.get("title") or item["action"]) for item in answer.json()["data"]]


def test_own_records_teams_and_mentions_are_told(crm: World, records: RecordService, account: uuid.UUID) -> None:
    boss, rep = crm.actor("boss"), crm.actor("rep")
    RecordService(boss).create("account", {"name": "Another's"})
    RecordService(boss).update("account", account, {"name": "云途信息"})
    log_follow_up(boss, "account", account, FollowUpInput("Boss was here"))
    mention = FollowUpInput("See this", mentions=[str(crm.users["boss"].pk)])
    log_follow_up(rep, "account", account, mention)
    later = (timezone.now() + timedelta(days=5)).isoformat()
    records.create("task", {"name": "Planned", "due_on": later[:10]})
    expected = [
        ("task", "Planned"),
        ("follow_up", "See this"),
        ("follow_up", "Boss was here"),
        ("change", "created"),
    ]
    api = client_of(crm, "rep")
    assert [item for item in stream(api) if item != ("change", "updated")] == expected
    with expected_query_count("api:feed"):
        answer = api.get(URL)
    told = answer.json()["data"]
    changed = [item for item in told if item["kind"] == "change"]
    assert {item["about"]["id"] for item in changed} == {str(account)}
    assert {item["about"]["name"] for item in changed} == {"云途信息"}
    renamed = [change for item in changed for change in item["changes"] if change["field"] == "name"]
    assert [(item["old"], item["new"]) for item in renamed] == [("云途", "云途信息")]
    follow_up = next(item for item in told if item.get("title") == "Boss was here")
    assert (follow_up["about"]["name"], follow_up["owner"]["name"]) == ("云途信息", "Boss")
    assert ("follow_up", "See this") in stream(client_of(crm, "boss"))
    assert ("change", "created") not in stream(client_of(crm, "south"))
    city = client_of(crm, "city")
    assert stream(city) == []
    add_member(rep, "account", account, crm.users["city"].pk)
    assert ("change", "created") in stream(city)
    records.update("account", account, {"owner_id": str(crm.users["head"].pk)})
    assert ("change", "created") not in stream(api)
    assert ("change", "created") in stream(client_of(crm, "head"))
    RecordService(system_actor()).delete("account", account)
    assert ("change", "created") not in stream(city)


def test_pages_follow_each_other_and_filters_hold(crm: World, records: RecordService, account: uuid.UUID) -> None:
    for number in range(7):
        records.update("account", account, {"name": f"云途 {number}"})
        records.create("task", {"name": f"T{number}"})
    RecordChange.objects.update(at=timezone.now())  # all at once: ids decide
    api = client_of(crm, "rep")
    whole = api.get(f"{URL}?limit=100").json()
    assert (len(whole["data"]), whole["page"]) == (15, {"next_cursor": None, "has_more": False})
    for kind, count in (("changes", 8), ("activities", 7), ("task", 7), ("call", 0)):
        assert len(stream(api, f"kind={kind}")) == count, kind
    seen: list[Any] = []
    cursor = ""
    while True:
        page = api.get(f"{URL}?limit=4&cursor={cursor}").json()
        seen += page["data"]
        cursor = page["page"]["next_cursor"]
        if cursor is None:
            break
        kept = cursor
    assert seen == whole["data"]
    assert client_of(crm, "head").get(f"{URL}?cursor={kept}").status_code == 410
    assert api.get(f"{URL}?kind=task&cursor={kept}").status_code == 410
    assert api.get(f"{URL}?cursor=x").status_code == 410
    assert api.get(f"{URL}?since=yesterday").status_code == 422
    assert stream(api, "until=2026-01-01T00:00:00Z") == []
    RecordChange.objects.update(at=timezone.now() - timedelta(days=91))
    assert stream(api, "kind=changes&since=2020-01-01T00:00:00Z") == []


def test_what_is_hidden_stays_so(crm: World, records: RecordService, account: uuid.UUID) -> None:
    records.update("account", account, {"phone": "021-5555 9999"})
    profile = Profile.objects.get(api_name="sales_rep")
    api = client_of(crm, "rep")
    assert "5555" in api.get(URL).content.decode()
    set_field_levels(system_actor(), profile, "account", {"phone": "hidden", "name": "hidden"})
    text = api.get(URL).content.decode()
    assert "5555" not in text
    assert "云途" not in text
