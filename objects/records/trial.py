"""Trying things without writing: an expression on a record, and a whole record before it is sent."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import PlatformError
from metadata.compiler.current import current_snapshot
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.expressions import Expression, ExpressionError, Traced, ValueType, compile_expression, scope_of
from metadata.expressions.graph import fields_read
from metadata.field_types.values import InvalidValue
from objects.access.policy import AccessPolicy
from objects.query.query import RecordQuery
from objects.records import pipeline
from objects.records.conditions import is_shown
from objects.records.discretion import keep_quiet
from objects.records.drafts import Batch, Draft
from objects.records.duplicates import duplicates
from objects.records.environments import Related, environment
from objects.records.formulas import fitted
from objects.records.numbering import number
from objects.records.programs import programs
from objects.records.unit import run_unit


@dataclass(frozen=True)
class Trial:
    """What became of an expression: an error with its place, or its type and, on a record, its value and steps."""

    text: str
    error: ExpressionError | None = None
    expression: Expression | None = None
    value: Any = None
    steps: tuple[Traced, ...] = ()


@dataclass(frozen=True)
class FieldState:
    """How a form shows a field as the record stands."""

    is_visible: bool = True
    is_required: bool = False
    is_read_only: bool = False


@dataclass(frozen=True)
class Assessment:
    """What would become of a record: its values after defaults and formulas, all that is wrong, how fields stand."""

    values: Mapping[str, Any]
    failure: PlatformError | None
    fields: Mapping[str, FieldState]
    typed: Mapping[str, Any] = field(default_factory=dict)  # the same values as fields know them


def try_expression(
    actor: Actor,
    object_name: str,
    text: str,
    *,
    returns: ValueType | None = None,
    purpose: str = "formula",
    blank_as_zero: bool = False,
    record_id: uuid.UUID | None = None,
) -> Trial:
    """Check an expression of an object and, given a record that the actor may read, work it out.

    Raises UnknownObject, and NotFound for the record.
    """
    snapshot = current_snapshot()
    obj = snapshot.object(object_name)
    try:
        found = compile_expression(
            text, scope_of(snapshot, object_name), returns=returns, purpose=purpose, blank_as_zero=blank_as_zero
        )
        refuse_unreadable(AccessPolicy.of(actor), snapshot, object_name, found)
    except ExpressionError as error:
        return Trial(text, error=error)
    if record_id is None:
        return Trial(text, expression=found)
    record: Any = RecordQuery(actor, object_name).record(record_id)
    draft = Draft(0, {}, record_id, record=record)
    batch = Batch(actor, snapshot, obj, "edit", [draft], timezone.now())
    batch.related = Related(batch, (path for path in found.paths if "." in path))
    env = environment(batch, draft)
    return Trial(text, None, found, found.evaluate(env), tuple(found.trace(env)))


def refuse_unreadable(policy: AccessPolicy, snapshot: SchemaSnapshot, object_name: str, found: Expression) -> None:
    """Raise ExpressionError for an expression over fields that the actor may not read: its value would tell them."""
    for node in sorted(fields_read(found, scope_of(snapshot, object_name))):
        if not policy.reads_all_of([node]):
            message = _("There is no field “%(name)s”.") % {"name": node[1]}
            raise ExpressionError(message, 0, len(found.text))


def assess(
    actor: Actor,
    object_name: str,
    values: Mapping[str, Any],
    record_id: uuid.UUID | None = None,
    *,
    with_duplicates: bool = True,
) -> Assessment:
    """Carry values through everything that comes before writing, and leave nothing behind.

    With `record_id` they are changes to that record. Raises NotFound and Forbidden as writing would.
    """

    def work() -> Assessment:
        snapshot = current_snapshot()
        action = "create" if record_id is None else "edit"
        draft = Draft(0, values, record_id)
        batch = Batch(actor, snapshot, snapshot.object(object_name), action, [draft], timezone.now())
        for stage in _before_writing(batch):
            if with_duplicates or stage is not duplicates:
                stage(batch)
        keep_quiet(batch, draft)
        failure = draft.failure() if draft.has_failed else None
        _work_out_virtual(batch, draft)
        typed = _readable(batch, draft)
        return Assessment(_api_values(batch, typed), failure, field_states(batch, draft), typed)

    return run_unit(work, dry_run=True)


def field_states(batch: Batch, draft: Draft) -> dict[str, FieldState]:
    """Return how the fields with conditions stand; fields without any are as they always are."""
    found = programs(batch.snapshot, batch.object)
    if draft.refusal is not None or not found.conditions:
        return {}
    env = environment(batch, draft)
    true = {
        kind: {item.field.name for item in found.of(kind) if item.expression.evaluate(env)}
        for kind in ("required_if", "readonly_if")
    }
    conditional = {item.field.name for group in found.conditions.values() for item in group}
    names = {name for name in conditional if batch.policy.can_see_field(batch.object, name)}
    return {
        name: FieldState(
            is_visible=is_shown(found, name, env),
            is_required=name in true["required_if"] or batch.object.fields[name].spec.is_required,
            is_read_only=name in true["readonly_if"],
        )
        for name in sorted(names)
    }


def _before_writing(batch: Batch) -> list[pipeline.Stage]:
    stages = pipeline.CREATE if batch.is_create else pipeline.UPDATE
    last = stages.index(number) if batch.is_create else stages.index(pipeline.write)
    return [stage for stage in stages[:last] if stage is not pipeline.stop]


def _work_out_virtual(batch: Batch, draft: Draft) -> None:
    """Put the values into a draft that are never written: those of formulas that are not stored."""
    found = programs(batch.snapshot, batch.object).virtual
    if draft.refusal is not None or not found:
        return
    env = environment(batch, draft)
    for program in found:
        try:
            value = fitted(program, program.expression.evaluate(env), batch.context(draft))
        except InvalidValue:
            value = None
        draft.values[program.field.name] = value


def _readable(batch: Batch, draft: Draft) -> dict[str, Any]:
    """Return what is new in the record, as far as the caller may read it."""
    return {name: value for name, value in draft.values.items() if batch.policy.can_read_field(batch.object, name)}


def _api_values(batch: Batch, values: Mapping[str, Any]) -> dict[str, Any]:
    fields = batch.object.fields
    return {
        name: None if value is None else fields[name].type.to_api(fields[name].spec, value)
        for name, value in values.items()
    }
