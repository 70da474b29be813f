"""What must hold for every registered field type, shown on its samples; no database."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from crm_platform.kit.errors import ValidationFailed
from crm_platform.kit.json import dumps, loads
from metadata.field_types import field_types
from metadata.field_types.base import FieldType
from metadata.field_types.operators import Arity, operators
from metadata.field_types.values import InvalidValue
from tests.kit.field_samples import field_samples
from tests.kit.field_specs import clean_context, display_context, field_spec, spec_of, value_of
from tests.kit.samples.shapes import FieldSamples

ALL = field_samples()
GROUPS = {"text", "number", "date", "choice", "place", "file", "computed", "reference", "system"}
EXPRESSION_TYPES = {
    *("text", "number", "boolean", "date", "datetime", "time", "duration"),
    *("choice", "choices", "reference", "references", "geo", "sealed", "list"),
    "",  # of values that expressions can't read
}
CODES = {
    "required",
    "invalid_type",
    "invalid_choice",
    "too_long",
    "out_of_range",
    "invalid_reference",
    "naive_datetime",
}

every_type = pytest.mark.parametrize("samples", ALL.values(), ids=ALL.keys())


def type_of(samples: FieldSamples) -> FieldType:
    return field_types.get(samples.key)


def each(part: str) -> Any:
    """Return a parametrisation over one list of samples of every type."""

    pairs = [
        pytest.param(samples, item, id=f"{key}-{place}")
        for key, samples in ALL.items()
        for place, item in enumerate(getattr(samples, part))
    ]
    return pytest.mark.parametrize(("samples", "item"), pairs)


def test_every_registered_type_has_samples_and_no_other() -> None:
    assert set(ALL) == set(field_types.keys())


@every_type
def test_every_filter_of_a_type_has_a_sample(samples: FieldSamples) -> None:
    declared = set(type_of(samples).filters(spec_of(samples)))
    assert {item.operator for item in samples.matches} == declared
    assert declared <= set(operators.keys())


@every_type
def test_type_describes_itself(samples: FieldSamples) -> None:
    field_type = type_of(samples)
    assert str(field_type.label)
    assert re.fullmatch(r"[a-z0-9-]+", field_type.icon)
    assert field_type.group in GROUPS
    assert field_type.expression_type in EXPRESSION_TYPES


@each("valid")
def test_valid_input_becomes_the_value(samples: FieldSamples, item: Any) -> None:
    field_type, spec, ctx = type_of(samples), spec_of(samples), clean_context()
    value = field_type.clean(spec, item.raw, ctx)
    if field_type.is_sealed and item.value is not None:
        assert field_type.is_same_input(spec, item.raw, value)
        assert str(value) == item.value
        assert str(item.raw) not in repr(value)
        return
    assert value == item.value
    assert type(value) is type(item.value)
    assert field_type.clean(spec, value, ctx) == value


@each("valid")
def test_api_form_is_plain_json_and_is_accepted_as_input(samples: FieldSamples, item: Any) -> None:
    field_type, spec = type_of(samples), spec_of(samples)
    value = value_of(samples, item)
    form = field_type.to_api(spec, value)
    assert form == item.api_form
    assert json.loads(json.dumps(form)) == form == loads(dumps(form))
    if field_type.is_sealed and value is not None:
        assert field_type.is_same_input(spec, form, value), "sent back unchanged, a mask changes nothing"
        with pytest.raises(InvalidValue):
            field_type.clean(spec, form, clean_context())
        return
    assert field_type.clean(spec, form, clean_context()) == item.value


@each("valid")
def test_columns_give_the_value_back(samples: FieldSamples, item: Any) -> None:
    field_type, spec = type_of(samples), spec_of(samples)
    value = value_of(samples, item)
    parts = field_type.to_columns(spec, value, clean_context())
    assert list(parts) == [column.suffix for column in field_type.columns(spec)]
    assert field_type.from_columns(spec, parts) == value


@each("invalid")
def test_invalid_input_is_refused_with_a_known_code(samples: FieldSamples, item: Any) -> None:
    with pytest.raises(InvalidValue) as refused:
        type_of(samples).clean(spec_of(samples), item.raw, clean_context())
    assert refused.value.code == item.code
    assert item.code in CODES
    assert str(refused.value.message)


@each("texts")
def test_text_and_cell_read_well_in_both_languages(samples: FieldSamples, item: Any) -> None:
    field_type, spec = type_of(samples), spec_of(samples)
    value, english, chinese = item
    if field_type.is_sealed:
        value = field_type.clean(spec, value, clean_context())
    assert field_type.to_text(spec, value, display_context("en")) == english
    assert field_type.to_text(spec, value, display_context("zh-hans")) == chinese
    assert "style=" not in field_type.cell(spec, value, display_context("en"))
    if value is None:
        assert field_type.cell(spec, value, display_context("en")) == ""


@each("matches")
def test_operands_fill_the_parameters(samples: FieldSamples, item: Any) -> None:
    arity = operators.get(item.operator).arity
    values = type_of(samples).clean_operand(spec_of(samples), item.operator, item.operand, clean_context())
    if arity is Arity.MANY:
        assert len(values) == 1
        assert isinstance(values[0], list)
    elif item.operator in ("empty", "nempty"):
        assert values == ()


@every_type
def test_operators_of_other_types_are_refused(samples: FieldSamples) -> None:
    field_type, spec = type_of(samples), spec_of(samples)
    for operator in (set(operators.keys()) - set(field_type.filters(spec))) | {"", "like", "' OR 1=1 --"}:
        with pytest.raises(InvalidValue):
            field_type.clean_operand(spec, operator, "x", clean_context())


@every_type
def test_operands_must_be_as_many_as_the_operator_takes(samples: FieldSamples) -> None:
    field_type, spec = type_of(samples), spec_of(samples)
    good = next(item.value for item in samples.valid if item.value is not None)
    bad = {
        Arity.ONE: [[good, good], [], None, ""],
        Arity.TWO: [good, [good], [good] * 3, None],
        Arity.MANY: [[], [None], [good] * 2001],
    }
    for operator in field_type.filters(spec):
        for raw in bad.get(operators.get(operator).arity, ()):
            if samples.key == "multi_picklist" and raw == [good, good]:
                continue
            with pytest.raises(InvalidValue):
                field_type.clean_operand(spec, operator, raw, clean_context())


@every_type
def test_columns_are_declared_as_the_database_knows_them(samples: FieldSamples) -> None:
    columns = type_of(samples).columns(spec_of(samples))
    assert columns[0].suffix == ""
    assert len({column.suffix for column in columns}) == len(columns)
    for column in columns:
        made = column.make()
        assert made.null is not column.not_null or samples.key == "currency_code"
        assert column.make() is not made
        assert 0 < column.width <= 24
    assert columns == type_of(samples).columns(spec_of(samples))


@every_type
def test_settings_are_accepted_as_plain_json(samples: FieldSamples) -> None:
    field_type = type_of(samples)
    settings = field_type.check_settings(samples.settings)
    assert json.loads(json.dumps(settings)) == settings
    assert field_type.check_settings(settings) == settings
    assert settings == dict(samples.settings)


@each("bad_settings")
def test_bad_settings_are_refused_by_name(samples: FieldSamples, item: Any) -> None:
    with pytest.raises(ValidationFailed) as refused:
        type_of(samples).check_settings(item)
    assert all(str(error.field).startswith("settings.") for error in refused.value.errors)


@every_type
def test_settings_form_has_a_label_for_every_parameter(samples: FieldSamples) -> None:
    for name, form_field in type_of(samples).settings_form().fields.items():
        assert form_field.label, name


@every_type
def test_json_schema_allows_the_api_form(samples: FieldSamples) -> None:
    schema = type_of(samples).json_schema(spec_of(samples), "zh-hans")
    json.dumps(schema)
    Draft202012Validator.check_schema(schema)
    for item in samples.valid:
        if item.value is not None:
            Draft202012Validator(schema).validate(item.api_form)


@every_type
def test_type_changes_in_place_only_to_wider_columns(samples: FieldSamples) -> None:
    field_type, spec = type_of(samples), spec_of(samples)
    assert field_type.can_change_to(spec, dataclasses.replace(spec, label=spec.label))
    for other in field_types:
        if other.key == samples.key or not field_type.can_change_to(spec, field_spec(other.key)):
            continue
        before, after = field_type.columns(spec)[0].db_type, other.columns(field_spec(other.key))[0].db_type
        assert before.startswith("varchar")
        assert after == "text" or int(after[8:-1]) >= int(before[8:-1])


@every_type
def test_types_hold_no_state(samples: FieldSamples) -> None:
    assert not vars(type_of(samples))
