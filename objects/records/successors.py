"""Writing a field that is getting another type: its successor is written along, so that no value is left behind."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection

from metadata.compiler.compiled import CompiledField
from metadata.ddl.operations import MIRRORS
from metadata.field_types.values import InvalidValue
from metadata.retyping.conversion import convert, organization_display
from objects.records.drafts import Batch, Draft


def mirror(batch: Batch) -> None:
    """Add the successors' columns for every field that is written, or whose columns follow from what is written.

    A value that does not convert leaves the successor empty; the job that swaps the two tells about it.
    """
    written: set[int] = set()
    for name, new in batch.object.successors.items():
        old = batch.object.fields[name]
        sources = {name, *old.type.derives_from, *new.type.derives_from}
        for draft in batch.sound:
            if sources & draft.values.keys():
                _mirror(batch, draft, old, new)
                written.add(new.spec.id)
    if written:
        _announce(written)


def _mirror(batch: Batch, draft: Draft, old: CompiledField, new: CompiledField) -> None:
    value = _value(draft, old)
    ctx = batch.context(draft)
    try:
        display = organization_display(batch.actor, ctx)
        parts = new.type.to_columns(new.spec, convert(old.spec, new.spec, value, ctx, display).value, ctx)
    except InvalidValue:
        parts = new.type.to_columns(new.spec, None, ctx)
    for column in new.columns:
        draft.columns[column.column] = parts[column.suffix]


def _value(draft: Draft, old: CompiledField) -> Any:
    if old.name in draft.values or draft.record is None:
        return draft.values.get(old.name)
    return old.value_of(draft.record)


def _announce(field_ids: Iterable[int]) -> None:
    """Tell the database which successors this transaction writes (see metadata.ddl.operations.Guard)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [MIRRORS, ",".join(map(str, sorted(field_ids)))])
