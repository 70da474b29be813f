"""Functions about other records, hierarchies, and the graph of what needs what."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from crm_platform.identity.auth import build_actor
from crm_platform.kit.frozen import FrozenDict
from metadata.compiler.spec import FieldSpec, Labels, SchemaSpec
from metadata.expressions import Environment, RelatedQuery, Surroundings, compile_expression, scope_of
from metadata.expressions.graph import FieldNode, fields_read, find_cycle, ordered
from tests.kit import make
from tests.metadata.expressions.world import ACCOUNT, DEAL, LINE, REGION, VALUES, compiled, environment, scope

LINES: tuple[Mapping[str, Any], ...] = (
    {"price": Decimal("10.5"), "sold_on": date(2026, 1, 1), "sku": "a"},
    {"price": Decimal(20), "sold_on": date(2026, 3, 1), "sku": "b"},
    {"price": None, "sold_on": date(2026, 2, 1), "sku": "c"},
    {"price": Decimal(5), "sold_on": None, "sku": "a"},
)


def answer(query: RelatedQuery, env: Environment) -> Any:
    return query.answer([environment(line, outer=env) for line in LINES])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("COUNTREL(line)", Decimal(4)),
        ("COUNTREL(line.deal_id, price > 6)", Decimal(2)),
        ("EXISTSREL(line, sku = 'z')", False),
        ("SUMREL(line, price * 2)", Decimal(71)),
        ("SUMREL(line, price, sku = 'z')", Decimal(0)),
        ("AVGREL(line, price)", Decimal("11.83333333333333333333")),
        ("AVGREL(line, price, sku = 'z')", None),
        ("MINREL(line, sold_on)", date(2026, 1, 1)),
        ("MAXREL(line, price)", Decimal(20)),
        ("MAXREL(line, price, FALSE)", None),
        ("LATEST(line, sold_on, sku)", "b"),
        ("LATEST(line, sold_on, sku, price < 15)", "a"),
        ("LATEST(line, sold_on, sku, FALSE)", None),
        ("COUNTREL(line, price > $Record.quantity * 2)", Decimal(2)),
        ("VLOOKUP(line, price, sku, LOWER('B'))", Decimal(20)),
        ("VLOOKUP(line, price, sku, 'z')", None),
        ("VLOOKUP(line, price, sku, NULL)", None),
        ("COUNTREL(line) + 1 > 4", True),
    ],
)
def test_answers(text: str, expected: Any) -> None:
    assert compiled(text).evaluate(environment(related=answer)) == expected


def test_a_question_names_what_it_reads() -> None:
    expression = compiled("SUMREL(line, price, sold_on > $Record.close_date)")
    (query,) = expression.related
    assert query.paths == {"deal_id", "price", "sold_on"}
    assert query.outer_paths == {"close_date"}
    assert expression.paths == {"close_date"}
    assert not expression.is_compilable


def test_the_top_of_a_hierarchy_is_asked_for() -> None:
    account = scope("account")
    asked: list[RelatedQuery] = []

    def root(query: RelatedQuery, env: Environment) -> Any:
        asked.append(query)
        return "top"

    assert compile_expression("ROOT(parent_id, name)", account).evaluate(environment(related=root)) == "top"
    assert (asked[0].kind, asked[0].lookup) == ("root", "parent_id")
    parent = compile_expression("PARENT(parent_id, region__r.name)", account)
    assert parent.paths == {"parent.region__r.name"}
    assert parent.evaluate(environment({"parent.region__r.name": "华东"})) == "华东"


def test_fields_read_include_lookups_and_other_objects() -> None:
    found = fields_read(compiled("account.region__r.name & TEXT(SUMREL(line, price))"), scope())
    assert found == {
        ("deal", "account_id"),
        ("account", "region__c"),
        ("region", "name"),
        ("line", "deal_id"),
        ("line", "price"),
    }


def formula(number: int, name: str, text: str, returns: str = "decimal") -> FieldSpec:
    settings = FrozenDict({"expression": text, "returns": returns, "scale": 2})
    return FieldSpec(number, uuid.UUID(int=number), name, "formula", Labels({"en": name}), settings=settings)


def with_formulas(deal: tuple[FieldSpec, ...], line: tuple[FieldSpec, ...] = ()) -> SchemaSpec:
    objects = replace(DEAL, fields=deal + DEAL.fields), ACCOUNT, REGION, replace(LINE, fields=line + LINE.fields)
    return SchemaSpec(objects)


def formula_reads(schema: SchemaSpec) -> dict[FieldNode, frozenset[FieldNode]]:
    found = {}
    for spec in schema.objects:
        scope = scope_of(schema, spec.api_name)
        for field in spec.business_fields:
            if field.type == "formula":
                expression = compile_expression(str(field.settings["expression"]), scope)
                found[spec.api_name, field.api_name] = fields_read(expression, scope)
    return found


def test_formulas_come_after_those_that_they_read() -> None:
    schema = with_formulas(
        (formula(91, "c", "b * 2"), formula(92, "b", "a + 1"), formula(93, "a", "amount"), formula(94, "d", "a + c"))
    )
    assert [name for _object, name in ordered(formula_reads(schema))] == ["a", "b", "c", "d"]
    assert find_cycle(formula_reads(schema)) == ()


def test_a_formula_has_the_type_of_its_result() -> None:
    schema = with_formulas((formula(91, "total", "amount"), formula(92, "word", "name", "text")))
    assert compile_expression("total + LEN(word)", scope_of(schema, "deal")).paths == {"total", "word"}


def test_circles_are_found_also_across_objects() -> None:
    within = with_formulas((formula(91, "a", "b"), formula(92, "b", "a")))
    assert set(find_cycle(formula_reads(within))) == {("deal", "a"), ("deal", "b")}
    across = with_formulas((formula(91, "a", "SUMREL(line, x)"),), (formula(95, "x", "deal.a * 0.5"),))
    assert set(find_cycle(formula_reads(across))) == {("deal", "a"), ("line", "x")}
    itself = {("deal", "a"): [("deal", "a")]}
    assert find_cycle(itself) == (("deal", "a"),)


def test_a_long_chain_needs_no_deep_stack() -> None:
    reads = {("deal", f"f{n}"): [("deal", f"f{n + 1}")] for n in range(20_000)}
    assert find_cycle(reads) == ()
    assert ordered(reads)[0] == ("deal", "f19999")
    assert len(ordered(reads)) == 20_000


def test_the_surroundings_are_read_from_the_organisation(db: None) -> None:
    boss = make.user(name="王总", role="department_head")
    below = make.user(manager=boss)
    lowest = make.user(manager=below)
    env = environment(surroundings=Surroundings(build_actor(boss, via="console", request_id="-")))
    values = {**VALUES}
    for text, expected in (
        ("$User.name", "王总"),
        ("$User.id", boss.id),
        ("$User.department.name = $Dept.name", True),
        ("$Role.api_name", "department_head"),
        ("$Org.base_currency", "CNY"),
        ('HASROLE("department_head")', True),
        ('HASROLE("individual")', False),
        ('HASPERM("metadata.customize")', False),
    ):
        assert compiled(text).evaluate(env) == expected, text
    values["owner_id"] = lowest.id
    lower = environment(values, surroundings=env.surroundings, actor=env.around.actor)
    assert compiled("ISMANAGEROF(owner_id)").evaluate(lower) is True
    assert compiled("MYTEAM(owner_id)").evaluate(lower) is True
    assert set(env.around.team()) == {below.id, lowest.id}
    department = boss.department.name
    assert compiled(f'INDEPT("{department}")').evaluate(lower) is True
    assert compiled('INDEPT("nowhere")').evaluate(lower) is False
    assert environment(work_calendar=None, surroundings=env.surroundings).workdays.is_workday(date(2026, 3, 2))


def test_questions_are_typed_in_the_other_object() -> None:
    assert compiled("MAXREL(line, sold_on)").type == "date"
    assert compiled("LATEST(line, price, sku)").type == "text"
