"""Conditions asked of records that are about to be written: of their values as they will be."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from crm_platform.kit.errors import PlatformError
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.field_types.values import InvalidValue
from objects.query import conditions
from objects.query.conditions import Tree, from_json
from objects.query.fragments import fitting, needed_fields
from objects.records.drafts import Batch, Draft

NEVER = conditions.Any(())


def tree_of(obj: CompiledObject, condition: Any) -> Tree | None:
    """Return a kept condition, NEVER for one that fits the object no longer: no record meets it."""
    try:
        tree = from_json(condition)
        needed_fields(obj, [tree])
    except PlatformError:
        return NEVER
    return tree


def meeting(batch: Batch, drafts: Sequence[Draft], condition: Any) -> set[uuid.UUID]:
    """Return the records, by id, that meet a condition (None: all of them do) once they are written."""
    rows = {draft.id: draft for draft in drafts if draft.id is not None}
    tree = tree_of(batch.object, condition)
    if tree is None:
        return set(rows)
    fields = needed_fields(batch.object, [tree])
    values = {key: _row(batch, draft, fields) for key, draft in rows.items()}
    try:
        return fitting(batch.actor, batch.object, batch.table, tree, values, batch.now)
    except PlatformError:  # an operand that is none any more
        return set()


def _row(batch: Batch, draft: Draft, fields: Iterable[CompiledField]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for field in fields:
        parts = _parts(batch, draft, field)
        for column in field.columns:
            if column.column in draft.columns:
                row[column.column] = draft.columns[column.column]
            elif parts is not None:
                row[column.column] = parts[column.suffix]
            elif draft.record is not None:
                row[column.column] = getattr(draft.record, column.attr)
    return row


def _parts(batch: Batch, draft: Draft, field: CompiledField) -> Any:
    """Return the columns of a value that is given but not worked out yet; None where it is not given."""
    if field.name not in draft.values:
        return None
    try:
        return field.type.to_columns(field.spec, draft.values[field.name], batch.context(draft))
    except InvalidValue:  # told when the columns are worked out
        return dict.fromkeys(column.suffix for column in field.columns)
