"""From values to columns: what is stored for each value, and the columns that follow from others."""

from __future__ import annotations

from typing import Any

from metadata.compiler.compiled import CompiledField
from metadata.field_types.values import CleanContext, InvalidValue
from objects.records.drafts import OWNER, Batch, Draft


def compute(batch: Batch) -> None:
    """Work out the columns to write; an error is one that only shows here, such as a missing exchange rate."""
    for draft in batch.open:
        ctx = batch.context(draft)
        wrong = {error.field for error in draft.errors}
        for name, value in draft.values.items():
            if name not in wrong:
                _store(draft, batch.object.fields[name], value, ctx)
        if draft.record is not None:
            _rewrite_derived(batch, draft, ctx)
        if OWNER in draft.values:
            _follow_owner(batch, draft)


def _store(draft: Draft, field: CompiledField, value: Any, ctx: CleanContext) -> None:
    try:
        parts = field.type.to_columns(field.spec, value, ctx)
    except InvalidValue as error:
        draft.error(field.name, error.code, error.message, **error.params)
        return
    for column in field.columns:
        draft.columns[column.column] = parts[column.suffix]


def _rewrite_derived(batch: Batch, draft: Draft, ctx: CleanContext) -> None:
    """Write the columns anew that depend on a changed value (base amounts when the currency changes)."""
    assert draft.record is not None
    for source in batch.table.derived.keys() & draft.values.keys():
        for field in batch.table.derived[source]:
            if field.name not in draft.values:
                _store(draft, field, field.value_of(draft.record), ctx)


def _follow_owner(batch: Batch, draft: Draft) -> None:
    """Keep the owner's department and the time of the change beside the owner."""
    owner, field = draft.values[OWNER], batch.object.fields["owner_department_id"]
    department = batch.departments.get(owner.id) if owner else None
    draft.columns["owner_department_id"] = department
    draft.columns["last_owner_change_at"] = batch.now
    if draft.record is not None:
        before, after = field.value_of(draft.record), field.type.from_columns(field.spec, {"": department})
        if before != after:
            draft.changes[field.name] = (before, after)
