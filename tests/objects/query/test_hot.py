"""Plans that the database session keeps: the same rows as without, never another's, and gone when they are wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection, transaction

from crm_platform.kit import hot
from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import MetadataStale
from metadata.compiler.current import current_snapshot
from metadata.inputs import FieldInput
from metadata.services import add_field
from objects.query.conditions import Condition
from objects.query.query import RecordQuery
from tests.objects.world import World, insert, sql, table


@pytest.fixture(autouse=True)
def new_session() -> Iterator[None]:
    """Let each test begin with a session that has seen nothing, and leave none of its plans behind."""
    _forget_plans()
    yield
    _forget_plans()


def _forget_plans() -> None:
    hot._sessions.clear()
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_prepared_statements WHERE name LIKE 'hot\\_%'")
        for (name,) in cursor.fetchall():
            cursor.execute(f"DEALLOCATE {name}")


def kept() -> list[str]:
    return [str(row[0]) for row in sql("SELECT statement FROM pg_prepared_statements WHERE name LIKE 'hot_%%'")]


def test_what_is_asked_twice_is_planned_for_the_last_time(world: World) -> None:
    query = RecordQuery(world.actor("rep"), "deal").fields("name")
    insert("deal", name="One", owner=world.users["rep"])
    rows = [query.page().rows]
    assert not kept()
    rows += [query.page().rows, query.page().rows]
    assert len(kept()) == 1
    insert("deal", name="Two", owner=world.users["rep"])
    assert [len(found) for found in (*rows, query.page().rows)] == [1, 1, 1, 2]


def test_a_value_with_percent_signs_and_quotes_is_found_again(world: World) -> None:
    insert("deal", name="50 % off '%s' $1", owner=world.users["rep"])
    for operand in ("50 % off '%s' $1", "%s", "$1", "50 %"):
        query = RecordQuery(world.actor("rep"), "deal").fields("name").where(Condition("name", "contains", operand))
        assert [len(query.page().rows) for _time in range(4)] == [1, 1, 1, 1]


def test_each_caller_has_a_plan_of_his_own_reach(world: World) -> None:
    insert("deal", name="Mine", owner=world.users["rep"])
    insert("deal", name="Theirs", owner=world.users["south"])
    for _time in range(3):
        for name, wanted in (("rep", "Mine"), ("south", "Theirs")):
            assert RecordQuery(world.actor(name), "deal").fields("name").page().rows == [(wanted,)]


def test_records_by_id_share_one_plan(world: World) -> None:
    ids = [insert("deal", name=f"Deal {number}", owner=world.users["rep"]) for number in range(8)]
    query = RecordQuery(world.actor("rep"), "deal")
    assert [query.get(found)["name"] for found in ids] == [f"Deal {number}" for number in range(8)]
    assert len(kept()) == 1
    assert query.visible_ids(ids) == set(ids)


def test_plans_are_bounded_and_the_oldest_are_dropped(world: World) -> None:
    query = RecordQuery(world.actor("rep"), "deal").fields("name")
    for number in range(1, hot.MAX_HOT + 10):
        assert [query.page(number).rows for _time in range(3)] == [[], [], []]
    assert len(kept()) == hot.MAX_HOT


def test_a_type_that_was_widened_is_read_by_a_new_plan(world: World) -> None:
    insert("deal", name="One", owner=world.users["rep"])
    for _time in range(3):
        RecordQuery(world.actor("rep"), "deal").fields("name").page()
    column = current_snapshot().object("deal").field("name").main.column
    sql(f'ALTER TABLE {table("deal")} ALTER COLUMN "{column}" TYPE varchar(999)')
    with pytest.raises(MetadataStale), transaction.atomic():
        RecordQuery(world.actor("rep"), "deal").fields("name").page()
    assert RecordQuery(world.actor("rep"), "deal").fields("name").page().rows == [("One",)]
    add_field(system_actor(), "deal", FieldInput("more__c", "text", "More"))
    for _time in range(3):
        assert RecordQuery(world.actor("rep"), "deal").fields("name").page().rows == [("One",)]
