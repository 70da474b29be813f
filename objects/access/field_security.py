"""Which fields of an object a caller may see, read and write: what the grants on fields and their nature allow.

Three sets, each within the one before: *visible* fields exist for the caller, some of them masked; *readable* ones
he may use in every way (filter, sort, search); *editable* ones he may write. What is not visible is as unknown to
him as what does not exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from crm_platform.identity.people import CONTACT_DETAILS
from metadata.compiler.compile import SHARED_TARGETS
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import FieldSpec
from metadata.expressions.graph import FieldNode
from objects.access.field_grants import FieldLevel, FieldLevels
from objects.access.masking import masked_field
from objects.access.taint import is_computed, sources_of

if TYPE_CHECKING:
    from objects.access.policy import AccessPolicy

USER = "user"
INTERNAL = frozenset({"deletion_id"})  # only the platform itself uses them


def levels_of(policy: AccessPolicy, obj: CompiledObject) -> Mapping[str, FieldLevel]:
    """Return the level of every field of the object, by name."""
    found: Mapping[str, FieldLevel] = obj.plans.fetch(
        ("access.levels", policy.field_shape), lambda: _levels(policy, obj)
    )
    return found


def visible_fields(policy: AccessPolicy, obj: CompiledObject) -> tuple[CompiledField, ...]:
    """Return the fields that exist for the caller, those that he sees only masked as what they are to him."""
    return tuple(_visible(policy, obj).values())


def visible_field(policy: AccessPolicy, obj: CompiledObject, name: str) -> CompiledField | None:
    """Return one of `visible_fields`, None for any other name."""
    return _visible(policy, obj).get(name)


def readable_fields(policy: AccessPolicy, obj: CompiledObject) -> tuple[CompiledField, ...]:
    """Return the fields whose values the caller may read and ask for."""
    fields: tuple[CompiledField, ...] = obj.plans.fetch(
        ("access.readable", policy.field_shape),
        lambda: tuple(field for field in obj if levels_of(policy, obj)[field.name] >= FieldLevel.READ),
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


def reads_all(policy: AccessPolicy, nodes: Iterable[FieldNode]) -> bool:
    """Tell whether the caller may read every one of these fields: what is made of them tells him nothing new."""
    limits = policy.field_limits
    return limits is None or all(_is_known(policy, n) and _is_read(policy, limits, n, set()) for n in nodes)


def level_of_lost(policy: AccessPolicy, object_name: str, field_name: str) -> FieldLevel:
    """Return the granted level of a field that is no longer part of its object."""
    granted = (policy.field_limits or {}).get(object_name)
    return FieldLevel.EDIT if granted is None else granted.get(field_name, FieldLevel.HIDDEN)


def _visible(policy: AccessPolicy, obj: CompiledObject) -> Mapping[str, CompiledField]:
    def find() -> dict[str, CompiledField]:
        levels = levels_of(policy, obj)
        seen = (field for field in obj if levels[field.name] > FieldLevel.HIDDEN)
        return {f.name: masked_field(f) if levels[f.name] == FieldLevel.MASKED else f for f in seen}

    found: Mapping[str, CompiledField] = obj.plans.fetch(("access.visible", policy.field_shape), find)
    return found


def _levels(policy: AccessPolicy, obj: CompiledObject) -> dict[str, FieldLevel]:
    limits = policy.field_limits
    found = {}
    for field in obj:
        if field.name in INTERNAL or _is_kept_back(policy, (obj.name, field.name)):
            found[field.name] = FieldLevel.HIDDEN
        elif limits is None or not obj.is_business_object:
            found[field.name] = FieldLevel.EDIT
        else:
            level = _granted(limits, obj.name, field.spec)
            is_given_away = level >= FieldLevel.READ and _is_read(policy, limits, (obj.name, field.name), set())
            found[field.name] = level if is_given_away or level == FieldLevel.MASKED else FieldLevel.HIDDEN
    return found


def _granted(limits: FieldLevels, object_name: str, field: FieldSpec) -> FieldLevel:
    granted = limits.get(object_name)
    if granted is None or field.is_system:
        return FieldLevel.EDIT
    return granted.get(field.api_name, FieldLevel.HIDDEN)


def _is_read(policy: AccessPolicy, limits: FieldLevels, node: FieldNode, on_the_way: set[FieldNode]) -> bool:
    """Tell whether a field and all that it is worked out from are readable; no computed field reads itself."""
    object_name, field_name = node
    if object_name in SHARED_TARGETS:
        return not _is_kept_back(policy, node)
    spec = current_snapshot().spec.object_map.get(object_name)
    field = spec.field_map.get(field_name) if spec else None
    if field is None or _granted(limits, object_name, field) < FieldLevel.READ:
        return False
    if not is_computed(field) or node in on_the_way:
        return True
    on_the_way.add(node)
    sources = sources_of(current_snapshot()).get(node, frozenset())
    return all(_is_known(policy, item) and _is_read(policy, limits, item, on_the_way) for item in sources)


def _is_kept_back(policy: AccessPolicy, node: FieldNode) -> bool:
    """Tell whether a field says how to reach a colleague, and the caller's role keeps that from him."""
    return policy.hides_contacts and node[0] == USER and node[1] in CONTACT_DETAILS


def _is_known(policy: AccessPolicy, source: FieldNode) -> bool:
    """Tell whether the object of a source exists for the caller."""
    return source[0] in SHARED_TARGETS or policy.can(source[0], "read")
