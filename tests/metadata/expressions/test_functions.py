"""Functions that only Python computes, and what the table of both back ends does not say."""

from __future__ import annotations

import uuid
from datetime import date, time
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from crm_platform.kit.text import spelled, to_simplified
from crm_platform.kit.workdays import CHINA, OwnCalendar, add_workdays, count_workdays
from metadata.expressions.functions.chinese import read_id
from metadata.field_types.values import Reference
from tests.metadata.expressions.world import VALUES, compiled, environment


def value(text: str, **record: Any) -> Any:
    return compiled(text).evaluate(environment({**VALUES, **record}))


# --- text and patterns --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('TEXT(1234567.891, "#,##0.00")', "1,234,567.89"),
        ('TEXT(-0.004, "0.00")', "0.00"),
        ('TEXT(-1234.5, "#,##0")', "-1,235"),
        ('TEXT(0.256, "0.#%")', "25.6%"),
        ('TEXT(7, "000")', "007"),
        ('TEXT(1.5, "0.00##")', "1.50"),
        ('TEXT(close_date, "YYYY年M月D日")', "2026年3月31日"),
        ('TEXT(met_at, "YY/MM/DD HH:mm:ss")', "26/03/16 04:30:15"),
        ('TEXT(TIMEVALUE("09:05"), "H:mm")', "9:05"),
        ('PROPER("li WEI o\'neil")', "Li Wei O'Neil"),
        ('REGEX("abc", "a.c")', True),
        ('REGEX("abcd", "a.c")', False),
        ('REGEX_EXTRACT("SO-2026-01", "([0-9]+)-([0-9]+)", 2)', "01"),
        ('REGEX_EXTRACT("SO-2026-01", "([0-9]+)-([0-9]+)")', "2026"),
        ('REGEX_EXTRACT("abc", "[0-9]+")', None),
        ('REGEX_EXTRACT("abc", "b", 5)', None),
        ('REGEX_REPLACE("abc", "", "-")', "-a-b-c-"),
        ('REGEX_REPLACE("a.b", "[.]", "\\\\1")', "a\\1b"),
        ('HYPERLINK("javascript:alert(1)", "x")', "x"),
        ('HYPERLINK("https://a.cn/(b) c", "[x]")', "[\\[x\\]](https://a.cn/%28b%29%20c)"),
        ('IMAGE("/a.png")', "![](/a.png)"),
        ('ENCODEURI("华/为")', "%E5%8D%8E%2F%E4%B8%BA"),
        ("LEN(HMAC(name, code))", Decimal(64)),
    ],
)
def test_texts(text: str, expected: Any) -> None:
    assert value(text) == expected


def test_a_pattern_from_a_field_that_is_none_matches_nothing() -> None:
    assert value("REGEX(name, code)", code="(") is False
    assert value('REGEX_REPLACE(name, code, "")', code="(") is None


# --- lists --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('SPLIT("a,,b", ",")', ("a", "", "b")),
        ('SPLIT("", ",")', ()),
        ('SPLIT("abc", "")', ("abc",)),
        ("SORT(LIST(3, 1, NULL, 2))", (Decimal(1), Decimal(2), Decimal(3))),
        ('UNIQUE(SPLIT("b,a,b", ","))', ("b", "a")),
        ("SUM(LIST(0.1, 0.2))", Decimal("0.3")),
        ("SUM(MAP(tags, LEN($Item)))", Decimal(5)),
        ('FILTER(tags, $Item != "vip")', ("海外",)),
        ('FIRST(FILTER(tags, $Item = "x"))', None),
        ("MAP(LIST(1, 0), 6 / $Item)", (Decimal(6),)),
        ("INCLUDES(LIST(1, 2), 2.0)", True),
        ("FILTER(MAP(LIST(1, 2, 3), $Item * 2), $Item > 2)", (Decimal(4), Decimal(6))),
    ],
)
def test_lists(text: str, expected: Any) -> None:
    assert value(text) == expected


def test_lists_of_records_are_compared_by_their_ids() -> None:
    first = Reference("user", uuid.UUID(int=7), "named")
    assert value("INCLUDES(LIST(owner_id), $User.id)", owner_id=first) is True
    assert len(value("UNIQUE(LIST(owner_id, $User.id))", owner_id=first)) == 1


# --- working days -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ISWORKDAY(DATE(2026, 2, 14))", True),  # a Saturday that is worked for the Spring Festival
        ("ISWORKDAY(DATE(2026, 2, 17))", False),
        ("ISWORKDAY(DATE(2150, 1, 1))", True),  # not announced: Monday to Friday
        ("WORKDAYS(DATE(2026, 9, 28), DATE(2026, 10, 11))", Decimal(6)),
        ("WORKDAYS(DATE(2026, 3, 6), DATE(2026, 3, 2))", Decimal(-5)),
        ("WORKDAYS(DATE(1, 1, 1), DATE(9999, 1, 1))", None),
        ("ADDWORKDAYS(DATE(2026, 9, 30), 1)", date(2026, 10, 8)),
        ("ADDWORKDAYS(DATE(2026, 3, 9), -1)", date(2026, 3, 6)),
        ("ADDWORKDAYS(DATE(2026, 3, 7), 0)", date(2026, 3, 7)),
        ("ADDWORKDAYS(DATE(9999, 12, 30), 100)", None),
        ("ADDWORKDAYS(DATE(1, 1, 2), -100)", None),
        ("WORKHOURS(DATETIME(2026, 3, 2, 11), DATETIME(2026, 3, 2, 14))", Decimal(2)),
        ("WORKHOURS(DATETIME(2026, 3, 2, 14), DATETIME(2026, 3, 2, 11))", Decimal(-2)),
        ("WORKHOURS(DATETIME(2026, 3, 7, 9), DATETIME(2026, 3, 8, 18))", Decimal(0)),
        ("WORKHOURS(DATETIME(1900, 1, 1), DATETIME(2026, 1, 1))", None),
    ],
)
def test_working_days(text: str, expected: Any) -> None:
    assert value(text) == expected


def test_an_organisation_has_days_and_hours_of_its_own() -> None:
    own = OwnCalendar.of([6, 7], [["10:00", "12:00"]], {"2026-03-02": "work", "2026-03-07": "off"})
    assert own.hours == ((time(10), time(12)),)
    assert [own.is_workday(date(2026, 3, day)) for day in (2, 3, 7, 8)] == [True, False, False, True]
    usual = OwnCalendar.of([], [], {})
    assert usual.hours == CHINA.hours
    assert not usual.is_workday(date(2026, 10, 1))


def test_adding_and_counting_working_days_agree() -> None:
    dice = Random(2)
    for _number in range(200):
        start = date(2020 + dice.randint(0, 8), dice.randint(1, 12), dice.randint(1, 28))
        count = dice.randint(1, 300)
        end = add_workdays(CHINA, start, count)
        assert end is not None
        assert count_workdays(CHINA, start, end) == count + CHINA.is_workday(start)


# --- China --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("0", "零元整"),
        ("0.05", "伍分"),
        ("0.5", "伍角整"),
        ("1", "壹元整"),
        ("1.01", "壹元零壹分"),
        ("10", "壹拾元整"),
        ("105", "壹佰零伍元整"),
        ("1005.6", "壹仟零伍元陆角整"),
        ("10000", "壹万元整"),
        ("10005", "壹万零伍元整"),
        ("100000", "壹拾万元整"),
        ("1000500", "壹佰万零伍佰元整"),
        ("100001000", "壹亿零壹仟元整"),
        ("100000000", "壹亿元整"),
        ("1000100000", "壹拾亿零壹拾万元整"),
        ("123456789.12", "壹亿贰仟叁佰肆拾伍万陆仟柒佰捌拾玖元壹角贰分"),
        ("1000000000000", "壹万亿元整"),
        ("-107000.53", "负壹拾万柒仟元伍角叁分"),
        ("1.999", "贰元整"),
        ("10000000000000000", None),
    ],
)
def test_amounts_in_capitals(amount: str, expected: str | None) -> None:
    assert value(f"RMB_UPPER({amount})") == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("11010519491231002X", (date(1949, 12, 31), "female")),
        ("11010519491231002x", (date(1949, 12, 31), "female")),
        ("110105194912310021", None),  # a wrong check digit
        ("11010519491331002X", None),
        ("110105491231002", None),
        ("", None),
        ("１１０１０５１９４９１２３１００２X", None),
    ],
)
def test_identity_numbers(number: str, expected: Any) -> None:
    assert read_id(number) == expected


def test_the_age_counts_complete_years() -> None:
    assert value('CN_ID_AGE("11010519491231002X")') == Decimal(76)
    assert value('CN_ID_AGE("1")') is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('PINYIN("重庆")', "chongqing"),
        ('PINYIN("重庆 A1", "initial")', "cqa1"),
        ('PINYIN("ABC")', "abc"),
        ('MASK("13800138000", 3, 0)', "138********"),
        ('MASK("")', ""),
        ("NORMALIZE_COMPANY(name)", "华为技术"),
        ('NORMALIZE_COMPANY(name, "brand")', "华为"),
        ('NORMALIZE_PHONE("(021) 6888-0000")', "+862168880000"),
        ('NORMALIZE_PHONE("020 7946 0018", "gb")', "+442079460018"),
        ('NORMALIZE_PHONE("abc")', None),
        ('NORMALIZE_PHONE("138 0013 8000", "nowhere")', None),
    ],
)
def test_names_and_numbers(text: str, expected: Any) -> None:
    assert value(text) == expected


def test_characters() -> None:
    assert to_simplified("華為技術 ABC") == "华为技术 ABC"
    assert spelled("") == ("", "")
    assert spelled("A 华,为") == ("ahuawei", "ahw")


# --- money and chance ---------------------------------------------------------------------------------------
def test_currencies() -> None:
    assert value('CURRENCYRATE("usd")') == Decimal("7.12345678")
    assert value('CONVERTCURRENCY(100, "USD", "CNY", close_date)') == Decimal("712.345678")
    assert value('CONVERTCURRENCY(100, "CNY", "USD")') == Decimal("14.0381282695169240572")
    assert value('CONVERTCURRENCY(100, "XXX", "CNY")') is None


def test_random_numbers_lie_between_zero_and_one() -> None:
    expression = compiled("RAND()", purpose="default")
    drawn = {expression.evaluate(environment()) for _number in range(50)}
    assert len(drawn) > 40 and all(0 <= item < 1 for item in drawn)
