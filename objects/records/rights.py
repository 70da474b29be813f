"""What a caller may do to one record that he sees: his rights on the object, within his reach."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db import connection

from metadata.compiler.compiled import CompiledObject
from objects.access.policy import AccessPolicy
from objects.records.locking import scope_sql


def rights_on(
    policy: AccessPolicy, obj: CompiledObject, record_id: uuid.UUID, actions: Iterable[str]
) -> frozenset[str]:
    """Return those of the actions that the caller may do to a record; asks the database once, if it must."""
    granted = [action for action in actions if policy.can(obj.name, action)]
    reaches = {action: scope_sql(policy, obj, action) for action in granted}
    if all(reach.text == "TRUE" for reach in reaches.values()):
        return frozenset(granted)
    columns = ", ".join(f"({reach.text})" for reach in reaches.values())
    params = [value for reach in reaches.values() for value in reach.params]
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT {columns} FROM "{obj.table}" t WHERE t.id = %s', [*params, record_id])  # noqa: S608
        row = cursor.fetchone() or ()
    return frozenset(action for action, is_within in zip(granted, row, strict=False) if is_within)
