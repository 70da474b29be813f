"""`publish`: the only writer of shape. One lock, one transaction: rows → spec → DDL → version."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from django.db import DatabaseError, connection, transaction

from crm_platform.events.services import EventInput, emit
from crm_platform.kit.context import Actor
from crm_platform.kit.db import LOCK_NOT_AVAILABLE, advisory_xact_lock, retry_unit, sqlstate
from crm_platform.kit.errors import Forbidden, SchemaLocked, ValidationFailed
from crm_platform.kit.frozen import FrozenDict
from metadata import hooks
from metadata.choice_dependencies import dependency_errors
from metadata.compiler.current import current_version, load_version, repin
from metadata.compiler.spec import FieldSpec, ObjectSpec, SchemaSpec, to_json
from metadata.ddl.executor import execute
from metadata.ddl.plan import make_plan
from metadata.expression_checks import expression_errors
from metadata.field_types import field_types
from metadata.field_types.computed import ComputedType
from metadata.loader import load_spec
from metadata.models import SchemaState, SchemaVersion
from metadata.virtual_formulas import virtual_errors

CUSTOMIZE = "metadata.customize"
LOCK_ATTEMPTS = 60  # with waits of 100 ms and pauses between them: about ten seconds behind a slow reader
PUBLISHER_WAIT_MS = 3_000

T = TypeVar("T")


def require_customize(actor: Actor) -> None:
    """Raise Forbidden unless the actor may change the data model."""
    if not actor.has_function(CUSTOMIZE):
        raise Forbidden


def publish(actor: Actor, summary: str, change: Callable[[], T]) -> T:
    """Run `change` (which writes metadata rows) and make the result the organisation's new version.

    Returns what `change` returns. `change` may run several times, each time in a fresh transaction, when a
    busy table gave no lock in time. Raises what `change` raises, ValidationFailed when the result can't be
    laid out, SchemaLocked when another publisher or a long statement would not let go.
    """
    require_customize(actor)

    def unit() -> tuple[T, int]:
        with transaction.atomic():
            _lock()
            result = change()
            return result, _release_version(actor, summary)

    try:
        result, version = retry_unit(unit, attempts=LOCK_ATTEMPTS, base_delay=0.004)
    except DatabaseError as error:
        if sqlstate(error) == LOCK_NOT_AVAILABLE:
            raise SchemaLocked from error
        raise
    repin(version)
    return result


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{PUBLISHER_WAIT_MS}ms"])
    advisory_xact_lock("publish")


def _release_version(actor: Actor, summary: str) -> int:
    """Compare the rows with the current version and, when they differ, execute and store the new one."""
    current = current_version()
    before, after = load_version(current), load_spec()
    if before == after:
        return current
    changed = _changed(before, after)
    errors = [*expression_errors(after, [*changed, *_gone(before, after)]), *dependency_errors(changed)]
    errors += virtual_errors(after, changed)
    errors += [error for check in hooks.shape_checks for error in check(after, changed)]
    if errors:
        raise ValidationFailed(errors)
    execute(actor, make_plan(after, changed))
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('metadata_version_number')")
        number = int(cursor.fetchone()[0])
    SchemaVersion.objects.create(number=number, spec=to_json(after), summary=summary[:500], created_by_id=actor.user_id)
    SchemaState.objects.update_or_create(id=1, defaults={"current": number})
    emit([EventInput("metadata.published", version=number, actor=actor)])
    names = _with_new_computed_fields(before, changed)
    for hook in hooks.computed_changed if names else ():
        hook(actor, names)
    return number


def _changed(before: SchemaSpec, after: SchemaSpec) -> tuple[ObjectSpec, ...]:
    known = {spec.id: spec for spec in before.objects}
    return tuple(spec for spec in after.objects if known.get(spec.id) != spec)


def _gone(before: SchemaSpec, after: SchemaSpec) -> list[ObjectSpec]:
    return [spec for spec in before.objects if spec.id not in after.object_by_id]


def _with_new_computed_fields(before: SchemaSpec, changed: Iterable[ObjectSpec]) -> list[str]:
    """Return the objects, perhaps with records, some of whose computed fields are new or are made otherwise now."""
    found = []
    for spec in changed:
        old = before.object_by_id.get(spec.id)
        if old is not None and _computed(spec) - _computed(old):
            found.append(spec.api_name)
    return found


def _computed(spec: ObjectSpec) -> set[tuple[int, str, FrozenDict]]:
    return {(item.id, item.type, item.settings) for item in spec.business_fields if _is_stored_result(item)}


def _is_stored_result(field: FieldSpec) -> bool:
    definition = field_types.get(field.type)
    return isinstance(definition, ComputedType) and not definition.is_virtual(field)
