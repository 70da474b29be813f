"""Checking and cleaning what the caller gave: known members, values of the right type, nothing left out."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from metadata.compiler.compiled import CompiledField
from metadata.field_types.values import CleanContext, InvalidValue
from objects.records.drafts import CURRENCY, Batch, Draft


def shape(batch: Batch) -> None:
    """Find every member that is unknown to the actor, or that he can't write."""
    batch.editable = {
        field.name: field for field in batch.policy.editable_fields(batch.object, for_create=batch.is_create)
    }
    for draft in batch.open:
        for name in draft.given:
            if name not in batch.editable:
                _refuse_member(batch, draft, name)


def _refuse_member(batch: Batch, draft: Draft, name: object) -> None:
    text = str(name)[:120]
    if isinstance(name, str) and _is_known(batch, name):
        draft.error(text, "read_only_field", _("This field can't be written."))
    else:
        draft.error(text, "unknown_field", _("Unknown field: %(path)s") % {"path": text})


def _is_known(batch: Batch, name: str) -> bool:
    """Tell whether this member exists for the actor: a field, or a part such as `amount_base`."""
    return batch.policy.can_see_field(batch.object, batch.table.parts.get(name, name))


def clean(batch: Batch) -> None:
    """Clean the given values by their types, the currency first, since amounts depend on it.

    A value that is given as it already is stays as it is: a choice that has been retired since survives.
    """
    for draft in batch.open:
        if CURRENCY in draft.given and CURRENCY in batch.editable:
            _clean_value(draft, batch.editable[CURRENCY], draft.given[CURRENCY], batch.context(draft))
        ctx = batch.context(draft)
        for name, raw in draft.given.items():
            field = batch.editable.get(name)
            if field is not None and name != CURRENCY:
                _clean_value(draft, field, raw, ctx)


def _clean_value(draft: Draft, field: CompiledField, raw: Any, ctx: CleanContext) -> None:
    before = field.value_of(draft.record) if draft.record is not None else None
    if draft.record is not None and field.type.is_same_input(field.spec, raw, before):
        return
    try:
        value = field.type.clean(field.spec, raw, ctx)
    except InvalidValue as error:
        draft.error(field.name, error.code, error.message, **error.params)
        return
    if draft.record is None:
        draft.values[field.name] = value
    elif type(value) is not type(before) or value != before:
        draft.values[field.name] = value
        draft.changes[field.name] = (before, value)


def required(batch: Batch) -> None:
    """Find mandatory fields that are empty: all of them in a new record, else those that are emptied now."""
    fields = [field for field in batch.table.writable if is_mandatory(field)]
    for draft in batch.open:
        wrong = {error.field for error in draft.errors}
        for field in fields:
            is_left_out = batch.is_create or field.name in draft.values
            is_told = field.name in wrong and batch.policy.can_see_field(batch.object, field.name)
            if is_left_out and not is_told and draft.values.get(field.name) is None:
                draft.error(field.name, "required", _("This field is required."))


def is_mandatory(field: CompiledField) -> bool:
    """Tell whether a record can't be without the field."""
    return field.type.is_mandatory(field.spec) and not field.spec.is_deprecated
