"""Update or create by a unique value, safe against others who do the same at the same moment."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.errors import FieldError, NotFound, StateConflict, ValidationFailed
from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledField, CompiledObject, UnknownField
from metadata.compiler.current import current_snapshot
from metadata.field_types.values import CleanContext, InvalidValue
from objects.access.policy import AccessPolicy
from objects.records.drafts import Draft, SavedRecord
from objects.records.locking import scope_sql
from objects.records.unit import run_unit

if TYPE_CHECKING:
    from objects.records.service import RecordService

ATTEMPTS = 5


class _Raced(Exception):
    """Another writer created or deleted the record between looking and writing: look again."""


def upsert(
    service: RecordService, object_name: str, field_name: str, raw: Any, values: Mapping[str, Any], *, dry_run: bool
) -> tuple[SavedRecord, bool]:
    """Return the record and whether it is new. The unique index is what decides between two creators."""
    for _attempt in range(ATTEMPTS):
        try:
            return run_unit(lambda: _once(service, object_name, field_name, raw, values), dry_run=dry_run)
        except _Raced:
            continue
    raise StateConflict(_("The records are being changed by others. Try again in a moment."))


def _once(
    service: RecordService, object_name: str, field_name: str, raw: Any, values: Mapping[str, Any]
) -> tuple[SavedRecord, bool]:
    policy = AccessPolicy.of(service.actor)
    policy.require(object_name, "read")
    obj = current_snapshot().object(object_name)
    field = _unique_field(policy, obj, field_name)
    value = _match_value(service, field, raw, values)
    rest = {name: item for name, item in values.items() if name != field_name}
    found = _find(policy, obj, field, value)
    if found is None:
        return _create(service, object_name, field, {**rest, field_name: raw}), True
    try:
        return service.write_one(object_name, "edit", Draft(0, rest, found)), False
    except NotFound:
        raise _Raced from None


def _create(service: RecordService, object_name: str, field: CompiledField, values: Mapping[str, Any]) -> SavedRecord:
    try:
        return service.write_one(object_name, "create", Draft(0, values))
    except ValidationFailed as failed:
        if any(error.field == field.name and error.code == "not_unique" for error in failed.errors):
            raise _Raced from failed
        raise


def _unique_field(policy: AccessPolicy, obj: CompiledObject, name: str) -> CompiledField:
    if not policy.can_read_field(obj, name):
        raise UnknownField(name)
    field = obj.field(name)
    if not field.type.is_unique(field.spec) or field.spec.unique_scope or field.is_read_only:
        raise ValidationFailed.single(name, "invalid_choice", _("Records are matched by a unique field only."))
    return field


def _match_value(service: RecordService, field: CompiledField, raw: Any, values: Mapping[str, Any]) -> Any:
    """Return the cleaned value; raises ValidationFailed when it is empty or the values say otherwise."""
    ctx = CleanContext(service.actor, service.now())
    try:
        value = field.type.clean(field.spec, raw, ctx)
        given = field.type.clean(field.spec, values[field.name], ctx) if field.name in values else value
    except InvalidValue as error:
        raise ValidationFailed([FieldError(field.name, error.code, error.message, error.params)]) from error
    if value is None:
        raise ValidationFailed.single(field.name, "required", _("This field is required."))
    if given != value:
        raise ValidationFailed.single(field.name, "invalid_choice", _("It differs from the value to match by."))
    return field.type.to_columns(field.spec, value, ctx)[""]


def _find(policy: AccessPolicy, obj: CompiledObject, field: CompiledField, value: Any) -> uuid.UUID | None:
    """Return the live record with the value.

    One that the actor can't see is told as a taken value, like the database would tell it on creation; one
    that he sees in the trash as a state conflict.
    """
    row = _select(policy, obj, field, value, "t.deleted_at IS NULL")
    if row is None:
        row = _select(policy, obj, field, value, "t.deleted_at IS NOT NULL")
        if row is not None and row[1]:
            raise StateConflict(_("The record is in the trash."), id=str(row[0]), deletion_id=str(row[2]))
        return None
    if not row[1]:
        raise ValidationFailed.single(field.name, "not_unique", _("Another record has this value."))
    found: uuid.UUID = row[0]
    return found


def _select(
    policy: AccessPolicy, obj: CompiledObject, field: CompiledField, value: Any, state: str
) -> tuple[Any, ...] | None:
    seen = scope_sql(policy, obj, "read")
    column = f"t.{quote(field.main.column)}"
    # Spelled like the unique index (metadata.ddl.layout), so that it is used: text is unique whatever its case.
    is_folded = isinstance(value, str) and not (field.spec.is_system or field.spec.is_case_sensitive)
    match = f"lower({column}) = lower(%s)" if is_folded else f"{column} = %s"
    sql = (
        f"SELECT t.id, ({seen.text}), t.deletion_id FROM {quote(obj.table)} t"  # noqa: S608 (physical names only)
        f" WHERE {match} AND {column} IS NOT NULL AND {state} ORDER BY t.deleted_at DESC LIMIT 1"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [*seen.params, value])
        row: tuple[Any, ...] | None = cursor.fetchone()
        return row
