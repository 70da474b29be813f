"""Sealed values: the plain text is in no column, history, event, search entry or answer; only reveal tells it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection

from crm_platform.audit.actions import REVEAL_REFUSED, REVEALED
from crm_platform.audit.models import AuditEntry
from crm_platform.events.models import OutboxMessage
from crm_platform.identity.models import Profile
from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import Forbidden, NotFound, ValidationFailed
from crm_platform.kit.ids import uuid7
from metadata import services
from metadata.compiler.compiled import UnknownField
from metadata.models import BusinessObject
from objects.access.grants import grant_object
from objects.history.models import RecordChange
from objects.history.selectors import history
from objects.query.conditions import Condition
from objects.records.revealing import reveal
from objects.records.service import RecordService
from objects.search.entries import index_records
from objects.search.models import SearchEntry
from tests.kit import make
from tests.kit.clients import OrganizationClient
from tests.kit.field_battery import FIELD, OBJECT, Battery, battery

pytestmark = pytest.mark.django_db

ID_NUMBER, OTHER_ID = "11010519491231002X", "440524188001010014"


@pytest.fixture
def found(actor_for: Any) -> Battery:
    made = battery("masked_text", actor_for)
    services.update_field(made.actor, OBJECT, FIELD, is_searchable=True)
    return made


def everything_stored(found: Battery, record_id: Any) -> str:
    """Return every stored trace of the record as one text."""
    index_records(found.object.spec.id, [record_id])
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT row_to_json(t)::text FROM {found.object.table} t WHERE id = %s", [record_id])
        row = cursor.fetchone()[0]
    entry = SearchEntry.objects.get(record_id=record_id)
    changes = [item.changes for item in RecordChange.objects.filter(record_id=record_id)]
    events = [str(item.__dict__) for item in OutboxMessage.objects.all()]
    return " ".join([row, entry.haystack, " ".join(entry.tokens), json.dumps(changes), *events])


def test_plain_text_is_stored_nowhere(found: Battery) -> None:
    saved = found.create(ID_NUMBER)
    found.update(saved.id, OTHER_ID)
    stored = everything_stored(found, saved.id)
    for plain in (ID_NUMBER, OTHER_ID, ID_NUMBER[3:-4], OTHER_ID[3:-4]):
        assert plain not in stored
    assert "440***********0014" in stored


def test_history_says_that_it_changed(found: Battery) -> None:
    saved = found.create(ID_NUMBER)
    found.update(saved.id, OTHER_ID)
    (change,) = history(found.actor, OBJECT, saved.id).entries[0].changes
    assert (change.old_text, change.new_text) == ("110***********002X", "440***********0014")


def test_no_answer_holds_the_plain_text(found: Battery, admin_client: OrganizationClient) -> None:
    saved = found.create(ID_NUMBER)
    for url in (
        f"/api/v1/records/{OBJECT}?include=labels",
        f"/api/v1/records/{OBJECT}/{saved.id}?include=labels",
        f"/api/v1/records/{OBJECT}?filter[{FIELD}][eq]={ID_NUMBER}",
        f"/o/{OBJECT}/",
        f"/o/{OBJECT}/{saved.id}",
        f"/o/{OBJECT}/{saved.id}/edit",
        f"/search?q={ID_NUMBER[:6]}",
    ):
        answer = admin_client.get(url)
        assert answer.status_code == 200, url
        assert ID_NUMBER not in answer.content.decode().replace(f"={ID_NUMBER}", ""), url


def test_form_of_a_filter_keeps_only_the_digest(found: Battery, admin_client: OrganizationClient) -> None:
    saved = found.create(ID_NUMBER)
    answer = admin_client.get(f"/o/{OBJECT}/filter?path={FIELD}&op=eq&_operand={ID_NUMBER}&apply=1")
    assert answer.status_code == 302
    assert ID_NUMBER not in answer["Location"]
    html = admin_client.get(answer["Location"]).content.decode()
    assert str(saved.id) in html
    assert ID_NUMBER not in html


def test_same_number_twice_is_refused_where_it_must_be_unique(found: Battery) -> None:
    services.update_field(found.actor, OBJECT, FIELD, is_unique=True)
    found.create(ID_NUMBER)
    with pytest.raises(ValidationFailed) as refused:
        found.create(ID_NUMBER.lower())
    assert [(error.field, error.code) for error in refused.value.errors] == [(FIELD, "not_unique")]


def test_mask_that_comes_back_changes_nothing(found: Battery) -> None:
    saved = found.create(ID_NUMBER)
    assert found.update(saved.id, "110***********002X").version == 1
    assert reveal(found.actor, OBJECT, saved.id, FIELD).text == ID_NUMBER


def test_reveal_tells_and_is_written_down(found: Battery) -> None:
    saved = found.create(ID_NUMBER)
    assert reveal(found.actor, OBJECT, saved.id, FIELD).text == ID_NUMBER
    entry = AuditEntry.objects.get(action=REVEALED)
    assert (entry.actor_id, entry.object_name, entry.record_id) == (found.actor.user_id, OBJECT, saved.id)
    assert (entry.field_name, entry.record_name) == (FIELD, "Row")
    assert ID_NUMBER not in str(entry.__dict__)


def test_who_may_not_reveal_is_refused_and_that_is_written_down(found: Battery, actor_for: Any) -> None:
    row = BusinessObject.objects.get(api_name=OBJECT)
    grant_object(system_actor(), Profile.objects.get(api_name="sales_rep"), row, ("read", "create"))
    rep = actor_for(make.user())
    saved = RecordService(rep).create(OBJECT, {"name": "Mine", FIELD: ID_NUMBER})
    with pytest.raises(Forbidden):
        reveal(rep, OBJECT, saved.id, FIELD)
    assert AuditEntry.objects.get(action=REVEAL_REFUSED).actor_id == rep.user_id


def test_reveal_knows_only_what_the_reader_knows(found: Battery) -> None:
    saved = found.create(ID_NUMBER)
    with pytest.raises(NotFound):
        reveal(found.actor, OBJECT, uuid7(), FIELD)
    for name in ("name", "nothing__c"):
        with pytest.raises(UnknownField):
            reveal(found.actor, OBJECT, saved.id, name)
    assert not AuditEntry.objects.exists()


def test_page_and_api_reveal(found: Battery, admin_client: OrganizationClient) -> None:
    saved = found.create(ID_NUMBER)
    url = f"/o/{OBJECT}/{saved.id}/reveal/{FIELD}"
    assert f'hx-post="{url}"' in admin_client.get(f"/o/{OBJECT}/{saved.id}").content.decode()
    page = admin_client.post(url)
    assert ID_NUMBER in page.content.decode()
    assert page["Cache-Control"] == "no-store"
    answer = admin_client.post(
        f"/api/v1/records/{OBJECT}/{saved.id}/reveal", {"field": FIELD}, content_type="application/json"
    )
    assert answer.status_code == 200
    assert answer.json()["value"] == ID_NUMBER
    assert answer["Cache-Control"] == "no-store"
    assert AuditEntry.objects.filter(action=REVEALED).count() == 2
    assert AuditEntry.objects.filter(action=REVEALED).exclude(request_id="-").exclude(address="").count() == 2


def test_password_is_never_revealed_but_can_be_verified(actor_for: Any) -> None:
    found = battery("secret", actor_for)
    saved = found.create("correct horse")
    value = found.query.record(saved.id).value(FIELD)
    assert value.verify("correct horse")
    assert not value.verify("wrong horse")
    assert found.query.where(Condition(FIELD, "nempty")).ids() == [saved.id]
    with pytest.raises(UnknownField):
        reveal(found.actor, OBJECT, saved.id, FIELD)
