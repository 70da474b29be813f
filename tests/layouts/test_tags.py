"""What the input of tags suggests: the tags of records that the caller may see, the most used first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crm_platform.identity.models import Profile, User
from metadata.models import BusinessObject
from objects.access.grants import grant_object
from objects.records.service import RecordService
from tests.kit import make
from tests.kit.clients import OrganizationClient
from tests.kit.field_battery import FIELD, OBJECT, Battery, battery

pytestmark = pytest.mark.django_db


@pytest.fixture
def tagged(actor_for: Callable[[User], Any], client: OrganizationClient) -> Battery:
    found = battery("tags", actor_for)
    client.force_login(User.objects.get(pk=found.actor.user_id))
    for given in (["展会"], ["VIP", "展会"], ["vienna"]):
        found.create(given)
    return found


def test_used_tags_are_suggested_most_used_first(tagged: Battery, client: OrganizationClient) -> None:
    url = f"/tags/{tagged.field.spec.id}"
    assert client.get(url).json() == ["展会", "vienna", "VIP"]
    assert client.get(f"{url}?q=VI").json() == ["vienna", "VIP"]
    assert client.get(f"{url}?q=nothing").json() == []


def test_tags_of_records_out_of_reach_are_not_told(
    tagged: Battery, client: OrganizationClient, actor_for: Callable[[User], Any]
) -> None:
    rep = make.user(role="individual", profile="sales_rep")
    row = BusinessObject.objects.get(api_name=OBJECT)
    grant_object(tagged.actor, Profile.objects.get(api_name="sales_rep"), row, ("read", "create"))
    client.force_login(rep)
    assert client.get(f"/tags/{tagged.field.spec.id}").json() == []
    RecordService(actor_for(rep)).create(OBJECT, {"name": "Own", FIELD: ["mine"]})
    assert client.get(f"/tags/{tagged.field.spec.id}").json() == ["mine"]


def test_only_fields_of_tags_answer(tagged: Battery, client: OrganizationClient) -> None:
    other = tagged.object.field("name").spec.id
    for field_id in (other, 999_999):
        assert client.get(f"/tags/{field_id}", headers={"Accept": "application/json"}).status_code == 404
