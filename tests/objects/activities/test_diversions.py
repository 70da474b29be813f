"""What a duplicate rule sends to a record that is there: no second record, a follow-up on the first, its owner told."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from crm_platform.kit.context import system_actor
from crm_platform.notifications.models import Notification
from metadata import services
from metadata.rule_inputs import DuplicateRuleInput
from objects.activities.diversions import CAME_AGAIN
from objects.duplicates.errors import DuplicateDetected
from objects.history.models import RecordChange
from objects.query.conditions import Condition
from objects.query.query import RecordQuery
from objects.records.service import Consent, RecordService
from tests.kit.clients import OrganizationClient
from tests.layouts.pages import form_data
from tests.objects.activities.diverting import EVENTS, PHONE, divert_leads
from tests.objects.exchange.files import counts, imported, result
from tests.objects.world import World, compiled


@pytest.fixture
def routed(crm: World) -> None:
    divert_leads()


@pytest.fixture
def head(crm: World) -> RecordService:
    return RecordService(crm.actor("head"))


@pytest.fixture
def lead(routed: None, records: RecordService) -> uuid.UUID:
    return records.create("lead", {"name": "王磊", "company": "云途信息", "mobile": PHONE}).id


def notes_on(crm: World, record_id: uuid.UUID) -> list[dict[str, Any]]:
    query = RecordQuery(crm.actor("boss"), "follow_up").where(Condition("related_id", "eq", str(record_id)))
    return query.fields("name", "content", "owner_id").page(10).dicts()


def leads(crm: World) -> int:
    return RecordQuery(crm.actor("boss"), "lead").count().value


def test_it_is_noted_on_the_lead_that_is_there(crm: World, lead: uuid.UUID, head: RecordService) -> None:
    saved = head.create("lead", {"name": "王先生", "company": "云途", "mobile": PHONE, "description": "要试用"})
    assert saved.diverted is not None
    assert (saved.diverted.rule, saved.object, saved.id) == ("again", "lead", lead)
    assert leads(crm) == 1
    note = notes_on(crm, lead)[0]
    assert crm.actor("head").name in note["name"]
    assert all(text in note["content"] for text in ("王先生", "云途", "要试用"))
    told = Notification.objects.get(kind=CAME_AGAIN)
    assert (told.user_id, told.data["name"]) == (crm.users["rep"].pk, "王磊")
    assert str(lead) in told.url
    assert not RecordChange.objects.filter(object_id=compiled("lead").spec.id).exclude(record_id=lead).exists()


def test_who_enters_his_own_again_is_not_told(crm: World, lead: uuid.UUID, records: RecordService) -> None:
    assert records.create("lead", {"name": "王先生", "company": "云途", "mobile": PHONE}).diverted
    assert notes_on(crm, lead)
    assert not Notification.objects.filter(kind=CAME_AGAIN).exists()


def test_it_is_an_activity_but_nobodys_follow_up(crm: World, lead: uuid.UUID, records: RecordService) -> None:
    before = RecordQuery(crm.actor("boss"), "lead").get(lead)
    records.create("lead", {"name": "王先生", "company": "云途", "mobile": PHONE})
    after = RecordQuery(crm.actor("boss"), "lead").get(lead)
    assert after["last_activity_at"] != before["last_activity_at"]
    assert after["last_followup_at"] == before["last_followup_at"]


def test_rows_of_one_batch_meet_each_other(crm: World, routed: None, records: RecordService) -> None:
    rows = [
        {"name": "A", "company": "云途", "mobile": PHONE},
        {"name": "B", "company": "云途", "mobile": PHONE},
        {"name": "C", "company": "云途", "mobile": "13900139000"},
    ]
    results = records.bulk_create("lead", rows)
    assert [result.id is not None for result in results] == [True, False, True]
    assert results[1].diverted is not None
    assert results[1].diverted.record_id == results[0].id
    assert leads(crm) == 2


def test_what_a_batch_could_not_save_takes_nothing_in(crm: World, routed: None, records: RecordService) -> None:
    rows = [
        {"name": "A", "company": "云途", "mobile": PHONE, "owner_id": str(crm.users["south"].pk)},
        {"name": "B", "company": "云途", "mobile": PHONE},
    ]
    results = records.bulk_create("lead", rows, all_or_none=False)
    assert results[0].errors
    assert results[1].errors or results[1].id
    assert leads(crm) == sum(result.id is not None for result in results)


def test_a_dry_run_leaves_nothing(crm: World, lead: uuid.UUID, records: RecordService) -> None:
    assert records.create("lead", {"name": "B", "company": "云途", "mobile": PHONE}, dry_run=True).diverted
    assert not notes_on(crm, lead)


def test_a_change_is_saved_and_reported(crm: World, lead: uuid.UUID, records: RecordService) -> None:
    other = records.create("lead", {"name": "B", "company": "云途"}).id
    saved = records.update("lead", other, {"mobile": PHONE})
    assert saved.diverted is None
    assert saved.version == 2
    assert not notes_on(crm, lead)


def test_a_stricter_rule_goes_first(crm: World, lead: uuid.UUID, records: RecordService) -> None:
    given = DuplicateRuleInput("strict", "Strict", ["phone"], dict.fromkeys(EVENTS, "block"))
    services.create_duplicate_rule(system_actor(), "lead", given)
    with pytest.raises(DuplicateDetected):
        records.create("lead", {"name": "B", "company": "云途", "mobile": PHONE})
    assert not notes_on(crm, lead)


def test_consent_does_not_make_a_second_one(crm: World, lead: uuid.UUID, rep_actor: Any) -> None:
    willing = RecordService(rep_actor, consent=Consent(duplicates=True, reason="x"))
    assert willing.create("lead", {"name": "B", "company": "云途", "mobile": PHONE}).diverted


def test_secrets_are_not_told(crm: World, lead: uuid.UUID, records: RecordService) -> None:
    services.update_field(system_actor(), "lead", "description", sensitivity="secret")
    records.create("lead", {"name": "B", "company": "云途", "mobile": PHONE, "description": "geheim"})
    assert "geheim" not in notes_on(crm, lead)[0]["content"]


def test_rows_of_a_file_are_noted_and_told(crm: World, lead: uuid.UUID) -> None:
    rows = [["姓名", "公司", "手机"], ["新人", "甲", "13900139000"], ["王先生", "云途", PHONE]]
    row = imported(crm.actor("boss"), "lead", rows)
    assert counts(row) == (1, 0, 1, 0)
    assert "王先生" in notes_on(crm, lead)[0]["content"]
    assert result(row)[1][0] == "王先生"


def test_a_form_leads_to_the_lead_that_is_there(
    crm: World, lead: uuid.UUID, browser: Callable[[str], OrganizationClient]
) -> None:
    for name, target in (
        ("boss", reverse("record", args=["lead", lead])),
        ("south", reverse("record-list", args=["lead"])),
    ):
        page = reverse("record-new", args=["lead"])
        client = browser(name)
        given = form_data(client.get(page).content.decode(), "record-form")
        answer = client.post(page, {**given, "name": "王先生", "company": "云途", "mobile": PHONE})
        assert (answer.status_code, answer.headers["Location"]) == (302, target)
    assert leads(crm) == 1
    assert len(notes_on(crm, lead)) == 2
