"""Names of what references point at, for the caller: read in one statement per kind of thing."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from crm_platform.identity.models import Department, User
from crm_platform.kit.context import Actor
from metadata.compiler.current import current_snapshot
from metadata.field_types.values import Reference
from objects.access.policy import AccessPolicy
from objects.query.query import RecordQuery

USER, DEPARTMENT = "user", "department"


def names_of(actor: Actor, references: Iterable[Reference]) -> dict[uuid.UUID, str]:
    """Return the name of each thing that the caller may see, by id."""
    wanted: dict[str, set[uuid.UUID]] = defaultdict(set)
    for reference in references:
        wanted[reference.object].add(reference.id)
    found: dict[uuid.UUID, str] = {}
    for target, ids in wanted.items():
        found.update(_names(actor, target, ids))
    return found


def with_names(actor: Actor, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with every reference knowing the name of what it points at."""
    nameless = [link for value in values.values() for link in _links(value) if not link.name]
    names = names_of(actor, nameless) if nameless else {}

    def named(value: Any) -> Any:
        if isinstance(value, Reference):
            return value if value.name else replace(value, name=names.get(value.id, ""))
        return tuple(named(link) for link in value) if _links(value) else value

    return {name: named(value) for name, value in values.items()}


def _links(value: Any) -> Sequence[Reference]:
    """Return the references that a value is or consists of."""
    if isinstance(value, Reference):
        return (value,)
    is_list = isinstance(value, tuple) and bool(value) and all(isinstance(item, Reference) for item in value)
    return value if is_list else ()


def _names(actor: Actor, target: str, ids: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    if target == USER:
        return dict(User.objects.filter(id__in=ids).values_list("id", "name"))
    if target == DEPARTMENT:
        return dict(Department.objects.filter(id__in=ids).values_list("id", "name"))
    spec = current_snapshot().spec.object_map.get(target)
    if spec is None or not AccessPolicy.of(actor).can(target, "read"):
        return {}
    query = RecordQuery(actor, target).where_ids(ids)
    rows = query.fields("id", *query.name_fields()).display(len(ids)).rows
    return {row.id: str(row.values.get(spec.name_field) or "") for row in rows}
