"""Who gets each record: the rules of a plan worked out, some when the records are listed, some when they move."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from crm_platform.identity.models import Department, User
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.field_types.values import Reference
from objects.handover.plan import HEAD, MANAGER, PARENT, ROUND_ROBIN, USER, Rule, parent_of

Found = Mapping[uuid.UUID, uuid.UUID | None]


@dataclass(frozen=True, slots=True)
class Known:
    """Successors that are known before the records are: each in turn; `is_late`: only the record tells."""

    users: tuple[uuid.UUID, ...] = ()
    is_late: bool = False


def known_successors(rule: Rule, leaver: User | None) -> Known:
    """Return what a rule says without looking at records."""
    if rule.to in (USER, ROUND_ROBIN):
        return Known(rule.users)
    if rule.to == MANAGER:
        return Known((leaver.manager_id,) if leaver is not None and leaver.manager_id else ())
    return Known(is_late=rule.to in (PARENT, HEAD))


def late_successors(
    snapshot: SchemaSnapshot, obj: CompiledObject, rule: Rule, ids: Collection[uuid.UUID], leaver_id: uuid.UUID | None
) -> Found:
    """Return the successors of records whose rule looks at them; None, or nothing, where there is none."""
    if rule.to == PARENT:
        return {key: None if user == leaver_id else user for key, user in _parents_owners(snapshot, obj, rule, ids)}
    return _heads(obj, ids, leaver_id)


def _parents_owners(
    snapshot: SchemaSnapshot, obj: CompiledObject, rule: Rule, ids: Collection[uuid.UUID]
) -> list[tuple[uuid.UUID, uuid.UUID | None]]:
    field = parent_of(obj, rule.through)
    if field is None:
        return []
    parents: dict[uuid.UUID, Reference] = {}
    for record in obj.model._base_manager.filter(pk__in=ids):
        value = field.value_of(record)
        if isinstance(value, Reference):
            parents[record.pk] = value
    by_object: dict[str, set[uuid.UUID]] = defaultdict(set)
    for reference in parents.values():
        if reference.object in snapshot.spec.object_map:
            by_object[reference.object].add(reference.id)
    owners: dict[uuid.UUID, uuid.UUID | None] = {}
    for name, keys in by_object.items():
        rows = snapshot.object(name).model._base_manager.filter(pk__in=keys, deleted_at=None)
        owners.update(rows.values_list("pk", "owner_id"))
    return [(key, owners.get(reference.id)) for key, reference in parents.items()]


def _heads(obj: CompiledObject, ids: Collection[uuid.UUID], leaver_id: uuid.UUID | None) -> Found:
    rows = dict(obj.model._base_manager.filter(pk__in=ids).values_list("pk", "owner_department_id"))
    heads = {department: head_of(department, leaver_id) for department in set(rows.values()) if department}
    return {key: heads.get(department) for key, department in rows.items()}


def head_of(department_id: uuid.UUID, leaver_id: uuid.UUID | None) -> uuid.UUID | None:
    """Return who heads a department: the manager of most of its people; where there is none, that of the one above.

    A head is an active member of the department or of one above it, and never the leaver.
    """
    department = Department.objects.filter(pk=department_id).first()
    if department is None:
        return None
    steps = range(department.steplen, len(department.path) + 1, department.steplen)
    paths = [department.path[:end] for end in steps]
    chain: list[Any] = list(Department.objects.filter(path__in=paths).order_by("-path"))  # upwards
    for item in chain:
        members = User.objects.filter(department=item, is_active=True, manager__is_active=True)
        managers = members.filter(manager__department__path__in=paths).values_list("pk", "manager_id")
        pairs = managers.order_by("manager_id")
        named = Counter(manager for member, manager in pairs if leaver_id not in (member, manager))
        if named:
            return named.most_common(1)[0][0]
    return None
