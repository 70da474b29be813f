"""An object of five hundred filled fields in two tables: everything works, and no caller sees that there are two."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_platform.identity.auth import build_actor
from crm_platform.identity.models import User
from crm_platform.jobs.context import JobContext
from crm_platform.jobs.services import enqueue
from crm_platform.kit.context import Actor, system_actor
from crm_platform.tenancy.context import tenant_context
from metadata import services
from metadata.compiler.current import current_snapshot, pinned_snapshot
from metadata.ddl.backfill import backfill
from metadata.ddl.catalog import read_tables
from metadata.ddl.contract import purge_field, purge_object
from metadata.field_types.contexts import clean_context
from metadata.inputs import ChoiceInput, FieldInput, ObjectInput
from metadata.limits import FIELDS_PER_OBJECT
from metadata.models import BusinessField, BusinessObject
from metadata.services.batch import SchemaChange, apply_changes
from objects.demo.copy import copy_records
from objects.demo.volume import seed_records
from objects.history.selectors import history
from objects.query.conditions import All, Condition
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from objects.search.entries import read_entries
from openapi.keys import create_key
from openapi.scopes import SCOPES
from tests.jobs.conftest import silence, take
from tests.kit import make
from tests.kit.clients import OrganizationAPIClient, OrganizationClient
from tests.kit.work import eventually, in_threads
from tests.layouts.pages import detail, form_data, row_names
from tests.objects.exchange.files import counts, imported

WIDE, CHILD = "wide__c", "child__c"
TYPES = ("text", "long_text", "text", "text", "integer", "text", "picklist", "text", "date", "text", "decimal", "email")
SAMPLES = {
    "text": "文字",
    "long_text": "第一行\n第二行",
    "integer": 7,
    "picklist": "a",
    "date": "2026-01-05",
    "decimal": "1.50",
    "email": "a@example.com",
}


def field_inputs() -> list[FieldInput]:
    fields = []
    for number in range(FIELDS_PER_OBJECT - 1):
        kind = TYPES[number % len(TYPES)]
        choices = [ChoiceInput("a", "甲"), ChoiceInput("b", "乙")] if kind == "picklist" else ()
        found_by = number % 50 == 1
        fields.append(FieldInput(f"f{number}__c", kind, f"字段{number}", choices=choices, is_searchable=found_by))
    return fields


def filled(**changes: Any) -> dict[str, Any]:
    return {"name": "第一行", **{item.api_name: SAMPLES[item.type] for item in field_inputs()}, **changes}


@pytest.fixture(scope="module")
def the_hall(django_db_setup: None, django_db_blocker: Any) -> Iterator[Any]:
    with django_db_blocker.unblock(), make.organization(enter=False) as made:
        with tenant_context(made.schema_name):
            actor = build_actor(User.objects.get(username="admin"), via="console")
            lookup = FieldInput("wide__c", "lookup", "宽", settings={"target": WIDE})
            objects = [ObjectInput(WIDE, "宽表", fields=field_inputs()), ObjectInput(CHILD, "子", fields=[lookup])]
            apply_changes(actor, SchemaChange(objects=objects), summary="wide")
            key = create_key(actor, "wide", list(SCOPES))[1]
        yield made, key


@pytest.fixture
def hall(the_hall: Any, django_db_blocker: Any) -> Iterator[Any]:
    with django_db_blocker.unblock(), tenant_context(the_hall[0].schema_name), transaction.atomic():
        with pinned_snapshot():
            yield the_hall
        transaction.set_rollback(True)


@pytest.fixture
def actor(hall: Any) -> Actor:
    return build_actor(User.objects.get(username="admin"), via="console")


@pytest.fixture
def service(actor: Actor) -> RecordService:
    return RecordService(actor)


@pytest.fixture
def record(service: RecordService) -> Any:
    return service.create(WIDE, filled()).id


def second(kind: str) -> str:
    """Return the last field of a type that lives in the second table."""
    fields = current_snapshot().object(WIDE).fields.values()
    return next(field.name for field in reversed(fields) if field.is_second and field.spec.type == kind)


def job(kind: str, **args: Any) -> JobContext:
    silence()
    enqueue(kind, args)
    return JobContext(take())


def second_rows() -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {current_snapshot().object(WIDE).second.table}")
        return cursor.fetchone()[0]


# --- the service ----------------------------------------------------------------------------------------------
def test_every_value_is_read_as_it_was_written(actor: Actor, record: Any) -> None:
    assert len(current_snapshot().object(WIDE).spec.business_fields) == FIELDS_PER_OBJECT
    query = RecordQuery(actor, WIDE)
    read, typed, instance = query.get(record), query.show(record), query.record(record)
    for name, value in filled().items():
        assert str(read[name]) == str(value)
        assert typed[name] == instance.value(name) is not None


def test_a_change_in_either_table_is_one_version_with_its_history(
    actor: Actor, service: RecordService, record: Any
) -> None:
    saved = service.update(WIDE, record, {second("text"): "改过"})
    assert (saved.version, saved.record.value(second("text"))) == (2, "改过")
    assert service.update(WIDE, record, {"f0__c": "改过", second("integer"): 8}).version == 3
    assert service.update(WIDE, record, {second("text"): "改过"}).version == 3
    newest, older, _created = history(actor, WIDE, record).entries
    assert {(item.name, item.old, item.new) for item in newest.changes} == {
        ("f0__c", "文字", "改过"),
        (second("integer"), 7, 8),
    }
    assert [(item.name, item.old, item.new) for item in older.changes] == [(second("text"), "文字", "改过")]
    assert RecordQuery(actor, WIDE).get(record)[second("text")] == "改过"


def test_a_row_of_the_second_table_is_made_once_there_is_a_value(service: RecordService) -> None:
    made = service.create(WIDE, {"name": "leer"}).id
    assert second_rows() == 0
    service.update(WIDE, made, {second("text"): "x"})
    service.update(WIDE, made, {"name": "leerer"})
    service.update(WIDE, made, {second("text"): None})
    assert second_rows() == 1
    assert RecordQuery(service.actor, WIDE).get(made)[second("text")] is None


def test_a_batch_is_one_statement_for_each_table(service: RecordService, actor: Actor) -> None:
    with CaptureQueriesContext(connection) as creating:
        results = service.bulk_create(WIDE, [filled(name=f"n{number}") for number in range(20)])
    ids = [item.id for item in results]
    rows = [{"id": str(item), second("text"): f"t{number}" if number % 2 else None} for number, item in enumerate(ids)]
    with CaptureQueriesContext(connection) as changing:
        service.bulk_update(WIDE, rows)
    obj = current_snapshot().object(WIDE)
    for statements, word in ((creating, "INSERT INTO"), (changing, "UPDATE")):
        written = [item["sql"] for item in statements if item["sql"].startswith(f'{word} "{obj.table}"')]
        more = [item["sql"] for item in statements if item["sql"].startswith(f'INSERT INTO "{obj.second.table}"')]
        assert (len(written), len(more)) == (1, 1)
    found = RecordQuery(actor, WIDE).fields("name", second("text")).order("name").page(50).rows
    assert {value for _name, value in found} == {None, *(f"t{number}" for number in range(1, 20, 2))}


def test_trash_restore_and_purge_take_both_rows(service: RecordService, actor: Actor, record: Any) -> None:
    deletion = service.delete(WIDE, record)
    assert RecordQuery(actor, WIDE).trash().fields(second("text")).page().rows == [("文字",)]
    service.restore(deletion)
    assert RecordQuery(actor, WIDE).get(record)[second("text")] == "文字"
    service.purge(service.delete(WIDE, record))
    assert second_rows() == 0


# --- queries --------------------------------------------------------------------------------------------------
def test_lists_filter_sort_count_and_follow_lookups_through_the_second_table(
    actor: Actor, service: RecordService
) -> None:
    text, number, choice, day = second("text"), second("integer"), second("picklist"), second("date")
    for name, size in (("a", 3), ("b", 1), ("c", None), ("d", 2)):
        values = {"name": name, number: size, text: f"T-{name}", choice: "b" if size else None, day: "2026-02-03"}
        service.create(CHILD, {"name": name, "wide__c": str(service.create(WIDE, values).id)})
    query = RecordQuery(actor, WIDE).fields("name", number)
    assert [row[0] for row in query.order(number).page().rows] == ["b", "d", "a", "c"]
    assert [row[0] for row in query.order(f"-{choice}", "name").page().rows] == ["c", "a", "b", "d"]
    wanted = All((Condition(text, "contains", "t-"), Condition(number, "gte", 2), Condition(day, "eq", "2026-02-03")))
    assert sorted(query.where(wanted).page().rows) == [("a", 3), ("d", 2)]
    assert query.where(wanted).count("exact").value == query.where(wanted).count().value == 2
    assert [row[0] for row in query.where(Condition(number, "empty")).page().rows] == ["c"]
    first = query.order(f"-{number}").page(2)
    assert [row[0] for row in query.order(f"-{number}").page(2, first.next_cursor).rows] == ["d", "b"]
    through = RecordQuery(actor, CHILD).fields("name", f"wide__r.{text}").order(f"wide__r.{number}")
    assert through.where(Condition(f"wide__r.{number}", "lt", 3)).page().rows == [("b", "T-b"), ("d", "T-d")]
    resolved = current_snapshot().object(CHILD).resolve(f"wide__r.{number}")
    model = current_snapshot().object(CHILD).model
    assert model._base_manager.filter(**{resolved.expression: 2}).count() == 1


def test_search_reads_both_tables(actor: Actor, record: Any) -> None:
    obj = current_snapshot().object(WIDE)
    searched = [field for field in obj if field.spec.is_searchable]
    assert {field.is_second for field in searched} == {False, True}
    (entry,) = read_entries(obj, [record])
    assert entry.title == "第一行"


def test_an_object_in_one_table_is_read_as_if_there_were_no_other(actor: Actor) -> None:
    child = current_snapshot().object(CHILD)
    lookup = child.field("wide__c").main.column
    name = child.name_field.main.column
    with CaptureQueriesContext(connection) as statements:
        RecordQuery(actor, CHILD).fields("name", "wide__c").order("name").page(5)
    expected = (
        f'SELECT b."{name}", b."{lookup}", b.s0, b.s1, b.s2, NULL FROM (SELECT t."{name}", t."{lookup}",'
        f' t."{name}" AS s0, t."created_at" AS s1, t."id" AS s2 FROM "{child.table}" t WHERE t."deleted_at" IS NULL'
        " ORDER BY s0 ASC, s1 DESC, s2 DESC LIMIT 6 OFFSET 0) b ORDER BY b.s0 ASC, b.s1 DESC, b.s2 DESC"
    )
    assert statements[-1]["sql"].replace('"t".', "t.") == expected
    with CaptureQueriesContext(connection) as statements:
        RecordService(actor).create(CHILD, {"name": "x"})
    assert not any('"x_' in item["sql"] for item in statements)


# --- pages and the Open API -----------------------------------------------------------------------------------
def test_page_form_and_list_show_and_take_all_of_it(hall: Any, record: Any, actor: Actor) -> None:
    browser = OrganizationClient(f"{hall[0].slug}.localhost")
    browser.force_login(User.objects.get(username="admin"))
    page = browser.get(f"/o/{WIDE}/{record}").content.decode()
    for item in field_inputs():
        assert detail(page, item.api_name) not in ("", "—"), item.api_name
    assert row_names(browser.get(f"/o/{WIDE}/").content.decode()) == ["第一行"]
    url = f"/o/{WIDE}/{record}/edit"
    data = form_data(browser.get(url).content.decode(), "record-form")
    answer = browser.post(url, {**data, second("text"): "改过", second("integer"): "9"})
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    after = RecordQuery(actor, WIDE).get(record)
    wanted = filled(**{second("text"): "改过", second("integer"): 9})
    assert {name: str(after[name]) for name in wanted} == {name: str(value) for name, value in wanted.items()}


def test_the_api_gets_lists_filters_sorts_and_patches(hall: Any, record: Any) -> None:
    api = OrganizationAPIClient(f"{hall[0].slug}.localhost")
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {hall[1]}")
    text, number = second("text"), second("integer")
    answer = api.get(f"/api/v1/records/{WIDE}/{record}")
    assert (answer.json()[text], answer.json()[number]) == ("文字", 7)
    patched = api.patch(f"/api/v1/records/{WIDE}/{record}", {text: "新"}, HTTP_IF_MATCH=answer["ETag"])
    assert patched.status_code == 200, patched.content
    made = api.post(f"/api/v1/records/{WIDE}", filled(**{number: 3}))
    assert made.status_code == 201, made.content
    listed = api.get(f"/api/v1/records/{WIDE}?fields=name,{text},{number}&sort={number}&filter[{number}][gt]=1").json()
    assert [(row[text], row[number]) for row in listed["data"]] == [("文字", 3), ("新", 7)]


# --- shape and bulk loads -------------------------------------------------------------------------------------
def test_a_file_fills_all_of_it(actor: Actor, record: Any) -> None:
    header = ["名称", *(str(item.label) for item in field_inputs())]
    cells = ["第二行", *({"picklist": "甲"}.get(item.type) or str(SAMPLES[item.type]) for item in field_inputs())]
    row = imported(actor, WIDE, [header, cells])
    assert counts(row) == (1, 0, 0, 0)
    (made,) = RecordQuery(actor, WIDE).where(Condition("name", "eq", "第二行")).ids(2)
    own = [item.api_name for item in field_inputs()]
    first, second_ = RecordQuery(actor, WIDE).get(record), RecordQuery(actor, WIDE).get(made)
    assert [name for name in own if first[name] != second_[name]] == []
    assert None not in {second_[name] for name in own}


def test_a_field_added_later_is_backfilled_dropped_and_the_last_one_takes_the_table(
    actor: Actor, service: RecordService
) -> None:
    filler = [FieldInput(f"f{n}__c", "text", f"{n}") for n in range(284)]
    services.create_object(actor, ObjectInput("full__c", "满", fields=filler))
    services.create_object(actor, ObjectInput("gone__c", "去", fields=filler))
    bare, known = (service.create("full__c", {"name": "n", **given}).id for given in ({}, {"f283__c": "x"}))
    services.add_field(actor, "full__c", FieldInput("late__c", "text", "后", default="新", is_indexed=False))
    assert backfill(job("metadata.backfill", object="full__c", field="late__c")) == {"updated": 2}
    for item, other in ((bare, None), (known, "x")):
        read = RecordQuery(actor, "full__c").get(item)
        assert (read["late__c"], read["f283__c"]) == ("新", other)
    obj = current_snapshot().object("full__c")
    for row in BusinessField.objects.filter(business_object_id=obj.spec.id, part=1):
        services.delete_field(actor, "full__c", row.api_name)
        row.refresh_from_db()
        assert purge_field(row)
    assert list(read_tables([obj.table, obj.second.table])) == [obj.table]
    assert RecordQuery(actor, "full__c").get(bare)["f0__c"] is None
    gone = current_snapshot().object("gone__c")
    services.delete_object(actor, "gone__c")
    assert purge_object(BusinessObject.objects.get(api_name="gone__c"))
    assert read_tables([gone.table, gone.second.table]) == {}


def test_volume_and_copies_fill_both_tables(actor: Actor) -> None:
    assert seed_records(actor, WIDE, 40, timezone.now()).rows == 40
    assert second_rows() == 40
    obj, text = current_snapshot().object(WIDE), second("text")
    assert RecordQuery(actor, WIDE).where(Condition(text, "nempty")).count("exact").value > 0
    now = timezone.now()
    row = {"id": "01a20177-42fb-70a1-9672-4f96017a86f5", "version": 1, "created_at": now, "updated_at": now}
    given = {**row, "currency": "CNY", "name": "Kopie", text: "kopiert"}
    assert copy_records(obj, [given], clean_context(actor, now, currency="CNY")) == 1
    assert RecordQuery(actor, WIDE).get(row["id"])[text] == "kopiert"


def test_who_has_waited_for_another_writer_sees_his_values_in_both_tables(fresh_organization: Any) -> None:
    filler = [FieldInput(f"f{n}__c", "text", f"{n}") for n in range(300)]
    services.create_object(system_actor(), ObjectInput("full__c", "满", fields=filler))
    service, locked = RecordService(system_actor()), threading.Event()
    record = service.create("full__c", {"name": "n", "f0__c": "old", "f299__c": "old"}).id

    def work(number: int) -> None:
        if number == 0:
            with transaction.atomic():
                service.update("full__c", record, {"f0__c": "new", "f299__c": "new"})
                locked.set()
                eventually(lambda: _waiting() > 0, seconds=20)
        else:
            assert locked.wait(20)
            assert service.update("full__c", record, {"f0__c": "old", "f299__c": "old"}).version == 3

    in_threads(2, work)
    read = RecordQuery(system_actor(), "full__c").get(record)
    assert (read["f0__c"], read["f299__c"]) == ("old", "old")


def _waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database"
            " WHERE datname = current_database()) OR (NOT granted AND locktype = 'transactionid')"
        )
        return cursor.fetchone()[0]
