"""Virtual formulas as part of the data model: SQL that is kept, tables without their columns, packages."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.db import connection

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import ValidationFailed
from metadata.compiler.current import current_snapshot
from metadata.ddl.catalog import read_tables
from metadata.expressions import Expression, ExpressionError, NotCompilable, functions
from metadata.packages.portable import apply, export, load_package, package_of
from metadata.virtual_formulas import Clock
from objects.query.conditions import Condition
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.kit.work import run_queued_jobs
from tests.metadata.expressions.both import Bare, column
from tests.metadata.expressions.generator import Generator
from tests.metadata.expressions.world import compiled, environment
from tests.metadata.packages.documents import field, machine, package, write

NOW, TODAY, ZONE = object(), object(), object()
FROZEN = frozenset({"the organisation's calendar", "the reader's language"})


def kept(expression: Expression) -> tuple[str, list[Any]] | None:
    """Return the SQL with an open clock, None where there is none."""
    try:
        made = expression.to_orm(column, Clock(NOW, TODAY, ZONE))  # type: ignore[arg-type]
    except NotCompilable as error:
        assert not expression.is_compilable or FROZEN | {"$Org.name", "ROOT"} >= set(error.functions), error.functions
        return None
    return made.as_sql(Bare(), connection)  # type: ignore[arg-type]


def check(expression: Expression) -> bool:
    """Hold SQL that is kept against SQL for one moment; tell whether there is any."""
    found = kept(expression)
    if found is None:
        return False
    env = environment()
    text, params = expression.to_orm(column, env).as_sql(Bare(), connection)  # type: ignore[arg-type]
    values = {id(NOW): env.now, id(TODAY): env.today, id(ZONE): env.zone.key}
    assert (found[0], [values.get(id(item), item) for item in found[1]]) == (text, params)
    return True


@pytest.mark.django_db
def test_sql_that_is_kept_says_the_same_as_sql_for_one_moment() -> None:
    examples = [function.example[0] for function in functions if function.example[1]]
    assert sum(map(check, map(compiled, examples))) > 70
    for text in ("TODAY() - DATE(2026, 1, 1)", "NOW()", "$Now", "DATEVALUE(NOW())", "TEXT(NOW())", "HOUR($Now)"):
        assert check(compiled(text)), text
    dice, done = Random(11), 0
    generator = Generator(dice)
    for _number in range(400):
        try:
            done += check(compiled(generator.expression()))
        except ExpressionError:  # a NULL that leaves a type open
            continue
    assert done > 100


def formula(storage: str, **settings: Any) -> dict[str, Any]:
    given = {"expression": "weight__c * 2", "returns": "integer", "storage": storage, **settings}
    return field("double__c", "formula", settings=given)


def columns() -> int:
    table = current_snapshot().object("machine__c").table
    return len(read_tables([table])[table].columns)


@pytest.mark.django_db
def test_a_package_brings_it_changes_it_and_tells_it_back(admin_actor: Actor, tmp_path: Path) -> None:
    weight = field("weight__c", "integer")
    apply(admin_actor, package(tmp_path / "one", machine(weight, formula("virtual"))))
    obj = current_snapshot().object("machine__c")
    assert obj.field("double__c").is_virtual
    before = columns()
    made = RecordService(admin_actor).create("machine__c", {"name": "M", "weight__c": 21}).id
    query = RecordQuery(admin_actor, "machine__c")
    assert query.get(made)["double__c"] == 42

    told = package_of(["machine__c"], name="test", version="1", label=obj.spec.label)
    for name, content in export(told).items():
        (tmp_path / name).write_bytes(content)
    (again,) = load_package(tmp_path).schema.objects
    assert again.field_map["double__c"].settings["storage"] == "virtual"

    apply(admin_actor, package(tmp_path / "two", machine(weight, formula("stored"))))
    run_queued_jobs()
    assert columns() == before + 1
    assert query.where(Condition("double__c", "eq", 42)).ids() == [made]
    apply(admin_actor, package(tmp_path / "three", machine(weight, formula("virtual"))))
    assert columns() == before
    assert query.get(made)["double__c"] == 42


@pytest.mark.django_db
def test_a_package_with_one_that_can_not_be_is_refused(admin_actor: Actor, tmp_path: Path) -> None:
    weight = field("weight__c", "integer")
    for number, wrong in enumerate(
        (
            {**formula("virtual"), "is_indexed": True},
            formula("virtual", expression="WORKDAYS(TODAY(), TODAY() + weight__c)"),
        )
    ):
        with pytest.raises(ValidationFailed):
            apply(admin_actor, load_package(write(tmp_path / str(number), machine(weight, wrong))))
