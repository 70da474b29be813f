"""What a compiled expression knows of itself, tracing, and its Django side in real queries."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db.models import F, Q

from crm_platform.identity.models import User
from metadata.expressions import NotAvailable, NotCompilable, ValueType, blank_environment, compile_expression, scope_of
from metadata.expressions.evaluate import Fixed, code
from tests.kit import make
from tests.metadata.expressions.world import ACTOR, NOW, SPEC, VALUES, compiled, environment, scope


def test_paths_are_canonical() -> None:
    expression = compiled("account.region__r.name & account.name & TEXT(owner) & $User.name")
    assert expression.paths == {"account.region__r.name", "account.name", "owner_id"}


def test_what_an_expression_depends_on() -> None:
    rule = compiled("ISCHANGED(amount) && $Old.stage = 'won' && close_date < TODAY() && HASROLE('x')", purpose="rule")
    assert rule.old_paths == {"amount", "stage"}
    assert rule.paths == {"amount", "stage", "close_date"}
    assert rule.uses_clock and rule.uses_user and rule.uses_old and not rule.is_random
    plain = compiled("amount + 1")
    assert not (plain.uses_clock or plain.uses_user or plain.uses_old or plain.is_random)
    assert compiled("$Now").uses_clock
    assert compiled("FIRST(MAP(tags, $Item & $User.name))").uses_user
    assert compiled("RAND()", purpose="default").is_random
    assert compiled("ISNEW()", purpose="rule").uses_old


def test_cost_grows_with_lookups_and_other_records() -> None:
    assert compiled("amount").cost < compiled("amount + cost").cost < compiled("account.name").cost
    assert compiled("account.name").cost < compiled("COUNTREL(line)").cost


def test_equal_text_in_an_equal_scope_is_one_expression() -> None:
    assert compiled("amount") is compiled("amount")
    assert compiled("amount") != compiled("amount", blank_as_zero=True)
    assert hash(compiled("amount")) == hash(compile_expression("amount", scope()))
    assert scope_of(SPEC, "deal").key == scope().key


def test_a_scope_needs_an_object() -> None:
    with pytest.raises(LookupError):
        scope_of(SPEC, "nothing")


def test_constants_are_worked_out_once_but_never_the_clock() -> None:
    assert isinstance(code(compiled("1 + 2 = 3").root), Fixed)
    assert not isinstance(code(compiled("TODAY() + 1").root), Fixed)
    assert compiled("quantity * (2 ^ 3)").evaluate(environment({"quantity": Decimal(5)})) == 40


def test_trace_gives_every_sub_expression() -> None:
    text = "IF(amount > 1000, UPPER(name), code)"
    found = {text[item.start : item.end]: item.value for item in compiled(text).trace(environment())}
    assert found["amount"] == Decimal("1000.50")
    assert found["amount > 1000"] is True
    assert found["code"] == "SO-2026-01"
    assert found[text] == "华为技术有限公司"


def test_rules_see_the_record_before_the_change() -> None:
    env = environment(old={**VALUES, "amount": Decimal(5), "stage": "won"}.get)
    for text, expected in (
        ("ISCHANGED(amount)", True),
        ("ISCHANGED(stage)", False),
        ("PRIORVALUE(amount) = 5 && $Old.amount = 5", True),
        ("ISNEW()", False),
    ):
        assert compiled(text, purpose="rule").evaluate(env) is expected
    new = environment(is_new=True)
    assert (
        compiled("ISNEW() && !ISCHANGED(amount) && ISBLANK(PRIORVALUE(amount))", purpose="rule").evaluate(new) is True
    )


def test_a_prior_value_that_is_no_decimal_yet_is_not_a_change() -> None:
    env = environment(old={"quantity": Decimal("3.0")}.get)
    assert compiled("ISCHANGED(quantity)", purpose="rule").evaluate(env) is False


def test_an_environment_that_lacks_something_says_so() -> None:
    with pytest.raises(NotAvailable):
        compiled("ISCHANGED(amount)", purpose="rule").evaluate(environment())
    with pytest.raises(NotAvailable):
        compiled("COUNTREL(line)").evaluate(environment())
    with pytest.raises(NotAvailable):
        compiled("CURRENCYRATE('USD')").evaluate(environment(rate=None))


def test_a_blank_environment_serves_defaults() -> None:
    assert (
        compiled("TODAY() + 30", purpose="default").evaluate(blank_environment(ACTOR, NOW)).isoformat() == "2026-04-15"
    )
    assert compiled("amount", purpose="default").evaluate(blank_environment(ACTOR, NOW)) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("PINYIN(name)", "PINYIN"),
        ("WORKDAYS(start_date, close_date)", "WORKDAYS"),
        ('TEXT(amount, "0.00")', "TEXT"),
        ("COUNT(FILTER(tags, LEN($Item) > 1))", "FILTER"),
    ],
)
def test_what_the_database_cannot_compute_says_why(text: str, why: str) -> None:
    expression = compiled(text)
    assert not expression.is_compilable and why in expression.not_compilable
    with pytest.raises(NotCompilable) as caught:
        expression.to_orm(F, environment())
    assert why in caught.value.functions


def column(path: str) -> Any:
    """Users stand for deals, their departments for accounts."""
    return {"name": F("name"), "code": F("title"), "account.name": F("department__name"), "is_hot": F("is_active")}[
        path
    ]


def test_expressions_work_in_querysets(db: None) -> None:
    users = [make.user(name=name, title=title) for name, title in (("甲", "a"), ("乙", ""), ("丙", "c"))]
    mine = User.objects.filter(id__in=[user.id for user in users])
    env = environment()
    label = compiled('IF(ISBLANK(code), "none", UPPER(code)) & "@" & LEFT(account.name, 1)').to_orm(column, env)
    found = dict(mine.annotate(label=label).values_list("name", "label"))
    initial = users[0].department.name[0]
    assert found == {"甲": f"A@{initial}", "乙": f"none@{initial}", "丙": f"C@{initial}"}
    condition = compiled('code > "b" || name = "甲"').to_condition(column, env)
    assert set(mine.filter(condition).values_list("name", flat=True)) == {"甲", "丙"}
    assert set(mine.filter(~Q(condition)).values_list("name", flat=True)) == {"乙"}
    ordered = mine.order_by(compiled('SUBSTITUTE(name & code, "乙", "z")').to_orm(column, env).desc())
    assert len(ordered) == 3


def test_a_condition_can_use_an_index(db: None) -> None:
    condition = str(User.objects.filter(compiled('name = "甲"').to_condition(column, environment())).query)
    assert "coalesce" not in condition.lower()
    value = str(User.objects.annotate(x=compiled('name = "甲"').to_orm(column, environment())).query)
    assert "coalesce" in value.lower()


def test_the_type_of_a_list_is_that_of_its_members() -> None:
    expression = compiled('MAP(SPLIT("1,2", ","), VALUE($Item))')
    assert (expression.type, expression.element) == (ValueType.LIST, ValueType.NUMBER)
    assert expression.evaluate(environment()) == (Decimal(1), Decimal(2))
