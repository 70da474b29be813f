"""A table of expressions and their values, computed in Python and in the database."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from metadata.expressions.functions.formats import shown
from metadata.field_types.values import Calendar
from tests.metadata.expressions.world import ACTOR, VALUES, compiled, environment, select

BLANK = None
# Over the record VALUES: amount 1000.50, cost 0.333333, quantity 3, margin 0.2, is_hot, close_date 2026-03-31,
# start_date 2026-01-31, met_at 2026-03-16 04:30:15 in Shanghai, stage won, tags vip and 海外. `pool_id` is blank.
GOLDEN: tuple[tuple[str, str | None], ...] = (
    # arithmetic
    ("1 + 2 * 3 - 4 / 2", "5"),
    ("(1 + 2) * 3", "9"),
    ("-2 ^ 2", "-4"),
    ("2 ^ 3 ^ 2", "512"),
    ("2 ^ -1", "0.5"),
    ("7 % 3", "1"),
    ("-7 % 3", "-1"),
    ("0.1 + 0.2", "0.3"),
    ("1 / 3", "0.33333333333333333333"),
    ("2 / 3", "0.66666666666666666667"),
    ("-2 / 3", "-0.66666666666666666667"),
    ("1 / 0", BLANK),
    ("5 % 0", BLANK),
    ("1 / 0 + 1", BLANK),
    ("(1 / 3) * 3", "0.99999999999999999999"),
    ("1000000000000000 * 1000000000000000", BLANK),
    ("999999999999999999999999999999 + 1 - 1", "999999999999999999999999999999"),
    ("0.00000000005 * 0.0000000001", "0.00000000000000000001"),
    ("0.00000000004 * 0.0000000001", "0"),
    ("10 ^ 29", "100000000000000000000000000000"),
    ("10 ^ 30", BLANK),
    ("10 ^ 2500 * 0", BLANK),
    ("0 ^ 0", "1"),
    ("0 ^ -1", BLANK),
    ("(-8) ^ 3", "-512"),
    ("(-8) ^ 0.5", BLANK),
    ("1.1 ^ 50", "117.39085287969531650667"),
    ("2 ^ 0.5", "1.4142135623730950488"),
    ("amount * margin", "200.1"),
    ("amount - NULL", BLANK),
    # rounding
    ("ROUND(2.5)", "3"),
    ("ROUND(-2.5)", "-3"),
    ("ROUND(2.345, 2)", "2.35"),
    ("ROUND(1234, -2)", "1200"),
    ("ROUND(1250, -2)", "1300"),
    ("ROUNDUP(-2.001, 2)", "-2.01"),
    ("ROUNDUP(1201, -2)", "1300"),
    ("ROUNDUP(2.5, 1)", "2.5"),
    ("ROUNDDOWN(-2.009, 2)", "-2"),
    ("CEILING(-2.1)", "-2"),
    ("FLOOR(2.9)", "2"),
    ("TRUNC(amount)", "1000"),
    ("SQRT(2)", "1.4142135623730950488"),
    ("SQRT(-1)", BLANK),
    ("LN(0)", BLANK),
    ("LOG(-10)", BLANK),
    ("EXP(1)", "2.71828182845904523536"),
    ("EXP(1000)", BLANK),
    ("MIN(3, NULL, 1)", "1"),
    ("MAX(close_date, start_date)", "2026-03-31"),
    ("MIN(NULL, NULL)", BLANK),
    # comparisons and blanks
    ("amount > 1000", "true"),
    ("NULL = NULL", "false"),
    ("pool_id = pool_id", "false"),
    ("amount != NULL", "false"),
    ("NOT(amount = NULL)", "true"),
    ('"a" < "B"', "false"),
    ('"Z" < "a"', "true"),
    ('"é" > "z"', "true"),
    ("close_date > start_date", "true"),
    ("met_at < due_at", "true"),
    ('stage = "won"', "true"),
    ("is_hot = TRUE", "true"),
    ("ISBLANK(pool_id)", "true"),
    ('ISBLANK("")', "true"),
    ('ISBLANK(" ")', "false"),
    ("ISBLANK(tags)", "false"),
    ('BLANKVALUE(external_id, "none")', "none"),
    ("NVL(1 / 0, 7)", "7"),
    ("NULLIF(quantity, 3)", BLANK),
    ("NULLIF(NULL, 3)", BLANK),
    ("IN(quantity, 1, 2, 3)", "true"),
    ("IN(NULL, 1, NULL)", "false"),
    ("IN(quantity, NULL, 4)", "false"),
    ("BETWEEN(quantity, 1, 3)", "true"),
    ("BETWEEN(NULL, 1, 3)", "false"),
    # three-valued logic
    ("NULL && FALSE", "false"),
    ("NULL && TRUE", BLANK),
    ("NULL || TRUE", "true"),
    ("NULL || FALSE", BLANK),
    ("NOT(NULL)", BLANK),
    ("XOR(TRUE, TRUE, TRUE)", "true"),
    ("XOR(TRUE, NULL)", BLANK),
    ('IF(NULL, "a", "b")', "b"),
    ('IF(FALSE, "a")', BLANK),
    ('IFS(FALSE, "a", TRUE, "b")', "b"),
    ('CASE(stage, "new", 1, "won", 2, 3)', "2"),
    ("CASE(NULL, NULL, 1, 2)", "2"),
    ('SWITCH(stage, "new", 1)', BLANK),
    # text
    ('name & " / " & external_id & code', "华为技术有限公司 / SO-2026-01"),
    ("external_id & external_id", ""),
    ("LEN(external_id)", "0"),
    ('LEN("😀")', "1"),
    ("LEFT(code, 100)", "SO-2026-01"),
    ("LEFT(code, -1)", ""),
    ("RIGHT(code, 2)", "01"),
    ("MID(code, 4, 4)", "2026"),
    ("MID(code, 0, 2)", "SO"),
    ('FIND("-", code)', "3"),
    ('FIND("-", code, 4)', "8"),
    ('FIND("x", code)', "0"),
    ('FIND("", "abc", 5)', "0"),
    ('FIND("", "abc", 4)', "4"),
    ('CONTAINS(external_id, "a")', "false"),
    ('ENDS(code, "-01")', "true"),
    ('TRIM("\u3000 a b\u00a0")', "a b"),
    ('UPPER("straße")', "STRASSE"),
    ('LOWER("ΑΣ ΣΑ")', "ας σα"),
    ('SUBSTITUTE("aaa", "aa", "b")', "ba"),
    ('SUBSTITUTE("aaa", "", "b")', "aaa"),
    ('REPLACE("abc", 2, 0, "X")', "aXbc"),
    ('REPLACE("abc", 9, 5, "X")', "abcX"),
    ('LPAD("abcdef", 3, "0")', "abc"),
    ('LPAD("7", 4, "ab")', "aba7"),
    ('RPAD("7", 4, "")', "7"),
    ("TEXT(1.50)", "1.5"),
    ("TEXT(-0)", "0"),
    ("TEXT(100)", "100"),
    ("TEXT(1 = 1)", "true"),
    ("TEXT(close_date)", "2026-03-31"),
    ("TEXT(met_at)", "2026-03-16 04:30:15"),
    ("TEXT(stage)", "won"),
    ("TEXT(account_id)", "00000000-0000-0000-0000-000000000001"),
    ('VALUE(" 1,234.50 ")', "1234.5"),
    ('VALUE("1e5")', BLANK),
    ('VALUE("١")', BLANK),
    ('ISNUMBER("-.5")', "true"),
    ('ISNUMBER("")', "false"),
    ('HASH("")', "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ('"100%" & "%s"', "100%%s"),
    # dates
    ("close_date - start_date", "59"),
    ("start_date + 1", "2026-02-01"),
    ("start_date + 0.9", "2026-01-31"),
    ("start_date - 31", "2025-12-31"),
    ("DATE(9999, 12, 31) + 1", BLANK),
    ("DATE(1, 1, 1) - 1", BLANK),
    ("DATE(2026, 2, 29)", BLANK),
    ("DATE(2026, 13, 1)", BLANK),
    ("start_date + 99999999999", BLANK),
    ("met_at + 0.5", "2026-03-16 16:30:15"),
    ("HOURS(due_at - met_at)", "100.49583333333333333333"),
    ("met_at + (due_at - met_at) = due_at", "true"),
    ("HOURS(talk)", "2.5"),
    ("met_at + talk - met_at = talk", "true"),
    ("TEXT(met_at + talk * 2)", "2026-03-16 09:30:15"),
    ('opens_at = TIMEVALUE("09:30")', "true"),
    ("HOUR(opens_at)", "9"),
    ("ADDMONTHS(start_date, 1)", "2026-02-28"),
    ("ADDMONTHS(start_date, -2)", "2025-11-30"),
    ("ADDMONTHS(met_at, 1)", "2026-04-16 04:30:15"),
    ("ADDYEARS(DATE(2024, 2, 29), 1)", "2025-02-28"),
    ("ADDYEARS(close_date, 9000)", BLANK),
    ("EOMONTH(start_date, 1)", "2026-02-28"),
    ("EOMONTH(DATE(9999, 12, 1))", "9999-12-31"),
    ('STARTOF(close_date, "week")', "2026-03-30"),
    ('STARTOF(close_date, "quarter")', "2026-01-01"),
    ('DATEDIFF(start_date, close_date, "month")', "2"),
    ('DATEDIFF(DATE(2026, 1, 31), DATE(2026, 2, 28), "month")', "0"),
    ('DATEDIFF(close_date, start_date, "month")', "-2"),
    ('DATEDIFF(DATE(2025, 3, 1), close_date, "year")', "1"),
    ('DATEDIFF(met_at, due_at, "hour")', "100"),
    ('DATEDIFF(start_date, close_date, "week")', "8"),
    ("WEEKDAY(close_date)", "2"),
    ("WEEKNUM(DATE(2027, 1, 1))", "53"),
    ("QUARTER(close_date)", "1"),
    ("YEAR(met_at) * 10000 + MONTH(met_at) * 100 + DAY(met_at)", "20260316"),
    ("HOUR(met_at) * 10000 + MINUTE(met_at) * 100 + SECOND(met_at)", "43015"),
    ("DATEVALUE(met_at)", "2026-03-16"),
    ('DATEVALUE("2026-02-30")', BLANK),
    ("TIMEVALUE(met_at)", "04:30:15"),
    ('TZ(met_at, "America/New_York")', "2026-03-15 16:30:15"),
    ("TODAY()", "2026-03-16"),
    ("DATEVALUE($Now)", "2026-03-16"),
    ("FISCALYEAR(close_date)", "2026"),
    # choices, records, places, names
    ('INCLUDES(tags, "vip")', "true"),
    ('INCLUDES(tags, "cold")', "false"),
    ("COUNT(tags)", "2"),
    ('JOIN(tags, "、")', "vip、海外"),
    ("FIRST(tags) & LAST(tags)", "vip海外"),
    ("LABEL(stage)", "中won"),
    ("account.name", "华为"),
    ("account.employees / 1000", "200"),
    ("owner_id = $User.id", "true"),
    ("account_id = pool_id", "false"),
    ("$User.name", "陈静"),
    ("$Record.amount", "1000.5"),
    ("DISTANCE(place, place)", "0"),
    ("ROUND(DISTANCE(place, GEOLOCATION(39.9, 116.4)))", "1067"),
    ("DISTANCE(place, GEOLOCATION(91, 0))", BLANK),
    ('MASK("abc")', "***"),
    ("MASK(code, 2, 2)", "SO******01"),
    ('HASROLE("individual") && INDEPT("销售部") && !ISMANAGEROF(owner_id) && MYTEAM(owner_id)', "true"),
    ("/* a comment */ 1 /* another **/", "1"),
)


def plainly(value: Any, env: Any) -> str | None:
    return None if value is None else shown(value, env.zone)


@pytest.mark.parametrize(("text", "expected"), GOLDEN)
def test_in_python(text: str, expected: str | None) -> None:
    env = environment()
    assert plainly(compiled(text).evaluate(env), env) == expected


def test_in_the_database(db: None) -> None:
    env = environment()
    values = select([compiled(text) for text, _expected in GOLDEN], VALUES, env)
    found = {text: value for (text, _expected), value in zip(GOLDEN, values, strict=True)}
    wrong = {
        text: (found[text], expected)
        for text, expected in GOLDEN
        if (found[text] if isinstance(found[text], str) else plainly(found[text], env)) != expected
    }
    assert wrong == {}


@pytest.mark.parametrize(
    ("text", "blank", "zero"),
    [
        ("quantity + 1", BLANK, "1"),
        ("quantity * 5", BLANK, "0"),
        ("ISBLANK(quantity)", "true", "true"),
        ("BLANKVALUE(quantity, 5)", "5", "5"),
        ("quantity = 0", "false", "true"),
        ("MAX(quantity, -1)", "-1", "0"),
        ("1 / quantity", BLANK, BLANK),
        ("1 / 0 + 1", BLANK, BLANK),
    ],
)
def test_blank_numbers_count_as_zero_where_that_is_wanted(
    text: str, blank: str | None, zero: str | None, db: None
) -> None:
    env = environment({})
    for as_zero, expected in ((False, blank), (True, zero)):
        expression = compiled(text, blank_as_zero=as_zero)
        assert plainly(expression.evaluate(env), env) == expected
        computed = select([expression], {}, env)[0]
        assert (computed if isinstance(computed, str) else plainly(computed, env)) == expected


def test_the_clock_of_a_region_with_summer_time(db: None) -> None:
    """The hour that comes twice means its second coming, the missing one the time after the gap."""
    env = environment(actor=replace(ACTOR, time_zone="Europe/Berlin", memo={}))
    for text, expected in (
        ("DATETIME(2026, 10, 25, 2, 30)", "2026-10-25T01:30:00+00:00"),
        ("DATETIME(2026, 3, 29, 2, 30)", "2026-03-29T01:30:00+00:00"),
        ("ADDDAYS(DATETIME(2026, 3, 28, 12), 1)", "2026-03-29T10:00:00+00:00"),
        ("DATETIME(2026, 3, 28, 12) + 1", "2026-03-29T11:00:00+00:00"),
    ):
        expression = compiled(text)
        assert expression.evaluate(env).isoformat() == expected
        assert select([expression], {}, env)[0].isoformat() == expected


def test_the_fiscal_year_begins_when_the_organisation_says(db: None) -> None:
    env = environment(calendar=Calendar(week_start=7, fiscal_start_month=4))
    for text, expected in (
        ("FISCALYEAR(DATE(2026, 3, 31))", "2026"),
        ("FISCALYEAR(DATE(2026, 4, 1))", "2027"),
        ("FISCALQUARTER(DATE(2026, 3, 31))", "4"),
        ('TEXT(STARTOF(DATE(2026, 8, 15), "week"))', "2026-08-09"),
    ):
        expression = compiled(text)
        assert plainly(expression.evaluate(env), env) == expected
        assert select([expression], {}, env)[0] == expected


def test_a_duration_leaves_as_a_timedelta(db: None) -> None:
    for text, expected in (
        ("talk * 2", timedelta(hours=5)),
        ("talk / 7", timedelta(microseconds=1_285_714_286)),
        ("DURATION(-1, 0, 0.000000009)", timedelta(microseconds=-86_399_999_999)),
        ("talk * 1000000000000", None),
    ):
        expression = compiled(text)
        assert expression.evaluate(environment()) == expected, text
        assert select([expression], VALUES, environment()) == [expected], text
    assert compiled("talk").trace(environment())[0].value == timedelta(hours=2.5)


def test_files_are_known_by_their_names() -> None:
    file = SimpleNamespace(name="a.pdf", size=3)
    expression = compiled('JOIN(files, ";") & TEXT(COUNT(FILTER(files, ENDS($Item, ".pdf"))))')
    assert expression.evaluate(environment({"files": [file]})) == "a.pdf1"
    assert expression.evaluate(environment({})) == "0"
    assert "files" in compiled("COUNT(files)").not_compilable


def test_values_keep_their_types() -> None:
    assert compiled("start_date + 1").evaluate(environment()) == date(2026, 2, 1)
    assert type(compiled("quantity").evaluate(environment())).__name__ == "Decimal"
    with pytest.raises(TypeError):
        compiled("amount").evaluate(environment({"amount": 1.5}))
