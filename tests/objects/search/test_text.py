"""Normalising, tokens, pinyin and terms."""

from __future__ import annotations

import pytest

from objects.search.terms import SearchText
from objects.search.text import digits_only, normalize, pinyin, short_tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [("ＡＢＣ　公司", "abc 公司"), ("  Two \n Lines ", "two lines"), ("ﬁne", "fine"), ("㈱", "(株)")],
)
def test_normalize(text: str, expected: str) -> None:
    assert normalize(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("华为", ("huawei", "hw")),
        ("重庆长安", ("chongqingchangan", "cqca")),
        ("上海abc公司", ("shanghaiabcgongsi", "shabcgs")),
        ("acme", ("", "")),
        ("", ("", "")),
    ],
)
def test_pinyin(text: str, expected: tuple[str, str]) -> None:
    assert pinyin(text) == expected


def test_short_tokens_hold_characters_pairs_and_beginnings_of_words() -> None:
    assert short_tokens("华为a座 hello 13800") == {"华", "为", "座", "华为", "为a", "a座", "h", "he", "1", "13"}


@pytest.mark.parametrize(("text", "expected"), [("138-1234", "1381234"), ("+86", "86"), ("a-1", "a-1"), ("5", "5")])
def test_digits_only(text: str, expected: str) -> None:
    assert digits_only(text) == expected


@pytest.mark.parametrize(
    ("typed", "terms"),
    [
        ("华为 上海", ["华为", "上海"]),
        ("华", ["华"]),
        ("138-1234 5678", ["1381234", "5678"]),
        ("  ", []),
        ("( -", []),
        ("华为\x00", ["华为"]),
        ("ＡＢＣ abc", ["abc"]),
        ("a b c d e f g h i j", ["a", "b", "c", "d", "e", "f", "g", "h"]),
    ],
)
def test_terms(typed: str, terms: list[str]) -> None:
    assert [term.text for term in SearchText.parse(typed).terms] == terms
