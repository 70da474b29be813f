"""Formulas that are not stored, on the pages: lists, records, forms, and the form of the field itself."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from crm_platform.identity.models import User
from metadata import services
from metadata.compiler.current import current_snapshot
from metadata.inputs import FieldInput, ObjectInput
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.kit.clients import OrganizationClient
from tests.layouts.pages import form_data, plain_text, row_ids

pytestmark = pytest.mark.django_db
TASK = "errand__c"
SETTINGS = {"expression": "due__c - TODAY()", "returns": "integer", "storage": "virtual"}
FIELD_URL = f"/setup/objects/{TASK}/fields/left__c/"


@pytest.fixture
def errand(admin_actor: Any, client: OrganizationClient) -> Any:
    fields = [
        FieldInput("due__c", "date", "到期"),
        FieldInput("left__c", "formula", {"zh-hans": "剩余天数", "en": "Days left"}, settings=SETTINGS),
    ]
    services.create_object(admin_actor, ObjectInput(TASK, "跑腿", fields=fields))
    client.force_login(User.objects.get(pk=admin_actor.user_id))
    return admin_actor


def on(actor: Any, days: int) -> str:
    return (timezone.now().astimezone(actor.zone).date() + timedelta(days=days)).isoformat()


def test_lists_show_filter_and_sort_by_it(errand: Any, client: OrganizationClient) -> None:
    service = RecordService(errand)
    ids = [str(service.create(TASK, {"name": f"n{days}", "due__c": on(errand, days)}).id) for days in (4321, 7, 99)]
    html = client.get(f"/o/{TASK}/?columns=name,left__c&left__c__gt=50&sort=left__c").content.decode()
    assert row_ids(html) == [ids[2], ids[0]]
    assert "4,321" in plain_text(html)


def test_pages_and_forms_of_a_record_show_it_as_it_is_now(errand: Any, client: OrganizationClient) -> None:
    made = RecordService(errand).create(TASK, {"name": "x", "due__c": on(errand, 4321)}).id
    assert "4,321" in plain_text(client.get(f"/o/{TASK}/{made}").content.decode())
    edit = client.get(f"/o/{TASK}/{made}/edit").content.decode()
    assert re.search(r'data-output="left__c"[^>]*>4,321<', edit)
    assert f'data-assess-url="/o/{TASK}/assess"' in client.get(f"/o/{TASK}/new").content.decode()
    answer = client.post(f"/o/{TASK}/{made}/assess", {"name": "x", "due__c": on(errand, 8765)})
    assert answer.json()["values"]["left__c"] == "8,765"
    assert RecordQuery(errand, TASK).get(made)["left__c"] == 4321


def test_the_form_of_the_field_offers_both_ways_and_tells_what_is_wrong(
    errand: Any, client: OrganizationClient
) -> None:
    html = client.get(FIELD_URL).content.decode()
    data = form_data(html, "field-form")
    assert data["settings-storage"] in ("virtual", ["virtual"])
    answer = client.post(FIELD_URL, {**data, "is_indexed": "on"})
    assert answer.status_code == 422
    answer = client.post(FIELD_URL, {**data, "settings-expression": "WORKDAYS(due__c, TODAY())"})
    assert answer.status_code == 422
    assert "WORKDAYS" in plain_text(answer.content.decode())
    answer = client.post(FIELD_URL, {**data, "settings-storage": "stored"})
    assert answer.status_code == 302
    field = current_snapshot().object(TASK).field("left__c")
    assert not field.is_virtual
    assert field.columns


def test_the_page_of_formulas_lists_it(errand: Any, client: OrganizationClient) -> None:
    answer = client.get(f"/setup/objects/{TASK}/formulas/")
    assert answer.status_code == 200
    assert "due__c - TODAY()" in plain_text(answer.content.decode())
