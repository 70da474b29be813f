"""Whether what a record points at exists, is alive and may be seen: one query per target for a whole batch.

Of a list of references only those are checked that are new in it: others stay, whatever has become of them.
People outside of the actor's contact scope can't be chosen: to him there are no such users.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator

from django.db import connection
from django.utils.translation import gettext_lazy as _

from crm_platform.identity.models import Department, User
from crm_platform.identity.people import visible_ids
from crm_platform.kit.errors import Message
from metadata.compiler.compiled import CompiledField, UnknownObject
from metadata.field_types.master_detail import MasterDetailType
from metadata.field_types.reference_lists import ids_of
from metadata.field_types.values import Reference
from objects.records.drafts import Batch, Draft
from objects.records.locking import FOR_REFERENCE, scope_sql

USER, DEPARTMENT = "user", "department"

Use = tuple[Draft, CompiledField, Reference]


def references(batch: Batch) -> None:
    """Find references to nothing, to what is deleted or inactive, and to what the actor may not see."""
    by_target: dict[str, list[Use]] = defaultdict(list)
    for draft, field, reference in _uses(batch):
        if not (reference.object == USER and reference.id == batch.actor.user_id):
            by_target[reference.object].append((draft, field, reference))
    if batch.actor.user_id is not None:
        batch.departments[batch.actor.user_id] = batch.actor.department_id
    _keep_masters(batch)
    for target in sorted(by_target, key=lambda name: _lock_order(batch, name)):
        _check(batch, target, by_target[target])


def _keep_masters(batch: Batch) -> None:
    """Refuse to move a record to another master where its field does not allow that."""
    for field in batch.table.references:
        if isinstance(field.type, MasterDetailType) and not field.type.is_reparentable(field.spec):
            for draft in batch.open:
                if draft.record is not None and draft.changes.get(field.name, (None,))[0] is not None:
                    draft.error(field.name, "read_only_field", _("The record can't move to another master."))


def _uses(batch: Batch) -> Iterator[Use]:
    for draft in batch.open:
        for field in batch.table.references:
            value = draft.values.get(field.name)
            if isinstance(value, Reference):
                yield draft, field, value
            elif value and field.type.is_reference_list:
                kept = ids_of(field.value_of(draft.record)) if draft.record is not None else frozenset()
                yield from ((draft, field, link) for link in value if link.id not in kept)


def _lock_order(batch: Batch, target: str) -> int:
    """Lock targets in the order of their tables, the same for every writer."""
    spec = batch.snapshot.spec.object_map.get(target)
    return spec.id if spec else 0


def _check(batch: Batch, target: str, uses: list[Use]) -> None:
    ids = sorted({reference.id for _draft, _field, reference in uses})
    active = _known(batch, target, ids)
    found = visible_ids(batch.actor, active) if target == USER else frozenset(active)
    for draft, field, reference in uses:
        is_chosen = field.name in draft.given  # what defaults and other records bring is not the caller's choice
        if reference.id not in active or (is_chosen and reference.id not in found):
            _refuse(draft, field, "invalid_reference", _("There is no such record."))
        elif not active[reference.id] and field.spec.settings.get("active_only", True):
            _refuse(draft, field, "inactive_reference", _("This entry is no longer active."))


def _refuse(draft: Draft, field: CompiledField, code: str, message: Message) -> None:
    """Add the error once, however many references of a list are wrong."""
    if not any(error.field == field.name and error.code == code for error in draft.errors):
        draft.error(field.name, code, message)


def _known(batch: Batch, target: str, ids: list[uuid.UUID]) -> dict[uuid.UUID, bool]:
    """Return those of the ids that exist for the actor, each with whether it may be chosen."""
    if target == USER:
        rows = list(User.objects.filter(id__in=ids).values_list("id", "is_active", "department_id"))
        batch.departments.update({user: department for user, _active, department in rows})
        return {user: is_active for user, is_active, _department in rows}
    if target == DEPARTMENT:
        return dict(Department.objects.filter(id__in=ids).values_list("id", "is_active"))
    return dict.fromkeys(_visible(batch, target, ids), True)


def _visible(batch: Batch, target: str, ids: list[uuid.UUID]) -> list[uuid.UUID]:
    """Return the records of an object that are alive and visible, and keep them so until the batch is written.

    The lock is the one that the foreign key takes anyway. Taken here it also waits for a running delete, which
    would otherwise leave a live child below a deleted parent.
    """
    try:
        obj = batch.snapshot.object(target)
    except UnknownObject:
        return []
    if not batch.policy.can(target, "read"):
        return []
    seen = scope_sql(batch.policy, obj, "read")
    sql = (
        f'SELECT t.id FROM "{obj.table}" t WHERE t.id = ANY(%s) AND t.deleted_at IS NULL'  # noqa: S608
        f" AND ({seen.text}) ORDER BY t.id {FOR_REFERENCE} OF t"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [ids, *seen.params])
        return [row[0] for row in cursor.fetchall()]
