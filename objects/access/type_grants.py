"""Which group may make records of which record type: django-guardian rows on the type's metadata row.

A group whose grants name types of an object may use those, and no others. A group without such grants may use every
type of the objects that it may read. A user may use what any of his groups may.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from crm_platform.kit.context import Actor
from crm_platform.tenancy.context import current_schema
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.spec import RECORD_TYPE, ObjectSpec, RecordTypeSpec
from metadata.models import BusinessObjectGroupPermission, RecordTypeGroupPermission
from objects.access.policy import AccessPolicy

USE, DEFAULT = "use_type", "default_type"


@dataclass(frozen=True)
class TypeGrants:
    """What is granted on the types of one object: `used` are those named, None where nothing limits the caller."""

    used: frozenset[str] | None
    defaults: frozenset[str]


NOTHING_SAID = TypeGrants(None, frozenset())


@dataclass(frozen=True)
class OfferedTypes:
    """The types that a caller may choose for records of an object, in their order, and the one that is usual."""

    types: tuple[RecordTypeSpec, ...]
    default: str | None

    @property
    def names(self) -> frozenset[str]:
        return frozenset(item.api_name for item in self.types)


def offered_types(policy: AccessPolicy, spec: ObjectSpec) -> OfferedTypes:
    """Return the types in use that the caller may choose: the usual one is his profile's, else the object's."""
    if not spec.record_types:
        return OfferedTypes((), None)
    granted = _grants_of(policy.actor).get(spec.api_name, NOTHING_SAID)
    is_open = policy.modifies_all or policy.actor.is_system or granted.used is None
    used = granted.used or frozenset()
    types = tuple(item for item in spec.record_types if item.is_active and (is_open or item.api_name in used))
    own = [item for item in types if item.api_name in granted.defaults]
    usual = [item for item in types if item.is_default]
    return OfferedTypes(types, next((item.api_name for item in (*own, *usual, *types)), None))


def offered_field(policy: AccessPolicy, obj: CompiledObject) -> CompiledField:
    """Return the field of an object's record types with what the caller may choose as its active choices."""
    offered, field = offered_types(policy, obj.spec), obj.fields[RECORD_TYPE]
    known = field.spec.choice_set
    if known is None:
        return field
    choices = tuple(
        replace(item, is_active=item.value in offered.names, is_default=item.value == offered.default)
        for item in known.choices
    )
    return replace(field, spec=replace(field.spec, choice_set=replace(known, choices=choices)))


def _grants_of(actor: Actor) -> Mapping[str, TypeGrants]:
    """Return what the caller's groups may use, by object; read once per access version and set of groups."""
    if not actor.group_ids:
        return {}
    if not actor.access_version:
        return _read(actor.group_ids)
    return _kept(current_schema(), actor.access_version, actor.group_ids)


@lru_cache(maxsize=1024)
def _kept(schema: str, access_version: int, group_ids: tuple[int, ...]) -> Mapping[str, TypeGrants]:
    return _read(group_ids)


def _read(group_ids: tuple[int, ...]) -> Mapping[str, TypeGrants]:
    rows = RecordTypeGroupPermission.objects.filter(group__in=group_ids).values_list(
        "group_id", "content_object__business_object__api_name", "content_object__api_name", "permission__codename"
    )
    limited: dict[str, set[int]] = defaultdict(set)
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: {USE: set(), DEFAULT: set()})
    for group_id, object_name, type_name, codename in rows:
        found[object_name][codename].add(type_name)
        if codename == USE:
            limited[object_name].add(group_id)
    readers = BusinessObjectGroupPermission.objects.filter(
        group__in=group_ids, permission__codename="read", content_object__api_name__in=list(found)
    ).values_list("content_object__api_name", "group_id")
    open_objects = {object_name for object_name, group_id in readers if group_id not in limited[object_name]}
    return {
        name: TypeGrants(None if name in open_objects else frozenset(items[USE]), frozenset(items[DEFAULT]))
        for name, items in found.items()
    }
