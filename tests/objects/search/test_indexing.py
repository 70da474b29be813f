"""How the index follows the records: through the outbox, by rebuilding, and after a change of the data model."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection

from crm_platform.events.consumers import consumers
from crm_platform.events.consumption import consume_batch, has_pending
from crm_platform.events.services import EventInput, emit
from crm_platform.jobs.drain import drain
from crm_platform.jobs.models import Job, Schedule
from crm_platform.jobs.services import JobAborted, JobContext
from crm_platform.kit.context import system_actor
from metadata.compiler.current import pinned_snapshot
from metadata.inputs import FieldInput, ObjectInput
from metadata.services.batch import SchemaChange, apply_changes
from metadata.services.fields import update_field
from objects.search import rebuild as rebuilding
from objects.search.consumer import CONSUMER
from objects.search.models import IndexedShape, SearchEntry
from objects.search.rebuild import request_rebuild
from objects.search.service import matching_ids
from tests.kit.work import eventually
from tests.objects.world import compiled, delete, insert, insert_many


@pytest.fixture
def organization(fresh_organization: Any) -> Any:
    """A committed organisation with the object `account`, with nothing else to do."""
    fields = [
        FieldInput("name", "text", "Name", is_custom=False),
        FieldInput("code", "text", "Code", is_custom=False),
    ]
    account = ObjectInput("account", "Account", is_custom=False, fields=fields)
    apply_changes(system_actor(), SchemaChange(objects=[account]), summary="Account")
    Schedule.objects.all().delete()
    catch_up()
    drain()
    with pinned_snapshot():
        yield fresh_organization


def catch_up() -> None:
    eventually(lambda: consume_batch(consumers.get(CONSUMER)) and not has_pending(CONSUMER))


def emitted(record_id: uuid.UUID, type_: str = "record.updated") -> None:
    emit([EventInput(type_, compiled("account").spec.id, "account", record_id, 1)])


def matching(text: str) -> list[uuid.UUID]:
    return matching_ids(system_actor(), "account", text)


def titles() -> set[str]:
    return set(SearchEntry.objects.values_list("title", flat=True))


def test_the_index_follows_the_outbox(organization: Any) -> None:
    made = insert("account", name="甲公司")
    emitted(made, "record.created")
    catch_up()
    assert titles() == {"甲公司"}

    obj = compiled("account")
    obj.model._base_manager.filter(pk=made).update(**{obj.field("name").main.attr: "乙公司", "version": 2})
    emitted(made)
    emitted(made)
    catch_up()
    assert titles() == {"乙公司"}
    assert SearchEntry.objects.get().version == 2

    delete("account", made)
    emitted(made, "record.deleted")
    catch_up()
    assert titles() == set()

    obj.model._base_manager.filter(pk=made).update(deleted_at=None)
    emitted(made, "record.restored")
    catch_up()
    assert titles() == {"乙公司"}


def test_a_rebuild_indexes_all_and_removes_what_is_gone(organization: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuilding, "BATCH", 10)
    made = insert_many("account", [{"name": f"公司{number}"} for number in range(35)])
    ghost = SearchEntry(
        record_id=uuid.UUID(int=5),
        object_id=compiled("account").spec.id,
        title="鬼",
        haystack="鬼",
        tokens=[],
        version=1,
        updated_at="2026-01-01T00:00Z",
    )
    ghost.save()
    delete("account", made[3])
    job = request_rebuild(system_actor(), "account")
    drain()
    job.refresh_from_db()
    assert (job.state, job.result) == ("succeeded", {"indexed": 34})
    assert titles() == {f"公司{number}" for number in range(35) if number != 3}
    assert (job.done, job.total) == (34, 34)


def test_a_rebuild_goes_on_where_it_was_interrupted(organization: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuilding, "BATCH", 10)
    insert_many("account", [{"name": f"公司{number}"} for number in range(35)])
    batches: list[Any] = []
    index_next = rebuilding._index_next

    def counting(obj: Any, after: str | None) -> Any:
        batches.append(after)
        return index_next(obj, after)

    def interrupt(context: JobContext) -> None:
        if len(batches) == 2:
            raise ConnectionError("the machine went away")

    monkeypatch.setattr(rebuilding, "_index_next", counting)
    monkeypatch.setattr(JobContext, "check_abort", interrupt)
    job = request_rebuild(system_actor(), "account")
    drain()
    job.refresh_from_db()
    assert (job.state, job.done) == ("queued", 20)
    monkeypatch.setattr(JobContext, "check_abort", lambda self: None)
    Job.objects.update(run_at="2026-01-01T00:00Z")
    drain()
    job.refresh_from_db()
    assert job.state == "succeeded"
    assert len(batches) == len(set(batches)) == 4, "a batch was done twice"
    assert len(titles()) == 35


def test_an_aborted_rebuild_stops(organization: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    insert_many("account", [{"name": f"公司{number}"} for number in range(3)])
    monkeypatch.setattr(rebuilding, "BATCH", 1)

    def stop(self: JobContext) -> None:
        raise JobAborted

    monkeypatch.setattr(JobContext, "check_abort", stop)
    job = request_rebuild(system_actor(), "account")
    drain()
    job.refresh_from_db()
    assert job.state == "aborted"


def test_a_field_made_searchable_is_searched_without_touching_the_records(organization: Any) -> None:
    made = insert("account", name="甲公司", code="ZX-77")
    emitted(made)
    catch_up()
    assert matching("zx-77") == []
    update_field(system_actor(), "account", "code", is_searchable=True)
    with pinned_snapshot():
        eventually(lambda: drain() or matching("zx-77") == [made])


def test_an_object_that_is_gone_leaves_the_index(organization: Any) -> None:
    from metadata.services.objects import delete_object

    made = insert("account", name="甲公司")
    emitted(made)
    catch_up()
    eventually(lambda: drain() or IndexedShape.objects.exists())
    delete_object(system_actor(), "account")
    eventually(lambda: drain() or not SearchEntry.objects.exists())
    assert not IndexedShape.objects.exists()


def test_the_entry_of_a_wiped_record_is_removed(organization: Any) -> None:
    made = insert("account", name="甲公司")
    emitted(made)
    catch_up()
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {compiled('account').table} WHERE id = %s", [made])
    emitted(made, "record.deleted")
    catch_up()
    assert titles() == set()


def test_events_of_unknown_objects_are_passed_over(organization: Any) -> None:
    emit([EventInput("record.updated", 999_999, "gone__c", uuid.uuid4(), 1)])
    catch_up()
    assert titles() == set()


def test_records_written_by_the_service_are_indexed(organization: Any) -> None:
    from objects.records.service import RecordService

    service = RecordService(system_actor())
    saved = service.create("account", {"name": "服务公司"})
    catch_up()
    assert titles() == {"服务公司"}
    service.update("account", saved.id, {"name": "新服务公司"})
    catch_up()
    assert titles() == {"新服务公司"}
    deletion = service.delete("account", saved.id)
    catch_up()
    assert titles() == set()
    service.restore(deletion)
    catch_up()
    assert titles() == {"新服务公司"}
