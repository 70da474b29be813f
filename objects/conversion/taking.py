"""What an existing record takes in of a lead: by the mapping, or as whoever converts it says for once.

Nothing is written that he could not have written himself: what he may not edit stays as it is.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from crm_platform.kit.errors import NotFound
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.record_base import Record
from metadata.compiler.snapshot import SchemaSnapshot
from objects.access.policy import AccessPolicy
from objects.access.reach import EDIT, READ
from objects.conversion.leads import value_of
from objects.conversion.models import Existing
from objects.conversion.values import EMPTY, Carried, with_files
from objects.records.locking import FOR_UPDATE, lock_live
from objects.records.rights import rights_on
from objects.records.table import record_table


@dataclass(frozen=True)
class Change:
    """A field of an existing record that takes a value of the lead; `is_shown`: the caller may see that value."""

    field: CompiledField
    before: Any
    after: Any
    is_shown: bool


def changes(
    policy: AccessPolicy, obj: CompiledObject, record: Record, brought: Carried, way: str = ""
) -> tuple[Change, ...]:
    """Return what a record takes in; `way` goes before what the mapping says of each field."""
    editable = {field.name for field in policy.editable_fields(obj)}
    wanted = {name: value for name, value in brought.values.items() if name in editable}
    if not wanted or EDIT not in rights_on(policy, obj, record.pk, [EDIT]):
        return ()
    found = []
    for name, value in wanted.items():
        before = value_of(obj, record, name)
        if _takes(way or brought.ways.get(name, Existing.FILL), before) and before != value:
            found.append(Change(obj.fields[name], before, value, name in brought.shown))
    return tuple(found)


def to_write(found: tuple[Change, ...], obj: CompiledObject, actor_id: Any) -> dict[str, Any]:
    """Return the changes as a caller sends them, with copies of the lead's files."""
    values = with_files(Carried({item.field.name: item.after for item in found}), obj, actor_id)
    return {name: obj.fields[name].type.to_api(obj.fields[name].spec, value) for name, value in values.items()}


def locked_record(policy: AccessPolicy, snapshot: SchemaSnapshot, obj: CompiledObject, record_id: uuid.UUID) -> Record:
    """Return a record within reach, locked until the end, so that nothing is filled in that is not empty any more.

    Raises NotFound.
    """
    table = record_table(snapshot, obj)
    row = lock_live(policy, obj, table, [record_id], READ, FOR_UPDATE).get(record_id)
    if row is None:
        raise NotFound
    found = table.load(row)
    table.load_second({record_id: found})
    return found


def _takes(way: str, before: Any) -> bool:
    return way == Existing.OVERWRITE or (way == Existing.FILL and before in EMPTY)


def is_way(given: Any) -> bool:
    """Tell whether somebody has said how an existing record takes values in; "" leaves it to the mapping."""
    return given == "" or given in Existing.values
