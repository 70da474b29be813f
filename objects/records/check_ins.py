"""Measuring check-ins: how far each is from the place that its field names, one query per field and batch."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any, cast

from metadata.compiler.compiled import SECOND, CompiledField, CompiledObject
from metadata.field_types.check_in import CheckIn, CheckInType
from metadata.field_types.geography import Point
from metadata.field_types.values import InvalidValue, Reference
from objects.records.drafts import Batch, Draft


def measure_check_ins(batch: Batch) -> None:
    """Give every new check-in its distance, and refuse those from too far away."""
    fields: list[CompiledField] = batch.object.plans.fetch(
        "records.check_ins", lambda: [field for field in batch.object if isinstance(field.type, CheckInType)]
    )
    for field in fields:
        drafts = [draft for draft in batch.open if isinstance(draft.values.get(field.name), CheckIn)]
        path = cast(CheckInType, field.type).reference_path(field.spec)
        if drafts and path:
            references = _references(batch.object, path, drafts)
            for draft in drafts:
                _measure(draft, field, references.get(draft.index))


def _measure(draft: Draft, field: CompiledField, reference: Point | None) -> None:
    measured = cast(CheckIn, draft.values[field.name]).measured(reference)
    try:
        cast(CheckInType, field.type).check_radius(field.spec, measured)
    except InvalidValue as error:
        draft.error(field.name, error.code, error.message, **error.params)
        return
    draft.values[field.name] = measured
    if field.name in draft.changes:
        draft.changes[field.name] = (draft.changes[field.name][0], measured)


def _references(obj: CompiledObject, path: tuple[str, ...], drafts: Iterable[Draft]) -> Mapping[int, Point | None]:
    """Return the point to measure from by the index of its draft; the field may be gone, the lookup empty."""
    first = obj.fields.get(path[0])
    if first is None:
        return {}
    values = {draft.index: _value(draft, first) for draft in drafts}
    if len(path) == 1:
        return {index: value for index, value in values.items() if isinstance(value, Point)}
    found = {index: value for index, value in values.items() if isinstance(value, Reference)}
    points = _points_of(obj, first, path[1], {reference.id for reference in found.values()})
    return {index: points.get(reference.id) for index, reference in found.items()}


def _value(draft: Draft, field: CompiledField) -> Any:
    if field.name in draft.values or draft.record is None:
        return draft.values.get(field.name)
    return field.value_of(draft.record)


def _points_of(
    obj: CompiledObject, lookup: CompiledField, name: str, ids: set[uuid.UUID]
) -> Mapping[uuid.UUID, Point | None]:
    target = obj.target(lookup.main.references) if lookup.main.references else None
    field = target.fields.get(name) if target is not None else None
    if target is None or field is None or not ids:
        return {}
    start = f"{SECOND}__" if field.is_second else ""
    names = {column.suffix: start + column.attr for column in field.columns}
    rows = target.model._base_manager.filter(pk__in=ids).values("id", *names.values())
    points = {
        row["id"]: field.type.from_columns(field.spec, {suffix: row[column] for suffix, column in names.items()})
        for row in rows
    }
    return {key: point for key, point in points.items() if isinstance(point, Point)}
