"""Exports by jobs: part by part in any form, once each, only what may be taken, gone after a week."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from openpyxl import load_workbook

from crm_platform.identity.auth import build_actor
from crm_platform.identity.models import Profile, User
from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.errors import Forbidden, NotFound, StateConflict, ValidationFailed
from metadata.models import BusinessObject
from objects.access.grants import revoke_object
from objects.access.services.field_levels import set_field_levels
from objects.exchange import exports, mass, sending, services, tidying
from objects.exchange.exports import Order
from objects.exchange.models import Import, ImportPart
from tests.kit.work import run_queued_jobs
from tests.objects.world import World, insert_many

FIELDS = ("name", "score", "amount", "stage")


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of two pages of two records."""
    monkeypatch.setattr(exports, "PART_PAGES", 2)
    monkeypatch.setattr("objects.query.query.MAX_LIMIT", 2)


def deals(world: World, count: int, owner: str = "rep") -> list[Any]:
    rows = [
        {"name": f"d{number}", "score": number, "amount": {"": "1.50"}, "stage": "won", "owner": world.users[owner]}
        for number in range(count)
    ]
    return insert_many("deal", rows)


def ordered(actor: Actor, kind: str, chosen: Any = None, sort: tuple[str, ...] = ("score",)) -> Import:
    row = exports.new_export(actor, "deal", "deals", Order(chosen, sort, FIELDS, kind))
    services.start(actor, row.pk)
    return row


def content(row: Import, actor: Actor) -> bytes:
    row.refresh_from_db()
    with exports.export_file(actor, row).opened() as found:
        return bytes(found.read())


@pytest.mark.parametrize("kind", ["csv", "xlsx", "ndjson"])
def test_what_was_cut_off_goes_on_and_every_record_comes_once(
    world: World, small_parts: None, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rep = world.actor("rep")
    deals(world, 9)
    deals(world, 2, owner="south")  # out of reach
    row = ordered(rep, kind, {"field": "score", "op": "gte", "value": 1})
    keep, kept = exports.files.keep_made, []

    def cut_off(*args: Any) -> Any:
        kept.append(args)
        if len(kept) == 2:
            raise StateConflict("cut off")
        return keep(*args)

    monkeypatch.setattr(exports.files, "keep_made", cut_off)
    monkeypatch.setattr("crm_platform.jobs.runner.PASSING_STATUSES", frozenset())
    run_queued_jobs()
    row.refresh_from_db()
    assert (row.exported, row.state, ImportPart.objects.filter(owner=row).count()) == (4, Import.State.RUNNING, 1)
    services.resume(rep, row.pk)
    run_queued_jobs()
    found = content(row, rep)
    assert (row.exported, row.total, row.state) == (8, 8, Import.State.DONE)
    assert not ImportPart.objects.filter(owner=row).exists()
    names = [f"d{number}" for number in range(1, 9)]
    if kind == "csv":
        lines = list(csv.reader(io.StringIO(found.decode("utf-8-sig"), newline="")))
        assert [line[0] for line in lines] == ["name", *names] and lines[1][1] == "1"
    elif kind == "xlsx":
        cells = [[cell.value for cell in line] for line in load_workbook(io.BytesIO(found)).active.iter_rows()]
        assert [line[0] for line in cells] == ["name", *names] and cells[1][1] == 1
    else:
        records = [json.loads(line) for line in found.splitlines()]
        assert [record["name"] for record in records] == names
        assert records[0].keys() == {"id", "amount_base", *FIELDS} and records[0]["stage"] == "won"


def test_only_who_may_export_orders_and_gets_the_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    rep = world.actor("rep")
    deals(world, 2)
    with pytest.raises(ValidationFailed):
        exports.new_export(rep, "deal", "", Order(None, (), ("nonsense",), "csv"))
    with pytest.raises(ValidationFailed):
        exports.new_export(rep, "deal", "", Order(None, (), FIELDS, "pdf"))
    with monkeypatch.context() as patch, pytest.raises(ValidationFailed):
        patch.setattr(exports, "SHEET_ROWS", 1)
        exports.new_export(rep, "deal", "", Order(None, (), FIELDS, "xlsx"))
    row = ordered(rep, "csv")
    run_queued_jobs()
    assert content(row, rep)
    for name in ("boss", "south"):  # nor does who may see everything
        with pytest.raises(NotFound):
            services.get_import(world.actor(name), row.pk)
    with monkeypatch.context() as patch, pytest.raises(StateConflict):
        patch.setattr(services, "EXPORTS_AT_ONCE", 0)
        ordered(rep, "csv")
    late = ordered(rep, "csv")
    profile, obj = Profile.objects.get(api_name="sales_rep"), BusinessObject.objects.get(api_name="deal")
    revoke_object(system_actor(), profile, obj, ["export"])
    rep = build_actor(User.objects.get(pk=world.users["rep"].pk), via="api")
    with pytest.raises(Forbidden):
        exports.export_file(rep, row)
    with pytest.raises(Forbidden):
        exports.new_export(rep, "deal", "", Order(None, (), FIELDS, "csv"))
    run_queued_jobs()
    late.refresh_from_db()
    assert late.exported == 0 and late.file is None and services.running_job(late).state == "failed"


def test_what_is_hidden_or_masked_does_not_get_out_by_a_job(world: World) -> None:
    secret = {"notes__c": "only for bosses", "phone__c": "+8613800138000", "owner": world.users["rep"]}
    insert_many("deal", [{"name": "kept", **secret}])
    levels = {"notes__c": "hidden", "phone__c": "masked"}
    set_field_levels(system_actor(), Profile.objects.get(api_name="sales_rep"), "deal", levels)
    rep = build_actor(User.objects.get(pk=world.users["rep"].pk), via="api")
    for kind in ("csv", "ndjson"):
        row = exports.new_export(rep, "deal", "", Order(None, (), (), kind))
        services.start(rep, row.pk)
        run_queued_jobs()
        found = content(row, rep).decode()
        assert "kept" in found and "bosses" not in found and "138001" not in found and "notes__c" not in found
    for name in levels:
        with pytest.raises(ValidationFailed):
            exports.new_export(rep, "deal", "", Order(None, (name,), ("name",), "csv"))
        chosen = {"field": name, "op": "nempty"}
        with pytest.raises(ValidationFailed):
            exports.new_export(rep, "deal", "", Order(chosen, (), ("name",), "csv"))
        for values, tree in (({name: "x"}, None), ({"score": 1}, chosen)):
            with pytest.raises(ValidationFailed):
                sending.new_mass_order(rep, "deal", "", mass.Order("mass_update", tree, values))


def test_files_go_after_a_week(world: World) -> None:
    rep = world.actor("rep")
    deals(world, 1)
    row = ordered(rep, "csv")
    run_queued_jobs()
    row.refresh_from_db()
    assert tidying.tidy(timezone.now() + timedelta(days=6))["exports"] == 0 and row.file is not None
    assert tidying.tidy(timezone.now() + timedelta(days=8))["exports"] == 1
    with pytest.raises(NotFound):
        content(row, rep)
    assert row.exported == 1
