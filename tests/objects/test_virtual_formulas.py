"""Virtual formulas: never stored, worked out by the database at the moment of reading."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_platform.identity.models import Profile
from crm_platform.kit.errors import ValidationFailed
from metadata import services
from metadata.compiler.compiled import NotStored
from metadata.compiler.current import current_snapshot, pinned_snapshot
from metadata.ddl.catalog import read_tables
from metadata.inputs import ChoiceInput, FieldInput, ObjectInput
from metadata.models import BusinessObject
from metadata.services.placement import Placement
from objects.access.grants import ACTIONS, grant_object
from objects.history.models import RecordChange
from objects.query import lists
from objects.query.conditions import Condition
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from objects.records.trial import assess, try_expression
from tests.kit import make
from tests.kit.work import run_queued_jobs

DEAL, FIRM = "deal_x__c", "firm_x__c"

# Name, expression, type of the result; each has a stored twin that the Python evaluator works out.
FORMULAS = (
    ("total", "price__c * count__c / 3", "decimal"),
    ("share", "price__c / 1000", "percent"),
    ("whole", "price__c * 1.5", "integer"),
    ("mark", 'IF(price__c > 100, " big\\n\\n" & code__c, code__c)', "text"),
    ("is_big", "price__c * count__c >= 500", "checkbox"),
    ("due", "day__c + count__c", "date"),
    ("later", "moment__c + 0.5", "datetime"),
    ("stage_mark", "IF(ISPICKVAL(level__c, 'a'), 'first', TEXT(count__c))", "text"),
    ("day_of", "TEXT(DATEVALUE(moment__c))", "text"),
    ("far", "DISTANCE(place__c, GEOLOCATION(31.2, 121.5))", "decimal"),
)


def formula(name: str, expression: str, returns: str = "decimal", **settings: Any) -> FieldInput:
    return FieldInput(name, "formula", name, settings={"expression": expression, "returns": returns, **settings})


def virtual(name: str, expression: str, returns: str = "decimal", **settings: Any) -> FieldInput:
    return formula(name, expression, returns, storage="virtual", **settings)


@pytest.fixture
def deal(db: Any, admin_actor: Any) -> Any:
    services.create_object(
        admin_actor,
        ObjectInput(
            FIRM,
            "Firm",
            fields=[
                FieldInput("size__c", "decimal", "Size"),
                virtual("twice__c", "size__c * 2 + 1"),
                virtual("name_mark__c", 'name & "!"', "text"),
            ],
        ),
    )
    fields = [
        FieldInput("firm__c", "lookup", "Firm", settings={"target": FIRM}),
        FieldInput("price__c", "decimal", "Price"),
        FieldInput("count__c", "integer", "Count"),
        FieldInput("code__c", "text", "Code"),
        FieldInput("day__c", "date", "Day"),
        FieldInput("moment__c", "datetime", "Moment"),
        FieldInput("place__c", "geolocation", "Place"),
        FieldInput("level__c", "picklist", "Level", choices=[ChoiceInput("a", "A"), ChoiceInput("b", "B")]),
        *(virtual(f"{name}__c", text, returns) for name, text, returns in FORMULAS),
        *(formula(f"{name}_kept__c", text, returns) for name, text, returns in FORMULAS),
    ]
    services.create_object(admin_actor, ObjectInput(DEAL, "Deal", fields=fields))
    return admin_actor


def columns() -> set[str]:
    table = current_snapshot().object(DEAL).table
    return set(read_tables([table])[table].columns)


def random_rows(count: int) -> list[dict[str, Any]]:
    pick = random.Random(7)
    start = datetime(2026, 1, 1, tzinfo=timezone.get_default_timezone())

    def one(number: int) -> dict[str, Any]:
        given = {
            "price__c": str(Decimal(pick.randint(-99_999, 99_999)) / 100),
            "count__c": pick.randint(-5, 40),
            "code__c": pick.choice(["x", "Ünï", " y z ", "中文", "ß"]),
            "day__c": (date(2026, 1, 1) + timedelta(days=pick.randint(0, 900))).isoformat(),
            "moment__c": (start + timedelta(minutes=pick.randint(0, 900_000))).isoformat(),
            "level__c": pick.choice(["a", "b"]),
            "place__c": {"lat": pick.randint(-80, 80), "lng": pick.randint(-170, 170)},
        }
        kept = {name: value for name, value in given.items() if pick.random() > 0.2}
        return {"name": f"Row {number}", **kept}

    return [one(number) for number in range(count)]


def test_values_filters_and_order_are_those_of_the_python_evaluator(deal: Any) -> None:
    results = RecordService(deal).bulk_create(DEAL, random_rows(60))
    assert all(result.id for result in results)
    query = RecordQuery(deal, DEAL)
    names = [name for name, _text, _returns in FORMULAS]
    for found in (query.page(100, labels=True).dicts(), query.display(100).rows):
        for row in found:
            values = row if isinstance(row, dict) else row.values
            assert {n: values[f"{n}__c"] for n in names} == {n: values[f"{n}_kept__c"] for n in names}
    for name in names:
        for sign in ("", "-"):
            assert query.order(f"{sign}{name}__c").ids() == query.order(f"{sign}{name}_kept__c").ids(), name
        field = current_snapshot().object(DEAL).field(f"{name}__c")
        wanted = [value for row in query.fields(f"{name}_kept__c").page(5).rows if (value := row[0]) is not None]
        for operator in field.type.filters(field.spec):
            operand = {"between": wanted[:2], "in": wanted, "nin": wanted, "empty": None, "nempty": None}.get(
                operator, "rel" and wanted[0] if operator != "rel" else "today"
            )
            if operator == "regex":
                operand = "^[a-z]"
            found_ids, kept_ids = (
                set(query.where(Condition(path, operator, operand)).ids()) for path in (f"{name}__c", f"{name}_kept__c")
            )
            assert found_ids == kept_ids, (name, operator)
            condition = Condition(f"{name}__c", operator, operand)
            assert query.where(condition).count("exact").value == len(kept_ids)


def test_pages_go_on_where_they_ended(deal: Any) -> None:
    RecordService(deal).bulk_create(DEAL, random_rows(30))
    for order in ("total__c", "-total__c", "due__c", "-mark__c"):
        query, cursor, seen = RecordQuery(deal, DEAL).order(order), None, []
        while True:
            page = query.fields("id").page(7, cursor)
            seen += [row[0] for row in page.rows]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert seen == [str(item) for item in query.ids()]


def test_there_is_no_column_no_history_and_no_further_statement(deal: Any) -> None:
    obj = current_snapshot().object(DEAL)
    assert f"c_{obj.field('total__c').spec.id}" not in columns()
    service, query = RecordService(deal), RecordQuery(deal, DEAL)
    made = service.create(DEAL, {"name": "x", "price__c": "3", "count__c": 2})
    service.update(DEAL, made.id, {"price__c": "6"})
    changed = {name for row in RecordChange.objects.filter(record_id=made.id) for name in row.changes}
    assert not {str(obj.field("total__c").spec.id), "total__c"} & changed
    asked = query.fields("name", "total__c", "due__c").order("total__c").where(Condition("total__c", "gt", "1"))
    with pinned_snapshot():
        asked.page()
        with CaptureQueriesContext(connection) as captured:
            assert asked.page().rows == [("x", "4.00", None)]
    assert len(captured) == 1
    with pytest.raises(NotStored):
        made.record.value("total__c")
    assert "total__c" not in made.record.values()


def test_nobody_writes_it(deal: Any) -> None:
    with pytest.raises(ValidationFailed) as caught:
        RecordService(deal).create(DEAL, {"name": "x", "total__c": "5"})
    assert [(e.field, e.code) for e in caught.value.errors] == [("total__c", "read_only_field")]


def test_the_clock_is_that_of_the_reader_at_the_moment_of_reading(
    deal: Any, actor_for: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.add_field(deal, DEAL, virtual("age__c", "TODAY() - day__c"))
    services.add_field(deal, DEAL, virtual("now__c", "NOW()", "datetime"))
    services.add_field(deal, DEAL, virtual("overdue__c", "day__c < TODAY()", "checkbox"))
    made = RecordService(deal).create(DEAL, {"name": "x", "day__c": "2026-03-01"}).id
    query = RecordQuery(deal, DEAL).fields("age__c", "now__c", "overdue__c")
    zone = deal.zone
    for moment, age, overdue in (
        (datetime(2026, 3, 1, 23, 59, tzinfo=zone), 0, False),
        (datetime(2026, 3, 2, 0, 1, tzinfo=zone), 1, True),
        (datetime(2027, 3, 1, 12, tzinfo=zone), 365, True),
    ):
        monkeypatch.setattr(lists.timezone, "now", lambda moment=moment: moment)
        for _time in range(3):  # the third time the session has a plan
            found = query.show(made)
            assert (found["age__c"], found["now__c"], found["overdue__c"]) == (age, moment, overdue)
            late = RecordQuery(deal, DEAL).where(Condition("overdue__c", "eq", True))
            assert late.ids() == ([made] if overdue else [])


def test_behind_a_lookup_it_is_empty_without_a_record(deal: Any) -> None:
    service = RecordService(deal)
    firm = service.create(FIRM, {"name": "F", "size__c": "4"}).id
    service.create(DEAL, {"name": "with", "firm__c": str(firm)})
    service.create(DEAL, {"name": "without"})
    query = RecordQuery(deal, DEAL).fields("name", "firm__r.twice__c", "firm__r.name_mark__c").order("name")
    assert query.page().rows == [("with", "9.00", "F!"), ("without", None, None)]
    assert query.where(Condition("firm__r.twice__c", "eq", "9")).page().rows == [("with", "9.00", "F!")]
    assert query.order("-firm__r.twice__c", "name").fields("name").page().rows == [("without",), ("with",)]


def test_a_form_shows_what_it_would_be(deal: Any) -> None:
    found = assess(deal, DEAL, {"name": "x", "price__c": "3", "count__c": 2})
    assert found.values["total__c"] == "2.00"
    made = RecordService(deal).create(DEAL, {"name": "x", "price__c": "3", "count__c": 2}).id
    assert assess(deal, DEAL, {"count__c": 4}, made).typed["total__c"] == Decimal("4.00")


@pytest.mark.parametrize(
    ("settings", "place", "told"),
    [
        ({"expression": "firm__r.size__c"}, "settings.expression", "firm__r.size__c"),
        ({"expression": "total__c + 1"}, "settings.expression", "not stored"),
        ({"expression": "WORKDAYS(day__c, TODAY())"}, "settings.expression", "WORKDAYS"),
        ({"expression": "LABEL(level__c)", "returns": "text"}, "settings.expression", "language"),
        ({"expression": "$Org.name", "returns": "text"}, "settings.expression", "$Org.name"),
        ({"expression": "STARTOF(day__c, 'week')", "returns": "date"}, "settings.expression", "calendar"),
        ({"expression": "price__c", "returns": "currency"}, "settings.storage", "decimal number"),
    ],
)
def test_what_can_not_be_virtual_is_refused(deal: Any, settings: dict[str, str], place: str, told: str) -> None:
    settings = {"returns": "decimal", "storage": "virtual", **settings}
    with pytest.raises(ValidationFailed) as caught:
        services.add_field(deal, DEAL, FieldInput("wrong__c", "formula", "Wrong", settings=settings))
    (error,) = caught.value.errors
    assert error.field == place
    assert told in str(error.message)


@pytest.mark.parametrize("flag", ["is_required", "is_unique", "is_indexed", "is_searchable"])
def test_flags_that_need_a_column_are_refused(deal: Any, flag: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        services.update_field(deal, DEAL, "total__c", **{flag: True})
    assert caught.value.errors[0].field == flag


def test_nothing_stored_reads_it(deal: Any) -> None:
    for given in (
        formula("more__c", "total__c + 1"),
        FieldInput("note__c", "text", "Note", required_if="is_big__c"),
        FieldInput("note__c", "text", "Note", default_formula="mark__c"),
        FieldInput("far_mark__c", "lookup_value", "Far", settings={"path": "firm__r.name_mark__c"}),
    ):
        with pytest.raises(ValidationFailed) as caught:
            services.add_field(deal, DEAL, given)
        assert "not stored" in str(caught.value.errors[0].message)
    rollup = {"object": DEAL, "lookup": "firm__c", "operation": "sum", "field": "total__c", "returns": "decimal"}
    with pytest.raises(ValidationFailed) as caught:
        services.add_field(deal, FIRM, FieldInput("sum__c", "rollup", "Sum", settings=rollup))
    assert caught.value.errors[0].field == "settings.field"
    trial = try_expression(deal, DEAL, "total__c + 1")
    assert trial.error is not None
    with pytest.raises(ValidationFailed):
        services.update_field(deal, DEAL, "code__c", is_unique=True, unique_scope=["mark__c"])


def test_a_formula_that_others_read_can_not_stop_being_stored(deal: Any) -> None:
    services.add_field(deal, DEAL, formula("more__c", "total_kept__c + 1"))
    settings = {"expression": "price__c", "returns": "decimal", "storage": "virtual"}
    with pytest.raises(ValidationFailed) as caught:
        services.update_field(deal, DEAL, "total_kept__c", settings=settings)
    assert caught.value.errors[0].field == f"objects.{DEAL}.fields.more__c.settings.expression"


def test_storage_can_be_changed_to_and_fro(deal: Any) -> None:
    made = RecordService(deal).create(DEAL, {"name": "x", "price__c": "3", "count__c": 2}).id
    query = RecordQuery(deal, DEAL).fields("total_kept__c")
    column = current_snapshot().object(DEAL).field("total_kept__c").main.column
    settings = {"expression": "price__c * count__c", "returns": "decimal"}
    assert column in columns()

    services.update_field(deal, DEAL, "total_kept__c", settings={**settings, "storage": "virtual"})
    assert column not in columns()
    assert query.get(made)["total_kept__c"] == "6.00"
    RecordService(deal).update(DEAL, made, {"count__c": 5})
    assert query.get(made)["total_kept__c"] == "15.00"

    services.update_field(deal, DEAL, "total_kept__c", settings={**settings, "storage": "stored"}, is_indexed=True)
    run_queued_jobs()
    assert column in columns()
    assert query.get(made)["total_kept__c"] == "15.00"
    assert query.where(Condition("total_kept__c", "eq", "15")).ids() == [made]


def test_a_number_too_large_is_empty_and_text_is_cut(deal: Any) -> None:
    services.add_field(deal, DEAL, virtual("huge__c", "price__c * 10 ^ 18"))
    services.add_field(deal, DEAL, virtual("large__c", "price__c * 10 ^ 18", "integer"))
    services.add_field(
        deal,
        DEAL,
        virtual(
            "long__c",
            'LPAD(code__c, 300, "x")',
            "text",
        ),
    )
    made = RecordService(deal).create(DEAL, {"name": "x", "price__c": "100", "code__c": "ab"}).id
    found = RecordQuery(deal, DEAL).show(made)
    assert (found["huge__c"], found["large__c"], found["long__c"]) == (None, None, "x" * 255)


def test_sources_in_the_second_table_are_read_there(deal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Placement, "part_of", lambda self, row: 1)
        services.add_field(deal, FIRM, FieldInput("extra__c", "integer", "Extra"))
    services.add_field(deal, FIRM, virtual("more__c", "extra__c + size__c"))
    assert current_snapshot().object(FIRM).field("extra__c").is_second
    service = RecordService(deal)
    firms = [service.create(FIRM, {"name": f"F{n}", "size__c": "1", "extra__c": n}).id for n in (5, 3)]
    service.create(FIRM, {"name": "none"})
    query = RecordQuery(deal, FIRM)
    assert query.order("more__c").fields("more__c").page().rows == [("0.00",), ("4.00",), ("6.00",)]
    assert query.where(Condition("more__c", "gte", "6")).ids() == [firms[0]]
    service.create(DEAL, {"name": "x", "firm__c": str(firms[1])})
    found = RecordQuery(deal, DEAL).fields("firm__r.more__c").where(Condition("firm__r.more__c", "eq", "4"))
    assert found.page().rows == [("4.00",)]


def test_behind_a_lookup_it_is_empty_for_who_may_not_see_the_record(deal: Any, actor_for: Any) -> None:
    service = RecordService(deal)
    firm = service.create(FIRM, {"name": "F", "size__c": "4"}).id
    rep = make.user("virtual_rep", role="individual")
    profile = Profile.objects.get(api_name="sales_rep")
    for obj in BusinessObject.objects.all():
        grant_object(deal, profile, obj, ACTIONS)
    made = service.create(DEAL, {"name": "mine", "firm__c": str(firm), "owner_id": str(rep.pk)}).id
    caller = actor_for(rep)
    query = RecordQuery(caller, DEAL).fields("firm__r.twice__c", "firm__r.name_mark__c")
    assert query.where_ids([made]).page().rows == [(None, None)]
    assert query.where(Condition("firm__r.twice__c", "nempty")).page().rows == []
    assert RecordQuery(deal, DEAL).fields("firm__r.twice__c").page().rows == [("9.00",)]
