"""Whatever is typed: a tree, or an error with a place. Whatever its size: at once."""

from __future__ import annotations

import os
import sys
import time
from random import Random

import pytest

from metadata.expressions import ExpressionError, limits, parse
from tests.metadata.expressions.generator import Generator
from tests.metadata.expressions.world import compiled, environment

TOTAL = int(os.environ.get("FUZZ", "5000"))
PIECES = (
    *"()+-*/^%&|!=<>,.'\"\\ $_aZ1中（），\x00\n\t\ud83d\u200f😀",
    "/*", "*/", "IF(", "AND(", "&&", "||", "amount", "NULL", "1.5", "account.name", "$User.name", "$Old.amount",
    "'a'", '"b"', "TRUE", "COUNTREL(line", "FILTER(tags, $Item", "REGEX(name, '(a+)+$')", "\\u0000", "==", "<>",
)  # fmt: skip


def attempt(text: str) -> None:
    """Compile and evaluate; the only error is one with a place inside the text."""
    try:
        expression = compiled(text, purpose="default")
    except ExpressionError as error:
        assert 0 <= error.start <= error.end <= len(text), text
        assert str(error.message), text
        assert error.line_and_column(text)[0] >= 1
        return
    if not expression.related:
        expression.evaluate(environment())


def test_random_strings_are_trees_or_errors_with_a_place() -> None:
    dice = Random(11)
    for _number in range(TOTAL):
        attempt("".join(dice.choice(PIECES) for _piece in range(dice.randint(0, 16))))


def test_damaged_expressions_are_trees_or_errors_with_a_place() -> None:
    dice = Random(12)
    generator = Generator(dice)
    for _number in range(TOTAL // 5):
        text = generator.expression()
        at = dice.randrange(len(text))
        attempt(text[:at] + dice.choice(("", *PIECES)) + text[at + dice.randint(0, 2) :])


@pytest.mark.parametrize(
    "text",
    [
        "+".join(["1"] * 5_000),
        "+".join(["1"] * 5_000)[:-1],
        "(" * 9_999,
        "(" * 4_999 + "1" + ")" * 4_999,
        "-" * 9_999 + "1",
        "!" * 9_999 + "a",
        "ABS(" * 2_000 + "1" + ")" * 2_000,
        "2^" * 4_999 + "1",
        "/*" * 5_000,
        "/**" * 3_333,
        '"' + "\\" * 9_998,
        "9" * 9_999,
        "a." * 4_999 + "b",
        "LIST(" + ",".join(["1"] * 4_990) + ")",
        "LIST(" + ",".join(["LIST(1,1,1,1,1,1,1,1)"] * 199) + ")",
        "a" * 10_000,
        "1" * 10_000_000,
    ],
    ids=lambda text: text[:12],
)
def test_what_is_too_large_is_refused_at_once(text: str) -> None:
    started = time.process_time()
    with pytest.raises(ExpressionError):
        compiled(text)
    assert time.process_time() - started < 1


def test_five_thousand_nodes_are_refused_with_a_reason() -> None:
    text = f"LIST({','.join(['*'.join(['1'] * 25)] * 199)})"
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert str(limits.MAX_NODES) in str(caught.value.message)


@pytest.mark.parametrize("shape", ["({})", "ABS({})", "-{}", "IF(TRUE, {}, 1)", "1+(2*{})", "2^{}"])
def test_the_deepest_expression_that_is_allowed_computes_on_a_short_stack(shape: str) -> None:
    text = "1"
    while True:
        try:
            parse(shape.format(text))
        except ExpressionError:
            break
        text = shape.format(text)
    expression = compiled(text)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(_depth() + 6 * limits.MAX_DEPTH)
    try:
        expression.evaluate(environment())
        assert expression.to_orm(lambda path: None, environment()).parts
    finally:
        sys.setrecursionlimit(limit)


def _depth() -> int:
    frame, depth = sys._getframe(), 0
    while frame.f_back:
        frame, depth = frame.f_back, depth + 1
    return depth + 20


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*$", "(.*)*x", "(a{1,50}){1,50}", "((a{0,100}){0,100}){0,100}"])
def test_a_pattern_that_would_explode_elsewhere_is_harmless(pattern: str) -> None:
    started = time.process_time()
    try:
        expression = compiled(f'REGEX(name, "{pattern}")')
    except ExpressionError:
        pass
    else:
        assert expression.evaluate(environment({"name": "a" * 5_000 + "!"})) is False
    assert time.process_time() - started < 1


def test_growing_texts_become_blank_instead_of_filling_the_memory() -> None:
    text = '"aaaaaaaaaa"'
    for _level in range(12):
        text = f'SUBSTITUTE({text}, "a", "aaaaaaaaaa")'
    assert compiled(text).evaluate(environment()) is None
    assert compiled(text.replace("SUBSTITUTE", "REGEX_REPLACE")).evaluate(environment()) is None
