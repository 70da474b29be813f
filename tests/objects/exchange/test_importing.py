"""Files become records by the rules of the console; what can't be is told row by row, and can be sent again."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from crm_platform.identity.models import User
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import Forbidden, NotFound, StateConflict, ValidationFailed
from crm_platform.kit.json import dumps, loads
from metadata.compiler.current import current_snapshot
from objects.exchange import mappings, services, tidying
from objects.exchange.models import Import, ImportChunk, ImportMapping
from objects.exchange.plan import read_plan
from objects.history.models import RecordChange
from objects.query.conditions import Condition
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.kit.work import run_queued_jobs
from tests.objects.exchange.files import counts, csv_bytes, imported, prepared, result, xlsx_bytes
from tests.objects.world import World, insert

HEADER = ["Name", "Amount", "Stage", "Done", "Close on", "Firm", "Helper", "Rate", "Seen at", "Tags"]


def found(actor: Actor, name: str, **options: Any) -> dict[str, Any]:
    (record_id,) = RecordQuery(actor, "deal").where(Condition("name", "eq", name)).ids(2)
    return loads(dumps(RecordQuery(actor, "deal").get(record_id)))  # type: ignore[no-any-return]


def test_a_chinese_file_becomes_records_with_history(world: World) -> None:
    boss = world.actor("boss")
    firm = insert("firm", owner=world.users["boss"], name="华东电力")
    rows = [
        HEADER,
        ["甲单", "￥1,234.50", "won值", "是", "2026年1月5日", "华东电力", "rep", "50%", "2026/1/5 下午2:30", "a值、c"],
        ["乙单", "3.5万", "OPEN", "否", "2026/2/28", "", "City", "7.5", "", ""],
    ]
    row = imported(boss, "deal", csv_bytes(rows, "gb18030"), "商机.csv")
    assert row.format["encoding"] == "gb18030" and counts(row) == (2, 0, 0, 0)
    first, second = found(boss, "甲单"), found(boss, "乙单")
    assert first["amount"] == "1234.50" and first["stage"] == "won" and first["done__c"] is True
    assert first["close_on"] == "2026-01-05" and first["firm_id"] == str(firm) and first["tags__c"] == ["a", "c"]
    assert first["helper__c"] == str(world.users["rep"].pk) and first["rate__c"] == "0.5000"
    assert first["seen_at__c"] == "2026-01-05T06:30:00Z"
    assert second["amount"] == "35000.00" and second["stage"] == "open" and second["rate__c"] == "0.0750"
    assert first["created_by_id"] == str(boss.user_id) == first["owner_id"]
    changes = RecordChange.objects.filter(record_id=first["id"])
    assert [(item.action, item.via) for item in changes] == [("created", "job")]
    assert [line[-2] for line in result(row, "successful")[1:]] == ["Created", "Created"]


def test_bad_rows_are_told_and_can_be_sent_again_as_they_are(world: World) -> None:
    boss = world.actor("boss")
    rows = [["Name", "Amount", "Stage", "Firm"], ["good", "1", "won", ""], ["", "2", "won", ""]]
    rows += [["bad number", "many", "huge", ""], ["=1+1", "5", "", "Nobody Ltd"], ["wide", "1", "", "", "more"]]
    row = imported(boss, "deal", rows)
    assert counts(row) == (1, 0, 0, 4)
    failed = result(row)
    assert failed[0][:4] == rows[0] and [line[4] for line in failed[1:]] == ["3", "4", "5", "6"]
    assert [line[0] for line in failed[1:]] == ["", "bad number", "'=1+1", "wide"]  # no spreadsheet runs it
    reasons = [line[-1] for line in failed[1:]]
    assert reasons[0] == "name: 该字段必填。" and reasons[1].startswith("Amount: ") and "Stage: " in reasons[1]
    assert "“Nobody Ltd”" in reasons[2]
    assert row.problems["required name"] == 1 and row.problems["invalid_reference firm_id"] == 1
    insert("firm", owner=world.users["boss"], name="Nobody Ltd")
    again = imported(boss, "deal", failed[:1] + failed[3:4])
    assert counts(again) == (1, 0, 0, 0) and found(boss, "=1+1")["amount"] == "5.00"
    assert result(row, "unprocessed")[1:] == []


def test_the_columns_are_guessed_and_what_was_chosen_is_remembered(world: World) -> None:
    boss = world.actor("boss")
    header = [" 名称 *", "AMOUNT", "电话", "电子邮箱", "负责人", "Wunderlich", "Firm", "amount"]
    row = services.new_import(boss, "deal", io.BytesIO(csv_bytes([header, ["x"] * 8])), "a.csv")
    names = [target and target["field"] for target in row.plan["columns"]]
    assert names == ["name", "amount", "phone__c", "mail__c", "owner_id", None, "firm_id", None]
    columns = [*row.plan["columns"][:5], {"field": "score", "match": ""}, None, None]
    row = services.set_plan(boss, row.pk, read_plan({"columns": columns}, row.header))
    services.start(boss, row.pk)
    run_queued_jobs()
    again = services.new_import(boss, "deal", io.BytesIO(csv_bytes([["wunderlich"], ["1"]])), "b.csv")
    assert again.plan["columns"] == [{"field": "score", "match": ""}]
    other = services.new_import(world.actor("rep"), "deal", io.BytesIO(csv_bytes([["wunderlich"], ["1"]])), "b.csv")
    assert other.plan["columns"] == [None]


@pytest.mark.parametrize(("mode", "expected"), [("update", (0, 2, 0, 1)), ("upsert", (1, 2, 0, 0))])
def test_records_are_updated_by_a_key_and_blank_cells_as_told(world: World, mode: str, expected: Any) -> None:
    boss = world.actor("boss")
    for key in ("K1", "K2"):
        RecordService(boss).create("deal", {"name": key, "external_id": key, "score": 5})
    rows = [["External ID", "Name", "Score"], ["K1", "One", ""], ["K3", "Three", "3"], ["K2", "Two", "2"]]
    row = imported(boss, "deal", rows, mode=mode, key="external_id", blanks="clear")
    assert counts(row) == expected
    assert (found(boss, "One")["score"], found(boss, "Two")["score"]) == (None, 2)
    if mode == "upsert":  # the same key twice: the second row meets what the first one made
        twice = [["External ID", "Name", "Score"], ["K9", "a", "1"], ["K9", "b", ""], ["", "c", "1"]]
        again = imported(boss, "deal", twice, mode=mode, key="external_id")
        assert counts(again) == (1, 1, 0, 1) and found(boss, "b")["score"] == 1


def test_only_the_privileged_say_who_made_a_record_and_when(world: World) -> None:
    boss, rep = world.actor("boss"), world.actor("rep")
    rows = [["Name", "Owner", "Created by", "Created at"], ["old", "rep", "city", "2020-03-01 08:00"]]
    with pytest.raises(ValidationFailed) as refused:
        columns = ["name", "owner_id", "created_by_id", "created_at"]
        prepared(rep, "deal", rows, columns=columns)
    assert {error.code for error in refused.value.errors} == {"read_only_field"}
    admin = services_admin(world)
    row = imported(admin, "deal", rows)
    assert counts(row) == (1, 0, 0, 0)
    made = found(boss, "old")
    assert made["created_by_id"] == str(world.users["city"].pk) and made["owner_id"] == str(world.users["rep"].pk)
    assert made["created_at"] == "2020-03-01T00:00:00Z"


def services_admin(world: World) -> Actor:
    from crm_platform.identity.auth import build_actor
    from tests.kit import make

    admin = make.user("imp_admin", profile="administrator", role="everything")
    return build_actor(User.objects.get(pk=admin.pk), via="console")


def test_a_dry_run_leaves_nothing_and_tells_what_would_be(world: World) -> None:
    boss = world.actor("boss")
    rows = [["Name", "Amount"], *([f"n{number}", "x" if number % 100 == 0 else "1"] for number in range(450))]
    row = prepared(boss, "deal", rows)
    report = services.try_first(boss, row)
    assert dict(report.counts) == {"created": 99, "failed": 1} and report.rows[0]["row"] == 2
    services.try_all(boss, row.pk)
    run_queued_jobs()
    row.refresh_from_db()
    assert row.check_result["counts"] == {"created": 445, "updated": 0, "deleted": 0, "skipped": 0, "failed": 5}
    assert row.check_result["problems"] == {"invalid_type amount": 5} and row.state == "draft"
    assert not RecordQuery(boss, "deal").where(Condition("name", "starts", "n")).exists()
    assert not ImportChunk.objects.filter(owner=row).exists()


def test_an_import_is_stopped_gone_on_with_and_undone(world: World) -> None:
    boss = world.actor("boss")
    kept = RecordService(boss).create("deal", {"name": "was", "external_id": "U1", "score": 1})
    moved = RecordService(boss).create("deal", {"name": "moved", "external_id": "U2", "score": 1})
    rows = [["External ID", "Name", "Score"], ["U1", "is", "2"], ["U2", "is2", "2"]]
    rows += [[f"N{number}", f"new{number}", "1"] for number in range(3)]
    row = prepared(boss, "deal", rows, mode="upsert", key="external_id")
    services.start(boss, row.pk)
    with pytest.raises(StateConflict):
        services.start(boss, row.pk)
    services.abort(boss, row.pk)
    run_queued_jobs()
    assert len(result(row, "unprocessed")) == len(rows)  # nothing was carried out yet
    services.resume(boss, row.pk)
    run_queued_jobs()
    row.refresh_from_db()
    assert counts(row) == (3, 2, 0, 0) and services.can_undo(row, timezone.now())
    with pytest.raises(NotFound):
        services.undo(world.actor("rep"), row.pk)
    RecordService(boss).update("deal", moved.id, {"score": 9})
    services.undo(boss, row.pk)
    run_queued_jobs()
    row.refresh_from_db()
    assert row.undo == "done" and row.undo_counts == {"deleted": 3, "restored": 1, "kept": 1}
    query = RecordQuery(boss, "deal")
    assert query.get(kept.id)["name"] == "was" and query.get(kept.id)["score"] == 1
    assert query.get(moved.id)["score"] == 9
    assert not query.where(Condition("name", "starts", "new")).exists()
    with pytest.raises(StateConflict):
        services.undo(boss, row.pk)


def test_rights_of_the_console_hold(world: World) -> None:
    rep, boss = world.actor("rep"), world.actor("boss")
    with pytest.raises(NotFound):
        prepared(rep, "secret__c", [["Name"], ["x"]])
    mine = prepared(rep, "deal", [["Name"], ["x"]])
    with pytest.raises(NotFound):
        services.get_import(world.actor("city"), mine.pk)
    theirs = insert("deal", owner=world.users["boss"], name="theirs", external_id="T1")
    row = imported(rep, "deal", [["External ID", "Name"], ["T1", "stolen"]], mode="update", key="external_id")
    assert counts(row) == (0, 0, 0, 1)
    assert RecordQuery(boss, "deal").get(theirs)["name"] == "theirs"
    with pytest.raises(Forbidden):
        services.allowed_object(_without_import(world), "deal")


def _without_import(world: World) -> Actor:
    from crm_platform.identity.auth import build_actor
    from crm_platform.identity.models import Profile
    from crm_platform.kit.context import system_actor
    from metadata.models import BusinessObject
    from objects.access.grants import revoke_object

    profile, obj = Profile.objects.get(api_name="sales_rep"), BusinessObject.objects.get(api_name="deal")
    revoke_object(system_actor(), profile, obj, ["import"])
    return build_actor(User.objects.get(pk=world.users["rep"].pk), via="api")


def test_workbooks_are_read_as_people_see_them(world: World) -> None:
    from datetime import date, datetime

    boss = world.actor("boss")
    rows = [
        ["Name", "Rate", "Close on", "Seen at", "Score", "Size", "Done"],
        ["book", 0.25, date(2026, 1, 5), datetime(2026, 1, 5, 10, 30), 12.0, 0.1 + 0.2, True],
        ["formula", 0.5, None, None, "=1+1", None, None],
    ]
    content = xlsx_bytes(rows, {"B2": "0%", "B3": "0.0%"})
    row = imported(boss, "deal", content, "book.xlsx")
    assert counts(row) == (2, 0, 0, 0)
    made = found(boss, "book")
    assert made["rate__c"] == "0.2500" and made["close_on"] == "2026-01-05" and made["score"] == 12
    assert made["seen_at__c"] == "2026-01-05T02:30:00Z" and made["size__c"] == "0.300" and made["done__c"] is True
    assert found(boss, "formula")["score"] is None  # never worked out by us: what Excel had not is empty


def test_named_mappings_are_shared_and_deleted_by_their_makers(world: World) -> None:
    boss, rep = world.actor("boss"), world.actor("rep")
    obj = current_snapshot().object("deal")
    columns = {"summe": {"field": "amount", "match": ""}}
    kept = mappings.save_mapping(boss, obj, "SAP", columns, {}, is_shared=True)
    row = services.new_import(rep, "deal", io.BytesIO(csv_bytes([["Summe"], ["1"]])), "c.csv")
    assert row.plan["columns"] == [{"field": "amount", "match": ""}]
    ids = mappings.importable_ids(rep)
    with pytest.raises(NotFound):
        mappings.delete_mapping(rep, kept.pk, ids)
    mappings.delete_mapping(boss, kept.pk, ids)
    assert not ImportMapping.objects.filter(name="SAP").exists()


def test_old_files_go_and_counts_stay(world: World) -> None:
    boss = world.actor("boss")
    row = imported(boss, "deal", [["Name"], ["kept"]])
    draft = prepared(boss, "deal", [["Name"], ["never"]])
    tidying.tidy(timezone.now())
    assert Import.objects.filter(pk=draft.pk).exists()
    later = timezone.now() + timedelta(days=91)
    assert tidying.tidy(later) == {"drafts": 1, "imports": 1, "exports": 0}
    row.refresh_from_db()
    assert row.created == 1 and row.file is None and row.table is None
    assert not ImportChunk.objects.filter(owner=row).exists()
