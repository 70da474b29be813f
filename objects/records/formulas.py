"""Formulas: worked out whenever a record is written, in an order in which each finds its sources done."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from metadata.field_types.rollup import COUNT, SUM, RollupType
from metadata.field_types.text import TextType
from metadata.field_types.values import CleanContext, InvalidValue
from objects.records.drafts import Batch, Draft
from objects.records.environments import environment
from objects.records.programs import FieldProgram, programs

ZERO = (COUNT, SUM)


def default_formulas(batch: Batch) -> None:
    """Give fields that were left out the value of their default formula, which sees the values given."""
    found = programs(batch.snapshot, batch.object).defaults
    if not found:
        return
    for draft in batch.open:
        env = environment(batch, draft)
        for program in found:
            if program.field.name not in draft.given or program.field.name not in batch.editable:
                _set_default(batch, draft, program, program.expression.evaluate(env))


def empty_rollups(batch: Batch) -> None:
    """Let new records have nothing: no children, and sums of zero."""
    names = [f.name for f in batch.object if f.spec.type == RollupType.key and f.spec.settings["operation"] in ZERO]
    for draft in batch.open:
        draft.values.update(dict.fromkeys(names, 0))


def formulas(batch: Batch) -> None:
    """Work out every formula of the drafts that change anything; what does not fit its field is an error."""
    found = programs(batch.snapshot, batch.object).formulas
    if not found:
        return
    for draft in batch.open:
        if batch.is_create or draft.values:
            work_out(batch, draft, found)


def work_out(batch: Batch, draft: Draft, found: tuple[FieldProgram, ...]) -> None:
    """Put the values of formulas into a draft, with the changes that they are."""
    env, ctx = environment(batch, draft), batch.context(draft)
    for program in found:
        field = program.field
        if not _is_due(batch, draft, program):
            continue
        try:
            value = fitted(program, program.expression.evaluate(env), ctx)
        except InvalidValue as error:
            draft.error(field.name, "formula_error", error.message, **error.params)
            continue
        before = field.value_of(draft.record) if draft.record is not None else None
        if draft.record is None or value != before:
            draft.values[field.name] = value
            if draft.record is not None:
                draft.changes[field.name] = (before, value)


def fitted(program: FieldProgram, value: Any, ctx: CleanContext) -> Any:
    """Return the result of a formula as a value of its field; raises InvalidValue where it does not fit."""
    field = program.field
    if program.is_taken:
        return field.definition.taken(field.spec, value)  # type: ignore[attr-defined]
    if value is None or ((is_text := isinstance(value, str)) and not value):
        return field.type.clean(field.spec, None, ctx) if field.type.expression_type == "boolean" else None
    if is_text and isinstance(field.type, TextType) and len(value) > (limit := field.type.max_length(field.spec)):
        raise InvalidValue("too_long", _("At most %(max)d characters.") % {"max": limit}, max=limit)
    return field.type.clean(field.spec, field.type.rounded(field.spec, value), ctx)


def _is_due(batch: Batch, draft: Draft, program: FieldProgram) -> bool:
    """Tell whether a formula is worked out now: always, unless it is a copy that was taken already."""
    if not program.is_copy or draft.record is None:
        return True
    first = program.expression.text.partition(".")[0]
    lookup = batch.object.lookup(first)
    is_moved = batch.action == "edit" and lookup is not None and lookup.name in draft.changes
    return is_moved and program.field.definition.follows_lookup(program.field.spec)  # type: ignore[attr-defined]


def _set_default(batch: Batch, draft: Draft, program: FieldProgram, value: Any) -> None:
    try:
        draft.values[program.field.name] = fitted(program, value, batch.context(draft))
    except InvalidValue as error:
        draft.error(program.field.name, "formula_error", error.message, **error.params)
