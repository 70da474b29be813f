"""The examples of the reference: each is computed in Python, and in the database where it can be."""

from __future__ import annotations

import pytest

from metadata.expressions import functions
from metadata.expressions.functions.formats import shown
from tests.metadata.expressions.world import compiled, environment, select

EXAMPLES = [(function.name, *function.example) for function in functions if function.example[1]]


@pytest.mark.parametrize(("name", "text", "result"), EXAMPLES)
def test_example(name: str, text: str, result: str, db: None) -> None:
    expression = compiled(text)
    env = environment()
    assert shown(expression.evaluate(env), env.zone) == result
    assert name in expression.functions or name == "BR"
    if expression.is_compilable:
        assert shown(select([expression], {}, env)[0], env.zone) == result


def test_every_function_has_a_summary_and_an_example_that_calls_it() -> None:
    for function in functions:
        assert str(function.summary), function.name
        assert f"{function.name}(" in function.example[0]
