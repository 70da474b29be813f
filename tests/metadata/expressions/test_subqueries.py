"""Functions about other records give the same in Python and as subqueries, over real record tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction

from metadata.compiler.current import current_snapshot, pinned_snapshot
from metadata.expressions import Environment, NotCompilable, RelatedQuery, compile_expression, scope_of
from metadata.expressions.evaluate import identity
from metadata.expressions.subqueries import RelatedSubqueries, columns_of
from metadata.field_types import field_types
from tests.metadata.expressions.world import ACTOR, NOW
from tests.objects import world as worlds
from tests.objects.world import World, compiled, delete, insert

TEXTS = (
    "COUNTREL(deal.firm_id)",
    "COUNTREL(deal.firm_id, amount > 15)",
    "COUNTREL(deal.firm_id, CONTAINS(name, $Record.name))",
    "EXISTSREL(deal.firm_id, stage = 'won')",
    "!EXISTSREL(deal.firm_id) || FALSE",
    "SUMREL(deal.firm_id, amount * (1 + rate__c))",
    "SUMREL(deal.firm_id, amount, stage = 'none')",
    "AVGREL(deal.firm_id, amount)",
    "MINREL(deal.firm_id, close_on)",
    "MAXREL(deal.firm_id, name)",
    "LATEST(deal.firm_id, close_on, name)",
    "LATEST(deal.firm_id, close_on, amount, stage = 'open')",
    "VLOOKUP(deal, amount, name, name & '-b')",
    "VLOOKUP(deal, firm.name, name, 'nothing')",
    "IF(SUMREL(deal.firm_id, amount) > 20, parent.name & '!', LEFT(name, 1))",
    "COUNTREL(firm)",
)


@pytest.fixture(scope="module")
def the_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock(), worlds.world() as made:
        yield made


@pytest.fixture
def firms(the_world: World) -> Iterator[None]:
    """Three firms: one with deals, one below it, one with none."""
    with worlds.inside(the_world.schema_name), transaction.atomic(), pinned_snapshot():
        first = insert("firm", name="a")
        second = insert("firm", name="b", parent_id=first)
        insert("firm", name="c")
        rows: tuple[tuple[Any, ...], ...] = (
            (first, "a-a", "10.5", "0.1", "won", date(2026, 1, 1)),
            (first, "a-b", "20", None, "open", date(2026, 3, 1)),
            (first, "Z", None, "0.2", "open", date(2026, 2, 1)),
            (second, "é", "7", "0.5", "lost", None),
        )
        for firm, name, amount, rate, stage, close_on in rows:
            money = Decimal(amount) if amount else None
            percent = Decimal(rate) if rate else None
            insert("deal", name=name, firm_id=firm, amount=money, rate__c=percent, stage=stage, close_on=close_on)
        delete("deal", insert("deal", name="gone", firm_id=first, amount=Decimal(1000), stage="won"))
        yield
        transaction.set_rollback(True)


def value_of(record: Any, path: str) -> Any:
    """Walk a path from record to record."""
    step, _dot, rest = path.partition(".")
    if not rest:
        return record.value(step)
    lookup = record.compiled.lookup(step)
    target = getattr(record, lookup.attr)
    return None if target is None else value_of(target, rest)


def answer(query: RelatedQuery, env: Environment) -> Any:
    obj = compiled(query.object)
    rows = obj.model._base_manager.filter(deleted_at=None).order_by("-created_at", "-pk")
    if query.lookup:
        rows = [row for row in rows if identity(row.value(query.lookup)) == identity(env.value("id"))]
    return query.answer(environment(row, outer=env) for row in rows)


def environment(record: Any, **options: Any) -> Environment:
    actor = replace(ACTOR, memo={})
    return Environment(lambda path: value_of(record, path), actor, NOW, related=answer, **options)


@pytest.mark.parametrize("text", TEXTS)
def test_a_subquery_gives_what_python_does(text: str, firms: None) -> None:
    obj, snapshot = compiled("firm"), current_snapshot()
    expression = compile_expression(text, scope_of(snapshot, "firm"))
    records = list(obj.model._base_manager.order_by("created_at", "pk"))
    env = environment(records[0])
    made = expression.to_orm(columns_of(obj), env, RelatedSubqueries(snapshot.object))
    computed = dict(obj.model._base_manager.annotate(answer=made).values_list("pk", "answer"))
    assert len(computed) == 3
    for record in records:
        assert computed[record.pk] == expression.evaluate(environment(record)), record.value("name")


def test_a_condition_filters_by_other_records(firms: None) -> None:
    obj, snapshot = compiled("firm"), current_snapshot()
    expression = compile_expression("COUNTREL(deal.firm_id) > 1", scope_of(snapshot, "firm"), purpose="condition")
    env = environment(None)
    made = expression.to_condition(columns_of(obj), env, RelatedSubqueries(snapshot.object))
    assert [record.value("name") for record in obj.model._base_manager.filter(made)] == ["a"]
    with pytest.raises(NotCompilable):
        expression.to_condition(columns_of(obj), env)


def test_a_place_has_two_columns() -> None:
    lat, lng = SimpleNamespace(expression="f_1"), SimpleNamespace(expression="f_1_lng")
    field = SimpleNamespace(type=field_types.get("geolocation"), columns=(lat, lng))
    place: Any = SimpleNamespace(resolve=lambda path: SimpleNamespace(field=field, expression="firm__f_1"))
    assert [part.name for part in columns_of(place)("firm.place")] == ["firm__f_1", "firm__f_1_lng"]


def test_the_top_of_a_hierarchy_is_climbed_in_python_only(firms: None) -> None:
    snapshot = current_snapshot()
    expression = compile_expression("ROOT(parent_id, name)", scope_of(snapshot, "firm"))
    with pytest.raises(NotCompilable):
        expression.to_orm(columns_of(compiled("firm")), environment(None), RelatedSubqueries(snapshot.object))
