"""What two spellings of the same thing have in common, by which duplicates are found."""

from __future__ import annotations

from typing import Any

import pytest

from metadata.field_types import field_types
from tests.kit.field_samples import field_samples
from tests.kit.field_specs import field_spec, spec_of, value_of


@pytest.mark.parametrize(
    ("key", "one", "other", "matched"),
    [
        ("text", "Acme  LTD", "ａｃｍｅ ltd", ("acme ltd",)),
        ("long_text", "Two\nlines", "two lines", ("two lines",)),
        ("email", "Li.Lei@Example.com", "li.lei@example.COM", ("li.lei@example.com",)),
        ("phone", "138 0013 8000", "+86-138-0013-8000", ("+8613800138000",)),
        ("url", "https://www.Example.com/", "http://example.com", ("example.com",)),
    ],
)
def test_spellings_of_the_same_match(key: str, one: str, other: str, matched: tuple[str, ...]) -> None:
    field_type, spec = field_types.get(key), field_spec(key)
    assert field_type.match_values(spec, one) == field_type.match_values(spec, other) == matched


@pytest.mark.parametrize(
    ("key", "one", "other"), [("url", "http://a.cn/A", "http://a.cn/a"), ("phone", "13800138000", "13800138001")]
)
def test_what_differs_does_not_match(key: str, one: str, other: str) -> None:
    field_type, spec = field_types.get(key), field_spec(key)
    assert not set(field_type.match_values(spec, one)) & set(field_type.match_values(spec, other))


@pytest.mark.parametrize("samples", field_samples().values(), ids=lambda samples: samples.key)
def test_every_type_answers_with_texts_and_with_none_for_nothing(samples: Any) -> None:
    field_type, spec = field_types.get(samples.key), spec_of(samples)
    assert field_type.match_values(spec, None) == ()
    for item in samples.valid:
        assert all(isinstance(text, str) and text for text in field_type.match_values(spec, value_of(samples, item)))
