"""Record types in the browser: set up, granted, chosen in forms that follow them, shown on pages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from django.urls import reverse

from crm_platform.identity.models import Profile, User
from metadata import services
from metadata.compiler.current import current_snapshot
from metadata.inputs import ChoiceInput, FieldInput, ObjectInput
from metadata.models import BusinessObject
from metadata.rule_inputs import RecordTypeInput
from objects.access.grants import ACTIONS, grant_object
from objects.access.services.type_grants import set_type_rights, type_rights_for
from objects.query.query import RecordQuery
from tests.kit import make
from tests.kit.clients import OrganizationClient
from tests.layouts.pages import detail, form_data

pytestmark = pytest.mark.django_db

OBJECT = "works__c"


@pytest.fixture
def admin(admin_actor: Any) -> Any:
    parts = [ChoiceInput(value, value.upper()) for value in ("pump", "motor")]
    services.create_object(admin_actor, ObjectInput(OBJECT, {"en": "Works"}))
    services.add_field(admin_actor, OBJECT, FieldInput("part__c", "picklist", {"en": "Part"}, choices=parts))
    for name, narrowed in (("repair", {"part__c": ["pump"]}), ("sale", {})):
        services.create_record_type(admin_actor, OBJECT, RecordTypeInput(name, name.title(), choices=narrowed))
    return admin_actor


@pytest.fixture
def rep(admin: Any) -> Iterator[OrganizationClient]:
    user = make.user(role="everything")
    row = BusinessObject.objects.get(api_name=OBJECT)
    grant_object(admin, Profile.objects.get(api_name="sales_rep"), row, ACTIONS)
    client = OrganizationClient("acme.localhost")
    client.force_login(user)
    yield client


def narrowing(html: str) -> dict[str, Any]:
    found = re.search(
        r'data-field="part__c" data-controlling="record_type" data-value="(\w*)" data-allowed="([^"]+)"', html
    )
    assert found
    return {"value": found[1], "allowed": json.loads(unescape(found[2]))}


def test_a_type_is_set_up_changed_and_retired(admin: Any, admin_client: OrganizationClient) -> None:
    base = f"/setup/objects/{OBJECT}/types/"
    page = admin_client.get(f"{base}new").content.decode()
    assert 'name="choices.part__c"' in page
    sent = {
        "label_en": "Rental",
        "label_zh_hans": "租赁",
        "choices.part__c": ["motor"],
        "color": "teal",
        "is_active": "on",
    }
    assert admin_client.post(f"{base}new", sent).status_code == 302
    spec = current_snapshot().object(OBJECT).spec.record_type_map["rental__c"]
    assert (dict(spec.choices), spec.color, spec.label.text("zh-hans")) == ({"part__c": ("motor",)}, "teal", "租赁")
    assert "租赁" in admin_client.get(base).content.decode()
    assert admin_client.post(f"{base}rental__c/", {**sent, "label_en": ""}).status_code in (302, 422)
    sent = {name: value for name, value in sent.items() if name not in ("is_active", "choices.part__c")}
    assert admin_client.post(f"{base}rental__c/", sent).status_code == 302
    spec = current_snapshot().object(OBJECT).spec.record_type_map["rental__c"]
    assert (spec.is_active, dict(spec.choices)) == (False, {})
    assert admin_client.get(f"{base}nope/").status_code == 404


def test_the_form_asks_for_the_type_and_follows_it(admin: Any, rep: OrganizationClient) -> None:
    page = rep.get(f"/o/{OBJECT}/new").content.decode()
    assert page.index('name="record_type"') < page.index('name="part__c"')
    assert narrowing(page)["allowed"] == {"": ["pump", "motor"], "repair": ["pump"], "sale": ["pump", "motor"]}
    given = {**form_data(page, "record-form"), "name": "Hall", "record_type": "repair"}
    refused = rep.post(f"/o/{OBJECT}/new", {**given, "part__c": "motor"})
    assert refused.status_code == 422
    assert rep.post(f"/o/{OBJECT}/new", {**given, "part__c": "pump"}).status_code == 302
    row = RecordQuery(admin, OBJECT).fields("record_type", "part__c")
    record = row.ids(1)[0]
    assert row.get(record)["record_type"] == "repair"
    assert detail(rep.get(f"/o/{OBJECT}/{record}").content.decode(), "record_type") == "Repair"
    edit = rep.get(f"/o/{OBJECT}/{record}/edit").content.decode()
    given = {**form_data(edit, "record-form"), "record_type": "sale"}
    assert rep.post(f"/o/{OBJECT}/{record}/edit", given).status_code == 302
    assert row.get(record)["record_type"] == "sale"


def test_a_profile_offers_its_types_and_asks_only_for_a_choice(
    admin: Any, rep: OrganizationClient, admin_client: OrganizationClient
) -> None:
    profile = Profile.objects.get(api_name="sales_rep")
    url = reverse("profile-fields", args=[profile.uuid, OBJECT])
    page = admin_client.get(url).content.decode()
    assert page.count('name="type"') == 2
    sent = {"types": "1", "type": ["repair"], "default_type": "repair"}
    assert admin_client.post(url, sent).status_code == 302
    assert type_rights_for(admin, profile, OBJECT).used == ("repair",)
    assert admin_client.post(url, {"types": "1", "type": [], "default_type": ""}).status_code == 422
    page = rep.get(f"/o/{OBJECT}/new").content.decode()
    assert 'name="record_type"' not in page, "there is nothing to choose"
    assert narrowing(page)["value"] == "repair"
    set_type_rights(admin, profile, OBJECT, ["repair", "sale"], "sale")
    page = rep.get(f"/o/{OBJECT}/new").content.decode()
    assert re.search(r'<option value="sale" selected', page)
    assert User.objects.filter(profile=profile).exists()
