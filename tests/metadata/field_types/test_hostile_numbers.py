"""Numbers that JSON can write and nothing can hold: refused as bad input on every way in."""

from __future__ import annotations

from typing import Any

import pytest

from crm_platform.kit.json import loads
from metadata.field_types import field_types
from metadata.field_types.values import InvalidValue
from tests.kit.field_specs import clean_context, field_spec

NUMERIC = ("integer", "decimal", "currency", "percent")


@pytest.mark.parametrize("text", ["1e9999999999999999999999", "-0.1e99999999999999999999999", "9" * 5000])
def test_number_beyond_any_decimal_is_bad_json(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        loads(text)


@pytest.mark.parametrize("key", NUMERIC)
@pytest.mark.parametrize("text", ["1e999999999", "1e-999999999", "1.1e-400", "1" * 4000, "0.0000000000000000000001"])
def test_number_beyond_the_column_is_out_of_range(key: str, text: str) -> None:
    raw: Any = loads(text)
    with pytest.raises(InvalidValue) as refused:
        field_types.get(key).clean(field_spec(key), raw, clean_context())
    assert refused.value.code in ("out_of_range", "invalid_type")


@pytest.mark.parametrize("key", NUMERIC)
@pytest.mark.parametrize("text", ["0e999999999", "-0.0", "0.000000000000000"])
def test_zero_is_zero_however_it_is_written(key: str, text: str) -> None:
    assert field_types.get(key).clean(field_spec(key), loads(text), clean_context()) == 0
