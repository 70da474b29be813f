"""Every field type from definition to retirement, on a real table, through the services that everybody uses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crm_platform.kit.errors import PlatformError, ValidationFailed
from metadata import services
from metadata.field_types.values import Reference
from objects.history.models import RecordChange
from objects.query.conditions import Condition
from tests.kit.field_battery import FIELD, OBJECT, TYPES, Battery, battery, column_types, postgres_name

pytestmark = pytest.mark.django_db

Build = Callable[[str], Battery]
every_type = pytest.mark.parametrize("key", TYPES)


@pytest.fixture
def build(actor_for: Any) -> Build:
    return lambda key: battery(key, actor_for)


def points_elsewhere(value: Any) -> bool:
    """Tell whether a sample names an object in which the battery has no records."""
    return isinstance(value, Reference) and value.object == "other__c"


@every_type
def test_field_gets_the_columns_it_declares(key: str, build: Build) -> None:
    found = build(key)
    declared = found.type.columns(found.field.spec)
    names = [column.column for column in found.field.columns]
    assert column_types(found.object.table, names) == [postgres_name(column.db_type) for column in declared]


@every_type
def test_values_come_back_as_they_were_given(key: str, build: Build) -> None:
    found = build(key)
    if found.field.is_read_only:
        pytest.skip("written by nobody")
    for item in found.samples.valid:
        if points_elsewhere(item.value) or (item.value is None and found.type.always_required):
            continue
        saved = found.create(item.raw)
        if found.type.is_sealed:
            assert found.query.record(saved.id).value(FIELD) == saved.record.value(FIELD)
            assert found.api_form(saved.id) == item.api_form
            continue
        assert saved.record.value(FIELD) == item.value, item.raw
        assert found.query.record(saved.id).value(FIELD) == item.value, item.raw
        assert found.query.show(saved.id)[FIELD] == item.value, item.raw
        assert found.api_form(saved.id) == item.api_form, item.raw


@every_type
def test_bad_values_are_refused_at_the_field(key: str, build: Build) -> None:
    found = build(key)
    for item in found.samples.invalid:
        with pytest.raises(ValidationFailed) as refused:
            found.create(item.raw)
        code = "read_only_field" if found.field.is_read_only else item.code
        assert [(error.field, error.code) for error in refused.value.errors] == [(FIELD, code)], item.raw


@pytest.mark.parametrize("key", [*TYPES, "currency_code"])
def test_filters_find_exactly_the_rows(key: str, build: Build) -> None:
    found = build(key)
    rows = found.create_rows()
    for item in found.samples.matches:
        ids = set(found.query.where(Condition(found.field_name, item.operator, item.operand)).ids())
        assert {rows.index(record_id) for record_id in ids & set(rows)} == item.rows, (item.operator, item.operand)


def test_filters_on_the_id_of_records(build: Build) -> None:
    found = build("record_id")
    rows = [found.create(None).id for _ in range(3)]

    def ids(operator: str, operand: Any) -> list[Any]:
        return sorted(found.query.where(Condition("id", operator, operand)).ids())

    assert ids("eq", str(rows[0])) == rows[:1]
    assert ids("in", [str(rows[0]), str(rows[2])]) == [rows[0], rows[2]]
    assert ids("ne", str(rows[0])) == rows[1:]
    assert ids("nin", [str(rows[0])]) == rows[1:]
    assert ids("empty", None) == []
    assert ids("nempty", None) == rows


@every_type
def test_rows_sort_in_the_order_of_their_values(key: str, build: Build) -> None:
    found = build(key)
    if not found.samples.ascending:
        pytest.skip("sorted by the name behind it, or not at all")
    rows = found.create_rows()
    wanted = [rows[place] for place in found.samples.ascending]
    for order, expected in ((FIELD, wanted), (f"-{FIELD}", wanted[::-1])):
        kept = [record_id for record_id in found.query.order(order).ids() if record_id in wanted]
        assert kept == expected, order


@every_type
def test_update_is_written_once_and_remembered(key: str, build: Build) -> None:
    found = build(key)
    if found.field.is_read_only:
        pytest.skip("written by nobody")
    saved = found.create(found.samples.rows[0])
    before = found.api_form(saved.id)
    changed = found.update(saved.id, found.samples.update)
    assert changed.version == 2
    change = RecordChange.objects.get(record_id=saved.id, version=2)
    assert change.changes == {str(found.field.spec.id): {"old": before, "new": found.api_form(saved.id)}}
    assert found.update(saved.id, found.samples.update).version == 2


@every_type
def test_cleared_field_is_empty(key: str, build: Build) -> None:
    found = build(key)
    if found.field.is_read_only or found.type.always_required:
        pytest.skip("can't be cleared")
    saved = found.create(found.samples.rows[0])
    found.update(saved.id, None)
    assert found.query.record(saved.id).value(FIELD) == (False if key == "checkbox" else None)


@every_type
def test_retired_field_vanishes_and_comes_back_with_its_values(key: str, build: Build) -> None:
    found = build(key)
    saved = found.create(found.samples.rows[0])
    before, names = found.api_form(saved.id), [column.column for column in found.field.columns]
    services.delete_field(found.actor, OBJECT, FIELD)
    with pytest.raises(PlatformError):
        found.query.where(Condition(FIELD, "nempty")).ids()
    assert FIELD not in found.query.get(saved.id)
    assert None not in column_types(found.object.table, names)
    services.restore_field(found.actor, OBJECT, FIELD)
    assert found.api_form(saved.id) == before


@every_type
def test_page_shows_text_and_cell_of_every_row(key: str, build: Build) -> None:
    from metadata.field_types.contexts import display_context

    found = build(key)
    found.create_rows()
    for row in found.query.fields("name", FIELD).display().rows:
        ctx = display_context(found.actor, record=row.values)
        text = found.type.to_text(found.field.spec, row.values[FIELD], ctx)
        cell = found.type.cell(found.field.spec, row.values[FIELD], ctx)
        assert bool(text) == bool(cell)
