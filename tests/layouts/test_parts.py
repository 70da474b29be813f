"""Values of several inputs in the pages: the form keeps what was typed, and two editors don't lose each other's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crm_platform.identity.models import User
from tests.kit.clients import OrganizationClient
from tests.kit.field_battery import FIELD, OBJECT, Battery, battery
from tests.layouts.pages import form_data

pytestmark = pytest.mark.django_db
LI = {"first_name": "雷", "last_name": "李"}


@pytest.fixture
def named(actor_for: Callable[[User], Any], client: OrganizationClient) -> Battery:
    found = battery("person_name", actor_for)
    client.force_login(User.objects.get(pk=found.actor.user_id))
    return found


def test_a_bad_part_comes_back_with_the_others(named: Battery, client: OrganizationClient) -> None:
    data = {"name": "Row", f"{FIELD}_salutation": "mr", f"{FIELD}_last_name": "", f"{FIELD}_first_name": ""}
    html = client.post(f"/o/{OBJECT}/new", data).content.decode()
    assert f'id="id_{FIELD}_error"' in html
    assert '<option value="mr" selected>' in html
    assert f'id="id_{FIELD}_0"' in html


def test_one_editor_changes_the_name_and_another_something_else(named: Battery, client: OrganizationClient) -> None:
    saved = named.create(LI)
    url = f"/o/{OBJECT}/{saved.id}/edit"
    mine = form_data(client.get(url).content.decode(), "record-form")
    named.update(saved.id, {"first_name": "Jane", "last_name": "Smith"})
    stale = client.post(url, {**mine, "name": ["Renamed"]})
    assert stale.status_code == 422, "somebody else has changed the record"
    merged = form_data(stale.content.decode(), "record-form")
    assert merged[f"{FIELD}_last_name"] == ["Smith"]
    assert merged["name"] == ["Renamed"]
    assert client.post(url, merged).status_code == 302
    assert named.api_form(saved.id)["full_name"] == "Jane Smith"


def test_clearing_all_parts_empties_the_field(named: Battery, client: OrganizationClient) -> None:
    saved = named.create(LI)
    url = f"/o/{OBJECT}/{saved.id}/edit"
    data = form_data(client.get(url).content.decode(), "record-form")
    data.update({f"{FIELD}_first_name": [""], f"{FIELD}_last_name": [""]})
    assert client.post(url, data).status_code == 302
    assert named.api_form(saved.id) is None
