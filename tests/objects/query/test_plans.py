"""Compiled SQL: made once per shape, shared between callers, gone with its snapshot, and served by indexes."""

from __future__ import annotations

import gc
import json
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction

from crm_platform.identity.models import User
from crm_platform.identity.services import bump_access_version
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import MetadataStale
from metadata.compiler import current
from metadata.compiler.current import current_snapshot, pinned_snapshot
from metadata.compiler.snapshot import SchemaSnapshot, SnapshotMismatch
from metadata.models import BusinessObject
from objects.access.models import RecordShare, SharingRule
from objects.query import params, plan
from objects.query.conditions import Condition
from objects.query.plan import ListPlan
from objects.query.query import RecordQuery
from objects.query.run import QueryTimeout, with_current_shape
from tests.objects import world as worlds
from tests.objects.world import World, compiled, insert, sql, table


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is compiled while the test runs."""
    made: list[Any] = []
    original = params.Expressions.sql

    def spy(self: params.Expressions, expression: Any) -> params.SqlText:
        made.append(expression)
        return original(self, expression)

    monkeypatch.setattr(params.Expressions, "sql", spy)
    return made


def asked(actor: Actor) -> RecordQuery:
    query = RecordQuery(actor, "deal").fields("name", "firm.industry", "owner.name").order("-amount", "firm.name")
    return query.where(Condition("firm.industry", "in", ["tech"])).where(Condition("score", "gt", 1))


def test_the_second_call_compiles_nothing(world: World, compilations: list[Any]) -> None:
    asked(world.actor("rep")).page()
    asked(world.actor("rep")).count()
    assert compilations
    compilations.clear()
    other_values = RecordQuery(world.actor("rep"), "deal").fields("name", "firm.industry", "owner.name")
    other_values = other_values.order("-amount", "firm.name").where(
        Condition("firm.industry", "in", ["tech", "retail"])
    )
    other_values = other_values.where(Condition("score", "gt", 99))
    other_values.page(7)
    other_values.count()
    assert compilations == []


def test_callers_of_the_same_reach_share_plans_and_see_their_own(world: World, compilations: list[Any]) -> None:
    mine = insert("deal", name="Mine", owner=world.users["rep"])
    theirs = insert("deal", name="Theirs", owner=world.users["south"])
    assert RecordQuery(world.actor("rep"), "deal").ids() == [mine]
    compilations.clear()
    assert RecordQuery(world.actor("south"), "deal").ids() == [theirs]
    assert compilations == []
    RecordQuery(world.actor("head"), "deal").ids()
    assert compilations


def test_plans_are_bounded(world: World) -> None:
    query, obj = RecordQuery(world.actor("rep"), "deal"), compiled("deal")
    for number in range(obj.plans.limit + 20):
        names = [name for bit, name in enumerate(obj.fields) if number >> bit & 1 and name != "deletion_id"]
        query.fields("id", *names).page(1)
    assert len(obj.plans) <= obj.plans.limit


def test_plans_and_models_go_with_their_snapshot(world: World) -> None:
    pins = current._pins.get()
    assert pins is not None
    before = current_snapshot()
    snapshot = SchemaSnapshot(world.schema_name, 10**9, before.spec)
    pins[world.schema_name] = snapshot
    actor = world.actor("rep")
    try:
        asked(actor).page()
        asked(actor).display()
        asked(actor).count()
        RecordQuery(actor, "line_part").page()
        obj = snapshot.object("deal")
        plans = [weakref.ref(item) for item in obj.plans.values() if isinstance(item, ListPlan)]
        dying = [weakref.ref(snapshot), weakref.ref(obj), weakref.ref(obj.model), *plans]
    finally:
        pins[world.schema_name] = before
    assert plans
    del snapshot, obj
    gc.collect()
    assert [ref() for ref in dying] == [None] * len(dying)


def test_a_snapshot_of_another_organisation_is_refused(world: World) -> None:
    pins = current._pins.get()
    assert pins is not None
    before = current_snapshot()
    pins[world.schema_name] = SchemaSnapshot("elsewhere", before.version, before.spec)
    try:
        with pytest.raises(SnapshotMismatch):
            RecordQuery(world.actor("rep"), "deal").page()
    finally:
        pins[world.schema_name] = before


# --- a shape that changes under a reader --------------------------------------------------------------------
def test_a_column_that_is_gone_reloads_the_model_once(the_world: World) -> None:
    """The reader's snapshot still has a field whose column a contract job has dropped meanwhile."""
    with worlds.inside(the_world.schema_name), pinned_snapshot():
        actor = the_world.actor("rep")
        live = current_snapshot()
        column = live.object("secret__c").field("name").main.column
        pins = current._pins.get()
        assert pins is not None
        stale = SchemaSnapshot(the_world.schema_name, live.version, live.spec)
        stale_column = stale.object("deal").field("score").main
        object.__setattr__(stale_column, "column", column + "_gone")
        pins[the_world.schema_name] = stale
        page = RecordQuery(actor, "deal").fields("score").page()
        assert page.rows == []
        assert current_snapshot() is live


def test_inside_a_transaction_the_caller_must_start_again(world: World) -> None:
    def gone() -> None:
        with transaction.atomic():
            sql("SELECT no_such_column FROM identity_user")

    with pytest.raises(MetadataStale):
        with_current_shape(gone)


def test_a_read_that_takes_too_long_says_so(world: World) -> None:
    insert("deal", name="D", owner=world.users["rep"])

    def slow() -> None:
        with transaction.atomic():
            sql("SET LOCAL statement_timeout = '20ms'")
            sql("SELECT pg_sleep(5)")

    with pytest.raises(QueryTimeout):
        with_current_shape(slow)


def test_other_database_errors_are_not_retried(world: World) -> None:
    calls = []

    def broken() -> None:
        calls.append(1)
        with transaction.atomic():
            sql("SELECT 1/0")

    with pytest.raises(Exception, match="division by zero"):
        with_current_shape(broken)
    assert calls == [1]


# --- indexes ------------------------------------------------------------------------------------------------
ROWS = 100_000


@pytest.fixture(scope="module")
def volume(the_world: World) -> Iterator[World]:
    """100,000 deals of ten owners, and the statistics that the planner goes by."""
    with worlds.inside(the_world.schema_name), pinned_snapshot():
        obj = compiled("deal")
        name, score, amount = (obj.field(item).main.column for item in ("name", "score", "amount"))
        owners = [the_world.users["rep"].pk, the_world.users["south"].pk, the_world.users["city"].pk]
        fillers = [
            User.objects.create_user(f"filler{n}", None, name=f"F{n}", department=the_world.departments["south"]).pk
            for n in range(7)
        ]
        sql("SET statement_timeout = 0")
        sql(
            f"""
            INSERT INTO {obj.table} (id, created_at, updated_at, currency, owner_id, owner_department_id,
                                     {name}, {score}, {amount})
            SELECT gen_random_uuid(), timestamptz '2026-01-01' + n * interval '1 second', now(), 'CNY',
                   u.id, u.department_id, 'Deal ' || n, CASE WHEN n %% 4 = 0 THEN NULL ELSE n %% 1000 END, n
            FROM generate_series(1, {ROWS}) n
            JOIN identity_user u ON u.id = (%s::uuid[])[1 + n %% 10]
            """,
            [[str(item) for item in [*owners, *fillers]]],
        )
        sql(f"ANALYZE {obj.table}")
        sql("RESET statement_timeout")
    yield the_world
    with worlds.inside(the_world.schema_name), pinned_snapshot():
        sql(f"TRUNCATE {table('deal')} CASCADE")


def explained(query: RecordQuery, read: Any = None) -> dict[str, Any]:
    """Run a read and return the executed plan of its last statement."""
    statements: list[tuple[str, Any]] = []

    def catch(execute: Any, statement: str, values: Any, many: bool, context: Any) -> Any:
        statements.append((statement, values))
        return execute(statement, values, many, context)

    with connection.execute_wrapper(catch):
        (read or (lambda q: q.page(50)))(query)
    statement, values = statements[-1]
    ((document,),) = sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values)
    return (json.loads(document) if isinstance(document, str) else document)[0]["Plan"]


def nodes(top: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield top
    for child in top.get("Plans", ()):
        yield from nodes(child)


def touched(top: dict[str, Any], name: str) -> float:
    """Return how many rows were read from an object's table."""
    found = [item for item in nodes(top) if item.get("Relation Name") == name]
    assert found
    return max(map(read_rows, found))


def read_rows(node: dict[str, Any]) -> float:
    return float((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])


def test_lists_are_served_by_indexes(volume: World) -> None:
    with worlds.inside(volume.schema_name), pinned_snapshot():
        boss, rep, head = volume.actor("boss"), volume.actor("rep"), volume.actor("head")
        lookups = ("name", "amount", "owner.name", "firm.name")
        for query, most in (
            (RecordQuery(boss, "deal").fields(*lookups), 60),
            (RecordQuery(rep, "deal").fields(*lookups), 60),
            (RecordQuery(head, "deal").fields(*lookups), 1000),
            (RecordQuery(boss, "deal").order("amount"), 60),
            (RecordQuery(boss, "deal").order("-amount"), 60),
            (RecordQuery(boss, "deal").order("name"), 60),
            (RecordQuery(boss, "deal").where(Condition("score", "eq", 77)), 60),
            (RecordQuery(boss, "deal").where(Condition("name", "eq", "Deal 500")), 2),
        ):
            top = explained(query)
            assert not any(
                item["Node Type"] == "Seq Scan" and item["Relation Name"] == table("deal") for item in nodes(top)
            )
            assert touched(top, table("deal")) <= most, query.wish


def test_lists_of_callers_with_shares_and_rules_are_served_by_indexes(volume: World) -> None:
    """Of each way the newest are read, and no more: 50 of the department below, of an owner, of a value; the shares."""
    with worlds.inside(volume.schema_name), pinned_snapshot(), transaction.atomic():
        deal, head = BusinessObject.objects.get(api_name="deal"), f"user:{volume.users['head'].pk}"
        given = {"business_object": deal, "shared_with": head, "label": "x"}
        SharingRule.objects.create(kind="owner", owned_by=f"user:{volume.users['south'].pk}", **given)
        SharingRule.objects.create(kind="criteria", condition={"field": "score", "op": "eq", "value": 77}, **given)
        ids = [row[0] for row in sql(f"SELECT id FROM {table('deal')} ORDER BY md5(id::text) LIMIT 30")]
        RecordShare.objects.bulk_create(
            RecordShare(object_id=deal.pk, record_id=item, principal=head, source="team") for item in ids
        )
        bump_access_version()
        query = RecordQuery(volume.actor("head"), "deal").fields("name", "amount", "owner.name")
        top = explained(query)
        reads = [item for item in nodes(top) if item.get("Relation Name") == table("deal")]
        assert reads and not any(item["Node Type"] == "Seq Scan" for item in reads)
        assert sum(map(read_rows, reads)) < 600
        assert len(query.page(50).rows) == 50
        transaction.set_rollback(True)


@pytest.mark.parametrize("order", [(), ("amount",), ("-amount",), ("score",), ("-score",), ("name",), ("created_at",)])
def test_later_pages_cost_no_more_than_the_first(volume: World, order: tuple[str, ...]) -> None:
    """A page in the middle seeks to its place; it does not read what came before."""
    with worlds.inside(volume.schema_name), pinned_snapshot():
        query = RecordQuery(volume.actor("boss"), "deal").order(*order).fields("name")
        middle = query.page(1, offset=10_000).next_cursor
        assert middle is not None
        assert touched(explained(query, lambda q: q.page(50, middle)), table("deal")) <= 200


def test_the_empty_end_of_an_order_is_reached_by_a_second_statement(volume: World) -> None:
    with worlds.inside(volume.schema_name), pinned_snapshot():
        last = str(sql(f"SELECT max({compiled('deal').field('score').main.column}) FROM {table('deal')}")[0][0])
        query = RecordQuery(volume.actor("boss"), "deal").order("score").fields("score")
        tail = query.where(Condition("score", "eq", last)).count("exact").value
        assert tail > 3
        total = query.where(Condition("score", "nempty")).count("exact").value
        rows, cursor = [], query.page(1, offset=10_000).next_cursor
        assert total > 10_000
        for _number in range(80):
            page = query.page(1000, cursor)
            rows += [row[0] for row in page.rows]
            cursor = page.next_cursor
            if None in rows or cursor is None:
                break
        assert None in rows
        assert rows == sorted([value for value in rows if value is not None]) + [
            value for value in rows if value is None
        ]


def test_an_estimate_needs_no_scan(volume: World) -> None:
    with worlds.inside(volume.schema_name), pinned_snapshot():
        query = RecordQuery(volume.actor("boss"), "deal")
        estimate = query.count("estimate").value
        assert 0.8 * ROWS < estimate < 1.2 * ROWS
        assert (query.count().value, query.count().is_exact) == (10_000, False)


def test_plan_module_has_no_user_text() -> None:
    """Names in SQL come from `sqlnames` alone: the assembler quotes what it is given, or it fails."""
    with pytest.raises(ValueError, match="physical name"):
        plan.quote('x"; DROP TABLE y')
