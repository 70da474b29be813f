"""Records are deleted, changed and handed on by the thousand: each once, within reach, and back again."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.utils import timezone

from crm_platform.audit.models import AuditEntry
from crm_platform.identity.auth import build_actor
from crm_platform.identity.models import Profile, User
from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.errors import Forbidden, NotFound, StateConflict, ValidationFailed
from metadata.models import BusinessObject
from objects.access.grants import revoke_object
from objects.exchange import job, sending, services
from objects.exchange.mass import Order
from objects.exchange.models import Import, ImportChunk
from objects.history.models import RecordChange
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.kit.work import run_queued_jobs
from tests.objects.exchange.files import Table, csv_bytes, result
from tests.objects.world import World

OPEN = {"field": "stage", "op": "eq", "value": "open"}


def deals(actor: Actor, count: int, **values: Any) -> list[Any]:
    rows = [{"name": f"d{number}", "stage": "open", "score": number, **values} for number in range(count)]
    return [saved.id for saved in RecordService(actor).bulk_create("deal", rows)]


def ordered_deletion(actor: Actor, rows: Table, key: str = "") -> Import:
    row = sending.new_order(actor, "deal", "gone.csv", {"mode": "delete", "key": key}, {})
    sending.take_part(actor, row.pk, 1, io.BytesIO(csv_bytes(rows)))
    return sending.put_together(actor, row.pk)


def ordered_change(actor: Actor, op: str, values: dict[str, Any], chosen: Any = OPEN) -> Import:
    return sending.new_mass_order(actor, "deal", "", Order(op, chosen, values))


def carried_out(actor: Actor, row: Import) -> Import:
    services.start(actor, row.pk)
    run_queued_jobs()
    row.refresh_from_db()
    assert row.state == Import.State.DONE, services.running_job(row)
    return row


def undone(actor: Actor, row: Import) -> dict[str, int]:
    services.undo(actor, row.pk)
    run_queued_jobs()
    row.refresh_from_db()
    assert row.undo == Import.Undo.DONE
    return row.undo_counts  # type: ignore[no-any-return]


@pytest.fixture
def dies(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Work in chunks of two; the second chunk is cut off before its transaction ends, once."""
    monkeypatch.setattr(job, "CHUNK", 2)
    count, calls = job._count, []

    def cut_off(*args: Any) -> None:
        calls.append(args)
        if len(calls) == 2:
            raise StateConflict("cut off")
        count(*args)

    monkeypatch.setattr(job, "_count", cut_off)
    monkeypatch.setattr("crm_platform.jobs.runner.PASSING_STATUSES", frozenset())


def test_a_file_names_the_records_to_delete(world: World, dies: Any) -> None:
    rep, boss = world.actor("rep"), world.actor("boss")
    mine, theirs = deals(rep, 4), deals(boss, 1)
    rows = [["ID"], *([str(item)] for item in (*mine, mine[0], *theirs))]
    row = ordered_deletion(rep, rows)
    services.start(rep, row.pk)
    run_queued_jobs()
    assert ImportChunk.objects.filter(owner=row).count() == 1
    assert RecordQuery(rep, "deal").visible_ids(mine) == set(mine[2:])  # what was cut off is there
    services.resume(rep, row.pk)
    run_queued_jobs()
    row.refresh_from_db()
    assert (row.deleted, row.failed, row.state) == (4, 2, Import.State.DONE)
    assert not RecordQuery(rep, "deal").visible_ids(mine)
    assert RecordQuery(boss, "deal").visible_ids(theirs) == set(theirs)  # out of reach, never touched
    assert RecordChange.objects.filter(record_id__in=mine, action="deleted").count() == 4
    assert [line[0] for line in result(row)[1:]] == [str(mine[0]), str(theirs[0])]
    assert {line[3] for line in result(row)[1:]} == {"invalid_reference"}
    assert [line[-1] for line in result(row, "successful")[1:]] == list(map(str, mine))
    RecordService(rep).restore("deal", mine[0])
    RecordService(rep).delete("deal", mine[0])  # deleted again by hand: that is not the job's to bring back
    assert undone(rep, row) == {"restored": 3, "kept": 1}
    assert RecordQuery(rep, "deal").visible_ids(mine) == set(mine[1:])
    assert {item.action for item in AuditEntry.objects.filter(details__contains={"import": str(row.pk)})} == {
        "bulk.started",
        "bulk.finished",
        "bulk.undone",
    }


def test_records_to_delete_are_found_by_a_unique_key(world: World) -> None:
    boss = world.actor("boss")
    for key in ("K1", "K2"):
        RecordService(boss).create("deal", {"name": key, "external_id": key})
    tried = ordered_deletion(boss, [["Name", "External ID"], ["x", "K1"], ["y", "K9"]], key="external_id")
    services.try_all(boss, tried.pk)
    run_queued_jobs()
    tried.refresh_from_db()
    assert (tried.check_result["counts"]["deleted"], tried.check_result["counts"]["failed"]) == (1, 1)
    row = carried_out(boss, tried)
    assert (row.deleted, row.failed) == (1, 1)
    again = ordered_deletion(boss, result(row), key="external_id")  # the failed rows, as they are
    assert carried_out(boss, again).failed == 1
    with pytest.raises(ValidationFailed):
        ordered_deletion(boss, [["Name", "Amount"], ["x", "1"]])


def test_a_mass_update_does_each_record_once_and_gives_the_values_back(world: World, dies: Any) -> None:
    rep, boss = world.actor("rep"), world.actor("boss")
    mine, theirs = deals(rep, 5), deals(boss, 2)
    row = ordered_change(rep, "mass_update", {"stage": "won", "score": 9}, "filter[stage]=open&filter[score][gte]=1")
    assert row.plan["filter"] == {"and": [OPEN, {"field": "score", "op": "gte", "value": "1"}]}
    services.try_all(rep, row.pk)
    run_queued_jobs()
    later = deals(rep, 1, score=7)  # there when it starts, not when it was tried
    services.start(rep, row.pk)
    run_queued_jobs()
    row.refresh_from_db()
    assert (row.updated, row.total) == (2, 5)
    fits_now = deals(rep, 1, score=7)
    services.resume(rep, row.pk)
    run_queued_jobs()
    row.refresh_from_db()
    assert (row.updated, row.failed, row.state) == (5, 0, Import.State.DONE)
    changed = [*mine[1:], *later]
    query = RecordQuery(boss, "deal")
    assert {query.get(item)["score"] for item in changed} == {9}
    assert {query.get(item)["stage"] for item in (mine[0], *theirs, *fits_now)} == {"open"}
    assert RecordChange.objects.filter(record_id__in=changed, action="updated").count() == 5
    assert sorted(line[0] for line in result(row, "successful")[1:]) == sorted(map(str, changed))
    RecordService(boss).update("deal", mine[1], {"name": "since"})
    assert undone(rep, row) == {"restored": 4, "kept": 1}
    assert [query.get(item)["score"] for item in mine] == [0, 9, 2, 3, 4]


def test_a_mass_transfer_changes_owners_and_gives_them_back(world: World) -> None:
    head, boss = world.actor("head"), world.actor("boss")
    theirs, others = deals(world.actor("rep"), 3), deals(world.actor("south"), 1)
    row = carried_out(head, ordered_change(head, "mass_transfer", {"owner_id": str(world.users["city"].pk)}))
    assert (row.updated, row.total) == (3, 3)
    query = RecordQuery(boss, "deal")
    assert {query.get(item)["owner_id"] for item in theirs} == {str(world.users["city"].pk)}
    assert query.get(others[0])["owner_id"] == str(world.users["south"].pk)
    assert undone(head, row) == {"restored": 3}
    assert {query.get(item)["owner_id"] for item in theirs} == {str(world.users["rep"].pk)}


@pytest.mark.parametrize(
    ("op", "values", "place", "code"),
    [
        ("mass_update", {}, "values", "required"),
        ("mass_update", {"nonsense": 1}, "values.nonsense", "unknown_field"),
        ("mass_update", {"created_at": None}, "values.created_at", "read_only_field"),
        ("mass_update", {"owner_id": None}, "values.owner_id", "read_only_field"),
        ("mass_update", {"external_id": "X"}, "values.external_id", "read_only_field"),
        ("mass_update", {"score": "many"}, "values.score", "invalid_type"),
        ("mass_transfer", {"owner_id": "nobody"}, "owner_id", "required"),
        ("mass_transfer", {"owner_id": "00000000-0000-7000-8000-000000000000"}, "owner_id", "inactive_reference"),
    ],
)
def test_what_can_not_be_is_refused_before_it_starts(
    world: World, op: str, values: dict[str, Any], place: str, code: str
) -> None:
    with pytest.raises(ValidationFailed) as refused:
        ordered_change(world.actor("boss"), op, values)
    assert [(error.field, error.code) for error in refused.value.errors] == [(place, code)]


def test_rights_are_asked_when_it_is_ordered_and_when_it_runs(world: World) -> None:
    rep = world.actor("rep")
    mine = deals(rep, 1)
    row = ordered_change(rep, "mass_update", {"score": 5})
    with pytest.raises(NotFound):
        services.start(world.actor("city"), row.pk)
    with pytest.raises(ValidationFailed):
        ordered_change(rep, "mass_update", {"score": 5}, {"field": "nonsense", "op": "eq", "value": 1})
    services.start(rep, row.pk)
    profile, obj = Profile.objects.get(api_name="sales_rep"), BusinessObject.objects.get(api_name="deal")
    revoke_object(system_actor(), profile, obj, ["mass_update", "transfer", "delete"])
    run_queued_jobs()
    row.refresh_from_db()
    assert row.updated == 0 and services.running_job(row).state == "failed"
    rep = build_actor(User.objects.get(pk=world.users["rep"].pk), via="api")
    for op, values in (("mass_update", {"score": 1}), ("mass_transfer", {"owner_id": str(rep.user_id)})):
        with pytest.raises(Forbidden):
            ordered_change(rep, op, values)
    with pytest.raises(Forbidden):
        ordered_deletion(rep, [["ID"], [str(mine[0])]])
    assert not services.can_undo(row, timezone.now())
