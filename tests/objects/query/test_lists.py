"""What a read returns: API rows, typed rows, related values as far as they are visible, counts."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from crm_platform.kit import json
from crm_platform.kit.errors import NotFound, ValidationFailed
from metadata.field_types.values import Reference
from objects.query import totals
from objects.query.conditions import Condition
from objects.query.query import RecordQuery
from tests.objects.world import START, World, compiled, delete, insert, insert_many


@pytest.fixture
def deals(world: World) -> dict[str, uuid.UUID]:
    """The representative's deals: one with a firm of his own, one with a firm that he does not see."""
    rep, south = world.users["rep"], world.users["south"]
    mine = insert("firm", name="Mine", industry="tech", owner=rep)
    theirs = insert("firm", name="Theirs", industry="retail", owner=south, parent_id=mine)
    amount = {"": Decimal("1234.50"), "_base": Decimal("1234.50")}
    return {
        "mine": mine,
        "theirs": theirs,
        "a": insert("deal", name="A", owner=rep, firm_id=mine, amount=amount, tags__c=["a", "b"], stage="won"),
        "b": insert("deal", name="B", owner=rep, firm_id=theirs, about__c={"": theirs, "_object": "firm"}),
        "c": insert("deal", name="C", owner=rep),
    }


def rows(query: RecordQuery) -> list[Any]:
    return query.order("name").page().rows


def test_related_values_are_empty_where_the_record_is_not_visible(world: World, deals: dict[str, uuid.UUID]) -> None:
    query = RecordQuery(world.actor("rep"), "deal")
    found = rows(query.fields("firm.id", "firm.industry", "firm.owner.name", "firm.parent.industry"))
    assert found == [(str(deals["mine"]), "tech", "Rep", None), (None,) * 4, (None,) * 4]
    everything = rows(RecordQuery(world.actor("boss"), "deal").fields("firm.industry", "firm.parent.industry"))
    assert everything == [("tech", None), ("retail", "tech"), (None, None)]


def test_the_name_of_a_related_record_comes_with_the_lookup(world: World, deals: dict[str, uuid.UUID]) -> None:
    query = RecordQuery(world.actor("rep"), "deal").fields("firm_id", "firm.name", "owner.name")
    assert rows(query) == [
        (str(deals["mine"]), "Mine", "Rep"),
        (str(deals["theirs"]), "Theirs", "Rep"),
        (None, None, "Rep"),
    ]


def test_filters_and_order_see_no_more_than_the_reader(world: World, deals: dict[str, uuid.UUID]) -> None:
    query = RecordQuery(world.actor("rep"), "deal").fields("name")
    assert rows(query.where(Condition("firm.industry", "eq", "retail"))) == []
    assert rows(query.where(Condition("firm.industry", "eq", "tech"))) == [("A",)]
    assert query.where(Condition("firm.industry", "nempty")).count("exact").value == 1
    assert query.order("firm.industry", "name").page().rows == [("A",), ("B",), ("C",)]
    boss = RecordQuery(world.actor("boss"), "deal").fields("name")
    assert boss.order("firm.industry", "name").page().rows == [("B",), ("A",), ("C",)]


def test_a_deleted_related_record_shows_its_name_only(world: World, deals: dict[str, uuid.UUID]) -> None:
    delete("firm", deals["mine"])
    found = rows(RecordQuery(world.actor("boss"), "deal").fields("firm.name", "firm.industry"))
    assert found[0] == ("Mine", None)


def test_references_are_sorted_by_name(world: World, deals: dict[str, uuid.UUID]) -> None:
    query = RecordQuery(world.actor("rep"), "deal").fields("name")
    assert query.order("firm_id").page().rows == [("A",), ("B",), ("C",)]
    assert query.order("-firm_id").page().rows == [("C",), ("B",), ("A",)]


def test_the_api_form_is_ready_for_json(world: World, deals: dict[str, uuid.UUID]) -> None:
    found = RecordQuery(world.actor("rep"), "deal").get(deals["a"])
    assert found["amount"] == found["amount_base"] == "1234.50"
    assert found["tags__c"] == ["a", "b"]
    assert found["firm_id"] == str(deals["mine"])
    assert found["owner_id"] == str(world.users["rep"].pk)
    assert found["version"] == 1
    assert "deletion_id" not in found
    assert not any("phone__c" in name and name != "phone__c" for name in found)
    text = json.loads(json.dumps(found))
    assert text["created_at"] == START.strftime("%Y-%m-%dT%H:%M:%SZ")
    poly = RecordQuery(world.actor("rep"), "deal").get(deals["b"])["about__c"]
    assert poly == {"object": "firm", "id": str(deals["theirs"])}


def test_numbers_keep_every_digit_and_the_orm_keeps_its_decimals(world: World) -> None:
    exact = Decimal("999999999999999.123")
    deal = insert("deal", name="D", owner=world.users["rep"], size__c=exact)
    query = RecordQuery(world.actor("rep"), "deal")
    assert query.fields("size__c").page().rows == [("999999999999999.123",)]
    assert query.record(deal).value("size__c") == exact
    assert query.show(deal)["size__c"] == exact
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1.50::numeric, gen_random_uuid()")
        number, key = cursor.fetchone()
    assert (number, type(key)) == (Decimal("1.50"), uuid.UUID)


def test_related_fields_nest_and_vanish_together(world: World, deals: dict[str, uuid.UUID]) -> None:
    query = RecordQuery(world.actor("rep"), "deal")
    paths = query.related_fields("firm")
    assert {"firm.id", "firm.name", "firm.industry", "firm.owner_id"} <= set(paths)
    first, second, _third = query.fields("name", *paths).order("name").page().dicts()
    assert (first["firm"]["name"], first["firm"]["industry"]) == ("Mine", "tech")
    assert second["firm"] is None
    with pytest.raises(ValidationFailed):
        query.related_fields("nope")
    with pytest.raises(ValidationFailed):
        query.related_fields("about__r")


def test_labels_tell_what_people_read(world: World, deals: dict[str, uuid.UUID]) -> None:
    query = RecordQuery(world.actor("rep"), "deal").fields(
        "name", "firm_id", "stage", "tags__c", "owner_id", "about__c"
    )
    page = query.order("name").page(labels=True)
    assert page.columns == ("name", "firm_id", "stage", "tags__c", "owner_id", "about__c")
    assert page.labels is not None
    language = world.actor("rep").language
    assert language == "zh-hans"
    assert page.labels[0] == {"firm_id": "Mine", "stage": "won值", "tags__c": ["a值", "b值"], "owner_id": "Rep"}
    assert page.labels[1] == {"firm_id": "Theirs", "owner_id": "Rep", "about__c": "Theirs"}
    assert query.get(deals["a"], labels=True)["_labels"] == page.labels[0]


def test_rows_for_people_have_typed_values_and_names(world: World, deals: dict[str, uuid.UUID]) -> None:
    page = (
        RecordQuery(world.actor("rep"), "deal")
        .fields("name", "firm_id", "amount", "created_at")
        .order("name")
        .display()
    )
    first = page.rows[0]
    assert page.columns == ("name", "firm_id", "amount", "created_at")
    assert (first.id, first.version, first["amount"]) == (deals["a"], 1, Decimal("1234.50"))
    assert first["currency"] == "CNY"  # without it the amount can't be shown
    assert first["firm_id"] == Reference("firm", deals["mine"])
    assert first["firm_id"].name == "Mine"
    assert first["created_at"] == datetime(2026, 1, 1, tzinfo=UTC)
    assert page.fields["amount"].spec.type == "currency"
    assert [row.id for row in page] == page.ids


def test_a_list_is_one_statement(world: World, deals: dict[str, uuid.UUID], django_assert_num_queries) -> None:
    fields = ("name", "firm_id", "firm.name", "owner_id", "owner.name", "amount", "stage", "score", "version")
    actor = world.actor("rep")
    query = RecordQuery(actor, "deal").fields(*fields).where(Condition("created_at", "lt", "2030-01-01T00:00:00Z"))
    query.page(1)  # reads what is kept for callers of his kind
    for read in (
        lambda: query.page(50),
        lambda: query.page(2),
        lambda: query.page(50, labels=True),
        lambda: query.display(50),
        lambda: query.count(),
        lambda: query.get(deals["a"]),
        lambda: query.show(deals["a"]),
        lambda: query.visible_ids(deals.values()),
        lambda: RecordQuery(actor, "deal").record(deals["a"]),
    ):
        with django_assert_num_queries(1):
            read()


def test_nothing_but_the_asked_columns_is_read(
    world: World, deals: dict[str, uuid.UUID], django_assert_num_queries
) -> None:
    actor = world.actor("rep")
    RecordQuery(actor, "deal").fields("score").page()  # reads what is kept for the caller
    query = RecordQuery(actor, "deal").fields("name", "firm.name")
    with django_assert_num_queries(1) as captured:
        query.page()
    statement = captured.captured_queries[0]["sql"]
    obj = compiled("deal")
    assert "*" not in statement
    assert f'"{obj.field("name").main.column}"' in statement
    for other in ("notes__c", "amount", "mail__c"):
        assert f'"{obj.field(other).main.column}"' not in statement
    inner = statement[statement.index("FROM (") : statement.index(") b")]
    assert "JOIN" not in inner


def test_counts(world: World, deals: dict[str, uuid.UUID], monkeypatch: pytest.MonkeyPatch) -> None:
    query = RecordQuery(world.actor("rep"), "deal")
    assert (query.count("exact").value, query.count("capped").value) == (3, 3)
    assert query.count("capped").is_exact
    assert not query.count("estimate").is_exact
    monkeypatch.setattr(totals, "CAP", 2)
    assert (query.count().value, query.count().is_exact) == (2, False)
    assert query.count("exact").value == 3
    with pytest.raises(ValueError, match="unknown kind"):
        query.count("roughly")


def test_ids_narrow_and_never_widen(world: World, deals: dict[str, uuid.UUID]) -> None:
    query = RecordQuery(world.actor("rep"), "deal")
    narrowed = query.where_ids([deals["a"], deals["b"]])
    assert narrowed.visible_ids([deals["b"], deals["c"], "nonsense"]) == {deals["b"]}
    assert query.where_ids([]).page().rows == []
    assert not query.where_ids(["nonsense"]).exists()
    assert narrowed.exists()
    with pytest.raises(NotFound):
        narrowed.get(deals["c"])
    with pytest.raises(NotFound):
        narrowed.record(deals["c"])
    with pytest.raises(NotFound):
        query.where(Condition("name", "eq", "A")).record(deals["b"])
    many = insert_many("deal", [{"name": str(number), "owner": world.users["rep"]} for number in range(1200)])
    assert query.visible_ids(many) == set(many)


def test_a_query_is_never_changed(world: World, deals: dict[str, uuid.UUID]) -> None:
    query = RecordQuery(world.actor("rep"), "deal")
    query.where(Condition("name", "eq", "A")).fields("name").order("name").trash()
    assert len(query.page().rows) == 3
    twice = query.where(Condition("name", "eq", "A")).where(Condition("name", "eq", "B"))
    assert twice.page().rows == []


def test_every_readable_path_two_hops_deep_can_be_read_and_sorted(world: World, deals: dict[str, uuid.UUID]) -> None:
    """Completeness by reflection: what the data model offers as a path runs as SQL."""
    query = RecordQuery(world.actor("rep"), "line_part")
    obj = compiled("line_part")
    paths = [field.name for field in query.policy.readable_fields(obj)]
    frontier = [("", obj)]
    for _depth in range(2):
        frontier = [
            (f"{prefix}{field.spec.path_name}.", obj.target(str(field.main.references)))
            for prefix, here in frontier
            for field in here
            if field.main.references and field.spec.path_name != field.name
        ]
        paths += [f"{prefix}{field.name}" for prefix, here in frontier for field in query.policy.readable_fields(here)]
    assert len(paths) > 150
    assert query.fields(*paths).page().rows == []
    assert query.fields(*paths).display().rows == []
    for path in paths:
        try:
            query.order(path).fields("id").page()
        except ValidationFailed as error:
            assert [item.code for item in error.errors] == ["invalid_choice"]
