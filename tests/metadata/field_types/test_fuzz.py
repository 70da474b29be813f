"""Whatever JSON a caller sends, a field type answers with a value or with InvalidValue, never with anything else."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crm_platform.kit.errors import ValidationFailed
from crm_platform.kit.json import dumps
from metadata.field_types import field_types
from metadata.field_types.operators import operators
from metadata.field_types.ranges import PERIODS
from metadata.field_types.values import InvalidValue
from tests.kit.field_samples import FIXED_IDS, field_samples
from tests.kit.field_specs import clean_context, display_context, field_spec, spec_of

ALL = field_samples()
CTX = clean_context()

TELLING = [
    *(str(FIXED_IDS.records[0]), "new", "mine", "2026-01-05", "2026-01-05T10:00:00Z", "13800138000", "1e99"),
    *("NaN", "true", "CNY", "www.a.cn", "a@b.cn", "\x00", "\ud800", "％１"),
]
MOMENT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
NUMBER = r"[+-]?[0-9]{0,30}\.?[0-9]{0,30}(e[+-]?[0-9]{0,6})?"
MEMBERS = ["id", "object", "expression", "name"]
SETTINGS = [
    *("scale", "digits", "min", "max", "max_length", "rows", "target", "targets", "on_delete", "related_label"),
    *("pattern", "start", "active_only", "max_chosen", "default_region", "x"),
]

words = st.one_of(
    st.text(),
    st.text(st.characters(categories=["Nd", "Zs", "Cc", "Cs", "Sc", "Po"])),
    st.sampled_from(TELLING),
    st.from_regex(NUMBER, fullmatch=True),
    st.from_regex(MOMENT, fullmatch=True),
    st.builds("{}:{}".format, st.sampled_from(sorted(PERIODS)), st.integers(0, 10**6)),
    st.builds("{}@{}".format, st.text(max_size=5), st.text(max_size=8)),
    st.builds("http{}".format, st.text(max_size=8)),
)
numbers = st.one_of(st.integers(), st.integers(-(10**400), 10**400), st.floats(), st.decimals())
moments = st.one_of(st.dates(), st.datetimes(), st.datetimes(timezones=st.just(dt.UTC)))
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, words, moments, st.uuids()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(MEMBERS), st.text(max_size=3)), inner, max_size=3),
    ),
    max_leaves=6,
)

quick = settings(
    max_examples=200 if "FUZZ" in os.environ else 15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
)
every_type = pytest.mark.parametrize("key", field_types.keys())


@every_type
@quick
@given(raw=anything)
@example(raw=[Decimal("sNaN")])
def test_clean_refuses_or_returns_a_value_that_goes_all_the_way(key: str, raw: Any) -> None:
    field_type, spec = field_types.get(key), spec_of(ALL[key])
    with contextlib.suppress(InvalidValue):
        value = field_type.clean(spec, raw, CTX)
        parts = field_type.to_columns(spec, value, CTX)
        assert field_type.from_columns(spec, parts) == value
        assert field_type.clean(spec, field_type.to_api(spec, value), CTX) == value
        dumps(field_type.to_api(spec, value))
        for language in ("en", "zh-hans"):
            field_type.to_text(spec, value, display_context(language))
            field_type.cell(spec, value, display_context(language)).encode()
        field_type.search_text(spec, value).encode()


@every_type
@quick
@given(operator=st.sampled_from(operators.keys()), raw=anything)
def test_operands_are_refused_or_become_parameters(key: str, operator: str, raw: Any) -> None:
    field_type, spec = field_types.get(key), spec_of(ALL[key])
    with contextlib.suppress(InvalidValue):
        values = field_type.clean_operand(spec, operator, raw, CTX)
        assert isinstance(values, tuple)
        assert len(values) <= 7


@every_type
@quick
@given(raw=st.dictionaries(st.sampled_from(SETTINGS), anything, max_size=4))
def test_settings_are_refused_or_usable(key: str, raw: Any) -> None:
    field_type = field_types.get(key)
    try:
        cleaned = field_type.check_settings(raw)
    except ValidationFailed:
        return
    assert json.loads(json.dumps(cleaned)) == cleaned
    assert field_type.check_settings(cleaned) == cleaned
    spec = field_spec(key, cleaned)
    field_type.columns(spec)
    field_type.json_schema(spec, "en")
    with contextlib.suppress(InvalidValue):
        field_type.clean(spec, "1", CTX)
