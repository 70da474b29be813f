"""Patterns that people write: what passes runs in linear time in Python, and PostgreSQL reads it, too."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metadata.field_types import field_types
from metadata.field_types.patterns import checked_pattern, matches_whole
from metadata.field_types.values import InvalidValue
from tests.kit.field_specs import clean_context, field_spec

PIECES = [
    *("a", "客", ".", "^", "$", "|", "(", "(?:", ")", "[a-z]", "[^0-9]", "[[:alpha:]]", "[\\w-]", "\\d", "\\S", "\\."),
    *(
        "*",
        "+",
        "?",
        "*?",
        "{2}",
        "{1,3}",
        "{0,}",
        "{3,1}",
        "{",
        "}",
        "[",
        "]",
        "-",
        "\\",
        "\\b",
        "(?=a)",
        "{101}",
        " ",
    ),
]


@pytest.mark.parametrize(
    "text", ["^[A-Z]{2}-\\d{4}$", "(?i)acme", "客户.*", "(a+)+$", "[[:alpha:]]+", "[^\\]]+", "a||b"]
)
def test_plain_patterns_pass(text: str) -> None:
    assert checked_pattern(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *("(?=a)", "(?P<n>a)", "(a)\\1", "\\bword", "a**", "^*", "x{,5}", "a{101}", "a{3,1}", "[z-a]", "[a", "(", "\\"),
        *("[\\w-z]", "[[.a.]]", "***:a", "(((a{10}){10}){10}){10}", "a\x00", "a\nb", "", "x" * 201),
        *(5, None, ["a"]),
    ],
)
def test_what_is_unsafe_or_read_in_two_ways_is_refused(text: Any) -> None:
    with pytest.raises(InvalidValue):
        checked_pattern(text)


def test_a_pattern_that_would_explode_elsewhere_takes_no_time() -> None:
    started = time.perf_counter()
    assert not matches_whole(checked_pattern("(a+)+(a+)+$"), "a" * 5_000 + "b")
    assert time.perf_counter() - started < 1


@pytest.mark.django_db
@settings(max_examples=400, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_postgresql_reads_whatever_passes(text: str) -> None:
    try:
        pattern = checked_pattern(text)
    except InvalidValue:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'aab 客 x-1' ~ %s, %s ~ %s", [pattern, "a" * 200, pattern])
        cursor.fetchone()


def test_text_follows_its_pattern_and_says_what_it_wants() -> None:
    text = field_types.get("text")
    hint = {"zh-hans": "两个大写字母", "en": "Two capitals"}
    spec = field_spec("text", {"regex": "[A-Z]{2}", "regex_hint": hint, "case": "upper"})
    assert text.clean(spec, "ab", clean_context()) == "AB"
    with pytest.raises(InvalidValue) as refused:
        text.clean(spec, "abc", clean_context())
    assert str(refused.value.message) in hint.values()


@pytest.mark.parametrize(
    ("rule", "raw", "expected"),
    [("upper", "straße é", "STRASSE É"), ("lower", "ÄB", "äb"), ("title", "acme  gmbh o'neil", "Acme  Gmbh O'neil")],
)
def test_text_is_written_in_its_case(rule: str, raw: str, expected: str) -> None:
    assert field_types.get("text").clean(field_spec("text", {"case": rule}), raw, clean_context()) == expected


def test_space_at_the_ends_stays_where_the_field_keeps_it() -> None:
    text = field_types.get("text")
    assert text.clean(field_spec("text", {"trim": False}), "  a ", clean_context()) == "  a "
    assert text.clean(field_spec("text", {"trim": False}), "   ", clean_context()) is None
    assert text.clean(field_spec("text"), "  a ", clean_context()) == "a"
