"""Generated expressions over generated records give the same in Python and in the database.

The suite takes 1,500 expressions; EXPRESSIONS=20000 (`make nightly`) takes as many.
"""

from __future__ import annotations

import os
from dataclasses import replace
from random import Random

from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from metadata.expressions import Expression, ExpressionError
from metadata.field_types.values import Calendar
from tests.metadata.expressions.both import differences
from tests.metadata.expressions.generator import ZONES, Generator, candidates, record
from tests.metadata.expressions.world import ACTOR, compiled, scope

BATCH = 25
RECORDS = 6
TOTAL = int(os.environ.get("EXPRESSIONS", "1500"))


def batch(generator: Generator, dice: Random, *, blank_as_zero: bool) -> list[Expression]:
    """Return expressions that compile; a few are refused, where NULL leaves a type open."""
    made: list[Expression] = []
    refused = 0
    while len(made) < BATCH:
        try:
            made.append(compiled(generator.expression(), blank_as_zero=blank_as_zero))
        except ExpressionError:
            refused += 1
            assert refused < 3 * BATCH
    return made


@settings(
    max_examples=max(1, TOTAL // BATCH),
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(seed=st.integers(0, 2**64), zone=st.sampled_from(ZONES), blank_as_zero=st.booleans())
def check(seed: int, zone: str, blank_as_zero: bool) -> None:
    dice = Random(seed)
    actor = replace(ACTOR, time_zone=zone, memo={})
    calendar = Calendar(dice.choice((1, 6, 7)), dice.choice((1, 4, 7)))
    expressions = batch(Generator(dice), dice, blank_as_zero=blank_as_zero)
    records = [record(dice) for _number in range(RECORDS)]
    found = differences(expressions, records, actor=actor, calendar=calendar)
    scope().memo.clear()
    assert not found, sorted(found, key=lambda item: len(item.text))[0]


def test_generated_expressions_are_the_same_in_python_and_in_the_database(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off")
    check()


def test_every_function_that_the_database_computes_is_generated() -> None:
    generator = Generator(Random(3))
    for _number in range(3_000):
        generator.expression()
    assert {function.name for function in candidates()} - generator.used == set()


def test_records_leave_enough_values_to_compare() -> None:
    dice = Random(5)
    records = [record(dice) for _number in range(200)]
    for path in records[0]:
        blanks = sum(item[path] is None for item in records)
        assert 20 < blanks < 150, path
