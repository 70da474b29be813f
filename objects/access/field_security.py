"""Which fields of an object a caller may read and write: the call sites that field permissions act on.

Until rules exist, every field is readable except those that only the platform itself uses, and every field
is editable that is neither kept by the platform nor computed.
"""

from __future__ import annotations

from crm_platform.kit.context import Actor
from metadata.compiler.compiled import CompiledField, CompiledObject

INTERNAL = frozenset({"deletion_id"})


def readable_fields(actor: Actor, obj: CompiledObject) -> tuple[CompiledField, ...]:
    """Return the fields that exist for the caller; any other is unknown to him, also in filters and errors."""
    fields: tuple[CompiledField, ...] = obj.plans.fetch(
        "access.readable", lambda: tuple(field for field in obj if field.name not in INTERNAL)
    )
    return fields


def readable_names(actor: Actor, obj: CompiledObject) -> frozenset[str]:
    """Return the API names of `readable_fields`."""
    names: frozenset[str] = obj.plans.fetch(
        "access.readable_names", lambda: frozenset(field.name for field in readable_fields(actor, obj))
    )
    return names


def editable_fields(actor: Actor, obj: CompiledObject, *, for_create: bool) -> tuple[CompiledField, ...]:
    """Return the fields that the caller may set on a new record, or change on an existing one."""
    return tuple(field for field in readable_fields(actor, obj) if is_writable(field))


def is_writable(field: CompiledField) -> bool:
    """Tell whether any caller may write the field at all."""
    return not (field.is_read_only or field.spec.is_deprecated)
