"""Fields that are required, shown or read-only under a condition: held by the server, whatever a form does."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from objects.records.drafts import Batch, Draft
from objects.records.environments import RecordValues, environment, environment_of
from objects.records.programs import FieldProgram, Programs, programs

EMPTY = (None, "", (), False)


def conditions(batch: Batch) -> None:
    """Find changes to fields that are read-only as the record stood, and required fields that are empty.

    An update is only asked about a condition when it changes the field or something that the condition reads:
    a record from before the condition stays editable.
    """
    found = programs(batch.snapshot, batch.object)
    if not found.conditions:
        return
    for draft in batch.open:
        env = environment(batch, draft)
        for program in found.of("required_if"):
            if (
                _is_asked(batch, draft, program)
                and program.expression.evaluate(env)
                and _is_missing(batch, draft, program)
                and is_shown(found, program.field.name, env)
            ):
                draft.error(program.field.name, "required", _("This field is required."))
        _refuse_read_only(batch, draft, found)


def is_shown(found: Programs, name: str, env: object) -> bool:
    """Tell whether a form shows the field; what it does not show can't be asked for."""
    program = found.visible(name)
    return program is None or bool(program.expression.evaluate(env))  # type: ignore[arg-type]


def _refuse_read_only(batch: Batch, draft: Draft, found: Programs) -> None:
    programs_of_given = [item for item in found.of("readonly_if") if item.field.name in draft.given]
    if not programs_of_given:
        return
    before = RecordValues(batch.object, draft.record, {})
    present = RecordValues(batch.object, draft.record, draft.values) if batch.is_create else before
    env = environment_of(batch, present, before, is_new=batch.is_create)
    for program in programs_of_given:
        name = program.field.name
        is_change = draft.values.get(name) not in EMPTY if batch.is_create else name in draft.changes
        if is_change and program.expression.evaluate(env):
            draft.error(name, "read_only_field", _("This field can't be changed now."))


def _is_asked(batch: Batch, draft: Draft, program: FieldProgram) -> bool:
    if batch.is_create:
        return True
    read = {path.partition(".")[0] for path in program.expression.paths}
    lookups = {field.name for first in read if (field := batch.object.lookup(first)) is not None}
    return not draft.changes.keys().isdisjoint({program.field.name} | read | lookups)


def _is_missing(batch: Batch, draft: Draft, program: FieldProgram) -> bool:
    value = RecordValues(batch.object, draft.record, draft.values).get(program.field.name)
    wrong = {error.field for error in draft.errors}
    return program.field.name not in wrong and value in EMPTY
