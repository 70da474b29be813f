"""One value for many records: the field is chosen, then its value; each record is changed as if alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crm_platform.kit.context import system_actor
from metadata.models import BusinessObject
from objects.access.grants import revoke_object
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.kit.clients import OrganizationClient
from tests.objects.world import World

URL = "/o/lead/change-selected"
Sign = Callable[[str], OrganizationClient]


@pytest.fixture
def leads(records: RecordService) -> list[str]:
    return [str(records.create("lead", {"name": name, "company": name, "city": "杭州"}).id) for name in ("甲", "乙")]


def cities(crm: World, ids: list[str]) -> list[Any]:
    query = RecordQuery(crm.actor("boss"), "lead").fields("id", "city")
    return [query.get(item)["city"] for item in ids]


def test_a_field_is_set_on_all_of_them(browser: Sign, crm: World, leads: list[str]) -> None:
    rep = browser("rep")
    assert URL in rep.get("/o/lead/").content.decode()
    asked = rep.post(URL, {"ids": leads}).content.decode()
    assert all(item in asked for item in leads)
    assert 'name="city"' not in asked
    page = rep.post(URL, {"ids": leads, "_field": "city"}).content.decode()
    assert 'name="city"' in page and 'name="_apply"' in page
    answer = rep.post(URL, {"ids": leads, "_field": "city", "city": "宁波", "_apply": "1"})
    assert answer.status_code == 302
    assert cities(crm, leads) == ["宁波", "宁波"]
    rep.post(URL, {"ids": leads, "_field": "city", "city": "", "_apply": "1"})
    assert cities(crm, leads) == [None, None]


def test_what_is_wrong_is_said_at_the_field(browser: Sign, crm: World, leads: list[str]) -> None:
    rep = browser("rep")
    wrong = rep.post(URL, {"ids": leads, "_field": "expected_amount", "expected_amount": "viel", "_apply": "1"})
    assert wrong.status_code == 422
    assert 'name="expected_amount"' in wrong.content.decode()
    assert rep.post(URL, {"ids": leads, "_field": "name", "name": "", "_apply": "1"}).status_code == 422
    unknown = rep.post(URL, {"ids": leads, "_field": "owner_id", "owner_id": "x", "_apply": "1"}).content.decode()
    assert 'name="_apply"' not in unknown


def test_records_of_others_are_left_alone(browser: Sign, crm: World, leads: list[str]) -> None:
    south = browser("south")
    south.post(URL, {"ids": leads, "_field": "city", "city": "宁波", "_apply": "1"})
    assert cities(crm, leads) == ["杭州", "杭州"]


def test_it_is_a_right_of_its_own(browser: Sign, crm: World, leads: list[str]) -> None:
    lead = BusinessObject.objects.get(api_name="lead")
    revoke_object(system_actor(), crm.users["rep"].profile, lead, ("mass_update",))
    rep = browser("rep")
    assert URL not in rep.get("/o/lead/").content.decode()
    assert rep.post(URL, {"ids": leads, "_field": "city", "city": "宁波", "_apply": "1"}).status_code == 403
