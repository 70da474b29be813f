"""A field gets another type: the preview tells the truth, the job loses nothing, writers and readers go on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from crm_platform.jobs.context import JobAborted, JobContext, JobFailed
from crm_platform.jobs.drain import drain
from crm_platform.jobs.models import Job
from crm_platform.jobs.services import abort, retry
from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import NotFound, StateConflict, ValidationFailed
from metadata import services
from metadata.compiler.current import current_snapshot, pinned_snapshot
from metadata.ddl.catalog import read_tables
from metadata.ddl.contract import contract, purge_field
from metadata.inputs import ChoiceInput, FieldInput, ObjectInput
from metadata.models import BusinessField, ChoiceSet
from metadata.retyping import job as jobs
from metadata.retyping import preview as previews
from metadata.retyping.requests import TypeChange
from metadata.retyping.service import (
    Pending,
    cancel_type_change,
    change_type,
    pending_change,
    preview_type_change,
)
from objects.history.selectors import history
from objects.query.conditions import Condition
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.jobs.conftest import silence, take
from tests.kit.work import in_threads

ACTOR = system_actor("test")
TICKET, SIZE = "ticket__c", "size__c"


@pytest.fixture
def ticket(fresh_organization: Any) -> Iterator[Any]:
    fields = [
        FieldInput(SIZE, "text", {"en": "Size", "zh-hans": "大小"}, is_indexed=True),
        FieldInput("memo__c", "text", "Memo"),
        FieldInput("paid__c", "currency", "Paid"),
    ]
    services.create_object(ACTOR, ObjectInput(TICKET, "工单", fields=fields))
    silence()
    return fresh_organization


def create(*sizes: str | None) -> list[Any]:
    rows = [{"name": f"t{number}", SIZE: size} for number, size in enumerate(sizes)]
    return [item.id for item in RecordService(ACTOR).bulk_create(TICKET, rows)]


def to(type_key: str, **options: Any) -> TypeChange:
    return TypeChange(TICKET, options.pop("field", SIZE), type_key, **options)


def read(field: str = SIZE) -> dict[str, Any]:
    rows = RecordQuery(ACTOR, TICKET).fields("name", field).order("name").page(1000).rows
    return dict(rows)


def finish() -> Job:
    drain()
    return Job.objects.filter(kind="metadata.change_type").latest("created_at")


def pending() -> Pending | None:
    return pending_change(ACTOR, TICKET, SIZE)


# --- preview --------------------------------------------------------------------------------------------------
def test_the_preview_counts_and_names_what_does_not_convert(ticket: Any) -> None:
    ids = create("7", "1,200", "2.5", "many", None, "12")
    found = preview_type_change(ACTOR, to("integer"))
    assert (found.total, found.empty, found.convertible, found.lossy, found.failing) == (6, 1, 4, 1, 1)
    (example,) = found.examples
    assert (example["id"], example["title"], example["text"]) == (str(ids[3]), "t3", "many")
    assert example["reason"]
    assert read() == {"t0": "7", "t1": "1,200", "t2": "2.5", "t3": "many", "t4": None, "t5": "12"}


def test_a_large_table_is_previewed_by_a_job(ticket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews, "SMALL", 3)
    monkeypatch.setattr(previews, "BATCH", 2)
    create("1", "2", "x", "4", "5")
    asked = preview_type_change(ACTOR, to("picklist", choices=[ChoiceInput("1", "One")]))
    assert isinstance(asked, Job)
    drain()
    asked.refresh_from_db()
    assert (asked.state, asked.result["convertible"], asked.result["failing"]) == ("succeeded", 1, 4)


def test_only_declared_pairs_are_allowed(ticket: Any) -> None:
    for change, error in (
        (to("checkbox"), ValidationFailed),
        (to("lookup"), ValidationFailed),
        (to("nothing"), ValidationFailed),
        (to("integer", on_failure="explode"), ValidationFailed),
        (to("picklist", choice_set="nowhere"), ValidationFailed),
        (to("integer", field="name"), StateConflict),
        (to("integer", field="gone__c"), NotFound),
        (to("text", field="owner_id"), NotFound),
    ):
        with pytest.raises(error):
            change_type(ACTOR, change)
    assert BusinessField.objects.filter(state="preparing").count() == 0


# --- the change -----------------------------------------------------------------------------------------------
def test_the_successor_takes_the_name_and_the_old_field_is_kept(ticket: Any) -> None:
    ids = create("7", None, "12")
    before = BusinessField.objects.get(api_name=SIZE)
    RecordService(ACTOR).update(TICKET, ids[0], {SIZE: "8"})
    job = change_type(ACTOR, to("integer", settings={"min": 0}))
    assert job is not None
    assert finish().state == "succeeded"
    field = current_snapshot().object(TICKET).field(SIZE)
    assert (field.spec.type, field.spec.label.text("zh-hans"), field.spec.is_indexed) == ("integer", "大小", True)
    assert read() == {"t0": 8, "t1": None, "t2": 12}
    assert RecordQuery(ACTOR, TICKET).where(Condition(SIZE, "gt", 8)).count("exact").value == 1
    assert RecordService(ACTOR).update(TICKET, ids[0], {SIZE: 9}).version == 3, "the change is no new version"
    entries = history(ACTOR, TICKET, ids[0]).entries
    told = [(item.name, item.label, item.old_text, item.new_text) for entry in entries for item in entry.changes]
    assert (SIZE, "Size", "8", "9") in told, "by the new field"
    assert (SIZE, "Size", "7", "8") in told, "by the old one, under the same name"
    before.refresh_from_db()
    assert (before.api_name, before.state, before.is_deprecated) == ("size_old__c", "hidden", True)

    services.restore_field(ACTOR, TICKET, "size_old__c")
    assert read("size_old__c") == {"t0": "8", "t1": None, "t2": "12"}
    assert current_snapshot().object(TICKET).field("size_old__c").spec.is_deprecated, "read only until it is used again"
    services.update_field(ACTOR, TICKET, "size_old__c", is_deprecated=False)
    RecordService(ACTOR).update(TICKET, ids[0], {"size_old__c": "eight"})
    assert (read()["t0"], read("size_old__c")["t0"]) == (9, "eight")


def test_values_that_do_not_convert_block_the_swap_until_they_are_corrected(ticket: Any) -> None:
    ids = create("7", "many", "12")
    change_type(ACTOR, to("integer"))
    job = finish()
    assert (job.state, current_snapshot().object(TICKET).field(SIZE).spec.type) == ("failed", "text")
    assert "1" in job.error
    stands = pending()
    assert stands is not None
    assert (stands.left, stands.job, [item["text"] for item in stands.examples]) == (1, job, ["many"])
    RecordService(ACTOR).update(TICKET, ids[1], {SIZE: "100"})
    assert pending().left == 0
    retry(ACTOR, job.pk)
    assert finish().state == "succeeded"
    assert read() == {"t0": 7, "t1": 100, "t2": 12}
    assert pending() is None


def test_values_that_do_not_convert_can_be_left_empty(ticket: Any) -> None:
    create("7", "many")
    change_type(ACTOR, to("integer", on_failure="empty"))
    job = finish()
    assert (job.state, job.result["failing"], job.result["examples"][0]["text"]) == ("succeeded", 1, "many")
    assert read() == {"t0": 7, "t1": None}
    services.restore_field(ACTOR, TICKET, "size_old__c")
    assert read("size_old__c") == {"t0": "7", "t1": "many"}, "nothing is lost"


def test_writers_are_heard_while_the_successor_is_filled(ticket: Any) -> None:
    ids = create("1", "2", "3", "4")
    change_type(ACTOR, to("integer"))
    service = RecordService(ACTOR)
    service.update(TICKET, ids[0], {SIZE: "10"})
    service.create(TICKET, {"name": "t5", SIZE: "50"})
    service.bulk_update(TICKET, [{"id": str(ids[1]), SIZE: None}, {"id": str(ids[2]), "memo__c": "m"}])
    service.delete(TICKET, ids[3])
    assert read() == {"t0": "10", "t1": None, "t2": "3", "t5": "50"}, "it is still the old field"
    assert finish().state == "succeeded"
    assert read() == {"t0": 10, "t1": None, "t2": 3, "t5": 50}
    service.restore(TICKET, ids[3])
    assert read()["t3"] == 4, "deleted records are converted, too"


def test_who_works_with_an_older_data_model_starts_again(ticket: Any) -> None:
    (record,) = create("1")
    with pinned_snapshot():
        current_snapshot().object(TICKET)
        in_threads(1, lambda _number: change_type(ACTOR, to("integer")))
        assert current_snapshot().object(TICKET).successors == {}
        RecordService(ACTOR).update(TICKET, record, {SIZE: "2"})
        assert SIZE in current_snapshot().object(TICKET).successors
    assert finish().state == "succeeded"
    assert read() == {"t0": 2}

    stale = BusinessField.objects.get(api_name="size_old__c")
    with pytest.raises(Exception, match="moved on"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {current_snapshot().object(TICKET).table} SET c_{stale.pk} = 'x'")


def test_amounts_keep_their_base_amount_and_become_text_without_grouping(ticket: Any) -> None:
    service = RecordService(ACTOR)
    record = service.create(TICKET, {"name": "a", "paid__c": "1234567.50", SIZE: "12.5"}).id
    change_type(ACTOR, to("text", field="paid__c"))
    change_type(ACTOR, to("currency"))
    drain()
    got = RecordQuery(ACTOR, TICKET).get(record)
    assert (got["paid__c"], got[SIZE], got["size__c_base"]) == ("1234567.50", "12.50", "12.50")


def test_texts_become_choices_that_are_made_of_them(ticket: Any) -> None:
    create("red", "blue", "red", None)
    change_type(ACTOR, to("picklist"))
    assert finish().state == "succeeded"
    assert read() == {"t0": "red", "t1": "blue", "t2": "red", "t3": None}
    change_type(ACTOR, to("multi_picklist"))
    assert finish().state == "succeeded"
    assert read() == {"t0": ["red"], "t1": ["blue"], "t2": ["red"], "t3": []}
    change_type(ACTOR, to("long_text"))
    assert finish().state == "succeeded"
    assert read()["t1"] == "blue"
    field = current_snapshot().object(TICKET)
    assert len(field.former) == 3
    purge_field(BusinessField.objects.get(api_name="size_old__c"))
    assert len(current_snapshot().object(TICKET).former) == 2


def test_a_longer_text_is_widened_where_it_is(ticket: Any) -> None:
    create("x")
    before = current_snapshot().object(TICKET).field("memo__c").spec.id
    assert change_type(ACTOR, to("long_text", field="memo__c")) is None
    after = current_snapshot().object(TICKET).field("memo__c").spec
    assert (after.id, after.type) == (before, "long_text")


def test_a_field_of_the_second_table_changes_its_type(ticket: Any) -> None:
    filler = [FieldInput(f"f{n}__c", "text", f"{n}") for n in range(300)]
    services.create_object(ACTOR, ObjectInput("full__c", "满", fields=filler))
    service = RecordService(ACTOR)
    one, two = (service.create("full__c", {"name": n, "f299__c": value}).id for n, value in (("a", "7"), ("b", None)))
    change_type(ACTOR, TypeChange("full__c", "f299__c", "long_text", {"max_length": 100}))
    change_type(ACTOR, TypeChange("full__c", "f298__c", "integer"))
    change_type(ACTOR, TypeChange("full__c", "f297__c", "text", {"max_length": 20}))
    service.update("full__c", two, {"f297__c": "seven", "f298__c": "8"})
    drain()
    obj, got = current_snapshot().object("full__c"), RecordQuery(ACTOR, "full__c").get(two)
    assert (got["f297__c"], got["f298__c"]) == ("seven", 8)
    assert RecordQuery(ACTOR, "full__c").get(one)["f299__c"] == "7"
    assert not obj.field("f298__c").is_second, "a number has room in the main table"
    assert obj.field("f297__c").is_second


# --- stopping -------------------------------------------------------------------------------------------------
def test_a_cancelled_change_leaves_no_trace(ticket: Any) -> None:
    create("red")
    change_type(ACTOR, to("picklist", choices=[ChoiceInput("red", "Red")]))
    with pytest.raises(StateConflict):
        change_type(ACTOR, to("integer"))
    cancel_type_change(ACTOR, TICKET, SIZE)
    assert pending() is None
    with pytest.raises(NotFound):
        cancel_type_change(ACTOR, TICKET, SIZE)
    assert finish().state == "aborted"
    assert not ChoiceSet.objects.filter(api_name__contains="size_new").exists()
    RecordService(ACTOR).bulk_create(TICKET, [{"name": "t1", SIZE: "blue"}])
    assert read() == {"t0": "red", "t1": "blue"}
    table = current_snapshot().object(TICKET).table
    before = len(read_tables([table])[table].columns)
    assert contract(Tonight()) == {"dropped": 1}
    facts = read_tables([table])[table]
    assert (len(facts.columns), facts.guarded) == (before - 1, set())


class Tonight:
    """What the nightly job needs of its context."""

    now = timezone.now()


def test_a_running_job_that_is_aborted_gives_the_change_up(ticket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "BATCH", 1)
    create("1", "2", "3")
    job = change_type(ACTOR, to("integer"))
    assert job is not None
    context = JobContext(take())
    abort(ACTOR, job.pk)
    with pytest.raises(JobAborted), pinned_snapshot():
        jobs.change_type(context)
    assert pending() is None
    assert read() == {"t0": "1", "t1": "2", "t2": "3"}


def test_a_job_whose_change_is_gone_says_so(ticket: Any) -> None:
    create("1")
    change_type(ACTOR, to("integer"))
    context = JobContext(take())
    cancel_type_change(ACTOR, TICKET, SIZE)
    with pytest.raises(JobFailed):
        jobs.change_type(context)


def test_concurrent_writers_lose_nothing(ticket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four threads write numbers as text, whatever the field is at the moment, while the job fills and swaps."""
    monkeypatch.setattr(jobs, "BATCH", 5)
    ids = create(*map(str, range(40)))
    last: dict[int, int] = {}
    done = threading.Event()

    def work(number: int) -> None:
        if number == 4:
            try:
                change_type(ACTOR, to("integer"))
                jobs.change_type(JobContext(take()))
                time.sleep(0.3)
            finally:
                done.set()
            return
        turn = 0
        while turn < 3 or not done.is_set():
            turn += 1
            for at in range(number, len(ids), 4):
                RecordService(ACTOR).update(TICKET, ids[at], {SIZE: str(turn * 1000 + at)})
                last[at] = turn * 1000 + at

    in_threads(5, work, seconds=90)
    assert current_snapshot().object(TICKET).field(SIZE).spec.type == "integer"
    assert read() == {f"t{at}": value for at, value in last.items()}
