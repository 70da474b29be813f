"""Every operator of every type finds exactly the rows that it should, through real rows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import QueryTooComplex, ValidationFailed
from metadata import services
from metadata.compiler.compiled import CompiledObject
from metadata.field_types.operators import Arity, operators
from metadata.rule_inputs import RecordTypeInput
from objects.query.conditions import All, Condition, Not, Tree
from objects.query.conditions import Any as AnyOf
from objects.query.query import RecordQuery
from tests.objects.world import World, compiled, insert

MOMENT = datetime(2026, 3, 1, 10, tzinfo=UTC)


@pytest.fixture
def rows(world: World) -> dict[str, Any]:
    """Three deals: `one` and `two` are full, `bare` has nothing but its name."""
    boss, rep = world.users["boss"], world.users["rep"]
    firm, other = insert("firm", name="华为", owner=boss), insert("firm", name="Nokia", owner=boss)
    one = insert(
        "deal", name="Alpha 100%", owner=boss, firm_id=firm, about__c={"": firm, "_object": "firm"}, helper__c=rep.pk,
        amount={"": Decimal("10.50"), "_base": Decimal("10.50")}, rate__c=Decimal("0.2"), score=5,
        size__c=Decimal("1.125"), done__c=True, close_on=date(2026, 3, 1), seen_at__c=MOMENT, stage="open",
        tags__c=["a", "b"], mail__c="a@example.com", phone__c={"": "+8613800138000"},
        site__c="https://example.com/a", notes__c="line one\nline two", external_id="X-1",
    )  # fmt: skip
    two = insert(
        "deal", name="beta_100", owner=rep, firm_id=other, about__c={"": one, "_object": "deal"}, helper__c=boss.pk,
        amount={"": Decimal("20.00"), "_base": Decimal("20.00")}, rate__c=Decimal("0.5"), score=9,
        size__c=Decimal("2.250"), done__c=False, close_on=date(2026, 4, 1), seen_at__c=MOMENT.replace(month=4),
        stage="won", tags__c=["b", "c"], mail__c="b@example.com", phone__c={"": "+8613900139000"},
        site__c="https://example.com/b", notes__c="other", external_id="X-2",
    )  # fmt: skip
    bare = insert("deal", name="中文名")
    return {"one": one, "two": two, "bare": bare, "firm": firm, "other": other}


def found(world: World, rows: dict[str, Any], tree: Tree) -> set[str]:
    names = {pk: name for name, pk in rows.items()}
    return {names[pk] for pk in RecordQuery(world.actor("boss"), "deal").where(tree).ids()}


CASES = [
    ("name", "eq", "Alpha 100%", {"one"}),
    ("name", "ne", "Alpha 100%", {"two", "bare"}),
    ("name", "contains", "ALPHA", {"one"}),
    ("name", "contains", "100%", {"one"}),
    ("name", "contains", "_1", {"two"}),
    ("name", "contains", "文", {"bare"}),
    ("name", "ncontains", "100", {"bare"}),
    ("name", "starts", "beta", {"two"}),
    ("name", "ends", "%", {"one"}),
    ("name", "in", ["Alpha 100%", "中文名"], {"one", "bare"}),
    ("name", "nin", ["Alpha 100%", "中文名"], {"two"}),
    ("name", "empty", None, set()),
    ("mail__c", "empty", None, {"bare"}),
    ("mail__c", "nempty", None, {"one", "two"}),
    ("notes__c", "contains", "line two", {"one"}),
    ("external_id", "eq", "X-2", {"two"}),
    ("amount", "eq", "10.5", {"one"}),
    ("amount", "ne", "10.5", {"two", "bare"}),
    ("amount", "gt", 10.5, {"two"}),
    ("amount", "gte", Decimal("10.5"), {"one", "two"}),
    ("amount", "lt", "20", {"one"}),
    ("amount", "between", ["10", "15"], {"one"}),
    ("amount", "in", ["10.50", "20"], {"one", "two"}),
    ("amount", "nin", ["10.50"], {"two", "bare"}),
    ("amount", "empty", None, {"bare"}),
    ("rate__c", "eq", "0.2", {"one"}),
    ("size__c", "lte", "1.125", {"one"}),
    ("score", "gte", "9", {"two"}),
    ("score", "between", ["1", "5"], {"one"}),
    ("version", "eq", 1, {"one", "two", "bare"}),
    ("done__c", "eq", "true", {"one"}),
    ("done__c", "ne", True, {"two", "bare"}),
    ("close_on", "eq", "2026-03-01", {"one"}),
    ("close_on", "gt", "2026-03-01", {"two"}),
    ("close_on", "between", ["2026-03-01", "2026-03-31"], {"one"}),
    ("seen_at__c", "lt", "2026-03-15T00:00:00Z", {"one"}),
    ("seen_at__c", "empty", None, {"bare"}),
    ("stage", "eq", "won", {"two"}),
    ("stage", "in", ["won", "open"], {"one", "two"}),
    ("stage", "nin", ["won"], {"one", "bare"}),
    ("stage", "empty", None, {"bare"}),
    ("tags__c", "any", ["a", "c"], {"one", "two"}),
    ("tags__c", "all", ["a", "b"], {"one"}),
    ("tags__c", "none", ["a"], {"two", "bare"}),
    ("tags__c", "eq", ["b", "a"], {"one"}),
    ("tags__c", "empty", None, {"bare"}),
    ("firm_id", "empty", None, {"bare"}),
    ("firm_id", "nempty", None, {"one", "two"}),
    ("owner_id", "is_me", None, {"one"}),
    ("owner_id", "empty", None, {"bare"}),
    ("firm.name", "eq", "华为", {"one"}),
    ("firm.name", "ne", "华为", {"two", "bare"}),
    ("firm.name", "empty", None, {"bare"}),
    ("owner.name", "starts", "re", {"two"}),
    ("owner.department.name", "eq", "North", {"two"}),
    ("deleted_at", "empty", None, {"one", "two", "bare"}),
    ("created_at", "gte", "2020-01-01T00:00:00Z", {"one", "two", "bare"}),
]


@pytest.mark.parametrize(("path", "operator", "operand", "expected"), CASES)
def test_operator(
    world: World, rows: dict[str, Any], path: str, operator: str, operand: Any, expected: set[str]
) -> None:
    assert found(world, rows, Condition(path, operator, operand)) == expected


def test_references_are_found_by_id(world: World, rows: dict[str, Any]) -> None:
    firm, boss = rows["firm"], world.users["boss"].pk
    assert found(world, rows, Condition("firm_id", "eq", firm)) == {"one"}
    assert found(world, rows, Condition("firm_id", "ne", str(firm))) == {"two", "bare"}
    assert found(world, rows, Condition("firm_id", "in", [firm, rows["other"]])) == {"one", "two"}
    assert found(world, rows, Condition("helper__c", "nin", [boss])) == {"one", "bare"}
    assert found(world, rows, Condition("about__c", "eq", str(firm))) == {"one"}
    assert found(world, rows, Condition("id", "in", [rows["one"], rows["bare"]])) == {"one", "bare"}
    root = world.departments["root"].pk
    assert found(world, rows, Condition("owner_department_id", "under", root)) == {"one", "two"}
    assert found(world, rows, Condition("owner_department_id", "under", world.departments["north"].pk)) == {"two"}


def test_periods_are_relative_to_today(world: World, rows: dict[str, Any]) -> None:
    for operand in ("today", "this_month", "last_n_days:30"):
        assert found(world, rows, Condition("created_at", "rel", operand)) == set()


def test_trees_combine(world: World, rows: dict[str, Any]) -> None:
    alpha, beta = Condition("name", "starts", "Alpha"), Condition("score", "eq", 9)
    assert found(world, rows, AnyOf([alpha, beta])) == {"one", "two"}
    assert found(world, rows, All([alpha, beta])) == set()
    assert found(world, rows, Not(alpha)) == {"two", "bare"}
    assert found(world, rows, Not(AnyOf([alpha, Condition("score", "empty")]))) == {"two"}
    assert found(world, rows, All([])) == {"one", "two", "bare"}
    assert found(world, rows, AnyOf([])) == set()
    assert found(world, rows, All([AnyOf([alpha, beta]), Not(beta)])) == {"one"}


def test_every_operator_of_every_field_runs(world: World, rows: dict[str, Any]) -> None:
    """Completeness by reflection: no field has an operator whose SQL fails."""
    services.create_record_type(system_actor(), "deal", RecordTypeInput("partner", "渠道"))
    obj = compiled("deal")
    query = RecordQuery(world.actor("boss"), "deal")
    for field in query.policy.readable_fields(obj):
        for operator in field.type.filters(field.spec):
            query.where(Condition(field.name, operator, sample(obj, field.name, operator, rows))).count("exact")


def sample(obj: CompiledObject, name: str, operator: str, rows: dict[str, Any]) -> Any:
    """Return an operand that the field takes."""
    kind = obj.fields[name].spec.type
    value: Any = {
        "date": "2026-03-01", "datetime": "2026-03-01T00:00:00Z", "integer": 1, "decimal": "1", "currency": "1",
        "percent": "0.1", "checkbox": True, "stage": "won", "picklist": "tech", "multi_picklist": "a",
        "currency_code": "CNY", "record_type": "partner", "phone": "13800138000", "email": "a@example.com", "url": "https://example.com",
    }.get(kind, str(rows["firm"]))  # fmt: skip
    if operator == "rel":
        return "today"
    if operator == "eq" and kind == "multi_picklist":
        return ["a"]
    arity = operators.get(operator).arity
    return {Arity.NONE: None, Arity.TWO: [value, value], Arity.MANY: [value]}.get(arity, value)


@pytest.mark.parametrize(
    ("path", "operator", "operand"),
    [
        ("amount", "gte", "many"),
        ("amount", "between", ["1"]),
        ("amount", "between", ["1", "2", "3"]),
        ("amount", "eq", ["1", "2"]),
        ("score", "eq", "1.5e400"),
        ("close_on", "eq", "2026-13-01"),
        ("seen_at__c", "eq", "yesterday"),
        ("firm_id", "eq", "1"),
        ("name", "eq", "a\x00b"),
        ("name", "eq", {"$ne": 1}),
        ("name", "contains", ""),
        ("name", "contains", None),
        ("name", "contains", "x" * 3000),
        ("name", "in", []),
        ("name", "in", ["x"] * 5000),
        ("done__c", "eq", "perhaps"),
        ("created_at", "rel", "the day after"),
    ],
)
def test_bad_operands_are_refused_with_their_field(world: World, path: str, operator: str, operand: Any) -> None:
    with pytest.raises(ValidationFailed) as caught:
        RecordQuery(world.actor("boss"), "deal").where(Condition(path, operator, operand, "#/here")).page()
    (error,) = caught.value.errors
    assert error.field == path
    assert error.params["pointer"] == "#/here"


def test_all_that_is_wrong_is_told_at_once(world: World) -> None:
    tree = All([Condition("nope", "eq", 1), Condition("score", "contains", 1), Condition("score", "eq", "x")])
    with pytest.raises(ValidationFailed) as caught:
        RecordQuery(world.actor("boss"), "deal").where(tree).page()
    assert [error.field for error in caught.value.errors] == ["nope", "score", "score"]


def test_size_is_limited(world: World) -> None:
    query = RecordQuery(world.actor("boss"), "deal")
    deep: Tree = Condition("score", "eq", 1)
    for _number in range(10):
        deep = Not(deep)
    with pytest.raises(QueryTooComplex):
        query.where(deep).page()
    query.where(All([Condition("score", "eq", number) for number in range(100)])).page()
    with pytest.raises(QueryTooComplex):
        query.where(All([Condition("score", "eq", number) for number in range(101)])).page()
