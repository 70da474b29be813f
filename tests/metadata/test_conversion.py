"""The type-change matrix: what a value becomes in a field of another type, for every pair that is allowed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crm_platform.kit.context import system_actor
from metadata.compiler.spec import ChoiceSetSpec, ChoiceSpec, FieldSpec, Labels
from metadata.field_types import field_types
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue
from metadata.retyping.conversion import convert
from tests.kit.field_samples import field_samples
from tests.kit.field_specs import field_spec

CTX = CleanContext(system_actor(), datetime(2026, 5, 1, tzinfo=UTC))
SHOWN = DisplayContext("zh-hans", ZoneInfo("Asia/Shanghai"), CTX.now)
PAIRS = [(old.key, new.key) for old in field_types for new in field_types if old.can_convert_to(new.key)]
CHOICES = ("red", "blue", "green")


def spec(key: str, settings: dict[str, Any] | None = None, choices: tuple[str, ...] = CHOICES) -> FieldSpec:
    made = field_spec(key, settings or {})
    if not field_types.get(key).uses_choices:
        return made
    given = tuple(ChoiceSpec(item, Labels({"en": item.title(), "zh-hans": f"{item}色"})) for item in choices)
    chosen = ChoiceSetSpec(1, made.uuid, "colours", Labels(), given)  # type: ignore[arg-type]
    return FieldSpec(made.id, made.uuid, made.api_name, key, made.label, settings=made.settings, choice_set=chosen)


def become(old: FieldSpec, new: FieldSpec, value: Any) -> Any:
    return convert(old, new, value, CTX, SHOWN)


def test_the_matrix_has_what_the_specification_names() -> None:
    allowed = set(PAIRS)
    numbers = ("integer", "decimal", "currency", "percent")
    for target in (*numbers, "date", "datetime", "picklist", "multi_picklist", "email", "phone", "url", "long_text"):
        assert ("text", target) in allowed
    assert {(old, new) for old in numbers for new in numbers} <= allowed
    for pair in (("picklist", "multi_picklist"), ("date", "datetime"), ("datetime", "date"), ("checkbox", "picklist")):
        assert pair in allowed
    assert {old for old, new in PAIRS if new == "text"} == {old for old, new in PAIRS if new == "long_text"}
    assert all(any(new == "text" for old, new in PAIRS if old == key) for key in {old for old, _new in PAIRS})


def test_secrets_references_files_and_computed_values_never_become_anything() -> None:
    for item in field_types:
        if item.is_sealed or item.is_reference or item.is_reference_list or item.group in ("file", "computed"):
            assert not any(item.can_convert_to(other.key) for other in field_types), item.key


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_every_sample_converts_to_a_value_of_the_type_or_is_refused(old: str, new: str) -> None:
    """Nothing but a value that the new type itself accepts, or InvalidValue, comes out of any pair."""
    source, target = spec(old), spec(new)
    samples = field_samples()[old].rows if not source.choice_set else ["red", ["red", "blue"]]
    for raw in samples:
        try:
            value = field_types.get(old).clean(source, raw, CTX) if old != "auto_number" else raw
            found = become(source, target, value).value
        except InvalidValue:
            continue
        if found is not None:
            again = field_types.get(new).clean(target, field_types.get(new).to_api(target, found), CTX)
            assert again == found


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_empty_stays_empty(old: str, new: str) -> None:
    assert become(spec(old), spec(new), None) == become(spec(old), spec(new), "") == become(spec(old), spec(new), [])


DAY, MOMENT = date(2026, 1, 5), datetime(2026, 1, 4, 16, 30, tzinfo=UTC)  # half past midnight in Shanghai
EXACT, LOSSY = False, True


@pytest.mark.parametrize(
    ("old", "value", "new", "expected", "is_lossy"),
    [
        ("text", "1,234", "integer", 1234, EXACT),
        ("text", "￥ 1,234.50", "decimal", Decimal("1234.50"), EXACT),
        ("text", "20%", "percent", Decimal("0.2"), EXACT),
        ("text", "0.2", "percent", Decimal("0.2"), EXACT),
        ("text", "2.5", "integer", 3, LOSSY),
        ("text", "2026-01-05", "date", DAY, EXACT),
        ("text", "2026-01-05 00:30", "datetime", MOMENT, EXACT),
        ("text", "RED", "picklist", "red", EXACT),
        ("text", "blue色", "picklist", "blue", EXACT),
        ("text", "red、Blue", "multi_picklist", ["red", "blue"], EXACT),
        ("text", " a@Example.com", "email", "a@example.com", EXACT),
        ("long_text", "a\nb", "text", "a b", LOSSY),
        ("long_text", "ab", "text", "ab", EXACT),
        ("integer", 7, "decimal", Decimal("7.00"), EXACT),
        ("integer", 1234567, "text", "1234567", EXACT),
        ("decimal", Decimal("7.50"), "integer", 8, LOSSY),
        ("decimal", Decimal("7.00"), "integer", 7, EXACT),
        ("percent", Decimal("0.2000"), "decimal", Decimal("0.20"), EXACT),
        ("percent", Decimal("0.2000"), "text", "20%", EXACT),
        ("currency", Decimal("1234.50"), "text", "1234.50", EXACT),
        ("picklist", "red", "text", "red色", EXACT),
        ("picklist", "red", "multi_picklist", ["red"], EXACT),
        ("multi_picklist", ["red", "blue"], "picklist", "red", LOSSY),
        ("multi_picklist", ["red"], "picklist", "red", EXACT),
        ("multi_picklist", ["red", "blue"], "text", "red色、blue色", EXACT),
        ("date", DAY, "datetime", datetime(2026, 1, 4, 16, tzinfo=UTC), EXACT),
        ("datetime", MOMENT, "date", DAY, LOSSY),
        ("datetime", datetime(2026, 1, 4, 16, tzinfo=UTC), "date", DAY, EXACT),
        ("datetime", MOMENT, "text", "2026-01-05 00:30:00", EXACT),
        ("date", DAY, "text", "2026-01-05", EXACT),
        ("checkbox", False, "text", "否", EXACT),
    ],
)
def test_values_become(old: str, value: Any, new: str, expected: Any, is_lossy: bool) -> None:
    found = become(spec(old), spec(new), value)
    assert (found.value, found.is_lossy) == (expected, is_lossy)
    assert type(found.value) is type(expected)


@pytest.mark.parametrize(("value", "expected"), [(True, "yes"), (False, "no")])
def test_boxes_become_choices_that_say_yes_and_no(value: bool, expected: str) -> None:
    assert become(spec("checkbox"), spec("picklist", choices=("yes", "no")), value).value == expected
    with pytest.raises(InvalidValue):
        become(spec("checkbox"), spec("picklist"), value)


@pytest.mark.parametrize(
    ("value", "new"),
    [
        ("many", "integer"), ("1e400", "decimal"), ("NaN", "decimal"), ("Infinity", "integer"), ("9" * 90, "integer"),
        ("", "percent"), ("yesterday", "date"), ("2026-02-30", "date"), ("soon", "datetime"), ("pink", "picklist"),
        ("red,pink", "multi_picklist"), ("no address", "email"), ("x", "phone"), ("\x00", "integer"), ("٣", "integer"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_and_nothing_else_happens(value: str, new: str) -> None:
    try:
        found = become(spec("text"), spec(new), value).value
    except InvalidValue as error:
        assert error.code
        assert str(error.message)
    else:
        assert found is None or (new, value) == ("integer", "٣")


def test_limits_of_the_new_field_hold() -> None:
    with pytest.raises(InvalidValue):
        become(spec("text"), spec("integer", {"max": 5}), "6")
    with pytest.raises(InvalidValue):
        become(spec("text"), spec("text", {"max_length": 3}), "four")
    with pytest.raises(InvalidValue):
        become(spec("multi_picklist"), spec("multi_picklist", {"max_chosen": 1}), ["red", "blue"])
