"""Which fields of an object a caller may read and write: what the grants on fields and their nature allow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from metadata.compiler.compiled import CompiledField, CompiledObject
from objects.access.field_grants import FieldLevel, field_grants_of

if TYPE_CHECKING:
    from objects.access.policy import AccessPolicy

INTERNAL = frozenset({"deletion_id"})  # only the platform itself uses them


def levels_of(policy: AccessPolicy, obj: CompiledObject) -> Mapping[str, FieldLevel]:
    """Return the level of every field of the object, by name."""
    found: Mapping[str, FieldLevel] = obj.plans.fetch(
        ("access.levels", policy.field_shape), lambda: _levels(policy, obj)
    )
    return found


def readable_fields(policy: AccessPolicy, obj: CompiledObject) -> tuple[CompiledField, ...]:
    """Return the fields that exist for the caller; any other is unknown to him, also in filters and errors."""
    fields: tuple[CompiledField, ...] = obj.plans.fetch(
        ("access.readable", policy.field_shape),
        lambda: tuple(field for field in obj if levels_of(policy, obj)[field.name] > FieldLevel.HIDDEN),
    )
    return fields


def readable_names(policy: AccessPolicy, obj: CompiledObject) -> frozenset[str]:
    """Return the API names of `readable_fields`."""
    names: frozenset[str] = obj.plans.fetch(
        ("access.readable_names", policy.field_shape),
        lambda: frozenset(field.name for field in readable_fields(policy, obj)),
    )
    return names


def editable_fields(policy: AccessPolicy, obj: CompiledObject, *, for_create: bool) -> tuple[CompiledField, ...]:
    """Return the fields that the caller may set on a new record, or change on an existing one."""
    levels = levels_of(policy, obj)
    return tuple(field for field in obj if is_writable(field) and levels[field.name] == FieldLevel.EDIT)


def is_writable(field: CompiledField) -> bool:
    """Tell whether any caller may write the field at all."""
    return not (field.is_read_only or field.spec.is_deprecated)


def _levels(policy: AccessPolicy, obj: CompiledObject) -> dict[str, FieldLevel]:
    granted = None if policy.modifies_all or policy.actor.is_system else field_grants_of(policy.actor).get(obj.name)
    found = {}
    for field in obj:
        if field.name in INTERNAL:
            found[field.name] = FieldLevel.HIDDEN
        elif granted is None or field.spec.is_system:
            found[field.name] = FieldLevel.EDIT
        else:
            found[field.name] = granted.get(field.name, FieldLevel.HIDDEN)
    return found
