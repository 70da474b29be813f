"""Input that no honest client sends: it is refused with errors of fields, never with a crash."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_platform.kit.errors import PlatformError, ValidationFailed
from objects.records.service import RecordService
from tests.objects.world import compiled

deep: Any = "end"
for _ in range(5_000):
    deep = [deep]

NASTY = [
    True,
    -1,
    10**40,
    float("nan"),
    float("inf"),
    Decimal("NaN"),
    Decimal("1E+5000"),
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ud800",
    "‮",
    "1e999999",
    "9" * 5000,
    "x" * 200_000,
    "' OR 1=1 --",
    "%s %(a)s {} {{",
    b"bytes",
    [],
    [[]],
    [None],
    [{}],
    ["a"] * 5_000,
    {},
    {"id": None},
    {"object": [], "id": {}},
    {"object": "customer"},
    deep,
    object(),
    set(),
    date(1, 1, 1),
    datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(2026, 1, 1),
    "0000-00-00",
    "9999-12-31T23:59:59-23:59",
    uuid.UUID(int=0),
]


@pytest.mark.parametrize("value", NASTY, ids=[f"{number}-{type(value).__name__}" for number, value in enumerate(NASTY)])
def test_every_member_takes_or_refuses_every_value(rep: RecordService, value: Any) -> None:
    for name in [field.name for field in compiled("purchase")]:
        survives(rep, "purchase", {name: value})
    survives(rep, "customer", {"name": value, "code": value, "credit": value, "currency": value, "external_id": value})


def survives(service: RecordService, object_name: str, values: Any) -> None:
    """Write it, or be told why not; a record that was written can be written again as the API shows it."""
    try:
        saved = service.create(object_name, values)
    except PlatformError:
        return
    shown = {
        field.name: field.type.to_api(field.spec, field.value_of(saved.record))
        for field in compiled(object_name)
        if field.name in values
    }
    assert service.update(object_name, saved.id, shown).version == 1


@pytest.mark.parametrize(
    "key", ["", "\x00", "a" * 10_000, "name ", "NAME", "__class__", "f_1", "id__in", 1, None, ("a",), "客户"]
)
def test_no_key_reaches_what_is_not_a_field(rep: RecordService, key: Any) -> None:
    with pytest.raises(ValidationFailed) as failed:
        rep.create("customer", {"name": "A", key: "x"})
    assert [error.code for error in failed.value.errors] == ["unknown_field"]
    assert all(len(error.field or "") <= 120 for error in failed.value.errors)


def test_ten_thousand_keys_are_refused_in_time(rep: RecordService) -> None:
    started = datetime.now(UTC)
    with pytest.raises(ValidationFailed) as failed:
        rep.create("customer", {"name": "A", **{f"key{number}": deep for number in range(10_000)}})
    assert len(failed.value.errors) <= 10_000
    assert (datetime.now(UTC) - started).total_seconds() < 2


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from(
            ["name", "amount", "status", "tags", "due_on", "sent_at", "notes", "about", "discount", "paid"]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.uuids().map(str),
            lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
            max_leaves=8,
        ),
    )
)
def test_any_json_is_taken_or_refused(rep: RecordService, values: dict[str, Any]) -> None:
    survives(rep, "purchase", values)
