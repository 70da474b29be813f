"""Files of records: who may give which file to which record, and what becomes of them with the record."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_platform.files import selectors, services
from crm_platform.files.models import StoredFile
from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import NotFound, ValidationFailed
from metadata.inputs import FieldInput, ObjectInput
from objects.history.values import StoredValues
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.kit.uploads import PDF, picture, sound, upload
from tests.objects import world as worlds
from tests.objects.world import World

CASE = "case__c"
OBJECTS = (
    ObjectInput(
        CASE,
        "Case",
        fields=[
            FieldInput("papers__c", "file", "Papers", settings={"max_count": 3, "max_mb": 1, "kinds": ["pdf", "text"]}),
            FieldInput("more__c", "file", "More"),
            FieldInput("photos__c", "image", "Photos"),
            FieldInput("signed__c", "signature", "Signed"),
            FieldInput("spoken__c", "audio_note", "Spoken"),
        ],
    ),
)


@pytest.fixture(scope="module")
def the_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock(), worlds.world(OBJECTS) as made:
        yield made


def codes(call: Any) -> list[tuple[str | None, str]]:
    with pytest.raises(ValidationFailed) as failed:
        call()
    return [(error.field, error.code) for error in failed.value.errors]


def create(service: RecordService, **values: Any) -> uuid.UUID:
    return service.create(CASE, {"name": "Case", **values}).id


def row_of(file: StoredFile) -> StoredFile:
    return StoredFile.objects.get(id=file.id)


def test_file_belongs_to_its_record_and_is_described_by_the_store(rep: RecordService) -> None:
    file = upload(rep.actor, "plan.pdf", PDF)
    claimed = {"id": str(file.id), "name": "other.exe", "size": 1, "content_type": "text/html"}
    record = create(rep, papers__c=[claimed])
    shown = RecordQuery(rep.actor, CASE).get(record)["papers__c"]
    assert shown == [{"id": str(file.id), "name": "plan.pdf", "size": len(PDF), "content_type": "application/pdf"}]
    kept = row_of(file)
    field = RecordQuery(rep.actor, CASE).object.field("papers__c").spec
    assert (kept.record_id, kept.field_id) == (record, field.id)


def test_every_type_takes_its_kind_alone(rep: RecordService) -> None:
    png, wav, text = picture(), sound(), b"words"
    fitting = {"photos__c": ("a.png", png), "signed__c": ("a.png", png), "spoken__c": ("a.wav", wav)}
    others = {"photos__c": ("a.wav", wav), "signed__c": ("a.jpg", picture("JPEG")), "spoken__c": ("a.txt", text)}
    for name, (file_name, content) in fitting.items():
        create(rep, **{name: upload(rep.actor, file_name, content).id})
    for name, (file_name, content) in others.items():
        bad = upload(rep.actor, file_name, content).id
        assert codes(lambda name=name, bad=bad: create(rep, **{name: bad})) == [(name, "invalid_type")]


def test_limits_of_the_field_hold(rep: RecordService) -> None:
    large = upload(rep.actor, "a.txt", b"x" * (1024 * 1024 + 1)).id
    assert codes(lambda: create(rep, papers__c=large)) == [("papers__c", "payload_too_large")]
    many = [upload(rep.actor).id for _ in range(4)]
    assert codes(lambda: create(rep, papers__c=many)) == [("papers__c", "too_long")]
    zipped = upload(rep.actor, "a.png", picture()).id
    assert codes(lambda: create(rep, papers__c=zipped)) == [("papers__c", "invalid_type")]


def test_file_that_is_not_there_or_not_mine_is_no_reference(rep: RecordService, boss: RecordService) -> None:
    others = upload(boss.actor).id
    held = services.keep(rep.actor, io.BytesIO(b"held"), "a.txt", held_by="test").id
    for file_id in (uuid.uuid4(), others, held):
        refused = [("papers__c", "invalid_reference")]
        assert codes(lambda file_id=file_id: create(rep, papers__c=[file_id])) == refused


def test_nobody_gets_a_file_that_a_record_has(rep: RecordService) -> None:
    file = upload(rep.actor).id
    record = create(rep, papers__c=[file])
    refused = ("papers__c", "invalid_reference")
    assert codes(lambda: create(rep, papers__c=[file])) == [refused]
    assert codes(lambda: rep.update(CASE, record, {"more__c": [file]})) == [("more__c", "invalid_reference")]
    both = upload(rep.actor).id
    assert codes(lambda: create(rep, papers__c=[both], more__c=[both])) == [("more__c", "invalid_reference")]
    rows = [{"name": "A", "papers__c": [both]}, {"name": "B", "papers__c": [both]}]
    results = rep.bulk_create(CASE, rows, all_or_none=False)
    assert [result.id is not None for result in results] == [True, False]


def test_refused_write_leaves_the_file_loose(rep: RecordService) -> None:
    file = upload(rep.actor)
    assert codes(lambda: rep.create(CASE, {"name": "", "papers__c": [file.id]})) == [("name", "required")]
    rep.create(CASE, {"name": "Case", "papers__c": [file.id]}, dry_run=True)
    assert row_of(file).record_id is None
    create(rep, papers__c=[file.id])


def test_another_person_with_the_right_to_edit_keeps_and_reorders_files(
    rep: RecordService, boss: RecordService
) -> None:
    first, second = upload(rep.actor, "1.txt"), upload(rep.actor, "2.txt")
    record = create(rep, papers__c=[first.id, second.id])
    mine = upload(boss.actor, "3.txt")
    boss.update(CASE, record, {"papers__c": [second.id, first.id, mine.id]})
    shown = RecordQuery(rep.actor, CASE).get(record)["papers__c"]
    assert [file["name"] for file in shown] == ["2.txt", "1.txt", "3.txt"]


def test_file_taken_out_can_come_back_for_a_day(rep: RecordService) -> None:
    file = upload(rep.actor)
    record = create(rep, papers__c=[file.id])
    rep.update(CASE, record, {"papers__c": None})
    assert row_of(file).detached_at is not None
    assert StoredFile.objects.filter(services.stale(timezone.now())).count() == 0
    assert StoredFile.objects.filter(services.stale(timezone.now() + timedelta(hours=25))).count() == 1
    rep.update(CASE, record, {"papers__c": [file.id]})
    assert row_of(file).detached_at is None


def test_only_readers_of_the_record_read_its_files(rep: RecordService, boss: RecordService, service: Any) -> None:
    file = upload(boss.actor)
    record = create(boss, papers__c=[file.id])
    assert selectors.readable(boss.actor, file.id)
    with pytest.raises(NotFound):
        selectors.readable(rep.actor, file.id)
    with pytest.raises(NotFound):
        selectors.readable(boss.actor, uuid.uuid4())
    boss.update(CASE, record, {"owner_id": rep.actor.user_id})
    assert selectors.readable(rep.actor, file.id)


def test_uploader_who_no_longer_sees_the_record_does_not_see_its_file(rep: RecordService, boss: RecordService) -> None:
    file = upload(rep.actor)
    record = create(rep, papers__c=[file.id])
    boss.update(CASE, record, {"owner_id": boss.actor.user_id})
    with pytest.raises(NotFound):
        selectors.readable(rep.actor, file.id)


def test_files_follow_the_record_into_the_trash_and_back(boss: RecordService) -> None:
    file = upload(boss.actor)
    record = create(boss, papers__c=[file.id])
    deletion = boss.delete(CASE, record)
    with pytest.raises(NotFound):
        selectors.readable(boss.actor, file.id)
    assert StoredFile.objects.filter(services.stale(timezone.now() + timedelta(days=20))).count() == 0
    boss.restore(deletion)
    assert selectors.readable(boss.actor, file.id)


def test_purged_records_take_their_files_along(boss: RecordService) -> None:
    gone, kept = upload(boss.actor), upload(boss.actor)
    record = create(boss, papers__c=[gone.id])
    create(boss, papers__c=[kept.id])
    RecordService(system_actor()).purge(boss.delete(CASE, record))
    assert set(StoredFile.objects.values_list("id", flat=True)) == {kept.id}


def test_a_batch_asks_for_all_its_files_at_once(rep: RecordService) -> None:
    def rows(count: int) -> list[dict[str, Any]]:
        return [
            {"name": "Case", "papers__c": [upload(rep.actor).id], "more__c": [upload(rep.actor).id]}
            for _ in range(count)
        ]

    def asked(given: list[dict[str, Any]]) -> list[str]:
        with CaptureQueriesContext(connection) as statements:
            rep.bulk_create(CASE, given)
        return [item["sql"] for item in statements if "files_storedfile" in item["sql"]]

    few, many = rows(2), rows(20)
    assert len(asked(few)) == len(asked(many)) == 2  # one to lock them, one to give them away
    with CaptureQueriesContext(connection) as statements:
        rep.create(CASE, {"name": "No file"})
    assert not [item for item in statements if "files_" in item["sql"]]


def test_history_tells_names(rep: RecordService) -> None:
    file = upload(rep.actor, "plan.pdf", PDF)
    record = create(rep, papers__c=[file.id])
    field = RecordQuery(rep.actor, CASE).object.field("papers__c")
    stored = RecordQuery(rep.actor, CASE).get(record)["papers__c"]
    assert StoredValues(rep.actor, {}).text(field, stored) == "plan.pdf"
