"""Which group may do what with which field: django-guardian rows on the field's metadata row.

A group whose grants name fields of an object may do with each field what they say, and nothing with the others. A
group without such grants may edit every field of the objects that it may read. A user may do what any of his groups
may.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from enum import IntEnum
from functools import lru_cache

from crm_platform.kit.context import Actor
from crm_platform.tenancy.context import current_schema
from metadata.models import BusinessFieldGroupPermission, BusinessObjectGroupPermission


class FieldLevel(IntEnum):
    """What somebody may do with a field; each level includes those before it."""

    HIDDEN = 0
    MASKED = 1  # sees that there is a value, and part of it
    READ = 2
    EDIT = 3


LEVELS = {"mask_field": FieldLevel.MASKED, "read_field": FieldLevel.READ, "edit_field": FieldLevel.EDIT}

FieldLevels = Mapping[str, Mapping[str, FieldLevel]]  # object → field → level; what is left out is hidden


def field_grants_of(actor: Actor) -> FieldLevels:
    """Return the levels of the caller's groups for the objects on which their grants name fields.

    An object that is missing has no such limits for the caller. Read once per access version and set of groups.
    """
    if not actor.group_ids:
        return {}
    if not actor.access_version:
        return _read(actor.group_ids)
    return _kept(current_schema(), actor.access_version, actor.group_ids)


def read_by_everybody(object_name: str, names: Collection[str]) -> set[str]:
    """Return those of an object's fields that no group's grants keep from its members, or mask."""
    rows = BusinessFieldGroupPermission.objects.filter(
        content_object__business_object__api_name=object_name
    ).values_list("group_id", "content_object__api_name", "permission__codename")
    granted: dict[int, set[str]] = defaultdict(set)
    for group_id, field_name, codename in rows:
        granted[group_id] |= {field_name} if LEVELS[codename] >= FieldLevel.READ else set()
    return set(names).intersection(*granted.values()) if granted else set(names)


@lru_cache(maxsize=1024)
def _kept(schema: str, access_version: int, group_ids: tuple[int, ...]) -> FieldLevels:
    return _read(group_ids)


def _read(group_ids: tuple[int, ...]) -> FieldLevels:
    rows = BusinessFieldGroupPermission.objects.filter(group__in=group_ids).values_list(
        "group_id", "content_object__business_object__api_name", "content_object__api_name", "permission__codename"
    )
    named: dict[str, set[int]] = defaultdict(set)
    levels: dict[str, dict[str, FieldLevel]] = defaultdict(dict)
    for group_id, object_name, field_name, codename in rows:
        named[object_name].add(group_id)
        fields = levels[object_name]
        fields[field_name] = max(fields.get(field_name, FieldLevel.HIDDEN), LEVELS[codename])
    readers = BusinessObjectGroupPermission.objects.filter(
        group__in=group_ids, permission__codename="read", content_object__api_name__in=list(named)
    ).values_list("content_object__api_name", "group_id")
    for object_name, group_id in readers:
        if group_id not in named[object_name]:  # sees all of the object's fields
            levels.pop(object_name, None)
    return dict(levels)
